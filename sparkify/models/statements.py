"""Statements that SQLAlchemy lacks, and short names for its types."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.ddl import ExecutableDDLElement

Column = sa.ColumnElement[Any]
Query = sa.Select[Any]
Union = sa.CompoundSelect[Any]
Statement = sa.SelectBase | sa.Insert | sa.Delete | sa.TextClause | ExecutableDDLElement
Compiler = Any  # SQLAlchemy's compilers have no common type


def insert(target: sa.Table, select: Query) -> sa.Insert:
    """INSERT..SELECT by the names of the selected columns."""
    return sa.insert(target).from_select([c.name for c in select.selected_columns], select)


def temporary(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """A temporary table; its columns are plain, and Redshift encodes them as it likes."""
    return sa.Table(name, sa.MetaData(), *columns, prefixes=["TEMPORARY"])


class CreateTempTableAs(ExecutableDDLElement):
    """CREATE TEMPORARY TABLE name AS select; `table` is the table that it creates."""

    inherit_cache = False

    def __init__(self, name: str, select: sa.SelectBase) -> None:
        self.name = name
        self.select = select
        self.table = temporary(name, *(sa.Column(c.name, c.type) for c in select.selected_columns))


@compiles(CreateTempTableAs)
def _create_temp_table_as(element: CreateTempTableAs, compiler: Compiler, **kw: object) -> str:
    # a DDL compiler ignores literal_binds, and a CREATE statement takes no parameters
    select = compiler.sql_compiler.process(element.select, literal_binds=True)
    return f"CREATE TEMPORARY TABLE {compiler.preparer.quote(element.name)} AS\n{select}"
