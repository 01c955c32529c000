"""The commands that load: run and plan."""

from typing import Annotated, Any

import typer

from sparkify.cli.options import AsJson, loading, show
from sparkify.cli.progress import progress_bars

app = typer.Typer(rich_markup_mode=None)


@app.command()
@loading
def run(as_json: AsJson = False, **arguments: Any) -> None:
    """Load what is new in a lake into a warehouse."""
    from sparkify import pipeline

    with progress_bars() as progress:
        report = pipeline.run(**arguments, progress=progress)
    show(report, as_json=as_json)


@app.command()
@loading
def plan(
    as_json: AsJson = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements.")] = False,
    **arguments: Any,
) -> None:
    """Show what a run would load, and every SQL statement that it would send."""
    from sparkify import pipeline

    planned = pipeline.plan(**arguments)
    if sql and not as_json:
        from sparkify import config, warehouses
        from sparkify.analytics.layout import readable

        name = warehouses.backend_of(arguments["warehouse"] or config.load().warehouse)
        texts = (readable(text, name) for text in planned.statements)
        typer.echo("\n\n".join(f"{text};" for text in texts))
    else:
        show(planned, as_json=as_json)
