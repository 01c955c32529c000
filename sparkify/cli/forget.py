"""The command that forgets a person."""

import sys
from typing import Annotated

import typer

from sparkify.cli.options import AsJson, WarehouseUrl, show
from sparkify.errors import UsageError

app = typer.Typer(rich_markup_mode=None)


@app.command()
def forget(
    user: Annotated[str, typer.Argument(help="The user's id.")],
    warehouse: WarehouseUrl = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show how many rows would be removed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a person's data, for good, and keep it out of later loads."""
    from sparkify import pipeline

    if not dry_run and not yes:
        if not sys.stdin.isatty():
            raise UsageError("forget removes rows for good: without a terminal to ask, give --yes")
        typer.echo(str(pipeline.forget(user, warehouse, dry_run=True)), err=True)
        typer.confirm("Remove these rows for good?", abort=True, err=True)
    show(pipeline.forget(user, warehouse, dry_run=dry_run), as_json=as_json)
