"""Literal ranges: what lets an engine skip rows.

DuckDB and Redshift know the least and the greatest value of every column in every block of rows.
They compare these with literals, not with the result of an IN (SELECT ...). So before a statement
is composed, a SELECT asks for the range of what changed.
"""

from collections.abc import Generator, Sequence
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.models.statements import Column, Query, Statement

MOST = 16  # ranges in a statement, or statements for one table
LARGE = 4_000_000  # rows that one statement may rebuild in memory
NOTHING: Column = sa.literal_column("NULL")

Ranges = Sequence[tuple[Any, Any]] | None  # least and greatest values; None if they are unknown
Answer = Sequence[Sequence[Any]] | None  # the rows of a SELECT; None in a plan
Steps = Generator[Statement, Answer, None]  # statements in order; a SELECT is answered
Asking = Generator[Statement, Answer, Ranges]  # the same, for ranges


def ends(column: Column) -> tuple[Column, Column, Column]:
    """The least and the greatest value of a column, and the number of rows."""
    least, greatest = func.min(column).label("least"), func.max(column).label("greatest")
    return least, greatest, func.count().label("rows")


def extent(column: Column, *group: Column) -> Query:
    """The SELECT of the ends of a column, of all rows or of each group."""
    return sa.select(*ends(column)).group_by(*group)


def ask(extents: Query, near: Any = None) -> Asking:
    """Send the SELECT of extents, and merge them into a few ranges.

    Args:
        near: extents that are so close make one range; None: all.
    """
    found = yield extents
    return None if found is None else merge(found, near)


def merge(extents: Sequence[Sequence[Any]], near: Any = None) -> list[tuple[Any, Any]]:
    """Merge extents that are close to each other, as long as they have not too many rows.

    Of no extents the range is one of NULLs: nothing is in it, and an engine reads nothing for it.

    >>> merge([(1, 2, 9), (3, 4, 9), (8, 9, 9)], near=1)
    [(1, 4), (8, 9)]
    """
    known = sorted(tuple(each) for each in extents if each[0] is not None)
    if not known:
        return [(NOTHING, NOTHING)]
    gaps = sorted((after[0] - before[1] for before, after in pairwise(known)), reverse=True)
    if gaps:
        near = gaps[0] if near is None else max([near, *gaps[MOST - 1 : MOST]])
    full = max(LARGE, sum(int(rows) for _, _, rows in known) // MOST)
    ranges: list[tuple[Any, Any]] = []
    held = 0
    for least, greatest, rows in known:
        if ranges and least - ranges[-1][1] <= near and held + rows <= full:
            ranges[-1] = (ranges[-1][0], max(greatest, ranges[-1][1]))
        else:
            ranges.append((least, greatest))
            held = 0
        held += int(rows)
    return ranges


def each_in(column: Column, ranges: Ranges) -> list[sa.ColumnElement[bool]]:
    """For each range, whether a column is in it."""
    return [column.between(least, greatest) for least, greatest in shown(column, ranges)]


def enclosed(column: Column, ranges: Ranges) -> sa.ColumnElement[bool]:
    """Whether a column is between the least and the greatest value of all ranges."""
    (least, _), *_, (_, greatest) = shown(column, ranges) * 2
    return column.between(least, greatest)


def shown(column: Column, ranges: Ranges) -> list[tuple[Any, Any]]:
    """The ranges, or what a plan shows in their place."""
    if ranges is not None:
        return list(ranges)
    ends = (f"$least_{column.name}", f"$greatest_{column.name}")
    return [(sa.literal_column(ends[0]), sa.literal_column(ends[1]))]
