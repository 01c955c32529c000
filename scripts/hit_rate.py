"""How good are the recommendations? Hit rates on each listener's last session, held out.

For every listener with two sessions or more the last one is put aside. What is recommended from
the plays that are left is a hit if one of the first N is in it. Beside it, by the same measure:
what most people play. Only what a listener has not played before counts, on both sides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from sparkify import analytics
from sparkify.analytics.questions import recommendation
from sparkify.analytics.questions.question import PLAY
from sparkify.cli import guarded
from sparkify.models.statements import CreateTempTableAs
from sparkify.warehouses.base import Warehouse

FIRST = (5, 10, 20, 50)
ITEMS = {"artists": ("artist_name",), "songs": ("song_title", "artist_name")}
Item = tuple[str, ...]


def session_ranks() -> sa.CTE:
    """Each listener's sessions: the last has rank 1; `sessions` is how many there are."""
    end = sa.func.max(PLAY.c.start_time).label("ended")
    keys = (PLAY.c.user_id, PLAY.c.session_id)
    sessions = sa.select(*keys, end).group_by(*keys).cte("sessions")
    rank = sa.func.row_number().over(
        partition_by=sessions.c.user_id,
        order_by=[sessions.c.ended.desc(), sessions.c.session_id.desc()],
    )
    many = sa.func.count().over(partition_by=sessions.c.user_id)
    ranked = sa.select(sessions.c.user_id, sessions.c.session_id, rank.label("rank"))
    return ranked.add_columns(many.label("sessions")).cte("ranked")


def parted() -> tuple[CreateTempTableAs, CreateTempTableAs]:
    """The plays of the last sessions, and those that are left."""
    session = session_ranks()
    same = (session.c.user_id == PLAY.c.user_id) & (session.c.session_id == PLAY.c.session_id)
    plays = sa.select(PLAY.c.user_id, PLAY.c.artist_name, PLAY.c.song_title)
    last = (session.c.rank == 1) & (session.c.sessions > 1)
    joined = plays.join_from(PLAY, session, same)
    return CreateTempTableAs("last", joined.where(last)), CreateTempTableAs(
        "earlier", joined.where(~last)
    )


def items(rows: Iterable[Any]) -> dict[int, set[Item]]:
    """Items by listener."""
    found: dict[int, set[Item]] = defaultdict(set)
    for user, *item in rows:
        found[user].add(tuple(item))
    return found


def popular(heard: dict[int, set[Item]]) -> list[Item]:
    """The items by their listeners, ties by name."""
    listeners = Counter(item for each in heard.values() for item in each)
    return sorted(listeners, key=lambda item: (-listeners[item], item))


def measure(
    warehouse: Warehouse, connection: sa.Connection, kind: str
) -> tuple[int, dict[str, Counter[int]]]:
    """The listeners who came upon something new, and the hits of both among the first N."""
    last, earlier = (each.table for each in parted())
    names = ITEMS[kind]
    ask = recommendation.songs if kind == "songs" else recommendation.artists
    heard, then = (
        items(warehouse.execute(connection, sa.select(t.c.user_id, *(t.c[n] for n in names))))
        for t in (earlier, last)
    )
    hits: dict[str, Counter[int]] = {"alike": Counter(), "popular": Counter()}
    ranking, people = popular(heard), 0
    for user, played in sorted(then.items()):
        if not (new := played - heard[user]):
            continue
        people += 1
        found = warehouse.execute(connection, ask(user, limit=max(FIRST), plays=earlier))
        alike = [tuple(row[: len(names)]) for row in found]
        most = [item for item in ranking if item not in heard[user]]
        for way, items_ in (("alike", alike), ("popular", most)):
            hits[way].update(first for first in FIRST if new & set(items_[:first]))
    return people, hits


def main() -> None:
    """Print the hit rates."""
    with analytics.reading() as (warehouse, connection):
        for part in parted():
            warehouse.execute(connection, part)
        for kind in ITEMS:
            people, hits = measure(warehouse, connection, kind)
            print(f"{kind}: {people:,} listeners")  # noqa: T201
            for way, found in hits.items():
                rates = (f"{found[n] / max(people, 1):.1%} of the first {n}" for n in FIRST)
                print(f"  {way:<8}", ", ".join(rates))  # noqa: T201
        connection.rollback()


if __name__ == "__main__":
    guarded(main)
