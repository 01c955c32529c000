"""The plays of each day and hour, from which the page adds up the figures of a range of days."""

import datetime
from dataclasses import replace

from sparkify.analytics.answers import Answer
from sparkify.analytics.questions.question import Question
from sparkify.analytics.questions.scope import EVERYTHING, Scope
from sparkify.analytics.questions.times import WEEKDAYS, over_time
from sparkify.models.statements import Query
from sparkify.report import Json

Hours = dict[datetime.date, list[int]]
#: of a series, and of another answer unless more are asked for: the page is to have 2.5 MB at most
MOST_PERIODS, MOST_ROWS = 1_100, 400
MOST_WEEKS = 26  # of cohorts, and after each


def by_day_and_hour(scope: Scope = EVERYTHING) -> Query:
    """Count plays by day and hour."""
    return over_time(scope, day=scope.day(), hour=scope.part("hour"))


HOURS = Question(
    "plays-by-day-and-hour",
    "time",
    "How many songs are played in each hour?",
    by_day_and_hour,
    ("day", "hour", "plays"),
)


def by_day(answer: Answer) -> Hours:
    """Return the plays of the 24 hours of each day with plays, the latest days at most."""
    hours: Hours = {}
    for day, hour, plays in answer.rows:
        hours.setdefault(day, [0] * 24)[hour] = plays
    return dict(sorted(hours.items())[-MOST_PERIODS:])


def shortened(answer: Answer) -> tuple[Answer, str]:
    """Leave out rows of a very long answer: the oldest of a series and of cohorts, or the last.

    Returns:
        The answer, and which rows it has, for instance "the last 1100 of 2000 days"; this is empty
        if it has all rows.
    """
    if answer.question.series:
        latest = answer.latest(MOST_PERIODS)
        return latest, latest.part
    if answer.question.chart == "cohorts":
        cohorts = sorted({row[0] for row in answer.rows})
        kept = set(cohorts[-MOST_WEEKS:])
        rows = tuple(row for row in answer.rows if row[0] in kept and row[1] <= MOST_WEEKS)
        part = f"the last {len(kept)} of {len(cohorts)} weeks, and {MOST_WEEKS} weeks after each"
        return replace(answer, rows=rows), part if len(rows) < len(answer.rows) else ""
    if len(answer.rows) > MOST_ROWS and answer.parameters.get("limit") is None:
        first = replace(answer, rows=answer.rows[:MOST_ROWS])
        return first, f"the first {MOST_ROWS} of {len(answer.rows)} rows"
    return answer, answer.part


def data(hours: Hours) -> Json:
    """Return what the scripts need to add up the plays of a range."""
    days = list(map(str, hours))
    first, last = (days[0], days[-1]) if days else (None, None)
    return {
        "first": first,
        "last": last,
        "weekdays": WEEKDAYS,
        "hours": dict(zip(days, hours.values(), strict=True)),
    }
