"""An answer, to be read in a terminal, in a notebook, or by a program."""

import datetime
import html
from dataclasses import dataclass
from typing import Any

from sparkify.analytics.questions import Question

BAR, WIDEST = 20, 48  # characters of the longest bar, and of a cell
#: columns of numbers that are names
IDENTIFIERS = {"user", "session", "year", "month", "hour"}
PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Answer:
    """What the warehouse answers to a question.

    Attributes:
        rows: values as the warehouse gives them, in the order of `question.columns`.
        sql: what was asked.
    """

    question: Question
    rows: tuple[tuple[Any, ...], ...]
    sql: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.question.columns

    def records(self) -> list[dict[str, Any]]:
        """The rows by column, as data frames take them."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_dict(self) -> dict[str, Any]:
        """The answer for programs, of plain values only."""
        rows = [
            [value if isinstance(value, PLAIN) else str(value) for value in r] for r in self.rows
        ]
        asked = {"name": self.question.name, "title": self.question.title}
        return {**asked, "columns": list(self.columns), "rows": rows, "sql": self.sql}

    def cells(self) -> list[list[str]]:
        """The rows as texts."""
        return [
            [shown(name, value) for name, value in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]

    def sizes(self) -> list[float]:
        """How large each row's measure is, 0 to 1 of the largest; nothing without a measure."""
        if self.question.measure is None:
            return []
        place = self.columns.index(self.question.measure)
        values = [float(row[place] or 0) for row in self.rows]
        largest = 1.0 if self.question.measure == "share" else max(values, default=0.0) or 1.0
        return [value / largest for value in values]

    def numeric(self) -> list[bool]:
        """Which columns hold numbers to be compared."""
        return [
            name not in IDENTIFIERS
            and any(isinstance(row[place], int | float) for row in self.rows)
            for place, name in enumerate(self.columns)
        ]

    def __str__(self) -> str:
        if not self.rows:
            return f"{self.question.title}\n  nothing yet"
        texts = [[fit(text) for text in row] for row in [list(self.columns), *self.cells()]]
        widths = [max(map(cells, column)) for column in zip(*texts, strict=True)]
        lines = [
            "  ".join(
                pad(text, width, right=right)
                for text, width, right in zip(row, widths, self.numeric(), strict=True)
            )
            for row in texts
        ]
        bars = ["", *("█" * round(size * BAR) or "▏" for size in self.sizes())]
        drawn = zip(lines, bars, strict=True) if self.sizes() else ((line, "") for line in lines)
        return "\n".join(
            [self.question.title, *(f"  {line}  {bar}".rstrip() for line, bar in drawn)]
        )

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in row)}</tr>"
            for row in self.cells()
        )
        title = html.escape(self.question.title)
        return f"<table><caption>{title}</caption><tr>{head}</tr>{body}</table>"


@dataclass(frozen=True)
class Answers:
    """The answers to all questions, of one moment.

    Attributes:
        warehouse: its URL, without secrets.
        asked_at: UTC.
    """

    warehouse: str
    asked_at: datetime.datetime
    answers: tuple[Answer, ...]

    def __getitem__(self, name: str) -> Answer:
        """The answer to the question of a name."""
        return next(answer for answer in self.answers if answer.question.name == name)

    def to_dict(self) -> dict[str, Any]:
        """The answers for programs, of plain values only."""
        found = {answer.question.name: answer.to_dict() for answer in self.answers}
        when = self.asked_at.isoformat(timespec="seconds")
        return {"warehouse": self.warehouse, "asked_at": when, "answers": found}

    def __str__(self) -> str:
        return "\n\n".join(str(answer) for answer in self.answers)

    def _repr_html_(self) -> str:
        """The tables that a notebook shows."""
        return "".join(answer._repr_html_() for answer in self.answers)


def shown(column: str, value: Any) -> str:
    """A value as people read it."""
    match value:
        case None:
            return "–"
        case float() if column == "share":
            return "<0.1%" if 0 < value < 0.001 else f"{value:.1%}"  # noqa: PLR2004
        case float():
            return f"{value:,.1f}"
        case int() if column not in IDENTIFIERS:
            return f"{value:,}"
        case datetime.datetime():
            return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def fit(text: str) -> str:
    """A text for one cell of a terminal: nothing in it that a terminal would obey."""
    plain = "".join(character if character.isprintable() else "�" for character in text)
    return plain if len(plain) <= WIDEST else f"{plain[: WIDEST - 1]}…"


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    from rich.cells import cell_len  # noqa: PLC0415

    return cell_len(text)


def pad(text: str, width: int, *, right: bool) -> str:
    """A text in a column."""
    blanks = " " * (width - cells(text))
    return f"{blanks}{text}" if right else f"{text}{blanks}"
