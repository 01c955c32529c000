"""Answers the analysts' questions: what are people listening to?

    questions/  each question as data: name, title, SELECT, columns
    answers     an answer for people, programs and notebooks
    table       an answer as a text table
    asking      `ask`, `report`, `recommend` and `export`
    page/       all answers as one HTML page

>>> from sparkify import analytics
>>> analytics.question("top-songs").title
'Which songs are played most?'
"""

from sparkify.analytics.answers import Answer, Answers
from sparkify.analytics.asking import answer, ask, export, question, reading, recommend, report
from sparkify.analytics.questions import QUESTIONS, Question

__all__ = [
    "QUESTIONS",
    "Answer",
    "Answers",
    "Question",
    "answer",
    "ask",
    "export",
    "question",
    "reading",
    "recommend",
    "report",
]
