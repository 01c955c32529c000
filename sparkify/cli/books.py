"""The commands that look into the books: status, loads and rejects."""

from pathlib import Path
from typing import Annotated

import typer

from sparkify import config
from sparkify.cli.options import AsJson, Force, WarehouseUrl, parsed, show
from sparkify.values import parse_duration

app = typer.Typer(rich_markup_mode=None)


@app.command()
def status(
    warehouse: WarehouseUrl = None,
    max_age: Annotated[
        str | None,
        typer.Option(
            "--max-age",
            metavar="AGE",
            help="Exit 6 if the newest event or load is older than this: 90m, 26h, 2d.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the warehouse holds, and whether it is up to date."""
    from sparkify import books, warehouses

    allowed = parsed("--max-age", max_age, parse_duration)
    settings = config.load({"warehouse": warehouse})
    with warehouses.connect(warehouses.read_from(settings), settings) as opened:
        found = books.read_status(opened, settings, max_age=allowed)
    show(found, as_json=as_json)
    found.fresh.check()


@app.command()
def loads(
    load_id: Annotated[
        str | None,
        typer.Argument(
            help="Show this load alone, with its files and rejects; its start is enough."
        ),
    ] = None,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List the loads, or show one of them."""
    from sparkify import books, warehouses

    settings = config.load({"warehouse": warehouse})
    with warehouses.connect(warehouses.read_from(settings), settings) as opened:
        if load_id is None:
            show(books.read_loads(opened, settings), as_json=as_json)
        else:
            show(books.read_load(opened, settings, load_id), as_json=as_json)


# long because its options are declared here
@app.command()
def rejects(
    warehouse: WarehouseUrl = None,
    uri: Annotated[
        str | None,
        typer.Option("--object", metavar="NAME", help="Only of files with names that end so."),
    ] = None,
    code: Annotated[
        str | None, typer.Option("--code", metavar="CODE", help="Only with this reject code.")
    ] = None,
    load: Annotated[
        str | None, typer.Option("--load", metavar="LOAD_ID", help="Only of this load.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Also write the raw records to this file, to correct them; only you can read it.",
        ),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show the rejected records, each with its file, its line and the reason."""
    from sparkify import books, warehouses

    settings = config.load({"warehouse": warehouse})
    with warehouses.connect(warehouses.read_from(settings), settings) as opened:
        found = books.read_rejects(opened, settings, uri=uri, code=code, load=load)
    if out:
        found.write(out, force=force)
    show(found, as_json=as_json)
