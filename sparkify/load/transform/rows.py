"""What the transforms share: the published rows, and how one row of several is chosen."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.models import EventRow, SongRow, StagedRow, table
from sparkify.models.staging import PLAY
from sparkify.models.statements import Column, Query, Union
from sparkify.models.views import fields, published

Rows = Query | Union


def rows(model: type[StagedRow]) -> Query:
    """The published rows of one kind: the fields of their records."""
    return published(table(model), fields(table(model)))


EVENTS, SONGS = rows(EventRow), rows(SongRow)
EVENT, SONG = EVENTS.selected_columns, SONGS.selected_columns  # of the staged rows themselves
PLAYS = EVENTS.where(EVENT.page == PLAY)
TOLD = ("user_id", "first_name", "last_name", "gender", "level")  # of a user, by an event
ORDER = ("ts", "session_id", "item_in_session")  # of a user's events
BY_USERS = EVENTS.with_only_columns(*(EVENT[each] for each in (*TOLD, *ORDER))).where(
    EVENT.user_id.is_not(None)
)


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
