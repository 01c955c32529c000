"""An answer, for people in a terminal or a notebook, and for programs."""

import datetime
from dataclasses import dataclass

from markupsafe import Markup

from sparkify.analytics.markup import join, tag
from sparkify.analytics.questions import Question, Row
from sparkify.analytics.table import TextTable
from sparkify.report import Json

#: columns whose numbers are names: they have no thousands separators, and are aligned as text
IDENTIFIERS = {"user", "session", "year", "month", "hour"}
SMALLEST_SHARE = 0.001
JSON_TYPES = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes:
        question: The question.
        rows: The values, in the order of `question.columns`.
        sql: The SELECT that was sent.
    """

    question: Question
    rows: tuple[Row, ...]
    sql: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.question.columns

    def records(self) -> list[Json]:
        """Return each row as a dict, for instance for a data frame."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_dict(self) -> Json:
        """Return the answer as JSON values; dates and times become text."""
        rows = [
            [value if isinstance(value, JSON_TYPES) else str(value) for value in row]
            for row in self.rows
        ]
        asked = {"name": self.question.name, "title": self.question.title}
        return {**asked, "columns": list(self.columns), "rows": rows, "sql": self.sql}

    def cells(self) -> list[list[str]]:
        """Return the values as people read them."""
        return [
            [shown(name, value) for name, value in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]

    def bars(self) -> list[float]:
        """Return the length of each row's bar, 0 to 1, or nothing if there is no measure.

        The largest value has a bar of length 1; only a share is its own length.
        """
        if self.question.measure is None:
            return []
        index = self.columns.index(self.question.measure)
        values = [float(row[index] or 0) for row in self.rows]
        longest = 1.0 if self.question.measure == "share" else max(values, default=0.0) or 1.0
        return [value / longest for value in values]

    def numeric(self) -> list[bool]:
        """Return for each column whether it contains numbers that people compare."""
        return [
            name not in IDENTIFIERS
            and any(isinstance(row[index], int | float) for row in self.rows)
            for index, name in enumerate(self.columns)
        ]

    def __str__(self) -> str:
        if not self.rows:
            return f"{self.question.title}\n  nothing yet"
        table = TextTable(self.columns, self.cells(), self.numeric(), self.bars())
        return "\n".join([self.question.title, *table.lines()])

    def _repr_html_(self) -> Markup:
        """The table that a notebook shows."""
        head = tag("tr", *(tag("th", name) for name in self.columns))
        body = join(tag("tr", *(tag("td", cell) for cell in row)) for row in self.cells())
        return tag("table", tag("caption", self.question.title), head, body)


@dataclass(frozen=True)
class Answers:
    """The answers to all questions, read in one transaction.

    Attributes:
        warehouse: The warehouse's URL, without secrets.
        asked_at: When they were asked, UTC.
        answers: One answer for each question.
    """

    warehouse: str
    asked_at: datetime.datetime
    answers: tuple[Answer, ...]

    def __getitem__(self, name: str) -> Answer:
        """Return the answer to the question with a name."""
        return {answer.question.name: answer for answer in self.answers}[name]

    def to_dict(self) -> Json:
        """Return the answers as JSON values, by the names of their questions."""
        answers = {answer.question.name: answer.to_dict() for answer in self.answers}
        asked_at = self.asked_at.isoformat(timespec="seconds")
        return {"warehouse": self.warehouse, "asked_at": asked_at, "answers": answers}

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.answers))

    def _repr_html_(self) -> Markup:
        """The tables that a notebook shows."""
        return join(answer._repr_html_() for answer in self.answers)


def shown(column: str, value: object) -> str:
    """Return a value of a column as people read it.

    >>> shown("plays", 6820), shown("user", 6820), shown("share", 0.9512), shown("place", None)
    ('6,820', '6820', '95.1%', '–')
    """
    match value:
        case None:
            return "–"
        case float() if column == "share":
            return "<0.1%" if 0 < value < SMALLEST_SHARE else f"{value:.1%}"
        case float():
            return f"{value:,.1f}"
        case int() if column not in IDENTIFIERS:
            return f"{value:,}"
        case datetime.datetime():
            return f"{value:%Y-%m-%d %H:%M}"
    return str(value)
