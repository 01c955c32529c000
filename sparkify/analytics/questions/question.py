"""A question to the star: its words, its SELECT, and what has to be done to the rows after."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.errors import UsageError
from sparkify.load.transform import ascending
from sparkify.models import Artist, Song, Songplay, Time, User, table
from sparkify.models.statements import Column

PLAY, USER, SONG, ARTIST, TIME = (table(m) for m in (Songplay, User, Song, Artist, Time))
PLAYS: sa.Label[int] = func.count(PLAY.c.songplay_id).label("plays")
LISTENERS: sa.Label[int] = func.count(PLAY.c.user_id.distinct()).label("listeners")

Rows = list[tuple[Any, ...]]
Finish = Callable[..., Rows]


def as_found(rows: Rows, **parameters: Any) -> Rows:
    """The rows as the warehouse gave them."""
    return rows


def tally(rows: Rows) -> dict[Any, int]:
    """Rows of a name and a number, by name."""
    return dict(rows)


@dataclass(frozen=True)
class Question:
    """One question of the analysts.

    Attributes:
        name: what it is asked for by; `group` what it is about.
        title: the question for people.
        select: its SELECT; its keyword parameters, all with defaults, are the question's.
        columns: the names of the answer's columns.
        measure: the column of the answer that a bar shows the size of.
        chart: how a page draws it: "columns" over time, "bars" by name, None not at all.
        finish: makes the answer's rows of those found; called with the question's parameters.
    """

    name: str
    group: str
    title: str
    select: Callable[..., sa.Select[Any]]
    columns: tuple[str, ...]
    measure: str | None = None
    chart: str | None = None
    finish: Finish = as_found

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        """The parameters that the SELECT is made with: those given, and defaults.

        Raises:
            UsageError: one that the question does not have.
        """
        known = inspect.signature(self.select).parameters
        if unknown := sorted(set(given) - set(known)):
            has = ", ".join(known) or "none"
            raise UsageError(f"{self.name} has no parameter {', '.join(unknown)}; it has: {has}")
        return {name: given.get(name, each.default) for name, each in known.items()}


def top(
    *names: Column, limit: int, rows: sa.FromClause = PLAY, where: Sequence[Column] = ()
) -> sa.Select[Any]:
    """What is played most: plays and listeners by name, ties by name."""
    counted = sa.select(*names, PLAYS, LISTENERS).select_from(rows).where(*where).group_by(*names)
    return counted.order_by(sa.desc("plays"), *ascending(*names)).limit(limit)


def share(part: Column, whole: Column) -> sa.ColumnElement[float]:
    """A part of a whole, 0 to 1; NULL of nothing."""
    ratio: Any = sa.cast(part, sa.Double) / sa.cast(func.nullif(whole, 0), sa.Double)
    return sa.type_coerce(ratio, sa.Double)


def total(values: Column) -> sa.ColumnElement[int]:
    """A sum as a number that every driver gives as an int."""
    return sa.cast(func.coalesce(func.sum(values), 0), sa.BigInteger)


def word(text: str) -> sa.ColumnElement[str]:
    """A text in a SELECT, of a type that a UNION can have on Redshift."""
    return sa.cast(sa.literal(text, sa.String), sa.String(64))
