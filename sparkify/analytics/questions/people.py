"""Questions about the listeners, and about the browsers that they use."""

from collections import Counter

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import (
    LISTENERS,
    PLAYS,
    USER,
    Question,
    Rows,
    total,
)
from sparkify.analytics.questions.scope import EVERYTHING, PLAY, Scope
from sparkify.load.transform.rows import ascending
from sparkify.models.statements import Column, Query

UNKNOWN = "unknown"


def people_and_plays(scope: Scope) -> sa.FromClause:
    """Join users with their plays: an outer join, so that those who never played are counted."""
    return USER.outerjoin(PLAY, sa.and_(PLAY.c.user_id == USER.c.user_id, *scope.where()))


def top_users(limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Select the users with the most plays."""
    columns = (USER.c.user_id, USER.c.first_name, USER.c.last_name, USER.c.level)
    names = ascending(USER.c.last_name, USER.c.first_name, USER.c.user_id)
    counts = sa.select(*columns, PLAYS).select_from(people_and_plays(scope))
    counted = counts.group_by(*columns)
    return counted.order_by(sa.desc("plays"), *names).limit(limit)


def audience(scope: Scope, *keys: Column) -> Query:
    """Count users, users who listened, and plays by some keys."""
    people = func.count(USER.c.user_id.distinct()).label("people")
    counted = sa.select(*keys, people, LISTENERS, PLAYS).select_from(people_and_plays(scope))
    return counted.group_by(*keys).order_by(sa.desc("plays"), *ascending(*keys))


def by_gender(scope: Scope = EVERYTHING) -> Query:
    """Count users and plays by gender."""
    return audience(scope, USER.c.gender)


def by_level(scope: Scope = EVERYTHING) -> Query:
    """Count users by their current level, and plays by the level at the time of the play."""
    users = sa.select(USER.c.level, func.count().label("people"), sa.literal(0).label("plays"))
    plays = sa.select(PLAY.c.level, sa.literal(0).label("people"), func.count().label("plays"))
    plays = plays.where(*scope.where())
    both = sa.union_all(users.group_by(USER.c.level), plays.group_by(PLAY.c.level))
    level = both.subquery("both").c
    counts = (total(level.people).label("people"), total(level.plays).label("plays"))
    counted = sa.select(level.level, *counts).group_by(level.level)
    return counted.order_by(sa.desc("plays"), *ascending(level.level))


def by_gender_and_level(scope: Scope = EVERYTHING) -> Query:
    """Count plays by gender and by the level at the time of the play."""
    return audience(scope, USER.c.gender, PLAY.c.level).where(PLAY.c.level.is_not(None))


def user_agents(limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Count plays by user agent: all of them, because `limit` applies to browsers."""
    counted = sa.select(PLAY.c.user_agent, PLAYS).where(*scope.where())
    return counted.group_by(PLAY.c.user_agent).order_by(PLAY.c.user_agent)


def browser(user_agent: str) -> tuple[str, str]:
    """Find the names of the browser and the operating system in a user agent."""
    from ua_parser import parse  # imported late: it compiles regular expressions for a second

    parsed = parse(user_agent.strip('"'))  # many logs keep the quotes of the header
    system = parsed.os.family if parsed.os else UNKNOWN
    return parsed.user_agent.family if parsed.user_agent else UNKNOWN, system


def by_browser(rows: Rows, limit: int = 10, scope: Scope = EVERYTHING) -> Rows:
    """Add up the plays of all user agents with the same browser and operating system."""
    plays: Counter[tuple[str, str]] = Counter()
    for user_agent, count in rows:
        plays[browser(user_agent) if user_agent else (UNKNOWN, UNKNOWN)] += count
    ranked = sorted(plays.items(), key=lambda item: (-item[1], item[0]))
    return [(*names, count) for names, count in ranked[:limit]]


LISTENERS_AND_BROWSERS = (
    Question(
        "top-users",
        "people",
        "Who plays most?",
        top_users,
        ("user", "first name", "last name", "level", "plays"),
        measure="plays",
    ),
    Question(
        "plays-by-gender",
        "people",
        "How much do women and men listen?",
        by_gender,
        ("gender", "people", "listeners", "plays"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "plays-by-level",
        "people",
        "How many people are free or paid now, and how many plays were at each level?",
        by_level,
        ("level", "people", "plays"),
        measure="plays",
        chart="bars",
        remark=lambda rows, parameters: (
            "People are counted by their level now, plays by the level at their time."
        ),
    ),
    Question(
        "plays-by-gender-and-level",
        "people",
        "How much do women and men listen at each level?",
        by_gender_and_level,
        ("gender", "level", "people", "listeners", "plays"),
        measure="plays",
    ),
    Question(
        "top-browsers",
        "people",
        "Which browsers do people listen with?",
        user_agents,
        ("browser", "system", "plays"),
        measure="plays",
        chart="bars",
        finish=by_browser,
    ),
)
