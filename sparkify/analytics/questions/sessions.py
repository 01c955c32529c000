"""Questions about sessions, and about songs that are skipped."""

from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import USER, Question, Rows, by_key, ratio, total
from sparkify.analytics.questions.scope import EVERYTHING, PLAY, Scope
from sparkify.load.transform.rows import ascending
from sparkify.models.statements import Column, EpochMs, Query

#: sessions are grouped by their number of plays; these are the lowest numbers of the groups
SIZES = (1, 2, 4, 8, 16, 32, 64)
NAME = (USER.c.first_name, USER.c.last_name)
BY_NAME = (USER.c.last_name, USER.c.first_name, USER.c.user_id)
MINUTE = 60_000  # ms


def heard(scope: Scope = EVERYTHING) -> sa.Subquery:
    """Select each play with its start, its song's length and the start of the next play.

    All three are in ms, the starts since the epoch. The length is cut to seconds, as players do
    it: a play is skipped if the next one of the session starts before these seconds are over.
    """
    session = (PLAY.c.user_id, PLAY.c.session_id)
    start = EpochMs(PLAY.c.start_time)
    following = func.lead(start).over(
        partition_by=session, order_by=[PLAY.c.start_time, PLAY.c.item_in_session]
    )
    length = sa.cast(func.floor(func.coalesce(PLAY.c.length, 0)), sa.BigInteger) * 1000
    times = (start.label("started"), length.label("length"), following.label("following"))
    columns = (*session, PLAY.c.level, *times)
    return sa.select(*columns).where(*scope.where()).subquery("heard")


def sessions(scope: Scope = EVERYTHING) -> sa.Subquery:
    """Select each session that has plays; it is paid if any of its plays was paid."""
    play = heard(scope).c
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


def listening(scope: Scope = EVERYTHING) -> Query:
    """Count sessions, plays, minutes and skips by level."""
    session = sessions(scope).c
    return (
        sa.select(
            session.level,
            func.count().label("sessions"),
            total(session.plays).label("plays"),
            average(session.plays).label("plays_per_session"),
            average(session.duration, MINUTE).label("minutes_per_session"),
            in_unit(func.max(session.duration), MINUTE).label("longest"),
            total(session.skips).label("skips"),
        )
        .group_by(session.level)
        .order_by(sa.desc("plays"), *ascending(session.level))
    )


def session_sizes(scope: Scope = EVERYTHING) -> Query:
    """Count sessions by the group of `SIZES` that their number of plays belongs to."""
    plays = sessions(scope).c.plays
    lowest = sa.case(*((plays >= size, size) for size in reversed(SIZES))).label("lowest")
    sizes = sa.select(lowest).subquery("sizes").c
    counted = sa.select(sizes.lowest, func.count().label("sessions"))
    return counted.group_by(sizes.lowest).order_by(sizes.lowest)


def every_size(rows: Rows, **parameters: object) -> Rows:
    """Name the groups, and add those without sessions."""
    counts = by_key(rows)
    ends = [f"–{after - 1}" if after - 1 > size else "" for size, after in pairwise(SIZES)]
    names = [f"{size}{end}" for size, end in zip(SIZES, [*ends, " or more"], strict=True)]
    return [(name, counts.get(size, 0)) for name, size in zip(names, SIZES, strict=True)]


def longest_sessions(limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Select the longest sessions, from the first play to the end of the last song."""
    session = sessions(scope)
    minutes = in_unit(session.c.duration, MINUTE).label("minutes")
    columns = (session.c.session_id, session.c.plays, minutes, session.c.skips)
    rows = sa.select(USER.c.user_id, *NAME, *columns).join_from(
        session, USER, USER.c.user_id == session.c.user_id
    )
    order = ascending(*BY_NAME, session.c.session_id)
    return rows.order_by(session.c.duration.desc(), *order).limit(limit)


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
        remark=lambda rows, parameters: (
            "A song counts as skipped if the next one of the session starts before it ends. A"
            " session is paid if any of its plays was."
        ),
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
)
