"""What people listen with. A user agent is taken apart by a library, after all is counted."""

from collections import Counter
from typing import Any

import sqlalchemy as sa

from sparkify.analytics.questions.question import PLAY, PLAYS, Question, Rows

UNKNOWN = "unknown"


def user_agents(limit: int = 10) -> sa.Select[Any]:
    """Plays by user agent, all of them: the limit is one of browsers."""
    counted = sa.select(PLAY.c.user_agent, PLAYS).group_by(PLAY.c.user_agent)
    return counted.order_by(PLAY.c.user_agent)


def browser(user_agent: str) -> tuple[str, str]:
    """The families of a user agent's browser and system."""
    from ua_parser import parse  # noqa: PLC0415 - a second of regular expressions

    found = parse(user_agent.strip('"'))  # many logs keep the quotes of the header
    system = found.os.family if found.os else UNKNOWN
    return found.user_agent.family if found.user_agent else UNKNOWN, system


def by_browser(rows: Rows, limit: int) -> Rows:
    """Plays by browser and system."""
    plays: Counter[tuple[str, str]] = Counter()
    for user_agent, count in rows:
        plays[browser(user_agent) if user_agent else (UNKNOWN, UNKNOWN)] += count
    ranked = sorted(plays.items(), key=lambda item: (-item[1], item[0]))
    return [(*names, count) for names, count in ranked[:limit]]


WITH = (
    Question(
        "top-browsers",
        "who",
        "Which browsers do people listen with?",
        user_agents,
        ("browser", "system", "plays"),
        measure="plays",
        chart="bars",
        finish=by_browser,
    ),
)
