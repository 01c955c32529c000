"""Questions about when people listen."""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import PLAYS, Question, Row, Rows
from sparkify.analytics.questions.scope import DAY, EVERYTHING, PLAY, Scope
from sparkify.models.statements import Column, Query

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def over_time(scope: Scope, **parts: Column) -> Query:
    """Count plays by parts of their time, in the order of these."""
    labels = [part.label(name) for name, part in parts.items()]
    counted = sa.select(*labels, PLAYS).where(*scope.where()).group_by(*parts.values())
    return counted.order_by(*parts.values())


def by_day(scope: Scope = EVERYTHING) -> Query:
    """Count plays by day."""
    return over_time(scope, day=scope.day())


def by_month(scope: Scope = EVERYTHING) -> Query:
    """Count plays by year and month."""
    return over_time(scope, year=scope.part("year"), month=scope.part("month"))


def with_days(scope: Scope, **parts: Column) -> Query:
    """Count plays by parts of their time, beside the first and the last day of all plays."""
    counted = over_time(scope, **parts).order_by(None).subquery("counted")
    first, last = (scope.day(each(PLAY.c.start_time)) for each in (func.min, func.max))
    days = sa.select(first.label("first_day"), last.label("last_day")).subquery("days")
    keys = [counted.c[name] for name in parts]
    return sa.select(*counted.c, *days.c).select_from(counted, days).order_by(*keys)


def by_weekday(scope: Scope = EVERYTHING) -> Query:
    """Count plays by weekday; 0 is Sunday."""
    return with_days(scope, weekday=scope.part("dow"))


def by_hour(scope: Scope = EVERYTHING) -> Query:
    """Count plays by hour."""
    return with_days(scope, hour=scope.part("hour"))


def by_hour_and_weekday(scope: Scope = EVERYTHING) -> Query:
    """Count plays by weekday and hour."""
    return with_days(scope, weekday=scope.part("dow"), hour=scope.part("hour"))


def every_day(rows: Rows, **parameters: object) -> Rows:
    """Add the days without plays that lie between two days with plays."""
    if not rows:
        return rows
    found, first = {row[0]: row for row in rows}, rows[0][0]
    zeros = (0,) * (len(rows[0]) - 1)
    days = (first + n * DAY for n in range((rows[-1][0] - first).days + 1))
    return [found.get(day, (day, *zeros)) for day in days]


def following(month: datetime.date) -> datetime.date:
    """Return the first day of the next month."""
    return (month.replace(day=1) + 31 * DAY).replace(day=1)


def every_month(rows: Rows, **parameters: object) -> Rows:
    """Add the months without plays that lie between two months with plays."""
    if not rows:
        return rows
    plays = {(year, month): count for year, month, count in rows}
    month, last = (datetime.date(year, n, 1) for year, n, _ in (rows[0], rows[-1]))
    months = []
    while month <= last:
        months.append((month.year, month.month))
        month = following(month)
    return [(*each, plays.get(each, 0)) for each in months]


def weekdays_between(rows: Rows, scope: Scope) -> Counter[int]:
    """Count the days of the range by weekday; 0 is Sunday.

    The range ends where the plays end, even if more is asked for: a day before the first play or
    after the last one is not a day without plays but a day of which nothing is known.
    """
    if not rows:
        return Counter()
    *_, first, last = rows[0]
    first, last = max(first, scope.since or first), min(last, scope.until or last)
    return Counter((first + n * DAY).isoweekday() % 7 for n in range((last - first).days + 1))


def averaged(keys: Iterable[Row], rows: Rows, days: Iterator[int]) -> Rows:
    """Return each key with its plays and its plays per day."""
    plays = {row[:-3]: row[-3] for row in rows}
    counts = ((*key, plays.get(key, 0)) for key in keys)
    return [
        (*row, row[-1] / number if number else None)
        for row, number in zip(counts, days, strict=True)
    ]


def every_weekday(rows: Rows, scope: Scope = EVERYTHING) -> Rows:
    """Add the weekdays without plays, name them all, and divide by their number."""
    days = weekdays_between(rows, scope)
    found = averaged([(n,) for n in range(7)], rows, (days[n] for n in range(7)))
    return [(WEEKDAYS[n], *row) for n, *row in found]


def every_hour(rows: Rows, scope: Scope = EVERYTHING) -> Rows:
    """Add the hours without plays, and divide by the number of days."""
    days = weekdays_between(rows, scope).total()
    return averaged([(hour,) for hour in range(24)], rows, (days for _ in range(24)))


def every_hour_of_weekdays(rows: Rows, scope: Scope = EVERYTHING) -> Rows:
    """Add the hours without plays, and divide by the number of days with this weekday."""
    days = weekdays_between(rows, scope)
    keys = [(weekday, hour) for weekday in range(7) for hour in range(24)]
    found = averaged(keys, rows, (days[weekday] for weekday, _ in keys))
    return [(WEEKDAYS[weekday], *row) for weekday, *row in found]


TIMES = (
    Question(
        "plays-by-day",
        "time",
        "How many songs are played each day?",
        by_day,
        ("day", "plays"),
        measure="plays",
        chart="line",
        finish=every_day,
        series="days",
        adds_up_by_day=True,
        clock="Days are in {tz}.",
    ),
    Question(
        "plays-by-hour-and-weekday",
        "time",
        "At which hours of which weekdays do people listen?",
        by_hour_and_weekday,
        ("weekday", "hour", "plays", "per_day"),
        measure="per_day",
        chart="heatmap",
        finish=every_hour_of_weekdays,
        adds_up_by_day=True,
        clock="Hours are in {tz}; per_day is the average of all days of a weekday.",
    ),
    Question(
        "plays-by-weekday",
        "time",
        "Which weekdays are the busiest?",
        by_weekday,
        ("weekday", "plays", "per_day"),
        measure="per_day",
        chart="columns",
        finish=every_weekday,
        adds_up_by_day=True,
        clock="Days are in {tz}; per_day is the average of all days of a weekday.",
    ),
    Question(
        "plays-by-hour",
        "time",
        "Which hours are the busiest?",
        by_hour,
        ("hour", "plays", "per_day"),
        measure="per_day",
        chart="columns",
        finish=every_hour,
        adds_up_by_day=True,
        clock="Hours are in {tz}; per_day is the average of all days.",
    ),
    Question(
        "plays-by-month",
        "time",
        "How many songs are played each month?",
        by_month,
        ("year", "month", "plays"),
        measure="plays",
        chart="columns",
        finish=every_month,
        series="months",
        adds_up_by_day=True,
        clock="Months are in {tz}.",
    ),
)
