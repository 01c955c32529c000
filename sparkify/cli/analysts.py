"""The commands for analysts: ask, report, recommend, verify, export."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparkify.cli.logs import note
from sparkify.cli.options import AsJson, Force, Result, WarehouseUrl, show
from sparkify.errors import UsageError

if TYPE_CHECKING:
    from sparkify.analytics import Answer

app = typer.Typer(rich_markup_mode=None)

Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="Maximum number of rows of each answer."),
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Only plays from this day on.")
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", help="Only plays up to this day, which is included."),
]
Zone = Annotated[
    str | None,
    typer.Option("--tz", metavar="ZONE", help="Time zone of days and hours; UTC by default."),
]
Names = Annotated[
    bool,
    typer.Option(
        "--names", help="Show the names of listeners on the page, not their initials alone."
    ),
]
STDOUT = "-"


def display(answer: Result, *, as_json: bool) -> None:
    """Print an answer; in a terminal it fits the width, and has colours unless NO_COLOR is set."""
    if as_json or not sys.stdout.isatty():
        show(answer, as_json=as_json)
        return
    from rich.console import Console

    Console().print(answer, crop=False)


def question_names(incomplete: str) -> list[tuple[str, str]]:
    """Return the questions whose names begin so, with their titles, for the shell."""
    from sparkify.analytics import QUESTIONS

    return [(each.name, each.title) for each in QUESTIONS if each.name.startswith(incomplete)]


# long because its options are declared here
@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def ask(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(help="The question; see --list.", autocompletion=question_names),
    ] = None,
    names: Annotated[bool, typer.Option("--list", help="List the questions.")] = False,
    since: Since = None,
    until: Until = None,
    tz: Zone = None,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Maximum number of rows; of a series, the latest."),
    ] = None,
    gender: Annotated[
        str | None, typer.Option(metavar="F|M", help="Only listeners of this gender.")
    ] = None,
    year: Annotated[int | None, typer.Option(metavar="YEAR", help="Only this year.")] = None,
    place: Annotated[str | None, typer.Option(metavar="PLACE", help="Only this location.")] = None,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the rows as CSV; - for stdout.")
    ] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SELECT; ask nothing.")] = False,
    warehouse: WarehouseUrl = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Ask one question, for instance `sparkify ask top-songs --since 2018-11-05`."""
    from sparkify import analytics

    words = [*([] if name is None else [name]), *context.args]
    if names or not words:
        list_questions(as_json=as_json)
        return
    chosen = one_question(words)
    if as_json and csv == STDOUT:
        raise UsageError("--json and --csv - both write to stdout; choose one")
    days = {"since": since, "until": until, "tz": tz}
    given: dict[str, Any] = {**days, "limit": limit, "gender": gender, "year": year, "place": place}
    if sql:
        typer.echo(f"{analytics.sql(chosen, warehouse, **given)};")
        return
    answer = analytics.ask(chosen, warehouse, **given)
    if csv is not None:
        write_csv(answer, csv, force=force)
    if as_json or csv is None:
        display(answer, as_json=as_json)


def one_question(words: list[str]) -> str:
    """Return the name of the question, which must be all that is left of the command line.

    Raises:
        UsageError: There is an unknown option, or a second name.
    """
    from sparkify import analytics

    known = {each.name: each for each in analytics.QUESTIONS}
    name = next((word for word in words if word in known), words[0])
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    if options and name not in known:
        raise UsageError(f"no such option: {options[0]}")
    if options:
        own = ", ".join(f"--{each}" for each in known[name].parameter_names) or "none"
        raise UsageError(f"{name} has no option {options[0]}; its own options: {own}")
    if len(words) > 1:
        raise UsageError(f"ask takes one question, not {len(words)}: {', '.join(words)}")
    return analytics.question(name).name


def list_questions(*, as_json: bool) -> None:
    """Print the names of the questions with their titles and parameters."""
    from sparkify.analytics import QUESTIONS

    if as_json:
        typer.echo(json.dumps({"questions": [each.to_dict() for each in QUESTIONS]}))
        return
    widest = max(len(each.name) for each in QUESTIONS)
    for each in QUESTIONS:
        typer.echo(f"{each.name:<{widest}}  {each.title}")


def write_csv(answer: "Answer", target: str, *, force: bool) -> None:
    """Write the rows of an answer to a file, or to stdout."""
    from sparkify.process.files import write_file
    from sparkify.process.owned import starts_with

    text = answer.to_csv()
    if target == STDOUT:
        typer.echo(text, nl=False)
        return
    header = text.partition("\n")[0].encode()
    write_file(Path(target), text, ours=starts_with(header), force=force)
    typer.echo(f"{target} written", err=True)


@app.command()
def report(
    warehouse: WarehouseUrl = None,
    limit: Limit = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write all answers, with charts, to this HTML file."
        ),
    ] = None,
    names: Names = False,
    tz: Zone = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Answer the analysts' questions: what are people listening to?"""
    from sparkify import analytics

    if html is None:
        answers = analytics.report(warehouse, limit=limit, tz=tz)
    else:
        from sparkify.analytics.page import write_page

        answers = write_page(html, warehouse, limit=limit, tz=tz, names=names, force=force)
        note(f"{html} written")
    if as_json or html is None:
        display(answers, as_json=as_json)


@app.command()
def recommend(
    user: Annotated[int, typer.Argument(help="The user's user_id.")],
    songs: Annotated[
        bool, typer.Option("--songs", help="Recommend songs instead of artists.")
    ] = False,
    limit: Annotated[
        int,
        typer.Option("--limit", metavar="N", min=1, help="Maximum number of recommendations."),
    ] = 10,
    measure: Annotated[
        bool | None,
        typer.Option(
            "--measure/--no-measure",
            help="Measure what such recommendations are worth; by default up to 50,000 plays.",
        ),
    ] = None,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Recommend artists that a user has not played, and listeners with similar taste play."""
    from sparkify import analytics

    found = analytics.recommend(user, warehouse, songs=songs, limit=limit, measure=measure)
    display(found, as_json=as_json)


@app.command()
def verify(
    directory: Annotated[Path, typer.Argument(help="A folder with NAME.sql and NAME.csv files.")],
    accept: Annotated[
        bool, typer.Option("--accept", help="Write what the queries return as what is expected.")
    ] = False,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Run a folder's queries read-only, and compare their rows with what is expected.

    Exits with 1 if there is a difference. The order of the rows matters only if a query has an
    ORDER BY. Fractions may differ by a millionth of their value. NULL is an empty field.
    """
    from sparkify import analytics

    found = analytics.verify(directory, warehouse, accept=accept)
    show(found, as_json=as_json)
    if not found.ok:
        raise typer.Exit(1)


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
