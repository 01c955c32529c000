"""What a question consists of, and the expressions that several questions share."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.errors import UsageError
from sparkify.load.transform.rows import ascending
from sparkify.models import Artist, Song, Songplay, Time, User, table
from sparkify.models.statements import Column, Query

PLAY, USER, SONG, ARTIST, TIME = (table(m) for m in (Songplay, User, Song, Artist, Time))
PLAYS: sa.Label[int] = func.count(PLAY.c.songplay_id).label("plays")
LISTENERS: sa.Label[int] = func.count(PLAY.c.user_id.distinct()).label("listeners")

#: values as the driver returns them: text, numbers, dates, times or None
Row = tuple[Any, ...]
Rows = list[Row]


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
            the question; each has a default.
        columns: The names of the answer's columns.
        measure: The column that is drawn as a bar, if any.
        chart: "columns" for a column chart on the page, "bars" for bars in a table, or None.
        finish: Turns the rows of the SELECT into the rows of the answer. It is called with the
            rows and the question's parameters.
    """

    name: str
    group: str
    title: str
    select: Callable[..., Query]
    columns: tuple[str, ...]
    measure: str | None = None
    chart: str | None = None
    finish: Callable[..., Rows] = unchanged

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of the question's parameters."""
        return tuple(inspect.signature(self.select).parameters)

    def parameters(self, given: Mapping[str, object]) -> dict[str, object]:
        """Complete the given parameters with the defaults.

        Raises:
            UsageError: The question does not have one of the given parameters.
        """
        if unknown := sorted(set(given) - set(self.parameter_names)):
            names = ", ".join(self.parameter_names) or "none"
            raise UsageError(
                f"{self.name} has no parameter {', '.join(unknown)}; its parameters: {names}"
            )
        known = inspect.signature(self.select).parameters
        return {name: given.get(name, each.default) for name, each in known.items()}


def top(
    *names: Column, limit: int, rows: sa.FromClause = PLAY, where: Sequence[Column] = ()
) -> Query:
    """Select what is played most: names, plays and listeners; ties are ordered by name."""
    counted = sa.select(*names, PLAYS, LISTENERS).select_from(rows).where(*where).group_by(*names)
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
