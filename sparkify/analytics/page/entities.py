"""The entity-relationship diagram of the star as SVG, drawn from the models."""

import sqlalchemy as sa
from markupsafe import Markup

from sparkify.analytics.markup import join, tag
from sparkify.models import PUBLISHED
from sparkify.models import table as table_of
from sparkify.models.diagram import references

BOX, ROW, HEAD = 190, 18, 26  # width of a box, heights of a column's row and of a title
BETWEEN, BELOW, EDGE = 96, 26, 44  # gaps between the boxes, margin at the sides

#: the columns of the diagram from left to right, each with its boxes from top to bottom
STACKS = (("time", "users", "user_levels"), ("songplays",), ("songs", "artists"))
TABLES = {table_of(model).name: table_of(model) for model in PUBLISHED}


def box_height(name: str) -> int:
    """Return the height of a table's box."""
    return HEAD + ROW * len(TABLES[name].columns) + 6


def stack_height(names: tuple[str, ...]) -> int:
    """Return the height of several boxes, one below the other."""
    return sum(map(box_height, names)) + BELOW * (len(names) - 1)


HEIGHT = max(map(stack_height, STACKS)) + 4
WIDTH = len(STACKS) * BOX + (len(STACKS) - 1) * BETWEEN + 2 * EDGE


def corners() -> dict[str, tuple[float, float]]:
    """Return the upper left corner of each box."""
    corner: dict[str, tuple[float, float]] = {}
    for index, names in enumerate(STACKS):
        x, y = EDGE + index * (BOX + BETWEEN), (HEIGHT - stack_height(names)) / 2
        for name in names:
            corner[name] = (x, y)
            y += box_height(name) + BELOW
    return corner


CORNERS = corners()


def entities() -> Markup:
    """Draw the diagram: a box for each table, a line for each foreign key."""
    keys = references(list(TABLES.values()))
    drawn = [*map(relation, keys), *map(box, TABLES.values())]
    title = "The tables of the star, their columns and their foreign keys"
    view = f"0 0 {WIDTH} {HEIGHT}"
    return tag("svg", *drawn, viewBox=view, class_="entities", role="img", aria_label=title)


def box(table: sa.Table) -> Markup:
    """Draw one table."""
    x, y = CORNERS[table.name]
    frame = tag("rect", x=x, y=y, width=BOX, height=box_height(table.name), rx=5, class_="box")
    name = tag("text", table.name, x=x + 10, y=y + 18, class_="name")
    line = tag("line", x1=x, x2=x + BOX, y1=y + HEAD, y2=y + HEAD, class_="frame")
    rows = join(row(column, x, middle(column)) for column in table.columns)
    return tag("g", frame, name, line, rows)


def row(column: sa.Column[object], x: float, y: float) -> Markup:
    """Write the name and the type of one column; primary keys are bold."""
    type_ = str(column.type).lower().split("(")[0]
    key = "key" if column.primary_key else None
    name = tag("text", column.name, x=x + 10, y=y + 4, class_=key)
    return join([name, tag("text", type_, x=x + BOX - 10, y=y + 4, class_="type")])


def middle(column: sa.Column[object]) -> float:
    """Return the y coordinate of a column's row."""
    index = list(column.table.columns).index(column)
    return CORNERS[column.table.name][1] + HEAD + 3 + ROW * (index + 0.5)


def relation(reference: sa.ForeignKey) -> Markup:
    """Draw the line of a foreign key.

    In crow's foot notation: a foot at the "many" end; at the "one" end a bar, or a circle if the
    column can be NULL.
    """
    many, one = reference.parent, reference.column
    x1, x2 = CORNERS[many.table.name][0], CORNERS[one.table.name][0]
    y1, y2 = middle(many), middle(one)
    side1, side2 = (1, -1) if x1 < x2 else (-1, 1) if x1 > x2 else (-1, -1)
    x1, x2 = x1 + BOX * (side1 > 0), x2 + BOX * (side2 > 0)
    bend = BETWEEN / 2
    curve = f"M{x1},{y1} C{x1 + side1 * bend},{y1} {x2 + side2 * bend},{y2} {x2},{y2}"
    foot = "".join(f"M{x1 + side1 * 12},{y1} L{x1},{y1 + spread} " for spread in (-6, 6))
    end = x2 + side2 * 9
    if many.nullable:
        sign = tag("circle", cx=end, cy=y2, r=4, class_="end")
    else:
        sign = tag("path", d=f"M{end},{y2 - 6} L{end},{y2 + 6}", class_="line")
    return join([tag("path", d=curve + foot, class_="line"), sign])
