"""How many rows and plays a warehouse has."""

import sqlalchemy as sa

from sparkify.models.base import table
from sparkify.models.star import STAR, Songplay
from sparkify.models.statements import count
from sparkify.report import Plays
from sparkify.warehouses.executor import Executor


def row_counts(executor: Executor) -> dict[str, int]:
    """The number of rows of each star table."""
    tables = [table(model) for model in STAR]
    counts = (count(each).scalar_subquery().label(each.name) for each in tables)
    found = executor.counts(sa.select(*counts))
    return dict(zip((each.name for each in tables), found, strict=True))


def play_counts(executor: Executor) -> Plays:
    """The number of plays, and of those that match a song."""
    total, matched = sa.func.count(), sa.func.count(table(Songplay).c.song_id)
    counts = sa.select(total.label("total"), matched.label("matched"))
    return Plays(*executor.counts(counts))
