"""The charts as Vega-Lite, composed with Altair.

Every colour is a CSS variable, so that a chart follows the page's theme without being drawn again.
"""

import datetime
from collections.abc import Callable
from math import ceil

import altair as alt

from sparkify.analytics.answers import Answer
from sparkify.analytics.page.tables import LABELS
from sparkify.report import Json

#: a chart, and the height of its plot in pixels
Figure = tuple[alt.Chart | alt.LayerChart | alt.FacetChart, int]

MARK, SECOND, INK, SOFT, GRID, CARD = (
    f"var(--{name})" for name in ("mark", "second", "ink", "soft", "grid", "card")
)
STEPS = [f"var(--step-{number})" for number in range(6)]  # from few to many
DATA = "rows"  # the name of a chart's data, which the script replaces
HEIGHT, ROW, SMALL_ROW, BAR = 220, 26, 16, 34  # pixels: a chart, a row of cells, a funnel's step
#: columns that are drawn as the parts of one column
PARTS = (("new", "returning"),)
MOST_LABELS = 12  # cohorts; with more of them, the cells are too small for text
TICKS = {"expr": "max(width / 120, 2)"}  # so many dates can be read side by side
COLUMN = "min(bandwidth('x') * 0.85, 90)"  # the width of a column, in pixels
SHORT = "bandwidth('x') < 70 ? slice(datum.label, 0, 3) : datum.label"  # of a weekday's name
FONT = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
CONFIG: Json = {
    "font": "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    "background": "transparent",
    "view": {"stroke": None},
    "mark": {"aria": False},  # the figure has a name, and the table below it has the values
    "axis": {**FONT, "labelColor": SOFT, "titleColor": SOFT, "gridColor": GRID, "labelPadding": 6}
    | {"domain": False, "ticks": False, "titlePadding": 10},
    "legend": {**FONT, "labelColor": SOFT, "titleColor": SOFT, "orient": "top", "offset": 8},
    "text": {"fontSize": 12, "fill": INK},
}


def figure(answer: Answer, *, width: int | str = "container", hover: bool = True) -> Json | None:
    """Compose the chart of an answer.

    Args:
        answer: An answer with rows.
        width: The width of the plot in pixels; "container" follows the page.
        hover: Whether there are marks for the pointer, which a still image does not need.

    Returns:
        The Vega-Lite specification without data, or None if the answer is shown as a table.
    """
    draw = DRAWN.get(answer.question.chart or "")
    if draw is None or not answer.rows:
        return None
    chart, height = draw(answer, hover)
    sized = chart.properties(width=width, height=height)
    specification: Json = sized.configure(**CONFIG).to_dict()
    return specification


def measures(answer: Answer) -> list[str]:
    """Return the columns that are drawn: the question's measure, or the parts of a total."""
    measure = answer.question.measure or ""
    return next((list(parts) for parts in PARTS if measure in parts), [measure])


def number_format(name: str, answer: Answer) -> str:
    """Return the format of a column's numbers, as `answers.shown` writes them."""
    if name == "share":
        return ".1%"
    return ",.1f" if has_fractions(name, answer) else ",d"


def has_fractions(name: str, answer: Answer) -> bool:
    """Whether a column's numbers are not all integers."""
    index = answer.columns.index(name)
    return any(isinstance(row[index], float) for row in answer.rows)


def label(name: str) -> str:
    """Return a column's name as people read it: what it measures."""
    return LABELS.get(name, name)


def tooltip(answer: Answer) -> list[alt.Tooltip]:
    """Return what the pointer shows: every column of the row."""
    tips = []
    for name, is_number in zip(answer.columns, answer.numeric(), strict=True):
        if is_number:
            format_ = number_format(name, answer)
            tip = alt.Tooltip(field=name, type="quantitative", title=label(name), format=format_)
        else:
            tip = alt.Tooltip(field=name, type="nominal", title=label(name))
        tips.append(tip)
    return tips


def amounts(answer: Answer, name: str, title: str | None = None, field: str | None = None) -> alt.Y:
    """Return the axis of a measure."""
    step = alt.Undefined if has_fractions(name, answer) else 1
    axis = alt.Axis(tickCount=5, format=",.1~f", tickMinStep=step)
    text = title or label(name)
    return alt.Y(field=field or name, type="quantitative", title=text, axis=axis)


def category(answer: Answer, index: int, title: str | None = None) -> alt.X:
    """Return a horizontal axis with one place for each value of a column, in their order."""
    drawn = alt.Axis(labelAngle=0, grid=False, labelOverlap=True)
    name = answer.columns[index]
    return alt.X(field=name, type="ordinal", sort=None, title=title or label(name), axis=drawn)


def periods(answer: Answer) -> tuple[str, str]:
    """Return the expression of a column chart's labels, and the title below them."""
    first, second, *_ = answer.columns
    if (first, second) == ("year", "month"):
        month = "utc(datum.year, datum.month - 1)"
        return f"utcFormat({month}, '%b %Y')", "month"
    if isinstance(answer.rows[0][0], datetime.date):
        form = "%b %Y" if answer.question.series == "months" else "%-d %b %Y"
        return f"utcFormat(toDate(datum[{first!r}]), '{form}')", first
    return f"datum[{first!r}]", first


def lines(answer: Answer) -> int:
    """Return the number of different values of the first column."""
    return len({row[0] for row in answer.rows})


def rows(answer: Answer) -> alt.Chart:
    """Start a chart of the named data."""
    return alt.Chart(alt.NamedData(name=DATA))


def line(answer: Answer, hover: bool) -> Figure:
    """Draw a measure over time."""
    key, [name, *_] = answer.columns[0], measures(answer)
    x = alt.X(
        field="at",
        type="temporal",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%-d %b %Y", grid=False, labelOverlap=True, tickCount=TICKS),
    )
    y = amounts(answer, name)
    base = rows(answer).transform_calculate(at=f"toDate(datum[{key!r}])").encode(x=x, y=y)
    area = base.mark_area(color=MARK, opacity=0.1)
    drawn = base.mark_line(color=MARK, strokeWidth=2, strokeJoin="round")
    if not hover:
        return alt.layer(area, drawn), HEIGHT
    nearest = alt.selection_point(
        "near", fields=["at"], nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    seen = alt.condition(nearest, alt.value(1), alt.value(0))
    point = base.mark_circle(color=MARK, size=70).encode(opacity=seen, tooltip=tooltip(answer))
    return alt.layer(area, drawn, point.add_params(nearest)), HEIGHT


def columns(answer: Answer, hover: bool) -> Figure:
    """Draw a measure of each row as a column; several measures are stacked."""
    names = measures(answer)
    base = rows(answer)
    width = alt.expr(COLUMN)
    if len(names) == 1:
        y = amounts(answer, names[0])
        chart = base.mark_bar(color=MARK, width=width).encode(y=y)
    else:
        scale = alt.Scale(domain=names, range=[MARK, SECOND])
        color = alt.Color(field="kind", type="nominal", scale=scale, title=None)
        y = amounts(answer, names[0], "listeners", "amount")
        folded = base.transform_fold([*names], as_=["kind", "amount"])
        chart = folded.mark_bar(width=width).encode(y=y, color=color)
    text, title = periods(answer)
    short = SHORT if title == "weekday" else alt.Undefined
    axis = alt.Axis(labelAngle=0, grid=False, labelOverlap=True, labelExpr=short)
    x = alt.X(field="period", type="ordinal", sort=None, title=title, axis=axis)
    placed = chart.transform_calculate(period=text).encode(x=x, tooltip=tooltip(answer))
    return placed, HEIGHT


def shade(name: str, title: str, format_: str, domain: list[float] | None = None) -> alt.Color:
    """Return the colour of cells, from few to many, and its legend."""
    scale = alt.Scale(type="quantize", range=STEPS, domain=domain or alt.Undefined)
    legend = alt.Legend(title=title, format=format_, gradientThickness=10, titleLimit=300)
    return alt.Color(field=name, type="quantitative", scale=scale, legend=legend)


def heatmap(answer: Answer, hover: bool) -> Figure:
    """Draw a measure of two keys as cells: the first key downwards, the second to the right."""
    name = measures(answer)[-1]
    color = shade(name, label(name), ",.2r")
    y = alt.Y(field=answer.columns[0], type="ordinal", sort=None, title=None)
    base = rows(answer).mark_rect(stroke=CARD, strokeWidth=2)
    cells = base.encode(x=category(answer, 1), y=y, color=color, tooltip=tooltip(answer))
    return cells, ROW * lines(answer)


def cohorts(answer: Answer, hover: bool) -> Figure:
    """Draw the share of each cohort that came back, as a triangle of cells."""
    first = answer.columns[0]
    share, age = answer.columns.index("share"), 1
    later = [row[share] for row in answer.rows if row[age] > 0 and row[share] is not None]
    usual = sorted(later)[: ceil(len(later) * 0.95)]  # a week of one listener has 0% or 100%
    limits = [0, max(usual, default=0) or 1]
    color = shade("share", "share of the first week's listeners", ".0%", limits)
    y = alt.Y(field=first, type="ordinal", sort=None, title="week of the first play")
    base = rows(answer).encode(x=category(answer, age, "weeks after the first play"), y=y)
    cells = base.mark_rect(stroke=CARD, strokeWidth=2)
    drawn = cells.encode(color=color, tooltip=tooltip(answer))
    if lines(answer) > MOST_LABELS:
        return drawn, SMALL_ROW * lines(answer)
    text = alt.Text(field="share", type="quantitative", format=".0%")
    strong = alt.datum.share > limits[1] * 4 / len(STEPS)  # its colour is far from the ink's
    tone = alt.condition(strong, alt.value("var(--on-step)"), alt.value(INK))
    written = base.mark_text().encode(text=text, color=tone)
    return alt.layer(drawn, written), ROW * lines(answer)


def funnel(answer: Answer, hover: bool) -> Figure:
    """Draw the people that reach each step, one step below the other."""
    step, [name, *_] = answer.columns[0], measures(answer)
    y = alt.Y(field=step, type="ordinal", sort=None, title=None, axis=alt.Axis(labelLimit=150))
    most = max(row[answer.columns.index(name)] or 0 for row in answer.rows)
    scale = alt.Scale(domain=[0, most * 1.25], nice=False)  # with space for the text
    x = alt.X(field=name, type="quantitative", scale=scale, axis=None)
    base = rows(answer).encode(x=x, y=y, tooltip=tooltip(answer))
    bars = base.mark_bar(color=MARK, height={"band": 0.7})
    written = f"format(datum[{name!r}], ',d')"
    if "share" in answer.columns:
        written += " + ' (' + format(datum.share, '.0%') + ')'"
    text = base.transform_calculate(written=written).mark_text(align="left", dx=8)
    return alt.layer(bars, text.encode(text="written:N")), BAR * lines(answer)


DRAWN: dict[str, Callable[[Answer, bool], Figure]] = {
    "line": line,
    "columns": columns,
    "heatmap": heatmap,
    "cohorts": cohorts,
    "funnel": funnel,
}
