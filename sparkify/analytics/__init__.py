"""Answers the analysts' questions: what are people listening to?

    questions/  each question as data: name, title, SELECT, columns
    answers     an answer for people, programs and notebooks
    table       an answer as a text table
    worth       how often recommendations hit
    grids       a heat map and a triangle of cohorts as text
    layout      SQL, laid out for people
    asking      `ask`, `report`, `recommend` and `export`
    verification, expected
                queries of a folder, compared with their expected rows
    page/       all answers as one HTML page

>>> from sparkify import analytics
>>> analytics.question("top-songs").title
'Which songs are played most?'
"""

from sparkify.analytics.answers import Answer, Answers
from sparkify.analytics.asking import answer, ask, export, question, reading, recommend, report, sql
from sparkify.analytics.questions import QUESTIONS, Question
from sparkify.analytics.verification import Verification, verify

__all__ = [
    "QUESTIONS",
    "Answer",
    "Answers",
    "Question",
    "Verification",
    "answer",
    "ask",
    "export",
    "question",
    "reading",
    "recommend",
    "report",
    "sql",
    "verify",
]
