"""What the transforms share: the published rows, and how one row of several is chosen."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.models import EventRow, SongRow, StagedRow, table
from sparkify.models.staging import PLAY
from sparkify.models.statements import Column, Query, Union
from sparkify.models.views import fields, published


def rows(model: type[StagedRow], name: str) -> sa.Subquery:
    """The published rows of one kind: the fields of their records."""
    return published(table(model), fields(table(model))).subquery(name)


EVENTS, SONGS = rows(EventRow, "event"), rows(SongRow, "song")
IS_PLAY = EVENTS.c.page == PLAY

Keys = Query | Union | None


def among(column: Column, changed: Keys) -> sa.ColumnElement[bool]:
    """Whether a key is among the changed ones; None means that every key is."""
    return sa.true() if changed is None else column.in_(changed)


def rank(key: Sequence[Column], order: Sequence[Column]) -> sa.Label[int]:
    """The rank of a row among the rows of its key, as a column `rank`."""
    return func.row_number().over(partition_by=key, order_by=order).label("rank")


def ascending(*columns: Column) -> list[Column]:
    """An order by content, with NULL last."""
    return [column.asc().nulls_last() for column in columns]


def first(rows: Query) -> Query:
    """The first row of each key, from a SELECT with a column `rank`."""
    inner = rows.subquery("ranked")
    return sa.select(*(c for c in inner.c if c.name != "rank")).where(inner.c.rank == 1)
