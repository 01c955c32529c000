"""Measure how good the recommendations are, by hit rates on each listener's last session.

The last session of every listener with at least two sessions is held out. A recommendation made
from the remaining plays is a hit if one of its first N items is played in that session. The same
is measured for the items that most listeners play. Only items that are new to the listener count.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable

import sqlalchemy as sa

from sparkify import analytics
from sparkify.analytics.questions import Row, recommendation
from sparkify.analytics.questions.scope import PLAY
from sparkify.cli.console import guarded
from sparkify.models.statements import CreateTempTableAs
from sparkify.warehouses.base import Warehouse

FIRST = (5, 10, 20, 50)
ITEMS = {"artists": ("artist_name",), "songs": ("song_title", "artist_name")}
Item = tuple[str, ...]
Heard = dict[int, set[Item]]


def session_ranks() -> sa.CTE:
    """Select each listener's sessions with `rank` (1 is the last) and `sessions` (their number)."""
    end = sa.func.max(PLAY.c.start_time).label("ended")
    keys = (PLAY.c.user_id, PLAY.c.session_id)
    sessions = sa.select(*keys, end).group_by(*keys).cte("sessions")
    rank = sa.func.row_number().over(
        partition_by=sessions.c.user_id,
        order_by=[sessions.c.ended.desc(), sessions.c.session_id.desc()],
    )
    count = sa.func.count().over(partition_by=sessions.c.user_id)
    ranked = sa.select(sessions.c.user_id, sessions.c.session_id, rank.label("rank"))
    return ranked.add_columns(count.label("sessions")).cte("ranked")


def split_plays() -> tuple[CreateTempTableAs, CreateTempTableAs]:
    """Return two temporary tables: the plays of the last sessions, and the remaining plays."""
    session = session_ranks()
    same = (session.c.user_id == PLAY.c.user_id) & (session.c.session_id == PLAY.c.session_id)
    plays = sa.select(PLAY.c.user_id, PLAY.c.artist_name, PLAY.c.song_title)
    is_last = (session.c.rank == 1) & (session.c.sessions > 1)
    joined = plays.join_from(PLAY, session, same)
    last = CreateTempTableAs("last", joined.where(is_last))
    return last, CreateTempTableAs("earlier", joined.where(~is_last))


def by_listener(rows: Iterable[Row]) -> Heard:
    """Group items by listener; the listener's user_id is the first value of each row."""
    heard: Heard = defaultdict(set)
    for user, *item in rows:
        heard[user].add(tuple(item))
    return heard


def most_popular(heard: Heard) -> list[Item]:
    """Sort the items by their number of listeners; ties are ordered by name."""
    listeners = Counter(item for items in heard.values() for item in items)
    return sorted(listeners, key=lambda item: (-listeners[item], item))


def measure(
    warehouse: Warehouse, connection: sa.Connection, kind: str
) -> tuple[int, dict[str, Counter[int]]]:
    """Count hits for artists or songs.

    Returns:
        The number of listeners who played something new, and for both methods the number of
        listeners with a hit among the first N items.
    """
    last, earlier = (each.table for each in split_plays())
    names = ITEMS[kind]
    recommend = recommendation.songs if kind == "songs" else recommendation.artists
    selects = (sa.select(t.c.user_id, *(t.c[name] for name in names)) for t in (earlier, last))
    answers = (warehouse.execute(connection, select) for select in selects)
    heard, heard_last = (by_listener(map(tuple, rows)) for rows in answers)
    hits: dict[str, Counter[int]] = {"alike": Counter(), "popular": Counter()}
    ranking, listeners = most_popular(heard), 0
    for user, played in sorted(heard_last.items()):
        if not (new := played - heard[user]):
            continue
        listeners += 1
        rows = warehouse.execute(connection, recommend(user, limit=max(FIRST), plays=earlier))
        alike = [tuple(row[: len(names)]) for row in rows]
        popular = [item for item in ranking if item not in heard[user]]
        for method, items in (("alike", alike), ("popular", popular)):
            hits[method].update(first for first in FIRST if new & set(items[:first]))
    return listeners, hits


def main() -> None:
    """Print the hit rates."""
    with analytics.reading() as (warehouse, connection):
        for statement in split_plays():
            warehouse.execute(connection, statement)
        for kind in ITEMS:
            listeners, hits = measure(warehouse, connection, kind)
            print(f"{kind}: {listeners:,} listeners")
            for method, counts in hits.items():
                rates = (f"{counts[n] / max(listeners, 1):.1%} of the first {n}" for n in FIRST)
                print(f"  {method:<8}", ", ".join(rates))
        connection.rollback()


if __name__ == "__main__":
    sys.exit(guarded(main))
