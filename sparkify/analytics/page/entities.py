"""The entity-relationship diagram as SVG, from the models: boxes, and lines with crow's feet."""

import sqlalchemy as sa

from sparkify.analytics.page.markup import Markup, join, tag
from sparkify.models import PUBLISHED, table
from sparkify.models.diagram import references

BOX, ROW, HEAD = 190, 18, 26  # width of a box, heights of a column's row and of a title
BETWEEN, BELOW, EDGE = 96, 26, 44  # room between the boxes, and around them

#: the boxes from left to right, each from top to bottom
PLACES = (("time", "users", "user_levels"), ("songplays",), ("songs", "artists"))
TABLES = {table(model).name: table(model) for model in PUBLISHED}


def tall(name: str) -> int:
    """The height of a table's box."""
    return HEAD + ROW * len(TABLES[name].columns) + 6


def stack(names: tuple[str, ...]) -> int:
    """The height of boxes one below the other."""
    return sum(map(tall, names)) + BELOW * (len(names) - 1)


HEIGHT = max(map(stack, PLACES)) + 4
WIDTH = len(PLACES) * BOX + (len(PLACES) - 1) * BETWEEN + 2 * EDGE


def corners() -> dict[str, tuple[float, float]]:
    """The upper left corner of each box."""
    found: dict[str, tuple[float, float]] = {}
    for place, names in enumerate(PLACES):
        x, y = EDGE + place * (BOX + BETWEEN), (HEIGHT - stack(names)) / 2
        for name in names:
            found[name] = (x, y)
            y += tall(name) + BELOW
    return found


CORNERS = corners()


def entities() -> Markup:
    """The diagram."""
    keys = references(list(TABLES.values()))
    drawn = [*map(relation, keys), *map(box, TABLES.values())]
    title = "The star: its tables, their columns and references"
    view = f"0 0 {WIDTH} {HEIGHT}"
    return tag("svg", *drawn, viewBox=view, class_="entities", role="img", aria_label=title)


def box(of: sa.Table) -> Markup:
    """One table."""
    x, y = CORNERS[of.name]
    frame = tag("rect", x=x, y=y, width=BOX, height=tall(of.name), rx=5, class_="box")
    name = tag("text", of.name, x=x + 10, y=y + 18, class_="name")
    line = tag("line", x1=x, x2=x + BOX, y1=y + HEAD, y2=y + HEAD, class_="frame")
    rows = join(row(column, x, middle(column)) for column in of.columns)
    return tag("g", frame, name, line, rows)


def row(column: sa.Column[object], x: float, y: float) -> Markup:
    """One column: its name and its type; a key is bold."""
    type_ = str(column.type).lower().split("(")[0]
    key = "key" if column.primary_key else None
    name = tag("text", column.name, x=x + 10, y=y + 4, class_=key)
    return join([name, tag("text", type_, x=x + BOX - 10, y=y + 4, class_="type")])


def middle(column: sa.Column[object]) -> float:
    """The height of a column's row."""
    of = column.table
    place = list(of.columns).index(column)
    return CORNERS[of.name][1] + HEAD + 3 + ROW * (place + 0.5)


def relation(reference: sa.ForeignKey) -> Markup:
    """The line of a foreign key: a crow's foot at the many, a bar or a circle at the one."""
    many, one = reference.parent, reference.column
    x1, x2 = CORNERS[many.table.name][0], CORNERS[one.table.name][0]
    y1, y2 = middle(many), middle(one)
    side1, side2 = (1, -1) if x1 < x2 else (-1, 1) if x1 > x2 else (-1, -1)
    x1, x2 = x1 + BOX * (side1 > 0), x2 + BOX * (side2 > 0)
    bend = BETWEEN / 2
    curve = f"M{x1},{y1} C{x1 + side1 * bend},{y1} {x2 + side2 * bend},{y2} {x2},{y2}"
    foot = "".join(f"M{x1 + side1 * 12},{y1} L{x1},{y1 + spread} " for spread in (-6, 6))
    end = x2 + side2 * 9
    if many.nullable:  # zero or one
        sign = tag("circle", cx=end, cy=y2, r=4, class_="end")
    else:
        sign = tag("path", d=f"M{end},{y2 - 6} L{end},{y2 + 6}", class_="line")
    return join([tag("path", d=curve + foot, class_="line"), sign])
