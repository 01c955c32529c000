"""The commands that look into the books: status and rejects."""

from pathlib import Path
from typing import Annotated

import typer

from sparkify import config
from sparkify.cli.options import AsJson, Force, WarehouseUrl, show

app = typer.Typer(rich_markup_mode=None)


@app.command()
def status(warehouse: WarehouseUrl = None, as_json: AsJson = False) -> None:
    """Show what the warehouse holds."""
    from sparkify import books, warehouses

    settings = config.load({"warehouse": warehouse})
    with warehouses.connect(settings.warehouse, settings) as opened:
        show(books.read_status(opened, settings), as_json=as_json)


@app.command()
def rejects(
    warehouse: WarehouseUrl = None,
    uri: Annotated[
        str | None, typer.Option("--object", help="Only objects whose name ends so.")
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="Only this reason's code.")] = None,
    load: Annotated[str | None, typer.Option("--load", help="Only this load.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the raw records to this file, for repair.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show the rejected records, each with its place and its reason."""
    from sparkify import books, warehouses

    settings = config.load({"warehouse": warehouse})
    with warehouses.connect(settings.warehouse, settings) as opened:
        found = books.read_rejects(opened, settings, uri=uri, code=code, load=load)
    if out:
        found.write(out, force=force)
    show(found, as_json=as_json)
