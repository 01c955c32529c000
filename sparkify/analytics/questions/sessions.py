"""Questions about sessions, skipped songs, and changes between free and paid."""

from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import USER, Question, Rows, by_key, ratio, total
from sparkify.load.transform.plays import plays
from sparkify.load.transform.rows import ascending
from sparkify.models import UserLevel, table
from sparkify.models.statements import Column, EpochMs, Query

#: sessions are grouped by their number of plays; these are the lowest numbers of the groups
SIZES = (1, 2, 4, 8, 16, 32, 64)
NAME = (USER.c.first_name, USER.c.last_name)
BY_NAME = (USER.c.last_name, USER.c.first_name, USER.c.user_id)
MINUTE, DAY = 60_000, 86_400_000  # ms


def heard() -> sa.Subquery:
    """Select each play with its start, its song's length and the start of the next play.

    All three are in ms, the starts since the epoch. The length is cut to seconds, as players do
    it: a play is skipped if the next one of the session starts before these seconds are over.
    """
    play = plays()
    session = [play.c.user_id, play.c.session_id]
    start = EpochMs(play.c.ts)
    following = func.lead(start).over(
        partition_by=session, order_by=[play.c.ts, play.c.item_in_session]
    )
    length = sa.cast(func.floor(func.coalesce(play.c.length, 0)), sa.BigInteger) * 1000
    times = (start.label("started"), length.label("length"), following.label("following"))
    return sa.select(*session, play.c.level, *times).subquery("heard")


def sessions() -> sa.Subquery:
    """Select each session that has plays; it is paid if any of its plays was paid."""
    play = heard().c
    skipped = sa.case((play.following - play.started < play.length, 1), else_=0)
    end = func.max(play.started + play.length)
    rows = sa.select(
        play.user_id,
        play.session_id,
        func.max(play.level).label("level"),  # "paid" sorts after "free"
        func.count().label("plays"),
        total(skipped).label("skips"),
        (end - func.min(play.started)).label("duration"),
    )
    return rows.group_by(play.user_id, play.session_id).subquery("sessions")


def average(amount: Column, unit: int = 1) -> sa.ColumnElement[float]:
    """Average integers over the rows of a group, in a unit."""
    return ratio(total(amount), func.count() * unit)


def in_unit(amount: Column, unit: int) -> sa.ColumnElement[float]:
    """Convert ms to minutes or days."""
    return ratio(amount, sa.literal(unit))


def listening() -> Query:
    """Count sessions, plays, minutes and skips by level."""
    session = sessions().c
    return (
        sa.select(
            session.level,
            func.count().label("sessions"),
            total(session.plays).label("plays"),
            average(session.plays),
            average(session.duration, MINUTE),
            in_unit(func.max(session.duration), MINUTE),
            total(session.skips),
        )
        .group_by(session.level)
        .order_by(sa.desc("plays"), *ascending(session.level))
    )


def session_sizes() -> Query:
    """Count sessions by the group of `SIZES` that their number of plays belongs to."""
    plays = sessions().c.plays
    lowest = sa.case(*((plays >= size, size) for size in reversed(SIZES))).label("lowest")
    sizes = sa.select(lowest).subquery("sizes").c
    return sa.select(sizes.lowest, func.count()).group_by(sizes.lowest).order_by(sizes.lowest)


def every_size(rows: Rows) -> Rows:
    """Name the groups, and add those without sessions."""
    counts = by_key(rows)
    ends = [f"–{after - 1}" if after - 1 > size else "" for size, after in pairwise(SIZES)]
    names = [f"{size}{end}" for size, end in zip(SIZES, [*ends, " or more"], strict=True)]
    return [(name, counts.get(size, 0)) for name, size in zip(names, SIZES, strict=True)]


def longest_sessions(limit: int = 10) -> Query:
    """Select the longest sessions, from the first play to the end of the last song."""
    session = sessions()
    minutes = in_unit(session.c.duration, MINUTE)
    columns = (session.c.session_id, session.c.plays, minutes, session.c.skips)
    rows = sa.select(USER.c.user_id, *NAME, *columns).join_from(
        session, USER, USER.c.user_id == session.c.user_id
    )
    order = ascending(*BY_NAME, session.c.session_id)
    return rows.order_by(session.c.duration.desc(), *order).limit(limit)


def level_changes(before: str, after: str) -> tuple[sa.FromClause, sa.FromClause, sa.FromClause]:
    """Join each row of `user_levels` with the next one of the same user.

    Returns:
        The join, for changes between two given levels, then its two sides: the old row and the
        new row.
    """
    old, new = table(UserLevel).alias("old"), table(UserLevel).alias("new")
    is_next = (old.c.user_id == new.c.user_id) & (old.c.valid_to == new.c.valid_from)
    levels = (old.c.level == before) & (new.c.level == after)
    return old.join(new, is_next & levels), old, new


def held(old: sa.FromClause) -> sa.ColumnElement[int]:
    """Return how long a level lasted, in ms."""
    return EpochMs(old.c.valid_to) - EpochMs(old.c.valid_from)


def conversions(limit: int = 10) -> Query:
    """Select the latest changes from free to paid, and the days since the user became free."""
    both, old, new = level_changes("free", "paid")
    columns = (old.c.valid_from, new.c.valid_from, in_unit(held(old), DAY))
    rows = sa.select(USER.c.user_id, *NAME, *columns)
    joined = rows.select_from(both.join(USER, USER.c.user_id == new.c.user_id))
    return joined.order_by(new.c.valid_from.desc(), *ascending(*BY_NAME)).limit(limit)


def changes_of_level() -> Query:
    """Count the changes from free to paid and back, with the days that the old level lasted."""
    selects = []
    for before, after in (("free", "paid"), ("paid", "free")):
        both, old, new = level_changes(before, after)
        columns = (old.c.level, new.c.level.label("after"), old.c.user_id, held(old).label("ms"))
        selects.append(sa.select(*columns).select_from(both))
    change = sa.union_all(*selects).subquery("changes").c
    people = func.count(change.user_id.distinct())
    shortest, longest = (in_unit(each(change.ms), DAY) for each in (func.min, func.max))
    days = (average(change.ms, DAY), shortest, longest)
    counted = sa.select(change.level, change.after, func.count(), people, *days)
    return counted.group_by(change.level, change.after).order_by(change.level, change.after)


SESSIONS = (
    Question(
        "sessions",
        "sessions",
        "How long are sessions, and how many songs are skipped?",
        listening,
        (
            "level",
            "sessions",
            "plays",
            "plays per session",
            "minutes per session",
            "longest (minutes)",
            "skips",
        ),
        measure="plays",
    ),
    Question(
        "session-sizes",
        "sessions",
        "How many plays are in a session?",
        session_sizes,
        ("plays", "sessions"),
        measure="sessions",
        chart="columns",
        finish=every_size,
    ),
    Question(
        "longest-sessions",
        "sessions",
        "Which sessions are the longest?",
        longest_sessions,
        ("user", "first name", "last name", "session", "plays", "minutes", "skips"),
        measure="minutes",
    ),
    Question(
        "conversions",
        "sessions",
        "Who changed from free to paid, and after how many days?",
        conversions,
        ("user", "first name", "last name", "free since", "paid since", "days"),
        measure="days",
    ),
    Question(
        "changes-of-level",
        "sessions",
        "How often do people change between free and paid, and after how many days?",
        changes_of_level,
        ("from", "to", "times", "people", "average days", "shortest (days)", "longest (days)"),
        measure="times",
    ),
)
