"""`sparkify cluster …`: the options, the questions, and what is printed."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from sparkify import config
from sparkify.cli.logs import CHOSEN, note

if TYPE_CHECKING:
    from sparkify.cluster.setup import Setup

app = typer.Typer(
    no_args_is_help=True,
    help="Create, check and delete a Redshift cluster at AWS, with everything it needs.",
    name="cluster",
)

Allow = Annotated[
    str | None, typer.Option("--allow", metavar="CIDR", help="Network that may connect.")
]
OpenToTheWorld = Annotated[
    bool, typer.Option("--open-to-the-world", help="Accept even 0.0.0.0/0 for --allow.")
]
Public = Annotated[bool, typer.Option("--public", help="Give it an address outside its VPC.")]
Owner = Annotated[str | None, typer.Option(metavar="NAME", help="Owner (a tag).")]
Hours = Annotated[
    str | None, typer.Option(metavar="HOURS", help="Planned lifetime in hours (a tag).")
]
Write = Annotated[bool, typer.Option("--write", help="Write its endpoint and role into dwh.cfg.")]
Serverless = Annotated[bool, typer.Option("--serverless", help="Use Redshift Serverless.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the calls, but change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Timeout = Annotated[float, typer.Option(metavar="SECONDS", min=0, help="Longest wait, in seconds.")]
Price = Annotated[
    str | None,
    typer.Option(metavar="PRICE", help="Price of a node for an hour, for the cost so far."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
HALF_AN_HOUR = 1800.0


@app.command()
def create(
    allow: Allow = None,
    open_to_the_world: OpenToTheWorld = False,
    public: Public = False,
    owner: Owner = None,
    hours: Hours = None,
    write: Write = False,
    serverless: Serverless = False,
    timeout: Timeout = HALF_AN_HOUR,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Create a cluster with everything it needs, and wait for it."""
    from sparkify.cluster import configfile, spec

    network = spec.parse_network(allow, open_to_the_world=open_to_the_world)
    arguments = {"cluster_owner": owner, "cluster_hours": hours}
    with open_setup(serverless, dry_run, timeout, arguments, network, public) as setup:
        if not (yes or dry_run) and (missing := setup.missing()):
            confirm(f"Create {', '.join(missing)}? It costs money until it is deleted.")
        status = setup.create()
        secret = setup.login_secret() if status and write else None
    show(status, setup)
    if status and write:
        settings = setup.spec.settings
        file = configfile.write_endpoint(settings, status.endpoint, status.role, secret)
        note(f"written to {file}")


@app.command()
def status(
    serverless: Serverless = False,
    price: Price = None,
    as_json: AsJson = False,
) -> None:
    """Show which resources exist, and what they cost."""
    with open_setup(serverless, False, 0, {"cluster_price": price}) as setup:
        status = setup.status()
    typer.echo(json.dumps(status.to_dict()) if as_json else str(status))


@app.command()
def pause(timeout: Timeout = HALF_AN_HOUR, dry_run: DryRun = False) -> None:
    """Pause a cluster: stop paying for its nodes. Its storage still costs."""
    with open_setup(False, dry_run, timeout) as setup:
        show(setup.pause(), setup)


@app.command()
def resume(timeout: Timeout = HALF_AN_HOUR, dry_run: DryRun = False) -> None:
    """Start a paused cluster again."""
    with open_setup(False, dry_run, timeout) as setup:
        show(setup.resume(), setup)


@app.command()
def delete(
    serverless: Serverless = False,
    no_snapshot: Annotated[
        bool, typer.Option("--no-snapshot", help="Make no final snapshot: the data is lost.")
    ] = False,
    timeout: Timeout = HALF_AN_HOUR,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Delete what `create` created, and nothing else."""
    from sparkify.cluster import configfile

    with open_setup(serverless, dry_run, timeout, snapshot=not no_snapshot) as setup:
        if not (yes or dry_run):
            final = "after a final snapshot, which will cost money"
            confirm(f"Delete {setup.compute} {'and all its data' if no_snapshot else final}?")
        costs = setup.delete()
    text = f"{setup.compute} is deleted; still costs: {'; '.join(costs) or 'nothing'}"
    show(None if dry_run else text, setup)
    if not dry_run and setup.compute in setup.gone:
        role = setup.role.arn if setup.role in setup.gone else None
        if file := configfile.remove_endpoint(setup.spec, setup.calls.region, role):
            note(f"removed from {file}")


@app.command()
def policy(
    loader: Annotated[
        bool, typer.Option("--loader", help="Print the policy for whoever runs `sparkify run`.")
    ] = False,
    serverless: Serverless = False,
) -> None:
    """Print the IAM policy that COPY needs, or a run."""
    from sparkify.cluster import policies

    with open_setup(serverless, False, 0) as setup:
        settings = setup.spec.settings
        own = policies.role_policy(settings, look=setup.role.look) if not loader else None
        document = own or setup.loader_policy()
    typer.echo(json.dumps(document, indent=2))


@app.command()
def doctor(serverless: Serverless = False, as_json: AsJson = False) -> None:
    """Check whether a run would work; exit 1 if it would not."""
    from sparkify.cluster.doctor import diagnose

    with open_setup(serverless, False, 0, unneeded=()) as setup:
        diagnosis = diagnose(setup)
    typer.echo(json.dumps(diagnosis.to_dict()) if as_json else str(diagnosis))
    if not diagnosis.passed:
        raise typer.Exit(1)


@contextmanager
def open_setup(
    serverless: bool,
    dry_run: bool,
    timeout: float,
    arguments: Mapping[str, object] | None = None,
    allow: str | None = None,
    public: bool = False,
    snapshot: bool = True,
    unneeded: Sequence[str] = ("warehouse",),
) -> Iterator["Setup"]:
    """The set-up that the settings describe; shows progress on stderr."""
    from sparkify.cluster.calls import Calls
    from sparkify.cluster.setup import Setup
    from sparkify.cluster.spec import Spec
    from sparkify.lake import aws

    kind = {"cluster_type": "serverless"} if serverless else {}
    settings = config.load({**(arguments or {}), **kind}, unneeded=unneeded)
    for text in settings.warnings:
        if "[AWS]" in text:
            note(text)
    with progress() as tell:
        calls = Calls(aws.session(settings), dry_run=dry_run, tell=tell, timeout=timeout)
        yield Setup(calls, Spec(settings, allow, public, snapshot))


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A function that shows a line: with a spinner on a terminal, otherwise plain; not with -q."""
    if CHOSEN.quiet or CHOSEN.as_json or not sys.stderr.isatty():
        yield note
    else:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("calling AWS", total=None)
            yield lambda text: bars.update(task, description=text)


def confirm(question: str) -> None:
    """Ask, and abort unless the answer is yes."""
    typer.confirm(question, abort=True, err=True)


def show(result: object, setup: "Setup") -> None:
    """Print the result, or the calls that a dry run did not make."""
    typer.echo(result or "\n".join(setup.calls.printed) or "nothing to do")
