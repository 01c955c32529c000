"""Who listens."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import LISTENERS, PLAY, PLAYS, USER, Question, total
from sparkify.load.transform import ascending
from sparkify.models.statements import Column

#: people who never played are there, with no play
AUDIENCE = USER.outerjoin(PLAY, PLAY.c.user_id == USER.c.user_id)


def top_users(limit: int = 10) -> sa.Select[Any]:
    """The people who play most."""
    who = (USER.c.user_id, USER.c.first_name, USER.c.last_name, USER.c.level)
    names = ascending(USER.c.last_name, USER.c.first_name, USER.c.user_id)
    counted = sa.select(*who, PLAYS).select_from(AUDIENCE).group_by(*who)
    return counted.order_by(sa.desc("plays"), *names).limit(limit)


def audience(*parts: Column) -> sa.Select[Any]:
    """People, those of them who listened, and their plays."""
    people = func.count(USER.c.user_id.distinct()).label("people")
    counted = sa.select(*parts, people, LISTENERS, PLAYS).select_from(AUDIENCE).group_by(*parts)
    return counted.order_by(sa.desc("plays"), *ascending(*parts))


def by_gender() -> sa.Select[Any]:
    """People and plays by gender."""
    return audience(USER.c.gender)


def by_level() -> sa.Select[Any]:
    """People by the level they have now, and plays by the level they had then."""
    now = sa.select(USER.c.level, func.count().label("people"), sa.literal(0).label("plays"))
    then = sa.select(PLAY.c.level, sa.literal(0), func.count())
    both = sa.union_all(now.group_by(USER.c.level), then.group_by(PLAY.c.level)).subquery("both").c
    plays = total(both.plays).label("plays")
    found = sa.select(both.level, total(both.people).label("people"), plays).group_by(both.level)
    return found.order_by(sa.desc("plays"), *ascending(both.level))


def by_gender_and_level() -> sa.Select[Any]:
    """Plays by gender and by the level at the time."""
    return audience(USER.c.gender, PLAY.c.level).where(PLAY.c.level.is_not(None))


WHO = (
    Question(
        "top-users",
        "who",
        "Who plays most?",
        top_users,
        ("user", "first name", "last name", "level", "plays"),
        measure="plays",
    ),
    Question(
        "plays-by-gender",
        "who",
        "Who listens, by gender?",
        by_gender,
        ("gender", "people", "listeners", "plays"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "plays-by-level",
        "who",
        "How many people are free and paid now, and how much was played at each level?",
        by_level,
        ("level", "people", "plays"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "plays-by-gender-and-level",
        "who",
        "Who listens, by gender and level at the time?",
        by_gender_and_level,
        ("gender", "level", "people", "listeners", "plays"),
        measure="plays",
    ),
)
