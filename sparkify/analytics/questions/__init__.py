"""The analysts' questions as data. The report, the page and the scripts all use this list."""

from sparkify.analytics.questions import (
    books,
    catalogue,
    levels,
    listeners,
    people,
    plays,
    sessions,
    times,
)
from sparkify.analytics.questions.question import Question, Row, Rows
from sparkify.models.extensions import gathered

__all__ = ["QUESTIONS", "Question", "Row", "Rows"]

QUESTIONS: tuple[Question, ...] = (
    *catalogue.OVERVIEW,
    *times.TIMES,
    *plays.FAVOURITES,
    *listeners.STATES,
    *listeners.LISTENING,
    *people.LISTENERS_AND_BROWSERS,
    *sessions.SESSIONS,
    *levels.LEVELS,
    *catalogue.CATALOGUE,
    *books.BOOKS,
    *gathered("questions"),
)
