"""What recommendations are worth: how often they hit what a listener plays next.

The last session of each listener with at least two sessions is put aside. A recommendation that is
made from the remaining plays is a hit if one of its first N items is in that session. Only items
that are new to the listener count. The same is measured for the items that most listeners play.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from math import comb, sqrt

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions import Row
from sparkify.analytics.questions.recommendation import ITEMS, recommended_to
from sparkify.analytics.questions.scope import PLAY
from sparkify.load.transform.rows import ascending, rank
from sparkify.models.statements import Query
from sparkify.warehouses.base import Warehouse

SAMPLE = 100  # listeners that are measured, at most, unless all are asked for
MANY = 50_000  # plays; with more, measuring takes longer than people wait for a list
Z = 1.959964  # standard errors of a 95 % interval
CHANCE = 0.05

Item = tuple[str, ...]
Items = dict[int, list[Item]]


@dataclass(frozen=True)
class Worth:
    """How many listeners had a hit among the first items.

    Attributes:
        kind: "artists" or "songs".
        first: The number of items that are recommended.
        listeners: How many listeners were measured: those who played something new.
        hits: How many of them had a hit by a recommendation.
        popular: How many had one by the most popular items.
        only: How many had one by the recommendation alone, and by the most popular items alone.
    """

    kind: str
    first: int
    listeners: int
    hits: int
    popular: int
    only: tuple[int, int] = field(default=(0, 0))

    @property
    def may_be_chance(self) -> bool:
        """Whether the difference is one that chance makes in more than 1 of 20 cases.

        This is the sign test of the listeners for whom just one of the two was a hit.
        """
        fewer, trials = min(self.only), sum(self.only)
        tail = float(sum(comb(trials, n) for n in range(fewer + 1)) / 2**trials)
        return 2 * tail > CHANCE

    def to_dict(self) -> dict[str, object]:
        """Return the rates and their intervals as JSON values."""
        found: dict[str, object] = {
            "kind": self.kind,
            "first": self.first,
            "listeners": self.listeners,
            "may_be_chance": self.may_be_chance,
        }
        for name, hits in (("recommended", self.hits), ("popular", self.popular)):
            low, high = interval(hits, self.listeners)
            rate = hits / self.listeners if self.listeners else None
            found[name] = {"hits": hits, "rate": rate, "low": low, "high": high}
        return found

    def __str__(self) -> str:
        if not self.listeners:
            return "What this is worth cannot be measured: nobody has come back for something new."
        return f"What this is worth: {self.sentence}"

    @property
    def sentence(self) -> str:
        """The rates with their intervals."""
        mine, others = (shown(hits, self.listeners) for hits in (self.hits, self.popular))
        chance = " The difference may be chance." if self.may_be_chance else ""
        return (
            f"of {self.listeners} listeners, {mine} played one of the first"
            f" {self.first} {self.kind} in their next session; of the most popular {self.kind},"
            f" {others} did.{chance}"
        )


#: measured on the public data set: 30 days of logs with 6,820 plays of 96 listeners
PUBLIC = {
    "artists": Worth("artists", 10, 87, 19, 15, (7, 3)),
    "songs": Worth("songs", 10, 87, 11, 13, (1, 3)),
}


def not_measured(kind: str) -> str:
    """Return what to say of a large warehouse."""
    return (
        f"What this is worth was not measured, because there are more than {MANY:,} plays; use"
        f" --measure. On a public data set, {PUBLIC[kind].sentence}"
    )


def shown(hits: int, listeners: int) -> str:
    """Return a rate with its interval.

    >>> shown(19, 87)
    '22% (14 to 32%)'
    """
    low, high = interval(hits, listeners)
    return f"{hits / listeners:.0%} ({low * 100:.0f} to {high:.0%})"


def interval(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate, after Wilson."""
    if not trials:
        return 0.0, 1.0
    rate, square = hits / trials, Z * Z / trials
    middle = (rate + square / 2) / (1 + square)
    half = Z * sqrt(rate * (1 - rate) / trials + square / trials / 4) / (1 + square)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def split(kind: str) -> tuple[Query, Query, Query]:
    """Split the plays at the beginning of each listener's last session.

    Returns:
        The user_ids with at least two sessions, the plays of their last sessions, and the
        remaining plays of all listeners.
    """
    keys = (PLAY.c.user_id, PLAY.c.session_id)
    ended = func.max(PLAY.c.start_time).label("ended")
    session = sa.select(*keys, ended).group_by(*keys).cte("sessions")
    latest = [session.c.ended.desc(), session.c.session_id.desc()]
    count = func.count().over(partition_by=session.c.user_id).label("sessions")
    ranks = rank([session.c.user_id], latest)
    ranked = sa.select(session.c.user_id, session.c.session_id, ranks, count).cte("ranked")
    same = (ranked.c.user_id == PLAY.c.user_id) & (ranked.c.session_id == PLAY.c.session_id)
    names = {"user_id", "artist_name", *ITEMS[kind]}
    plays = sa.select(*(PLAY.c[name] for name in sorted(names))).join_from(PLAY, ranked, same)
    is_last = (ranked.c.rank == 1) & (ranked.c.sessions > 1)
    users = sa.select(ranked.c.user_id).where(is_last)
    return users, plays.where(is_last), plays.where(~is_last)


def by_listener(rows: Iterable[Row]) -> Items:
    """Group items by listener; the listener's user_id is the first value of each row."""
    found: Items = defaultdict(list)
    for user, *item in rows:
        found[user].append(tuple(item))
    return found


# long because its parameters are documented here
def measure(
    warehouse: Warehouse,
    connection: sa.Connection,
    kind: str,
    firsts: Collection[int] = (10,),
    sample: int | None = SAMPLE,
) -> list[Worth]:
    """Measure what recommendations of artists or songs are worth, over an open connection.

    Args:
        warehouse: An open warehouse.
        connection: Its connection.
        kind: "artists" or "songs".
        firsts: The numbers of items that are recommended.
        sample: The maximum number of listeners, the same ones every time; None means all.

    Returns:
        One result for each number in `firsts`.
    """
    users, last, earlier = split(kind)
    chosen, plays = sampled(users, sample), earlier.cte("earlier")

    def items(rows: sa.FromClause) -> Items:
        columns = [rows.c[name] for name in ("user_id", *ITEMS[kind])]
        select = sa.select(*columns).where(rows.c.user_id.in_(chosen)).distinct()
        return by_listener(map(tuple, warehouse.execute(connection, select)))

    heard, played = items(plays), items(last.subquery("last"))
    select = recommended_to(chosen, ITEMS[kind], plays, max(firsts))
    alike = by_listener(map(tuple, warehouse.execute(connection, select)))
    depth = max(firsts) + max(map(len, heard.values()), default=0)
    ranked = warehouse.execute(connection, most_popular(kind, plays, depth))
    popular = [tuple(row) for row in ranked]
    return counted(kind, firsts, heard=heard, played=played, alike=alike, popular=popular)


def sampled(users: Query, sample: int | None) -> Query:
    """Select at most so many user_ids, in an order that has nothing to do with the people."""
    if sample is not None:
        text = sa.cast(users.selected_columns.user_id, sa.String)
        users = users.order_by(func.md5(text)).limit(sample)
    return sa.select(users.subquery("chosen").c.user_id)


def most_popular(kind: str, plays: sa.FromClause, limit: int) -> Query:
    """Select the items with the most listeners; ties are ordered by name."""
    columns = [plays.c[name] for name in ITEMS[kind]]
    listeners = func.count(plays.c.user_id.distinct())
    ranked = sa.select(*columns).group_by(*columns)
    return ranked.order_by(listeners.desc(), *ascending(*columns)).limit(limit)


def counted(
    kind: str,
    firsts: Collection[int],
    *,
    heard: Items,
    played: Items,
    alike: Items,
    popular: list[Item],
) -> list[Worth]:
    """Count the listeners with a hit; who has too few recommendations gets popular items, too."""
    hits: dict[int, Counter[tuple[bool, bool]]] = {first: Counter() for first in firsts}
    for user, items in played.items():
        known = set(heard[user])
        if not (new := set(items) - known):
            continue
        others = [item for item in popular if item not in known]
        mine = list(dict.fromkeys([*alike[user], *others]))
        for first, counts in hits.items():
            counts[not new.isdisjoint(mine[:first]), not new.isdisjoint(others[:first])] += 1
    return [
        Worth(
            kind,
            first,
            counts.total(),
            counts[True, True] + counts[True, False],
            counts[True, True] + counts[False, True],
            (counts[True, False], counts[False, True]),
        )
        for first, counts in hits.items()
    ]
