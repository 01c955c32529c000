"""The commands around a warehouse: config, schema and simulate."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from sparkify import config
from sparkify.cli.logs import note
from sparkify.cli.options import AsJson, WarehouseUrl
from sparkify.errors import SparkifyError, UsageError
from sparkify.settings import Settings

app = typer.Typer(rich_markup_mode=None)
Ddl = Annotated[
    str | None,
    typer.Option(
        "--ddl",
        metavar="duckdb|redshift",
        help="Print the DDL for this engine; by default for the warehouse's.",
    ),
]
Mermaid = Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid diagram.")]
Reset = Annotated[bool, typer.Option("--reset", help="Drop every table and create them again.")]
Upgrade = Annotated[bool, typer.Option("--upgrade", help="Create the schema, or upgrade it.")]
AsSql = Annotated[bool, typer.Option("--sql", help="With --upgrade: only show the statements.")]


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


@app.command("simulate")
def make_lake(
    directory: Annotated[Path, typer.Argument(help="Where to make the lake.")],
    events: Annotated[int, typer.Option(metavar="N", min=0, help="Number of events.")] = 10_000,
    songs: Annotated[int, typer.Option(metavar="N", min=0, help="Number of songs.")] = 1_000,
    users: Annotated[int, typer.Option(metavar="N", min=1, help="Number of users.")] = 100,
    days: Annotated[
        int, typer.Option(metavar="N", min=1, help="Number of days, one log file each.")
    ] = 30,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed makes the same lake.")] = 0,
) -> None:
    """Make a lake like the real one, to try things on."""
    from sparkify.simulate import simulate

    try:
        made = simulate(directory, events=events, songs=songs, users=users, days=days, seed=seed)
    except (FileExistsError, ValueError) as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise SparkifyError(f"{directory} cannot be written: {error.strerror}") from error
    typer.echo(str(made))


@app.command("schema")
def show_schema(
    warehouse: WarehouseUrl = None,
    ddl: Ddl = None,
    mermaid: Mermaid = False,
    reset: Reset = False,
    ask: Annotated[
        bool | None, typer.Option("--ask/--yes", help="Ask first; by default on a terminal.")
    ] = None,
    upgrade: Upgrade = False,
    as_sql: AsSql = False,
) -> None:
    """Show the schema, upgrade it, or drop and create it."""
    from sparkify import warehouses
    from sparkify.models import diagram

    if ddl not in (None, *warehouses.BARE):
        raise UsageError(f"--ddl must be duckdb or redshift, not {ddl}")
    if as_sql and (reset or not upgrade):
        raise UsageError("--sql goes with --upgrade")
    settings = config.load({"warehouse": warehouse})
    if reset:
        typer.echo(reset_schema(settings, ask=asks(ask)))
    elif upgrade:
        typer.echo(upgrade_schema(settings, as_sql=as_sql))
    elif mermaid:
        typer.echo(diagram.mermaid())
    else:
        name = ddl or warehouses.backend_of(settings.warehouse)
        typer.echo(diagram.ddl(warehouses.dialect_of(name)))


def upgrade_schema(settings: Settings, *, as_sql: bool) -> str:
    """Create the schema, or upgrade it, and print each step; or show the statements."""
    from sparkify import pipeline

    if as_sql:
        return pipeline.upgrade_sql(settings.warehouse)
    pipeline.upgrade(settings.warehouse, tell=typer.echo)
    return "the schema is up to date"


def asks(wanted: bool | None) -> bool:
    """Whether to ask before every table is dropped.

    Raises:
        UsageError: nobody is there to answer, and nobody said yes.
    """
    if wanted is None and not sys.stdin.isatty():
        raise UsageError("--reset drops every table: without a terminal to ask, give --yes")
    return wanted is not False


def reset_schema(settings: Settings, *, ask: bool) -> str:
    """Drop and create all tables, after telling what would be lost and, if asked to, a yes."""
    from sparkify import warehouses
    from sparkify.models import schema

    with warehouses.connect(settings.warehouse, settings) as opened:
        if opened.exists():
            with opened.reading(settings.lock_timeout) as connection:
                lost = schema.lost(connection, opened.url)
            if lost:
                rows = ", ".join(f"{table} {count:,}" for table, count in lost.items())
                note(f"{opened.url} would lose these rows: {rows}", always=True)
                if ask:
                    typer.confirm("Drop every table?", abort=True, err=True)
        with opened.writing(settings.lock_timeout) as connection:
            schema.reset(connection)
        return f"{opened.url} has the schema, and no rows"
