"""The commands for analysts: report, recommend, export."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sparkify.cli.logs import note
from sparkify.cli.options import AsJson, Force, WarehouseUrl, show

app = typer.Typer(rich_markup_mode=None)

Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Maximum number of rows of each answer.")
]


@app.command()
def report(
    warehouse: WarehouseUrl = None,
    limit: Limit = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write all answers, with charts, to this HTML file."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Answer the analysts' questions: what are people listening to?"""
    from sparkify import analytics
    from sparkify.analytics.page import MARKER, page
    from sparkify.process.files import write_file
    from sparkify.process.owned import starts_with

    answers = analytics.report(warehouse, limit=limit)
    if html is not None:
        write_file(html, page(answers), ours=starts_with(MARKER.encode()), force=force)
        note(f"{html} written")
    if as_json or html is None:
        show(answers, as_json=as_json)


@app.command()
def recommend(
    user: Annotated[int, typer.Argument(help="The user's user_id.")],
    songs: Annotated[
        bool, typer.Option("--songs", help="Recommend songs instead of artists.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Maximum number of recommendations.")
    ] = 10,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Recommend artists that a user has not played, and listeners with similar taste play."""
    from sparkify import analytics

    show(analytics.recommend(user, warehouse, songs=songs, limit=limit), as_json=as_json)


@app.command()
def export(
    directory: Annotated[
        str, typer.Argument(help="A folder; s3://bucket/prefix if the warehouse is on Redshift.")
    ],
    warehouse: WarehouseUrl = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write the star tables as Parquet files."""
    from sparkify import analytics

    written = analytics.export(directory, warehouse, force=force)
    typer.echo(json.dumps({"written": written}) if as_json else "\n".join(written))
