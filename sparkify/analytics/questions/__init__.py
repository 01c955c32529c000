"""The analysts' questions as data: report, page and scripts all walk this one list."""

from sparkify.analytics.questions.books import BOOKS
from sparkify.analytics.questions.browsers import WITH
from sparkify.analytics.questions.catalogue import CATALOGUE, HOLDS
from sparkify.analytics.questions.people import WHO
from sparkify.analytics.questions.plays import WHAT, WHEN
from sparkify.analytics.questions.question import Question
from sparkify.analytics.questions.sessions import HOW

__all__ = ["QUESTIONS", "Question"]

QUESTIONS = (*HOLDS, *WHEN, *WHAT, *WHO, *WITH, *HOW, *CATALOGUE, *BOOKS)
