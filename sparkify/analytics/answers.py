"""An answer, for people in a terminal or a notebook, and for programs."""

import csv
import datetime
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from markupsafe import Markup

from sparkify.analytics.grids import GRIDS
from sparkify.analytics.layout import readable
from sparkify.analytics.markup import join, tag
from sparkify.analytics.questions import Question, Row
from sparkify.analytics.table import TextTable, plainly
from sparkify.analytics.worth import Worth
from sparkify.report import Json

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

#: columns whose numbers are names: they have no thousands separators, and are aligned as text
IDENTIFIERS = {"user", "session", "year", "month", "hour"}
SMALLEST_SHARE = 0.001
LATEST = 31  # rows of a series that people see unless they ask for more
JSON_TYPES = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes:
        question: The question.
        rows: The values, in the order of `question.columns`.
        statement: The SELECT as it was sent.
        parameters: The question's parameters, all of them.
        engine: "duckdb" or "redshift".
        total: The number of rows before a limit kept the latest ones of a series.
        worth: Of recommendations, how good they are: measured, or a sentence about it.
    """

    question: Question
    rows: tuple[Row, ...]
    statement: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    engine: str = "duckdb"
    total: int | None = None
    worth: Worth | str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.question.columns

    @property
    def title(self) -> str:
        """The question as people read it."""
        return self.question.titled(self.parameters)

    @cached_property
    def sql(self) -> str:
        """The SELECT that was sent, laid out for people."""
        return readable(self.statement, self.engine)

    @cached_property
    def note(self) -> str:
        """What to know to read the figures: the time zone, the range of days; may be empty."""
        worth = [] if self.worth is None else [str(self.worth)]
        return " ".join([*self.question.notes(self.rows, self.parameters), *worth])

    @property
    def part(self) -> str:
        """Which rows of a longer list these are, for instance "the last 31 of 400 days"."""
        limit, unit = self.parameters.get("limit"), self.question.series
        if unit is not None:
            total = len(self.rows) if self.total is None else self.total
            return f"the last {len(self.rows)} of {total} {unit}" if total > len(self.rows) else ""
        is_cut = isinstance(limit, int) and len(self.rows) >= limit
        return self.question.first.format(limit=limit) if is_cut else ""

    def latest(self, limit: int) -> "Answer":
        """Return only the latest rows of a series."""
        total = len(self.rows) if self.total is None else self.total
        return replace(self, rows=self.rows[-limit:], total=total)

    def records(self) -> list[Json]:
        """Return each row as a dict, for instance for a data frame."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_dict(self) -> Json:
        """Return the answer as JSON values; dates and times become text."""
        asked = {"name": self.question.name, "title": self.title, "note": self.note}
        given = {name: plain(value) for name, value in self.parameters.items()}
        rows = [[plain(value) for value in row] for row in self.rows]
        answered = {"columns": list(self.columns), "rows": rows, "sql": self.sql}
        worth = {"worth": self.worth.to_dict()} if isinstance(self.worth, Worth) else {}
        return {**asked, "parameters": given, **answered, **worth}

    def to_csv(self) -> str:
        """Return the rows as CSV, with a header; what is unknown is an empty field."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([self.columns, *self.rows])
        return text.getvalue()

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

    def table(self) -> TextTable:
        """Return the rows as a text table."""
        measure = self.question.measure or ""
        return TextTable(self.columns, self.cells(), self.numeric(), self.bars(), measure)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """The answer in a terminal: as wide as that, and in its colours."""
        from rich.padding import Padding
        from rich.text import Text

        is_long = self.question.series is not None and self.parameters.get("limit") is None
        seen = self.latest(LATEST) if is_long else self
        yield Text(self.title, style="bold")
        table, part = TextTable(("nothing yet",), (), (False,)), ""
        if seen.rows:
            grid = GRIDS.get(self.question.chart or "")
            table, part = grid(self.rows) if grid else (seen.table(), seen.part)
        yield table
        for text in filter(None, (part, self.note)):
            yield Padding(Text(text, style="dim"), (0, 0, 0, 2))

    def __str__(self) -> str:
        return plainly(self)

    def _repr_html_(self) -> Markup:
        """The table that a notebook shows."""
        head = tag("tr", *(tag("th", name) for name in self.columns))
        body = join(tag("tr", *(tag("td", cell) for cell in row)) for row in self.cells())
        note = tag("p", self.note) if self.note else ""
        return join([tag("table", tag("caption", self.title), head, body), note])


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

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """The answers in a terminal, one after the other."""
        for index, answer in enumerate(self.answers):
            if index:
                yield ""
            yield answer

    def __str__(self) -> str:
        return plainly(self)

    def _repr_html_(self) -> Markup:
        """The tables that a notebook shows."""
        return join(answer._repr_html_() for answer in self.answers)


def plain(value: object) -> object:
    """Return a value as JSON has it."""
    return value if isinstance(value, JSON_TYPES) else str(value)


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
