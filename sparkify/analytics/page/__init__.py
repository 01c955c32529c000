"""All answers as one HTML page in one file, without scripts and without network access."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from markupsafe import Markup

from sparkify.analytics.answers import Answer, Answers, shown
from sparkify.analytics.markup import join, tag
from sparkify.analytics.page.charts import NARROW, WIDE, bar, columns
from sparkify.analytics.page.entities import entities

MARKER = "<!DOCTYPE html>\n<!-- sparkify report -->\n"  # the start of every page
TITLE = "What are people listening to?"
#: the groups of the questions, in their order
SECTIONS = {
    "overview": "Overview",
    "time": "When people listen",
    "music": "What they listen to",
    "people": "Who listens",
    "sessions": "Sessions and subscriptions",
    "catalogue": "The catalogue",
    "books": "Loads and rejects",
}
FULL_WIDTH = {"plays-by-day", "loads"}
#: a second line of defence: even unescaped markup could not load or run anything
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(answers: Answers) -> str:
    """Return the page as HTML."""
    style = Markup((Path(__file__).parent / "style.css").read_text("utf-8"))  # noqa: S704 - our own file
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"Sparkify: {TITLE}"),
        tag("style", style),
    )
    body = tag("body", header(answers), tag("main", *sections(answers)))
    return f"{MARKER}{tag('html', head, body, lang='en')}\n"


def header(answers: Answers) -> Markup:
    """Return the title, the links to the sections, and the key figures."""
    about = f"{answers.warehouse}, {answers.asked_at:%Y-%m-%d %H:%M} UTC"
    links = (tag("a", title, href=f"#{name}") for name, title in SECTIONS.items())
    tiles = (
        tag("div", tag("b", figure), tag("span", text), class_="tile")
        for figure, text in key_figures(answers)
    )
    return tag(
        "header",
        tag("h1", TITLE),
        tag("p", about, class_="about"),
        tag("nav", *links),
        tag("div", *tiles, class_="tiles"),
    )


def key_figures(answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield the most important figures, each with its text."""
    genders = answers["plays-by-gender"].records()
    levels = answers["plays-by-level"].records()
    plays, songs, *_ = answers["coverage"].records()
    people = sum(row["people"] for row in genders)
    listeners = sum(row["listeners"] for row in genders)
    paid = sum(row["people"] for row in levels if row["level"] == "paid")
    yield f"{plays['total']:,}", "plays"
    yield f"{listeners:,}", f"of {people:,} people listened"
    yield f"{paid:,}", f"of {people:,} people pay"
    yield f"{songs['total']:,}", "different songs played"
    yield shown("share", plays["share"]), "of the plays match a song in the catalogue"


def sections(answers: Answers) -> Iterator[Markup]:
    """Yield one section for each group of questions; the first one also has the star's diagram."""
    for group, members in groupby(answers.answers, lambda answer: answer.question.group):
        cards = list(map(card, members))
        if group == "overview":
            title = tag("h3", "How are the tables related?")
            diagram = tag("div", entities(), class_="figure")
            cards.append(tag("article", title, diagram, class_="wide"))
        heading = tag("h2", SECTIONS[group], id=group)
        yield tag("section", heading, tag("div", *cards, class_="cards"))


def card(answer: Answer) -> Markup:
    """Return one answer: its chart or table, and its SQL."""
    sql = tag("details", tag("summary", "SQL"), tag("pre", answer.sql))
    wide = answer.question.name in FULL_WIDTH
    parts: list[Markup] = [tag("p", "Nothing yet.", class_="none")]
    if answer.rows and answer.question.chart == "columns":
        figures = tag("details", tag("summary", "Figures"), figure_table(answer))
        chart = columns(answer, WIDE if wide else NARROW)
        parts = [tag("div", chart, class_="figure"), figures]
    elif answer.rows:
        parts = [figure_table(answer)]
    title, class_ = tag("h3", answer.question.title), "wide" if wide else None
    return tag("article", title, *parts, sql, id=answer.question.name, class_=class_)


def figure_table(answer: Answer) -> Markup:
    """Return the rows as a table, each with its bar."""
    classes = ["number" if numeric else None for numeric in answer.numeric()]
    bars = [tag("td", bar(length), class_="drawn") for length in answer.bars()]
    head = [tag("th", n, class_=c) for n, c in zip(answer.columns, classes, strict=True)]
    if bars:
        head.append(tag("th", class_="drawn"))
    rows = []
    for index, cells in enumerate(answer.cells()):
        row = [tag("td", cell, class_=c) for cell, c in zip(cells, classes, strict=True)]
        rows.append(tag("tr", *row, *bars[index : index + 1]))
    parts = (tag("thead", tag("tr", *head)), tag("tbody", join(rows)))
    return tag("div", tag("table", *parts), class_="table")
