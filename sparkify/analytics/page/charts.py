"""Charts as SVG: it needs no script, scales, prints, and follows the page's colours."""

import datetime
from itertools import count
from math import ceil

from markupsafe import Markup

from sparkify.analytics.answers import Answer, shown
from sparkify.analytics.markup import join, tag

WIDE, NARROW, HEIGHT = 1300, 640, 200  # widths of a chart in a card, and its height
LEFT, BOTTOM, TOP = 46, 24, 14  # margins with the labels
LETTER = 7.5  # the width of a letter in a label, at most
GRIDLINES = 5  # above 0, at most


def ticks(largest: float) -> list[int]:
    """Return few round values, from 0 to at least the largest value.

    >>> ticks(479)
    [0, 100, 200, 300, 400, 500]
    """
    steps = (digit * 10**zeros for zeros in count() for digit in (1, 2, 5))
    step = next(step for step in steps if step * GRIDLINES >= largest)
    return [step * index for index in range(ceil(largest / step) + 1)]


def label(value: object, column: str) -> str:
    """Return the label of one column of the chart."""
    return f"{value.day} {value:%b}" if isinstance(value, datetime.date) else shown(column, value)


def columns(answer: Answer, width: int) -> Markup:
    """Draw the measure of each row as a column, in the order of the rows."""
    measure = answer.columns.index(answer.question.measure or "")
    values = [row[measure] or 0 for row in answer.rows]
    names = [label(row[0], answer.columns[0]) for row in answer.rows]
    scale = ticks(max(values, default=0) or 1)
    slot = (width - LEFT) / max(len(values), 1)
    # where labels would overlap, only every second, third, ... one is written
    every = ceil((max(map(len, names), default=0) + 1) * LETTER / slot)
    drawn = [gridline(value, scale[-1], width) for value in scale]
    for index, (name, value) in enumerate(zip(names, values, strict=True)):
        left = LEFT + index * slot
        drawn.append(mark(left, slot, value / scale[-1], f"{name}: {value:,}"))
        if index % every == 0:
            middle = f"{left + slot / 2:.1f}"
            drawn.append(tag("text", name, x=middle, y=HEIGHT - 6, text_anchor="middle"))
    title, view = answer.question.title, f"0 0 {width} {HEIGHT}"
    return tag("svg", *drawn, viewBox=view, class_="chart", role="img", aria_label=title)


def height(share: float) -> float:
    """Return the y coordinate of a value, given as a share of the scale."""
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def gridline(value: int, largest: int, width: int) -> Markup:
    """Draw a horizontal line and its value."""
    y = f"{height(value / largest):.1f}"
    line = tag("line", x1=LEFT, x2=width, y1=y, y2=y, class_="grid")
    return join([line, tag("text", f"{value:,}", x=LEFT - 6, y=y, dy=4, text_anchor="end")])


def mark(left: float, slot: float, share: float, title: str) -> Markup:
    """Draw one column, with a text that appears when the pointer is on it."""
    top = height(share)
    return tag(
        "rect",
        tag("title", title),
        x=f"{left + slot * 0.1:.1f}",
        y=f"{top:.1f}",
        width=f"{slot * 0.8:.1f}",
        height=f"{max(HEIGHT - BOTTOM - top, 0.5):.1f}",
        rx=1.5,
        class_="mark",
    )


def bar(share: float) -> Markup:
    """Draw a bar for a cell of a table."""
    drawn = tag("rect", width=f"{max(share * 100, 0.5):.1f}", height=10, class_="mark")
    return tag("svg", drawn, viewBox="0 0 100 10", preserveAspectRatio="none", class_="bar")
