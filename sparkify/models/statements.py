"""Statements and a function that SQLAlchemy lacks, and short names for its types."""

import datetime
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.ddl import ExecutableDDLElement
from sqlalchemy.sql.functions import GenericFunction

Column = sa.ColumnElement[Any]
Query = sa.Select[Any]
Union = sa.CompoundSelect[Any]
Statement = sa.SelectBase | sa.Insert | sa.Update | sa.Delete | sa.TextClause | ExecutableDDLElement
Compiler = Any  # SQLAlchemy's compilers have no common type


def insert(target: sa.Table, select: Query) -> sa.Insert:
    """INSERT..SELECT by the names of the selected columns."""
    return sa.insert(target).from_select([c.name for c in select.selected_columns], select)


def count(rows: sa.FromClause) -> Query:
    """The SELECT of the number of rows."""
    return sa.select(sa.func.count().label("rows")).select_from(rows)


def within(column: Column, ids: Iterable[int] | None) -> sa.ColumnElement[bool]:
    """Whether a column is one of some ids, as few literal ranges; None stands for unknown ids.

    >>> literal = {"literal_binds": True}
    >>> print(within(sa.column("n"), [4, 1, 2, 3, 9]).compile(compile_kwargs=literal))
    n BETWEEN 1 AND 4 OR n BETWEEN 9 AND 9
    """
    if ids is None:
        return column.between(sa.literal_column("$first_id"), sa.literal_column("$last_id"))
    # in a range of consecutive ids, id minus position stays the same
    runs = itertools.groupby(enumerate(sorted(set(ids))), lambda pair: pair[1] - pair[0])
    spans = ([n for _, n in run] for _, run in runs)
    return sa.or_(sa.false(), *(column.between(span[0], span[-1]) for span in spans))


def temporary(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """A temporary table; its columns are plain, and Redshift encodes them as it likes."""
    return sa.Table(name, sa.MetaData(), *columns, prefixes=["TEMPORARY"])


class EpochMs(GenericFunction[int]):
    """Milliseconds since the epoch, UTC, of a TIMESTAMP, as DuckDB writes it.

    Redshift's dialect writes DATEDIFF: EXTRACT(epoch) is an INTEGER there, too small from 2038 on.
    """

    name = "epoch_ms"
    type = sa.BigInteger()
    inherit_cache = True


class LocalTime(GenericFunction[datetime.datetime]):
    """The time in a time zone, given as its name and a TIMESTAMP in UTC, as DuckDB writes it."""

    name = "local_time"
    type = sa.DateTime()
    inherit_cache = True


@compiles(LocalTime)
def _local_time(element: LocalTime, compiler: Compiler, **kw: object) -> str:
    zone, moment = (compiler.process(each, **kw) for each in element.clauses)
    return f"timezone({zone}, timezone('UTC', {moment}))"


@dataclass(eq=False)
class CreateTempTableAs(ExecutableDDLElement):
    """CREATE TEMPORARY TABLE name AS select; `table` is the table that it creates."""

    name: str
    select: sa.SelectBase

    @cached_property
    def table(self) -> sa.Table:
        """The table."""
        columns = self.select.selected_columns
        return temporary(self.name, *(sa.Column(c.name, c.type) for c in columns))


@compiles(CreateTempTableAs)
def _create_temp_table_as(element: CreateTempTableAs, compiler: Compiler, **kw: object) -> str:
    # a DDL compiler ignores literal_binds, and a CREATE statement takes no parameters
    select = compiler.sql_compiler.process(element.select, literal_binds=True)
    return f"CREATE TEMPORARY TABLE {compiler.preparer.quote(element.name)} AS\n{select}"
