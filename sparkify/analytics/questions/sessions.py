"""How people listen: sessions, plays that were cut short, and the way from free to paid."""

from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import USER, Question, Rows, tally, total
from sparkify.load import transform
from sparkify.load.transform import ascending, epoch_ms
from sparkify.models import UserLevel, table

#: sessions by their plays: from how many
SIZES = (1, 2, 4, 8, 16, 32, 64)
NAME = (USER.c.first_name, USER.c.last_name)
BY_NAME = (USER.c.last_name, USER.c.first_name, USER.c.user_id)
MINUTE, DAY = 60_000, 86_400_000  # ms


def heard() -> sa.Subquery:
    """Each play, when it began and how long its song is (ms since the epoch, ms).

    A play is skipped when the next one of the session begins before the whole seconds of its
    song are over: players cut the fraction off.
    """
    play = transform.plays(None)
    session = [play.c.user_id, play.c.session_id]
    began = epoch_ms(play.c.ts)
    later = func.lead(began).over(
        partition_by=session, order_by=[play.c.ts, play.c.item_in_session]
    )
    length = sa.cast(func.floor(func.coalesce(play.c.length, 0)), sa.BigInteger) * 1000
    rows = sa.select(
        *session, play.c.level, began.label("began"), length.label("length"), later.label("later")
    )
    return rows.subquery("heard")


def sessions() -> sa.Subquery:
    """Each session with plays; one in which somebody was paid is a paid one."""
    play = heard().c
    skipped = sa.case((play.later - play.began < play.length, 1), else_=0)
    end = func.max(play.began + play.length)
    rows = sa.select(
        play.user_id,
        play.session_id,
        func.max(play.level).label("level"),
        func.count().label("plays"),
        total(skipped).label("skips"),
        func.min(play.began).label("began"),
        (end - func.min(play.began)).label("lasted"),
    )
    return rows.group_by(play.user_id, play.session_id).subquery("sessions")


def each(amount: Any, unit: int = 1) -> sa.ColumnElement[float]:
    """An amount per session, in a unit."""
    ratio: Any = sa.cast(total(amount), sa.Double) / sa.cast(func.count() * unit, sa.Double)
    return sa.type_coerce(ratio, sa.Double)


def listening() -> sa.Select[Any]:
    """Sessions by level: their number, plays, minutes and skips."""
    session = sessions().c
    return (
        sa.select(
            session.level,
            func.count().label("held"),
            total(session.plays).label("plays"),
            each(session.plays),
            each(session.lasted, MINUTE),
            sa.cast(func.max(session.lasted), sa.Double) / float(MINUTE),
            total(session.skips),
        )
        .group_by(session.level)
        .order_by(sa.desc("plays"), *ascending(session.level))
    )


def session_sizes() -> sa.Select[Any]:
    """How many sessions have so many plays: by the least that a class has."""
    plays = sessions().c.plays
    least = sa.case(*((plays >= size, size) for size in reversed(SIZES))).label("least")
    sizes = sa.select(least).subquery("sizes").c
    return sa.select(sizes.least, func.count()).group_by(sizes.least).order_by(sizes.least)


def each_size(rows: Rows) -> Rows:
    """Every class by name, also those without sessions."""
    held = tally(rows)
    ends = [f"–{after - 1}" if after - 1 > size else "" for size, after in pairwise(SIZES)]
    names = [f"{size}{end}" for size, end in zip(SIZES, [*ends, " or more"], strict=True)]
    return [(name, held.get(size, 0)) for name, size in zip(names, SIZES, strict=True)]


def longest_sessions(limit: int = 10) -> sa.Select[Any]:
    """The sessions that lasted longest, from the first play to the end of the last song."""
    session = sessions()
    minutes = sa.cast(session.c.lasted, sa.Double) / float(MINUTE)
    columns = (session.c.session_id, session.c.plays, minutes, session.c.skips)
    found = sa.select(USER.c.user_id, *NAME, *columns).join_from(
        session, USER, USER.c.user_id == session.c.user_id
    )
    order = ascending(*BY_NAME, session.c.session_id)
    return found.order_by(session.c.lasted.desc(), *order).limit(limit)


def turns(before: str, after: str) -> tuple[sa.FromClause, sa.FromClause, sa.FromClause]:
    """Each time that a user went from one level to another: the two rows of `user_levels`."""
    old, new = table(UserLevel).alias("old"), table(UserLevel).alias("new")
    next_ = (old.c.user_id == new.c.user_id) & (old.c.valid_to == new.c.valid_from)
    levels = (old.c.level == before) & (new.c.level == after)
    return old.join(new, next_ & levels), old, new


def took(old: sa.FromClause) -> sa.ColumnElement[int]:
    """How long a level that ended had held, ms."""
    return epoch_ms(old.c.valid_to) - epoch_ms(old.c.valid_from)


def conversions(limit: int = 10) -> sa.Select[Any]:
    """The latest who went from free to paid, and after how many days of being free."""
    both, old, new = turns("free", "paid")
    days = sa.cast(took(old), sa.Double) / float(DAY)
    found = sa.select(USER.c.user_id, *NAME, old.c.valid_from, new.c.valid_from, days)
    known = found.select_from(both.join(USER, USER.c.user_id == new.c.user_id))
    return known.order_by(new.c.valid_from.desc(), *ascending(*BY_NAME)).limit(limit)


def changes_of_level() -> sa.Select[Any]:
    """How often people went from free to paid and back, and how long that took."""
    counted = []
    for before, after in (("free", "paid"), ("paid", "free")):
        both, old, new = turns(before, after)
        rows = sa.select(
            old.c.level, new.c.level.label("after"), old.c.user_id, took(old).label("ms")
        )
        counted.append(rows.select_from(both))
    turn = sa.union_all(*counted).subquery("turns").c
    spans = (func.min(turn.ms), func.max(turn.ms))
    least, most = (sa.cast(span, sa.Double) / float(DAY) for span in spans)
    people = func.count(turn.user_id.distinct())
    found = sa.select(turn.level, turn.after, func.count(), people, each(turn.ms, DAY), least, most)
    return found.group_by(turn.level, turn.after).order_by(turn.level, turn.after)


HOW = (
    Question(
        "sessions",
        "how",
        "How long do people listen at a time, and how much do they skip?",
        listening,
        ("level", "sessions", "plays", "plays each", "minutes each", "longest", "skips"),
        measure="plays",
    ),
    Question(
        "session-sizes",
        "how",
        "How many plays has a session?",
        session_sizes,
        ("plays", "sessions"),
        measure="sessions",
        chart="columns",
        finish=each_size,
    ),
    Question(
        "longest-sessions",
        "how",
        "Which sessions are the longest?",
        longest_sessions,
        ("user", "first name", "last name", "session", "plays", "minutes", "skips"),
        measure="minutes",
    ),
    Question(
        "conversions",
        "how",
        "Who went from free to paid, and after how many days?",
        conversions,
        ("user", "first name", "last name", "free since", "paid since", "days"),
        measure="days",
    ),
    Question(
        "changes-of-level",
        "how",
        "How often do people go from free to paid and back, and after how many days?",
        changes_of_level,
        ("from", "to", "times", "people", "days each", "shortest", "longest"),
        measure="times",
    ),
)
