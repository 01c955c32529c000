"""What a question consists of, and the expressions that several questions share."""

import datetime
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.scope import EVERYTHING, PLAY, Scope
from sparkify.errors import UsageError
from sparkify.load.transform.rows import ascending
from sparkify.models import Artist, Song, Time, User, table
from sparkify.models.statements import Column, Query

USER, SONG, ARTIST, TIME = (table(m) for m in (User, Song, Artist, Time))
PLAYS: sa.Label[int] = func.count(PLAY.c.songplay_id).label("plays")
LISTENERS: sa.Label[int] = func.count(PLAY.c.user_id.distinct()).label("listeners")

#: values as the driver returns them: text, numbers, dates, times or None
Row = tuple[Any, ...]
Rows = list[Row]
Given = Mapping[str, Any]  # parameters of a question
SCOPE = tuple(field.name for field in fields(Scope))


def unchanged(rows: Rows, **parameters: object) -> Rows:
    """Return the rows of the SELECT as they are."""
    return rows


def by_key(rows: Rows) -> dict[object, int]:
    """Return rows of a key and a count as a dict."""
    return dict(rows)


@dataclass(frozen=True)
class Question:
    """One question that analysts ask.

    Attributes:
        name: Its name in `sparkify.analytics.ask`.
        group: The section of the page in which it is answered.
        title: The question as people read it.
        select: Returns its SELECT. The keyword parameters of this function are the parameters of
            the question; each has a default. `scope` stands for since, until and tz.
        columns: The names of the answer's columns.
        measure: The column that is drawn as a bar, if any.
        chart: How the page draws it: "line", "columns", "bars", "heatmap", "cohorts", "funnel", or
            None for a table alone.
        finish: Turns the rows of the SELECT into the rows of the answer. It is called with the
            rows and the parameters of `select`.
        series: What each row is about if the rows are in order of time without gaps: "days",
            "weeks" or "months". A limit keeps the latest ones.
        adds_up_by_day: Whether the answer for a range of days follows from the answers for each of
            these days: its rows are one for each day, or its figures are counts of plays. The
            number of different listeners of a week does not follow from those of its days.
        clock: What is in a time zone, as a sentence: "Days are in {tz}."
        first: Which rows a limit keeps if this is not a series.
        remark: Returns what to know to read the figures, from the answer's rows and parameters.
        retitle: Returns the title for some parameters.
    """

    name: str
    group: str
    title: str
    select: Callable[..., Query]
    columns: tuple[str, ...]
    measure: str | None = None
    chart: str | None = None
    finish: Callable[..., Rows] = unchanged
    series: str | None = None
    adds_up_by_day: bool = False
    clock: str = ""
    first: str = "the first {limit}"
    remark: Callable[[Sequence[Row], Given], str] | None = None
    retitle: Callable[[Given], str] | None = None

    @property
    def defaults(self) -> dict[str, Any]:
        """The question's parameters with their defaults."""
        known = inspect.signature(self.select).parameters
        own = {name: each.default for name, each in known.items() if name != "scope"}
        if self.series:
            own["limit"] = None
        scope = {name: getattr(EVERYTHING, name) for name in SCOPE} if "scope" in known else {}
        return {**own, **scope}

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of the question's parameters."""
        return tuple(self.defaults)

    def parameters(self, given: Given) -> dict[str, Any]:
        """Complete the given parameters with the defaults.

        Raises:
            UsageError: The question does not have one of the given parameters.
        """
        defaults = self.defaults
        if unknown := sorted(set(given) - set(defaults)):
            if {"since", "until"} & set(unknown):
                raise UsageError(
                    f"{self.name} cannot be limited to a range of days: since and until choose"
                    " plays, and its figures are about more than the plays of a range"
                )
            names = ", ".join(defaults) or "none"
            raise UsageError(
                f"{self.name} has no parameter {', '.join(unknown)}; its parameters: {names}"
            )
        return {**defaults, **given}

    def to_dict(self) -> dict[str, object]:
        """Return what the question is, as JSON values."""
        about = {"name": self.name, "title": self.title, "group": self.group}
        return {**about, "columns": list(self.columns), "parameters": self.defaults}

    def given(self, options: Given) -> dict[str, Any]:
        """Return the options that are not None, checked before a warehouse is opened.

        Raises:
            UsageError: The question does not have one of them, or the value of one is not valid.
        """
        given = {name: value for name, value in options.items() if value is not None}
        if given.get("limit", 1) < 1:
            raise UsageError(f"limit must be at least 1, not {given['limit']}")
        days: dict[str, Any] = {
            name: parsed(name, given[name]) for name in ("since", "until") if name in given
        }
        self.arguments(self.parameters({**given, **days}))
        return {**given, **days}

    def titled(self, parameters: Given) -> str:
        """Return the title for some parameters."""
        return self.retitle(parameters) if self.retitle and parameters else self.title

    def notes(self, rows: Sequence[Row], parameters: Given) -> list[str]:
        """Return what to know to read an answer, as sentences."""
        scope = Scope(**{name: parameters[name] for name in SCOPE if name in parameters})
        remark = self.remark(rows, parameters) if self.remark and rows else ""
        return list(filter(None, (self.clock.format(tz=scope.tz), scope.sentence, remark)))

    def arguments(self, parameters: Given) -> dict[str, Any]:
        """Return the arguments of `select` and `finish` for a question's parameters.

        Raises:
            UsageError: The range of days or the time zone is not valid.
        """
        known = inspect.signature(self.select).parameters
        own = {name: value for name, value in parameters.items() if name in known}
        if "scope" in known:
            own["scope"] = Scope(**{name: parameters[name] for name in SCOPE})
        return own


def parsed(name: str, day: datetime.date | str) -> datetime.date:
    """Return a day that was given as a date or as text.

    Raises:
        UsageError: It is not a day.
    """
    if isinstance(day, datetime.datetime):
        return day.date()
    try:
        return day if isinstance(day, datetime.date) else datetime.date.fromisoformat(day)
    except ValueError as error:
        raise UsageError(f"{name} must be a day like 2018-11-30, not {day!r}") from error


def top(
    *names: Column, limit: int, scope: Scope = EVERYTHING, where: Sequence[Column] = ()
) -> Query:
    """Select what is played most: names, plays and listeners; ties are ordered by name."""
    counted = sa.select(*names, PLAYS, LISTENERS).where(*scope.where(), *where).group_by(*names)
    return counted.order_by(sa.desc("plays"), *ascending(*names)).limit(limit)


def share(part: Column, total: Column) -> sa.ColumnElement[float]:
    """Divide two counts: 0 to 1, or NULL if the total is 0."""
    return ratio(part, func.nullif(total, 0))


def ratio(amount: Column, count: Column) -> sa.ColumnElement[float]:
    """Divide two integers as DOUBLE PRECISION numbers."""
    return sa.type_coerce(sa.cast(amount, sa.Double) / sa.cast(count, sa.Double), sa.Double)


def total(values: Column) -> sa.ColumnElement[int]:
    """Sum integers. The cast matters: some drivers return the bare sum as a Decimal."""
    return sa.cast(func.coalesce(func.sum(values), 0), sa.BigInteger)


def word(text: str) -> sa.ColumnElement[str]:
    """Return a text constant with an explicit type, which a UNION on Redshift needs."""
    return sa.cast(sa.literal(text, sa.String), sa.String(64))
