"""How many rows and plays a warehouse has."""

import sqlalchemy as sa

from sparkify.models.base import table
from sparkify.models.star import STAR, Songplay
from sparkify.models.statements import count
from sparkify.report import Plays
from sparkify.warehouses.executor import Executor


def row_counts(executor: Executor) -> dict[str, int]:
    """The number of rows of each star table."""
    counts = [count(table(model)) for model in STAR]
    found = executor.counts(sa.select(*(each.scalar_subquery() for each in counts)))
    return dict(zip((table(model).name for model in STAR), found, strict=True))


def play_counts(executor: Executor) -> Plays:
    """The number of plays, and of those that match a song."""
    counts = sa.select(sa.func.count(), sa.func.count(table(Songplay).c.song_id))
    return Plays(*executor.counts(counts))
