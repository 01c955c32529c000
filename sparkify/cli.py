"""The command line: results on stdout, logs and progress on stderr."""

import gc
import json
import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from sparkify import cli_answers, config
from sparkify.cli_options import AsJson, WarehouseUrl, show
from sparkify.cluster.command import app as cluster_app
from sparkify.console import OneLine, absent, guarded, progress_bars
from sparkify.errors import SparkifyError, UsageError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A lake of JSON in, a star schema out.",
)
app.add_typer(cluster_app)
app.add_typer(cli_answers.app)

Source = Annotated[
    str | None, typer.Argument(help="The lake: a folder or s3://bucket/prefix.", show_default=False)
]
Songs = Annotated[str | None, typer.Option("--songs", help="Where the songs are, if elsewhere.")]
Events = Annotated[str | None, typer.Option("--events", help="Where the events are, if elsewhere.")]
Staging = Annotated[str | None, typer.Option("--staging", help="Redshift: s3://… for the parts.")]
Copy = Annotated[str | None, typer.Option("--copy", help="Redshift: staged or direct.")]
MaxRejects = Annotated[
    str | None, typer.Option("--max-rejects", help="Refused records allowed: N or P%.")
]
LockTimeout = Annotated[
    str | None, typer.Option("--lock-timeout", help="Seconds to wait for another run.")
]
Full = Annotated[bool, typer.Option("--full", help="Empty the warehouse, load the whole lake.")]
Prune = Annotated[bool, typer.Option("--prune", help="Also remove the rows of objects now gone.")]


def main() -> None:
    """Run the command line."""
    gc.set_threshold(100_000)  # imports make many objects and next to no garbage: 0.1 s
    with absent("pandas"):
        guarded(app)


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"sparkify {version('sparkify')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="The version.")
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", help="Say more.")] = False,
    quiet: Annotated[bool, typer.Option("-q", help="Say only what went wrong.")] = False,
) -> None:
    """Set up logging."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING
    logging.getLogger("sparkify").setLevel(level)


@app.command()
def run(
    source: Source = None,
    warehouse: WarehouseUrl = None,
    songs: Songs = None,
    events: Events = None,
    staging: Staging = None,
    copy: Copy = None,
    max_rejects: MaxRejects = None,
    lock_timeout: LockTimeout = None,
    full: Full = False,
    prune: Prune = False,
    as_json: AsJson = False,
) -> None:
    """Load what is new in a lake into a warehouse."""
    from sparkify import pipeline  # noqa: PLC0415 - heavy, as all that a command alone needs

    with progress_bars() as progress:
        report = pipeline.run(
            source,
            warehouse,
            songs=songs,
            events=events,
            staging=staging,
            copy=copy,
            max_rejects=max_rejects,
            lock_timeout=lock_timeout,
            full=full,
            prune=prune,
            progress=progress,
        )
    show(report, as_json=as_json)


@app.command()
def plan(
    source: Source = None,
    warehouse: WarehouseUrl = None,
    songs: Songs = None,
    events: Events = None,
    staging: Staging = None,
    copy: Copy = None,
    max_rejects: MaxRejects = None,
    lock_timeout: LockTimeout = None,
    full: Full = False,
    prune: Prune = False,
    as_json: AsJson = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements.")] = False,
) -> None:
    """Show what a run would load, and every SQL statement that it would send."""
    from sparkify import pipeline  # noqa: PLC0415

    planned = pipeline.plan(
        source,
        warehouse,
        songs=songs,
        events=events,
        staging=staging,
        copy=copy,
        max_rejects=max_rejects,
        lock_timeout=lock_timeout,
        full=full,
        prune=prune,
    )
    if sql and not as_json:
        typer.echo("\n\n".join(f"{text};" for text in planned.statements))
    else:
        show(planned, as_json=as_json)


@app.command()
def status(warehouse: WarehouseUrl = None, as_json: AsJson = False) -> None:
    """Show what the warehouse holds."""
    from sparkify import warehouses  # noqa: PLC0415
    from sparkify.status import status as look  # noqa: PLC0415

    settings = config.load({"warehouse": warehouse})
    with warehouses.connect(settings.warehouse, settings) as opened:
        show(look(opened, settings), as_json=as_json)


@app.command()
def rejects(
    warehouse: WarehouseUrl = None,
    uri: Annotated[str | None, typer.Option("--object", help="Of objects ending so.")] = None,
    code: Annotated[str | None, typer.Option("--code", help="Refused for this reason.")] = None,
    load: Annotated[str | None, typer.Option("--load", help="Of this load.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the raw records there, for repair.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the refused records, each with its place and its reason."""
    from sparkify import warehouses  # noqa: PLC0415
    from sparkify.rejected import rejects as look  # noqa: PLC0415

    settings = config.load({"warehouse": warehouse})
    with warehouses.connect(settings.warehouse, settings) as opened:
        found = look(opened, settings, uri=uri, code=code, load=load)
    if out:
        found.write(out)
    show(found, as_json=as_json)


@app.command("config")
def show_config(as_json: AsJson = False) -> None:
    """Show each setting and where it comes from."""
    settings = config.load()
    values = settings.masked()
    if as_json:
        found = {
            name: {"value": value, "origin": settings.origins[name]}
            for name, value in values.items()
        }
        typer.echo(json.dumps({"settings": found, "unknown": list(settings.unknown)}))
        return
    for name, value in values.items():
        typer.echo(f"{name:<20} {value if value is not None else '-'}  ({settings.origins[name]})")
    for name in settings.unknown:
        typer.echo(f"{name}: unknown, not used")


@app.command()
def simulate(
    directory: Annotated[Path, typer.Argument(help="Where to make the lake.")],
    events: Annotated[int, typer.Option(min=0, help="Event records.")] = 10_000,
    songs: Annotated[int, typer.Option(min=0, help="Songs of the catalogue.")] = 1_000,
    users: Annotated[int, typer.Option(min=1, help="Users.")] = 100,
    days: Annotated[int, typer.Option(min=1, help="Days, a log file each.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed makes the same lake.")] = 0,
) -> None:
    """Make a lake of the real shape, to try things on."""
    from sparkify.simulate import simulate as make  # noqa: PLC0415

    try:
        made = make(directory, events=events, songs=songs, users=users, days=days, seed=seed)
    except (FileExistsError, ValueError) as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise SparkifyError(f"{directory} cannot be written: {error.strerror}") from error
    typer.echo(str(made))


@app.command("schema")
def show_schema(
    warehouse: WarehouseUrl = None,
    ddl: Annotated[str | None, typer.Option("--ddl", help="duckdb or redshift.")] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As a Mermaid diagram.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Drop every table and make them anew.")
    ] = False,
    ask: Annotated[
        bool | None, typer.Option("--ask/--yes", help="Ask first; by default on a terminal.")
    ] = None,
) -> None:
    """Show the schema, or make it anew."""
    from sparkify import diagram, warehouses  # noqa: PLC0415

    if ddl not in (None, *warehouses.BARE):
        raise UsageError(f"--ddl is {ddl}: choose duckdb or redshift")
    settings = config.load({"warehouse": warehouse})
    if reset:
        typer.echo(reset_schema(settings, ask=sys.stdin.isatty() if ask is None else ask))
    elif mermaid:
        typer.echo(diagram.mermaid())
    else:
        typer.echo(diagram.ddl(ddl or warehouses.backend_of(settings.warehouse) or "duckdb"))


def reset_schema(settings: config.Settings, *, ask: bool) -> str:
    """Drop and make all tables, after saying what would be lost and, if asked to, a yes."""
    from sparkify import schema, warehouses  # noqa: PLC0415

    with warehouses.connect(settings.warehouse, settings) as opened:
        if lost := schema.lost(opened, settings.lock_timeout):
            rows = ", ".join(f"{table} {count:,}" for table, count in lost.items())
            typer.echo(f"{opened.url} would lose these rows: {rows}", err=True)
            if ask:
                typer.confirm("Drop every table?", abort=True, err=True)
        with opened.writing(settings.lock_timeout) as connection:
            schema.reset(connection)
        return f"{opened.url} has the schema, and no rows"
