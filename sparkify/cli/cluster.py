"""`sparkify cluster …`: the options, the questions, and what is printed."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparkify import config

if TYPE_CHECKING:
    from sparkify.cluster.setup import Setup

app = typer.Typer(
    no_args_is_help=True, help="A Redshift cluster at AWS, with all that it needs.", name="cluster"
)

Serverless = Annotated[bool, typer.Option("--serverless", help="Redshift Serverless.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the calls, make none.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
Timeout = Annotated[float, typer.Option(min=0, help="Seconds to wait at most.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
HALF_AN_HOUR = 1800.0


@app.command()
def create(
    allow: Annotated[
        str | None, typer.Option("--allow", help="The network that may connect, as a CIDR.")
    ] = None,
    open_to_the_world: Annotated[
        bool, typer.Option("--open-to-the-world", help="Take even 0.0.0.0/0 for --allow.")
    ] = False,
    public: Annotated[
        bool, typer.Option("--public", help="Give it an address outside its VPC.")
    ] = False,
    owner: Annotated[str | None, typer.Option(help="Who answers for it; a tag.")] = None,
    hours: Annotated[str | None, typer.Option(help="How long it is to live; a tag.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Put endpoint, role into dwh.cfg.")
    ] = False,
    serverless: Serverless = False,
    timeout: Timeout = HALF_AN_HOUR,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Make what is missing of secret, role, rule and cluster, and wait until it can be used."""
    from sparkify.cluster import wanted

    network = wanted.network(allow, open_to_the_world=open_to_the_world)
    arguments = {"cluster_owner": owner, "cluster_hours": hours}
    with opened(serverless, dry_run, timeout, arguments, allow=network, public=public) as setup:
        if not (yes or dry_run) and (missing := setup.missing()):
            confirm(f"Make {', '.join(missing)}? It costs until it is deleted.")
        status = setup.create()
    report(status, setup)
    if status and write:
        from sparkify.cluster import configfile

        file = configfile.put(setup.wanted.settings, status.endpoint, status.role)
        typer.echo(f"written to {file}", err=True)


@app.command()
def status(
    serverless: Serverless = False,
    price: Annotated[
        str | None, typer.Option(help="Of a node for an hour, for the cost so far.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is there, and what it costs."""
    with opened(serverless, False, 0, {"cluster_price": price}) as setup:
        found = setup.status()
    typer.echo(json.dumps(found.to_dict()) if as_json else str(found))


@app.command()
def pause(timeout: Timeout = HALF_AN_HOUR, dry_run: DryRun = False) -> None:
    """Stop paying for nodes; storage still costs."""
    with opened(False, dry_run, timeout) as setup:
        report(setup.pause(), setup)


@app.command()
def resume(timeout: Timeout = HALF_AN_HOUR, dry_run: DryRun = False) -> None:
    """Start a paused cluster again."""
    with opened(False, dry_run, timeout) as setup:
        report(setup.resume(), setup)


@app.command()
def delete(
    serverless: Serverless = False,
    no_snapshot: Annotated[
        bool, typer.Option("--no-snapshot", help="Make no last snapshot: the data is lost.")
    ] = False,
    timeout: Timeout = HALF_AN_HOUR,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Remove what create made, and nothing else; wait until it is gone."""
    with opened(serverless, dry_run, timeout, snapshot=not no_snapshot) as setup:
        if not (yes or dry_run):
            last = "after a last snapshot, which goes on to cost"
            data = "and all its data" if no_snapshot else last
            confirm(f"Delete {setup.compute} {data}?")
        costs = setup.delete()
    gone = f"{setup.compute} is gone; still costs: {'; '.join(costs) or 'nothing'}"
    report(None if dry_run else gone, setup)


@app.command()
def policy(
    loader: Annotated[
        bool, typer.Option("--loader", help="What a run needs, in place of what COPY needs.")
    ] = False,
    serverless: Serverless = False,
) -> None:
    """Print the policy of the role that COPY reads with, or of whoever loads."""
    from sparkify.cluster import policies

    with opened(serverless, False, 0) as setup:
        settings = setup.wanted.settings
        document = setup.loader_policy() if loader else policies.role_policy(settings)
    typer.echo(json.dumps(document, indent=2))


@app.command()
def doctor(serverless: Serverless = False, as_json: AsJson = False) -> None:
    """Check, before a run, what a run needs; exit 1 when something is wrong."""
    from sparkify.cluster.doctor import examine

    with opened(serverless, False, 0) as setup:
        found = examine(setup)
    typer.echo(json.dumps(found.to_dict()) if as_json else str(found))
    if not found.passed:
        raise typer.Exit(1)


@contextmanager
def opened(
    serverless: bool,
    dry_run: bool,
    timeout: float,
    arguments: dict[str, Any] | None = None,
    **asked: Any,
) -> Iterator["Setup"]:
    """The set-up that the settings describe, telling on stderr what goes on."""
    from sparkify.cluster.calls import Calls
    from sparkify.cluster.setup import Setup
    from sparkify.cluster.wanted import Wanted
    from sparkify.lake import aws

    kind = {"cluster_type": "serverless"} if serverless else {}
    settings = config.load({**(arguments or {}), **kind})
    with telling() as tell:
        calls = Calls(aws.session(settings), dry_run=dry_run, tell=tell, timeout=timeout)
        yield Setup(calls, Wanted(settings, **asked))


@contextmanager
def telling() -> Iterator[Callable[[str], None]]:
    """A function that shows a line: beside a spinner on a terminal, else plain; not with -q."""
    if logging.getLogger("sparkify").level >= logging.ERROR:
        yield lambda text: None
    elif not sys.stderr.isatty():
        yield lambda text: typer.echo(text, err=True)
    else:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("asking AWS", total=None)
            yield lambda text: bars.update(task, description=text)


def confirm(question: str) -> None:
    """Ask, and end it unless the answer is yes."""
    typer.confirm(question, abort=True, err=True)


def report(result: object, setup: "Setup") -> None:
    """Print the result, or the calls that a dry run did not make."""
    typer.echo(result or "\n".join(setup.calls.printed) or "nothing to do")
