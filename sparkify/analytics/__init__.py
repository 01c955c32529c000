"""What are people listening to? The analysts' questions, asked of a warehouse.

    questions/  every question as data: its words, its SELECT, its columns
    answers     an answer for a terminal, a notebook, a program
    asking      ask one question or all, recommend, export
    page/       the answers as one HTML page

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
