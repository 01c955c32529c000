"""Statements that SQLAlchemy has no construct for."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.ddl import ExecutableDDLElement

#: a SELECT whose column types are only known when it runs
Query = sa.Select[Any]


class CreateTempTableAs(ExecutableDDLElement):
    """CREATE TEMPORARY TABLE name AS select; `table` is the table that it makes."""

    inherit_cache = False

    def __init__(self, name: str, select: sa.SelectBase) -> None:
        self.name = name
        self.select = select
        self.table = sa.table(name, *(sa.column(c.name, c.type) for c in select.selected_columns))


@compiles(CreateTempTableAs)
def _create_temp_table_as(element: CreateTempTableAs, compiler: Any, **kw: Any) -> str:
    # a DDL compiler does not know literal_binds; the values have to stand in the text
    select = compiler.sql_compiler.process(element.select, literal_binds=True)
    return f"CREATE TEMPORARY TABLE {compiler.preparer.quote(element.name)} AS\n{select}"


class CreateTempTable(ExecutableDDLElement):
    """CREATE TEMPORARY TABLE with plain columns, which Redshift may encode as it likes."""

    inherit_cache = False

    def __init__(self, table: sa.Table) -> None:
        self.table = table


@compiles(CreateTempTable)
def _create_temp_table(element: CreateTempTable, compiler: Any, **kw: Any) -> str:
    columns = ", ".join(
        f"{compiler.preparer.quote(column.name)} {column.type.compile(compiler.dialect)}"
        f"{'' if column.nullable else ' NOT NULL'}"
        for column in element.table.columns
    )
    return f"CREATE TEMPORARY TABLE {compiler.preparer.format_table(element.table)} ({columns})"
