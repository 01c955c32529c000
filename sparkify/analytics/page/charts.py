"""Charts as SVG, which needs no script and no network, scales, prints, and follows the colours."""

import datetime
from itertools import count
from math import ceil
from typing import Any

from sparkify.analytics.answers import Answer, shown
from sparkify.analytics.page.markup import Markup, join, tag

WIDE, NARROW, HEIGHT = 1300, 640, 200
LEFT, BOTTOM, TOP = 46, 24, 14  # room for the labels
LETTER = 7.5  # the width of a letter of a label, at most
LINES = 5  # at most so many across


def ticks(largest: float) -> list[int]:
    """Round values from 0 to at least the largest, few enough to be read."""
    steps = (digit * 10**zeros for zeros in count() for digit in (1, 2, 5))
    step = next(step for step in steps if step * LINES >= largest)
    return [step * place for place in range(-(-int(largest) // step) + 1)]


def label(value: Any, column: str) -> str:
    """What stands below a column of the chart."""
    return f"{value.day} {value:%b}" if isinstance(value, datetime.date) else shown(column, value)


def columns(answer: Answer, width: int) -> Markup:
    """The measure of each row as a column, in the rows' order."""
    measure = answer.columns.index(answer.question.measure or "")
    values = [row[measure] or 0 for row in answer.rows]
    names = [label(row[0], answer.columns[0]) for row in answer.rows]
    scale = ticks(max(values, default=0) or 1)
    room = (width - LEFT) / max(len(values), 1)
    every = ceil((max(map(len, names), default=0) + 1) * LETTER / room)
    drawn = [gridline(value, scale[-1], width) for value in scale]
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        left = LEFT + place * room
        drawn.append(mark(left, room, value / scale[-1], f"{name}: {value:,}"))
        if place % every == 0:
            middle = f"{left + room / 2:.1f}"
            drawn.append(tag("text", name, x=middle, y=HEIGHT - 6, text_anchor="middle"))
    title, view = answer.question.title, f"0 0 {width} {HEIGHT}"
    return tag("svg", *drawn, viewBox=view, class_="chart", role="img", aria_label=title)


def height(share: float) -> float:
    """Where on the chart a share of its height is."""
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def gridline(value: int, largest: int, width: int) -> Markup:
    """A line across, and its value."""
    y = f"{height(value / largest):.1f}"
    line = tag("line", x1=LEFT, x2=width, y1=y, y2=y, class_="grid")
    return join([line, tag("text", f"{value:,}", x=LEFT - 6, y=y, dy=4, text_anchor="end")])


def mark(left: float, room: float, share: float, title: str) -> Markup:
    """One column, with a text for those who point at it."""
    top = height(share)
    size = {"width": f"{room * 0.8:.1f}", "height": f"{max(HEIGHT - BOTTOM - top, 0.5):.1f}"}
    place = {"x": f"{left + room * 0.1:.1f}", "y": f"{top:.1f}"}
    return tag("rect", tag("title", title), **place, **size, rx=1.5, class_="mark")


def bar(share: float) -> Markup:
    """A bar for a cell of a table."""
    drawn = tag("rect", width=f"{max(share * 100, 0.5):.1f}", height=10, class_="mark")
    return tag("svg", drawn, viewBox="0 0 100 10", preserveAspectRatio="none", class_="bar")
