"""How many rows and plays a warehouse has."""

import sqlalchemy as sa

from sparkify.models.base import table
from sparkify.models.star import STAR, Songplay
from sparkify.models.statements import count
from sparkify.report import Plays
from sparkify.warehouses.executor import Executor


def counts(executor: Executor) -> tuple[dict[str, int], Plays]:
    """The number of rows of each star table, and of plays that match a song."""
    tables = [table(model) for model in STAR]
    numbers = [count(each).scalar_subquery().label(each.name) for each in tables]
    matches = sa.select(sa.func.count(table(Songplay).c.song_id).label("matched"))
    *found, matched = executor.counts(
        sa.select(*numbers, matches.scalar_subquery().label("matched"))
    )
    rows = dict(zip((each.name for each in tables), found, strict=True))
    return rows, Plays(rows[table(Songplay).name], matched)
