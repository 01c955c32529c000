"""Answers as HTML tables, in which each row's measure has a bar."""

import datetime
from collections.abc import Iterator

from markupsafe import Markup

from sparkify.analytics.answers import Answer
from sparkify.analytics.markup import join, tag

#: columns that are not called what they measure
LABELS = {"per_day": "plays per day"}
LONG = 15  # rows; a longer table is scrolled
LONGEST = 16  # characters of a number beside a bar
#: an element may not have a style of its own (the page's policy), so each width has a class
WIDTHS = "".join(
    [
        *(f".b{percent}{{width:{percent}%}}" for percent in range(101)),
        *(f".n{length}{{min-width:{length}ch}}" for length in range(1, LONGEST + 1)),
    ]
)


def table(answer: Answer) -> Markup:
    """Return the rows as a table, in a region that the keyboard can scroll."""
    numeric, names = answer.numeric(), [LABELS.get(name, name) for name in answer.columns]
    head = [
        tag("th", name, scope="col", class_="number" if is_number else None)
        for name, is_number in zip(names, numeric, strict=True)
    ]
    if answer.bars() and answer.question.measure:
        measured = answer.columns.index(answer.question.measure)
        head[measured] = tag("th", names[measured], scope="col", class_="measured")
    caption = tag("caption", answer.title, class_="hidden")
    parts = (caption, tag("thead", tag("tr", *head)), tag("tbody", join(rows(answer, numeric))))
    label = f"Table: {answer.title}"
    size = "table long" if len(answer.rows) > LONG else "table"
    region = {"role": "region", "tabindex": "0", "aria_label": label}
    return tag("div", tag("table", *parts), class_=size, **region)


def rows(answer: Answer, numeric: list[bool]) -> Iterator[Markup]:
    """Yield the rows of the body."""
    lengths, cells, measure = answer.bars(), answer.cells(), answer.question.measure
    measured = answer.columns.index(measure) if lengths and measure else None
    widest = 0 if measured is None else max(len(row[measured]) for row in cells)
    for index, row in enumerate(cells):
        written = [
            tag("td", cell, class_=style(value, is_number))
            for value, cell, is_number in zip(answer.rows[index], row, numeric, strict=True)
        ]
        if measured is not None:
            written[measured] = with_bar(row[measured], lengths[index], min(widest, LONGEST))
        yield tag("tr", *written)


def style(value: object, is_number: bool) -> str | None:
    """Return the class of a cell: numbers are on the right, and dates on one line."""
    return "number" if is_number else "date" if isinstance(value, datetime.date) else None


def with_bar(number: str, length: float, widest: int) -> Markup:
    """Return the cell of a measure: the number, then a bar, 0 to 1 of the space that is left."""
    bar = tag("b", tag("i", class_=f"b{round(length * 100)}"))
    value = tag("span", number, class_=f"n{widest}")
    return tag("td", tag("div", value, bar), class_="measured")
