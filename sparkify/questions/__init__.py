"""The analysts' questions as data: report, page and scripts all walk this one list."""

from sparkify.questions.books import BOOKS
from sparkify.questions.browsers import WITH
from sparkify.questions.catalogue import CATALOGUE, HOLDS
from sparkify.questions.people import WHO
from sparkify.questions.plays import WHAT, WHEN
from sparkify.questions.question import Question
from sparkify.questions.sessions import HOW

__all__ = ["QUESTIONS", "Question"]

QUESTIONS = (*HOLDS, *WHEN, *WHAT, *WHO, *WITH, *HOW, *CATALOGUE, *BOOKS)
