"""Questions about how many people listen, and whether they come back."""

import datetime
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import LISTENERS, Given, Question, Row, Rows
from sparkify.analytics.questions.scope import EVERYTHING, PLAY, UTC, Scope
from sparkify.analytics.questions.times import every_day, following
from sparkify.load.transform.rows import ascending
from sparkify.models.statements import Column, Query

WEEK = datetime.timedelta(days=7)


def active(name: str, period: Column, scope: Scope) -> Query:
    """Count the different listeners of each day, week or month."""
    counted = sa.select(period.label(name), LISTENERS).where(*scope.where())
    return counted.group_by(period).order_by(period)


def daily(scope: Scope = EVERYTHING) -> Query:
    """Count the different listeners of each day."""
    return active("day", scope.day(), scope)


def weekly(scope: Scope = EVERYTHING) -> Query:
    """Count the different listeners of each week, which starts on Monday."""
    return active("week", scope.first_day("week"), scope)


def monthly(scope: Scope = EVERYTHING) -> Query:
    """Count the different listeners of each month."""
    return active("month", scope.first_day("month"), scope)


def weeks_of_listeners(scope: Scope) -> tuple[sa.Subquery, sa.Subquery]:
    """Select the week of each listener's first play, and the weeks in which each one listens.

    The first play is the first one of all, whatever the range of days.
    """
    cohort = scope.first_day("week", func.min(PLAY.c.start_time)).label("cohort")
    first = sa.select(PLAY.c.user_id, cohort).group_by(PLAY.c.user_id).subquery("first_weeks")
    week = scope.first_day("week").label("week")
    each = sa.select(PLAY.c.user_id, week).where(*scope.where()).distinct().subquery("weeks")
    return first, each


def new_and_returning(scope: Scope = EVERYTHING) -> Query:
    """Count the listeners of each week whose first play is in it, and the others."""
    first, each = weeks_of_listeners(scope)
    is_new = first.c.cohort == each.c.week
    new, old = (func.count(sa.case((which, each.c.user_id))) for which in (is_new, ~is_new))
    counted = sa.select(each.c.week, new.label("new_listeners"), old.label("returning_listeners"))
    joined = counted.join_from(each, first, first.c.user_id == each.c.user_id)
    return joined.group_by(each.c.week).order_by(each.c.week)


def cohorts(tz: str = UTC) -> Query:
    """Count the listeners of each week by the week of their first play."""
    first, each = weeks_of_listeners(Scope(tz=tz))
    keys = (first.c.cohort, each.c.week)
    counted = sa.select(*keys, func.count().label("listeners"))
    joined = counted.join_from(each, first, first.c.user_id == each.c.user_id)
    return joined.group_by(*keys).order_by(*keys)


def every_cohort(rows: Rows, **parameters: object) -> Rows:
    """Number the weeks of each cohort up to the last week, and add their shares."""
    counts = {(cohort, week): listeners for cohort, week, listeners in rows}
    last = max((week for _, week in counts), default=None)
    found = []
    for cohort in sorted({cohort for cohort, _ in counts}):
        of_all = counts[cohort, cohort]
        for number in range((last - cohort).days // 7 + 1 if last else 0):
            listeners = counts.get((cohort, cohort + number * WEEK), 0)
            found.append((cohort, number, listeners, listeners / of_all))
    return found


def stepping(step: Callable[[datetime.date], datetime.date]) -> Callable[..., Rows]:
    """Return a `finish` that adds the weeks or months that have no row, with zeros."""

    def finish(rows: Rows, **parameters: object) -> Rows:
        found = {row[0]: row for row in rows}
        start, each = min(found, default=None), []
        while start is not None and start <= max(found):
            each.append(found.get(start, (start, *(0 for _ in rows[0][1:]))))
            start = step(start)
        return each

    return finish


every_week = stepping(lambda week: week + WEEK)


def by_state(limit: int | None = None, scope: Scope = EVERYTHING) -> Query:
    """Count plays and listeners by state: the part of a location after its last comma."""
    location = PLAY.c.location
    last = func.reverse(func.split_part(func.reverse(location), " ,", 1))
    state = sa.case((location.like("%, %"), last)).label("state")
    heard = sa.select(state, PLAY.c.user_id).where(*scope.where()).subquery("heard").c
    names = ("plays", "listeners")
    counts = (func.count(), func.count(heard.user_id.distinct()))
    plays, listeners = (each.label(name) for each, name in zip(counts, names, strict=True))
    counted = sa.select(heard.state, plays, listeners).group_by(heard.state)
    return counted.order_by(sa.desc("plays"), *ascending(heard.state)).limit(limit)


def metropolitan_areas(rows: Sequence[Row], parameters: Given) -> str:
    """Explain states such as "NY-NJ-PA"."""
    if not any("-" in (row[0] or "") for row in rows):
        return ""
    return "A metropolitan area of several states is listed under all of them, as in NY-NJ-PA."


LISTENING = (
    Question(
        "daily-listeners",
        "people",
        "How many people listen each day?",
        daily,
        ("day", "listeners"),
        measure="listeners",
        chart="line",
        finish=every_day,
        series="days",
        adds_up_by_day=True,
        clock="Days are in {tz}.",
    ),
    Question(
        "weekly-listeners",
        "people",
        "How many people listen each week?",
        weekly,
        ("week", "listeners"),
        measure="listeners",
        chart="line",
        finish=every_week,
        series="weeks",
        clock="Weeks start on Monday, in {tz}.",
    ),
    Question(
        "monthly-listeners",
        "people",
        "How many people listen each month?",
        monthly,
        ("month", "listeners"),
        measure="listeners",
        chart="columns",
        finish=stepping(following),
        series="months",
        clock="Months are in {tz}.",
    ),
    Question(
        "new-and-returning-listeners",
        "people",
        "How many listeners of each week are new, and how many return?",
        new_and_returning,
        ("week", "new", "returning"),
        measure="new",
        chart="columns",
        finish=every_week,
        series="weeks",
        clock="Weeks start on Monday, in {tz}. Who is new has the first play of all in this week.",
    ),
    Question(
        "retention",
        "people",
        "How many listeners still listen in the weeks after their first play?",
        cohorts,
        ("cohort", "week", "listeners", "share"),
        chart="cohorts",
        finish=every_cohort,
        clock="Weeks start on Monday, in {tz}. Week 0 is the week of the first play.",
    ),
)

STATES = (
    Question(
        "plays-by-state",
        "music",
        "Which states have the most plays?",
        by_state,
        ("state", "plays", "listeners"),
        measure="plays",
        chart="bars",
        remark=metropolitan_areas,
    ),
)
