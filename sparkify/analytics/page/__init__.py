"""The answers as one page that needs nothing else: no network, no script."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from sparkify.analytics.answers import Answer, Answers, shown
from sparkify.analytics.page.charts import NARROW, WIDE, bar, columns
from sparkify.analytics.page.entities import entities
from sparkify.analytics.page.markup import Markup, join, tag

TITLE = "What are people listening to?"
SECTIONS = {
    "holds": "What the warehouse holds",
    "when": "When people listen",
    "what": "What they play, and where",
    "who": "Who they are",
    "how": "How they listen",
    "catalogue": "What the catalogue knows",
    "books": "Where it comes from",
}
ACROSS = {"plays-by-day", "loads"}  # as wide as the page
#: even if an escape were forgotten, nothing would be loaded or run
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(answers: Answers) -> str:
    """The page, as HTML."""
    style = Markup((Path(__file__).parent / "style.css").read_text("utf-8"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"Sparkify: {TITLE}"),
        tag("style", style),
    )
    body = tag("body", header(answers), tag("main", *sections(answers)))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def header(answers: Answers) -> Markup:
    """What this is, where its parts are, and the figures that matter most."""
    about = f"{answers.warehouse}, {answers.asked_at:%Y-%m-%d %H:%M} UTC"
    links = (tag("a", title, href=f"#{name}") for name, title in SECTIONS.items())
    tiles = (tag("div", tag("b", n), tag("span", w), class_="tile") for n, w in figures(answers))
    return tag(
        "header",
        tag("h1", TITLE),
        tag("p", about, class_="about"),
        tag("nav", *links),
        tag("div", *tiles, class_="tiles"),
    )


def figures(answers: Answers) -> Iterator[tuple[str, str]]:
    """The figures that matter most, and what they are of."""
    people = answers["plays-by-gender"].records()
    plays = answers["coverage"].records()[0]
    paid = sum(
        row["people"] for row in answers["plays-by-level"].records() if row["level"] == "paid"
    )
    everybody = sum(row["people"] for row in people)
    yield f"{plays['total']:,}", "plays"
    yield f"{sum(row['listeners'] for row in people):,}", f"of {everybody:,} people listened"
    yield f"{paid:,}", f"of {everybody:,} people pay"
    yield f"{answers['coverage'].records()[1]['total']:,}", "different songs played"
    yield shown("share", plays["share"]), "of the plays have their song in the catalogue"


def sections(answers: Answers) -> Iterator[Markup]:
    """The answers by what they are about, then the diagram of the star."""
    for group, found in groupby(answers.answers, lambda answer: answer.question.group):
        cards = list(map(card, found))
        if group == "holds":
            star = tag("h3", "How do its tables belong together?")
            cards.append(
                tag("article", star, tag("div", entities(), class_="figure"), class_="wide")
            )
        title = tag("h2", SECTIONS[group], id=group)
        yield tag("section", title, tag("div", *cards, class_="cards"))


def card(answer: Answer) -> Markup:
    """One answer: its chart and its table, and what was asked."""
    asked = tag("details", tag("summary", "SQL"), tag("pre", answer.sql))
    wide = answer.question.name in ACROSS
    parts: list[Markup] = [tag("p", "Nothing yet.", class_="none")]
    if answer.rows and answer.question.chart == "columns":
        figures = tag("details", tag("summary", "Figures"), figure_table(answer))
        chart = columns(answer, WIDE if wide else NARROW)
        parts = [tag("div", chart, class_="figure"), figures]
    elif answer.rows:
        parts = [figure_table(answer)]
    title, class_ = tag("h3", answer.question.title), "wide" if wide else None
    return tag("article", title, *parts, asked, id=answer.question.name, class_=class_)


def figure_table(answer: Answer) -> Markup:
    """The rows, each with its bar."""
    kinds = ["number" if numeric else None for numeric in answer.numeric()]
    sizes = answer.sizes()
    head = [tag("th", n, class_=k) for n, k in zip(answer.columns, kinds, strict=True)]
    if sizes:
        head.append(tag("th", class_="drawn"))
    rows = []
    for place, cells in enumerate(answer.cells()):
        row = [tag("td", cell, class_=kind) for cell, kind in zip(cells, kinds, strict=True)]
        if sizes:
            row.append(tag("td", bar(sizes[place]), class_="drawn"))
        rows.append(tag("tr", *row))
    parts = (tag("thead", tag("tr", *head)), tag("tbody", join(rows)))
    return tag("div", tag("table", *parts), class_="table")
