"""The analysts' questions as data. The report, the page and the scripts all use this list."""

from sparkify.analytics.questions import books, catalogue, people, plays, sessions
from sparkify.analytics.questions.question import Question, Row, Rows
from sparkify.models.extensions import gathered

__all__ = ["QUESTIONS", "Question", "Row", "Rows"]

QUESTIONS: tuple[Question, ...] = (
    *catalogue.OVERVIEW,
    *plays.TIMES,
    *plays.FAVOURITES,
    *people.LISTENERS_AND_BROWSERS,
    *sessions.SESSIONS,
    *catalogue.CATALOGUE,
    *books.BOOKS,
    *gathered("questions"),
)
