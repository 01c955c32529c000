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


class CreateTempTableAs(ExecutableDDLElement):
    """CREATE TEMPORARY TABLE name AS select; `table` is the table that it creates."""

    inherit_cache = False

    def __init__(self, name: str, select: sa.SelectBase) -> None:
        self.name = name
        self.select = select
        self.table = sa.table(name, *(sa.column(c.name, c.type) for c in select.selected_columns))


@compiles(CreateTempTableAs)
def _create_temp_table_as(element: CreateTempTableAs, compiler: Compiler, **kw: object) -> str:
    # a DDL compiler ignores literal_binds, and a CREATE statement takes no parameters
    select = compiler.sql_compiler.process(element.select, literal_binds=True)
    return f"CREATE TEMPORARY TABLE {compiler.preparer.quote(element.name)} AS\n{select}"


class CreateTempTable(ExecutableDDLElement):
    """CREATE TEMPORARY TABLE with plain columns, which Redshift may encode as it likes."""

    inherit_cache = False

    def __init__(self, table: sa.Table) -> None:
        self.table = table


@compiles(CreateTempTable)
def _create_temp_table(element: CreateTempTable, compiler: Compiler, **kw: object) -> str:
    columns = ", ".join(
        f"{compiler.preparer.quote(column.name)} {column.type.compile(compiler.dialect)}"
        f"{'' if column.nullable else ' NOT NULL'}"
        for column in element.table.columns
    )
    return f"CREATE TEMPORARY TABLE {compiler.preparer.format_table(element.table)} ({columns})"


class DropTempTable(ExecutableDDLElement):
    """DROP TABLE: the connection may be the caller's, and outlive the run."""

    inherit_cache = False

    def __init__(self, table: sa.FromClause) -> None:
        self.table = table


@compiles(DropTempTable)
def _drop_temp_table(element: DropTempTable, compiler: Compiler, **kw: object) -> str:
    return f"DROP TABLE {compiler.preparer.format_table(element.table)}"
