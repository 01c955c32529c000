"""How many rows and plays a warehouse has."""

import sqlalchemy as sa

from sparkify.models.base import table
from sparkify.models.star import STAR, Songplay
from sparkify.models.statements import count
from sparkify.report import Plays
from sparkify.warehouses.executor import Executor


def counts(executor: Executor) -> tuple[dict[str, int], Plays]:
    """The number of rows of each star table, and of plays that match a song."""
    names = [table(model).name for model in STAR]
    selects = [count(table(model)) for model in STAR]
    selects.append(sa.select(sa.func.count(table(Songplay).c.song_id)))
    *found, matched = executor.counts(sa.select(*(each.scalar_subquery() for each in selects)))
    rows = dict(zip(names, found, strict=True))
    return rows, Plays(rows[names[0]], matched)
