"""Questions about the way from free to paid, and back."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import (
    USER,
    Given,
    Question,
    Row,
    Rows,
    by_key,
)
from sparkify.analytics.questions.scope import PLAY
from sparkify.analytics.questions.sessions import BY_NAME, NAME, average, in_unit
from sparkify.load.transform.rows import ascending
from sparkify.models import UserLevel, table
from sparkify.models.statements import EpochMs, Query

DAY = 86_400_000  # ms
#: the steps of the funnel; who takes one has taken all before it
STEPS = (
    "were free",
    "listened while free",
    "changed to paid",
    "listened while paid",
    "are paid now",
)


def level_changes(before: str, after: str) -> tuple[sa.FromClause, sa.FromClause, sa.FromClause]:
    """Join each row of `user_levels` with the next one of the same user.

    Returns:
        The join, for changes between two given levels, then its two sides: the old row and the
        new row.
    """
    old, new = table(UserLevel).alias("old_level"), table(UserLevel).alias("new_level")
    is_next = (old.c.user_id == new.c.user_id) & (old.c.valid_to == new.c.valid_from)
    levels = (old.c.level == before) & (new.c.level == after)
    return old.join(new, is_next & levels), old, new


def held(old: sa.FromClause) -> sa.ColumnElement[int]:
    """Return how long a level lasted, in ms."""
    return EpochMs(old.c.valid_to) - EpochMs(old.c.valid_from)


def conversions(limit: int = 10) -> Query:
    """Select the latest changes from free to paid, and the days since the user became free."""
    both, old, new = level_changes("free", "paid")
    columns = (
        old.c.valid_from.label("free_since"),
        new.c.valid_from.label("paid_since"),
        in_unit(held(old), DAY).label("days"),
    )
    rows = sa.select(USER.c.user_id, *NAME, *columns)
    joined = rows.select_from(both.join(USER, USER.c.user_id == new.c.user_id))
    return joined.order_by(new.c.valid_from.desc(), *ascending(*BY_NAME)).limit(limit)


def changes_of_level() -> Query:
    """Count the changes from free to paid and back, with the days that the old level lasted."""
    selects = []
    for before, after in (("free", "paid"), ("paid", "free")):
        both, old, new = level_changes(before, after)
        names = (old.c.level.label("before"), new.c.level.label("after"))
        selects.append(sa.select(*names, old.c.user_id, held(old).label("ms")).select_from(both))
    change = sa.union_all(*selects).subquery("changes").c
    counts = (func.count().label("times"), func.count(change.user_id.distinct()).label("people"))
    shortest, longest = (in_unit(each(change.ms), DAY) for each in (func.min, func.max))
    days = (average(change.ms, DAY).label("average_days"), shortest.label("shortest"))
    keys = (change.before, change.after)
    counted = sa.select(*keys, *counts, *days, longest.label("longest")).group_by(*keys)
    return counted.order_by(sa.desc("times"), *keys)


def first_changes() -> sa.CTE:
    """Select the first change from free to paid of each user."""
    both, _, new = level_changes("free", "paid")
    first = sa.select(new.c.user_id, func.min(new.c.valid_from).label("paid_since"))
    return first.select_from(both).group_by(new.c.user_id).cte("first_changes")


def days_to_paid() -> Query:
    """Count the users who changed from free to paid by the days that it took them.

    Days are whole ones: a change after 36 hours is a change after one day.
    """
    first, (both, old, new) = first_changes(), level_changes("free", "paid")
    same = (first.c.user_id == new.c.user_id) & (first.c.paid_since == new.c.valid_from)
    days = sa.cast(func.floor(in_unit(held(old), DAY)), sa.BigInteger).label("days")
    waited = sa.select(days).select_from(both.join(first, same)).subquery("waited").c
    counted = sa.select(waited.days, func.count().label("people"))
    return counted.group_by(waited.days).order_by(waited.days)


def every_number(rows: Rows, **parameters: object) -> Rows:
    """Add the numbers of days after which nobody changed."""
    people = by_key(rows)
    return [(days, people.get(days, 0)) for days in range(rows[-1][0] + 1)] if rows else []


def funnel() -> Query:
    """Count the users who have taken each step from free listener to paid, as one row.

    Each step is joined with the step before it, so that only who has taken that one is counted.
    """
    level, play = table(UserLevel).c, PLAY.c
    free = sa.select(level.user_id).where(level.level == "free").distinct().cte("free")
    heard = sa.select(play.user_id).where(play.level == "free").distinct().cte("listened_free")
    changed = first_changes()
    since = (changed.c.user_id == play.user_id) & (changed.c.paid_since <= play.start_time)
    paid = sa.select(play.user_id).join_from(PLAY, changed, since).where(play.level == "paid")
    now = sa.select(USER.c.user_id).where(USER.c.level == "paid").cte("paid_now")
    steps = [free, heard, changed, paid.distinct().cte("listened_paid"), now]
    joined: sa.FromClause = free
    for before, step in pairwise(steps):
        joined = joined.outerjoin(step, step.c.user_id == before.c.user_id)
    counts = (
        func.count(step.c.user_id).label(name.replace(" ", "_"))
        for step, name in zip(steps, STEPS, strict=True)
    )
    return sa.select(*counts).select_from(joined)


def every_step(rows: Rows, **parameters: object) -> Rows:
    """Make a row of each step, with its share of the first one."""
    (counts,) = rows
    return [
        (name, people, people / counts[0] if counts[0] else None)
        for name, people in zip(STEPS, counts, strict=True)
    ]


def median_days(rows: Sequence[Row], parameters: Given) -> str:
    """Say what is counted, and the median."""
    middle = median(days for days, people in rows for _ in range(people))
    return (
        f"Whole days from a person's first event as free to the first change; half of the people"
        f" changed within {middle:g}."
    )


LEVELS = (
    Question(
        "funnel",
        "sessions",
        "How many people go from free listener to paid?",
        funnel,
        ("step", "people", "share"),
        measure="people",
        chart="funnel",
        finish=every_step,
        remark=lambda rows, parameters: "Who is counted at a step has taken all steps before it.",
    ),
    Question(
        "days-to-paid",
        "sessions",
        "After how many days do people change from free to paid?",
        days_to_paid,
        ("days", "people"),
        measure="people",
        chart="columns",
        finish=every_number,
        remark=median_days,
    ),
    Question(
        "conversions",
        "sessions",
        "Who changed from free to paid, and after how many days?",
        conversions,
        ("user", "first name", "last name", "free since", "paid since", "days"),
        clock="Times are in UTC.",
        first="the latest {limit}",
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
