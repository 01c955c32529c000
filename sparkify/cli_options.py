"""What several commands of the command line share."""

import json
from typing import Annotated, Any

import typer

WarehouseUrl = Annotated[str | None, typer.Option("--warehouse", help="A SQLAlchemy URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def show(result: Any, *, as_json: bool) -> None:
    """Print a result for people or for programs."""
    typer.echo(json.dumps(result.to_dict()) if as_json else str(result))
