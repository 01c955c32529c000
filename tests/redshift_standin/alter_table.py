"""ALTER TABLE: one action a statement, as r_ALTER_TABLE and r_ALTER_TABLE_APPEND have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import registry
from .append import append_rows
from .backend import Backend
from .column_parser import read_column, read_encoding, read_table_constraint
from .context import Context, Emulated, Plan
from .data_types import read_type
from .errors import BLANK_CHECK, BYTES_CHECK, lacks
from .protocol import SqlError
from .table_model import ColumnDefinition, Layout, TableDefinition
from .tokens import Tokens, literal, quoted

Change = Callable[[Backend], object]


@dataclass(frozen=True)
class Action:
    """What an ALTER TABLE does; `alone` says why it refuses to run in a transaction block."""

    change: Change
    alone: str | None = None


def plan(text: str, context: Context) -> Plan:
    """How to run an ALTER TABLE."""
    tokens = Tokens(text)
    tokens.expect("alter", "table")
    schema, name = tokens.name()
    table = TableDefinition(schema, name)
    action = _action(tokens, table, context)
    if tokens.word() == ",":
        raise SqlError("42601", "one action in each ALTER TABLE: more are not in the manual")
    tokens.end()

    def run(context: Context) -> str:
        if action.alone:
            context.refuse_in_transaction(action.alone)
        with context.transaction() as backend:
            action.change(backend)
        return "ALTER TABLE"

    return Emulated(run)


def _action(tokens: Tokens, table: TableDefinition, context: Context) -> Action:
    full = table.full_name
    if tokens.accept("add"):
        return _add(tokens, table, context)
    if tokens.accept("drop"):
        return _drop(tokens, full)
    if tokens.accept("rename"):
        return _rename(tokens, full)
    if tokens.accept("owner", "to"):
        tokens.identifier()
        return Action(lambda backend: None)
    if tokens.accept("alter"):
        return _alter(tokens, full)
    if tokens.accept("append"):
        tokens.expect("from")
        source = quoted(*tokens.name())
        ignore = tokens.accept("ignoreextra")
        fill = not ignore and tokens.accept("filltarget")
        change: Change = lambda backend: append_rows(backend, full, source, ignore, fill)  # noqa: E731
        return Action(change, "ALTER TABLE APPEND")
    raise tokens.error()


def _add(tokens: Tokens, table: TableDefinition, context: Context) -> Action:
    full = table.full_name
    if read_table_constraint(tokens, table):
        (constraint,) = table.constraints
        return Action(lambda backend: registry.record_constraint(backend, full, constraint))
    tokens.accept("column")
    read_column(tokens, table)
    (column,) = table.columns
    if table.constraints or table.layout != Layout() or column.identity:
        raise lacks("keys and IDENTITY in ALTER TABLE ADD COLUMN")
    if column.not_null and column.default is None:
        message = (
            "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"
        )
        raise SqlError("42601", message)

    def change(backend: Backend) -> None:
        backend.query(f"ALTER TABLE {full} ADD COLUMN {column.sql(context.settings.slices)}")
        if column.encode:
            registry.record_encoding(backend, full, column.name, column.encode)

    return Action(change)


def _drop(tokens: Tokens, full: str) -> Action:
    if tokens.accept("constraint"):
        name = tokens.identifier()
        tokens.accept("cascade") or tokens.accept("restrict")
        return Action(lambda backend: _drop_constraint(backend, full, name))
    tokens.accept("column")
    column = tokens.identifier()
    behaviour = " CASCADE" if tokens.accept("cascade") else ""
    tokens.accept("restrict")

    def change(backend: Backend) -> None:
        keys = _column_value(backend, full, column, "attisdistkey OR attsortkeyord <> 0")
        if keys == "t":
            raise SqlError("0A000", f'cannot drop distkey or sortkey column "{column}"')
        backend.query(f"ALTER TABLE {full} DROP COLUMN {quoted(column)}{behaviour}")

    return Action(change)


def _drop_constraint(backend: Backend, full: str, name: str) -> None:
    where = f"WHERE relation = {literal(full)}::regclass AND name = {literal(name)}"
    if not backend.query(f"SELECT 1 FROM standin.constraints {where}"):
        raise SqlError("42704", f'constraint "{name}" does not exist')
    backend.query(f"DELETE FROM standin.constraints {where}")


def _rename(tokens: Tokens, full: str) -> Action:
    if tokens.accept("to"):
        new = quoted(tokens.identifier())
        return Action(lambda backend: backend.query(f"ALTER TABLE {full} RENAME TO {new}"))
    tokens.accept("column")
    old = quoted(tokens.identifier())
    tokens.expect("to")
    new = quoted(tokens.identifier())
    sql = f"ALTER TABLE {full} RENAME COLUMN {old} TO {new}"
    return Action(lambda backend: backend.query(sql))


def _alter(tokens: Tokens, full: str) -> Action:
    layout = Layout()
    if tokens.accept("diststyle"):
        layout.style = tokens.take().text.lower()
        if layout.style not in registry.STYLE_CODES:
            raise tokens.error()
        if layout.style == "key":
            tokens.expect("distkey")
            layout.distkey = tokens.identifier()
    elif tokens.accept("distkey"):
        layout.distkey = tokens.identifier()
    elif tokens.word() in ("compound", "sortkey"):
        return _alter_sortkey(tokens, full, layout)
    elif tokens.accept("encode", "auto"):
        return Action(lambda backend: None)
    else:
        return _alter_column(tokens, full)
    change: Change = lambda backend: registry.record_distribution(backend, full, layout)  # noqa: E731
    return Action(change, "ALTER TABLE ALTER DISTSTYLE")


def _alter_sortkey(tokens: Tokens, full: str, layout: Layout) -> Action:
    tokens.accept("compound")
    tokens.expect("sortkey")
    if not (tokens.accept("auto") or tokens.accept("none")):
        layout.sortkey = tokens.names()
    change: Change = lambda backend: registry.record_sortkey(backend, full, layout)  # noqa: E731
    return Action(change, "ALTER TABLE ALTER SORTKEY")


def _alter_column(tokens: Tokens, full: str) -> Action:
    tokens.expect("column")
    name = tokens.identifier()
    if tokens.accept("encode"):
        encoding = read_encoding(tokens)
        record = registry.record_encoding
        return Action(lambda backend: record(backend, full, name, encoding), "ALTER COLUMN ENCODE")
    tokens.expect("type")
    column = ColumnDefinition(name, read_type(tokens))
    if not column.type.is_varchar:
        raise SqlError("0A000", "ALTER COLUMN TYPE other than VARCHAR is not in the manual")
    return Action(lambda backend: _resize(backend, full, column), "ALTER TABLE ALTER COLUMN TYPE")


def _resize(backend: Backend, full: str, column: ColumnDefinition) -> None:
    kind = _column_value(backend, full, column.name, "atttypid::regtype")
    if kind != "character varying":
        message = f'target data type "varchar" is not compatible with column "{column.name}"'
        raise SqlError("0A000", message)
    changes = [
        f"DROP CONSTRAINT IF EXISTS {quoted(prefix + column.name)}"
        for prefix in (BYTES_CHECK, BLANK_CHECK)
    ]
    changes.append(f"ALTER COLUMN {quoted(column.name)} TYPE {column.type.sql}")
    changes += [f"ADD {check}" for check in column.checks()]
    backend.query(f"ALTER TABLE {full} {', '.join(changes)}")


def _column_value(backend: Backend, full: str, column: str, expression: str) -> str | None:
    return backend.value(
        f"SELECT {expression} FROM standin.pg_attribute "
        f"WHERE attrelid = {literal(full)}::regclass AND attname = {literal(column)}"
    )
