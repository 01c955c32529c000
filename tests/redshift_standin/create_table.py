"""CREATE TABLE and CREATE TABLE AS: r_CREATE_TABLE_NEW, r_CREATE_TABLE_AS."""

from __future__ import annotations

from . import registry
from .backend import Backend
from .column_parser import read_column, read_table_constraint
from .context import Context, Emulated, Plan
from .data_types import DataType
from .protocol import SqlError
from .queries import compile_query
from .table_model import ColumnDefinition, Layout, TableDefinition
from .tokens import Tokens, literal, quoted

STYLES = ("auto", "even", "key", "all")
INTERLEAVED_COLUMNS = 8
LONGEST_TEXT = 65535


def plan(text: str, context: Context) -> Plan:
    """How to run a CREATE TABLE."""
    table = parse(text)
    query = compile_query(table.query, context) if table.query else None

    def run(context: Context) -> str:
        with context.transaction() as backend:
            if table.if_not_exists and _exists(backend, table.full_name):
                context.notices.append(f'relation "{table.name}" already exists, skipping')
            else:
                _check_references(backend, table)
                _create(backend, table, query, context.settings.slices)
                registry.record(backend, table)
        return "SELECT" if query else "CREATE TABLE"

    return Emulated(run)


def parse(text: str) -> TableDefinition:
    """The definition a text gives. Raises SqlError."""
    tokens = Tokens(text)
    tokens.expect("create")
    tokens.accept("local")
    temporary = tokens.accept("temp") or tokens.accept("temporary")
    tokens.expect("table")
    if_not_exists = tokens.accept("if", "not", "exists")
    schema, name = tokens.name()
    table = TableDefinition(schema, name, temporary or name.startswith("#"), if_not_exists)
    if tokens.word() == "(":
        _read_parentheses(tokens, table)
    _read_attributes(tokens, table.layout)
    if tokens.accept("as"):
        if table.columns or table.constraints or table.likes:
            raise tokens.error()
        table.query = tokens.rest()
    elif table.column_names or not (table.columns or table.likes):
        raise tokens.error()
    tokens.end()
    _check(table)
    return table


def _read_parentheses(tokens: Tokens, table: TableDefinition) -> None:
    if tokens.word(2) in (",", ")") and tokens.word(1) != "like":
        table.column_names = tokens.names()
        return
    tokens.expect("(")
    while True:
        if tokens.accept("like"):
            _read_like(tokens, table)
        elif not read_table_constraint(tokens, table):
            read_column(tokens, table)
        if not tokens.accept(","):
            break
    tokens.expect(")")


def _read_like(tokens: Tokens, table: TableDefinition) -> None:
    parent = quoted(*tokens.name())
    defaults = tokens.accept("including", "defaults")
    if not defaults:
        tokens.accept("excluding", "defaults")
    table.likes.append((parent, defaults))


def _read_attributes(tokens: Tokens, layout: Layout) -> None:
    while not tokens.done and tokens.word() != "as":
        if tokens.accept("backup"):
            if not (tokens.accept("yes") or tokens.accept("no")):
                raise tokens.error()
        elif tokens.accept("diststyle"):
            if tokens.word() not in STYLES:
                raise tokens.error()
            layout.style = tokens.take().text.lower()
        elif tokens.accept("distkey"):
            (layout.distkey,) = tokens.names()
        elif tokens.accept("encode", "auto"):
            pass
        else:
            _read_sortkey(tokens, layout)


def _read_sortkey(tokens: Tokens, layout: Layout) -> None:
    layout.interleaved = tokens.accept("interleaved")
    if not layout.interleaved:
        tokens.accept("compound")
    tokens.expect("sortkey")
    if not tokens.accept("auto"):
        layout.sortkey = tokens.names()
    if layout.interleaved and len(layout.sortkey) > INTERLEAVED_COLUMNS:
        raise SqlError("42601", "INTERLEAVED SORTKEY supports at most 8 columns")


def _check(table: TableDefinition) -> None:
    layout = table.layout
    if layout.distkey and layout.style not in (None, "key"):
        raise SqlError("42601", f"DISTKEY cannot be specified with DISTSTYLE {layout.style}")
    if layout.style == "key" and not layout.distkey:
        raise SqlError("42601", "DISTSTYLE KEY requires a DISTKEY column")
    primary = [c for c in table.constraints if c.kind == "p"]
    if len(primary) > 1:
        raise SqlError("42P16", f'multiple primary keys for table "{table.name}" are not allowed')
    names = {column.name for column in table.columns}
    keys = [layout.distkey, *layout.sortkey]
    keys += [column for constraint in table.constraints for column in constraint.columns]
    missing = [key for key in keys if key and key not in names]
    if missing and not table.likes and table.query is None:
        raise SqlError("42703", f'column "{missing[0]}" named in key does not exist')
    for column in table.columns:
        column.not_null |= any(column.name in c.columns for c in primary) or bool(column.identity)


def _check_references(backend: Backend, table: TableDefinition) -> None:
    for constraint in table.constraints:
        if constraint.references and constraint.references[1] != table.name:
            schema, name = constraint.references
            if not _exists(backend, quoted(schema, name)):
                raise SqlError("42P01", f'relation "{name}" does not exist')


def _exists(backend: Backend, full_name: str) -> bool:
    return backend.value(f"SELECT to_regclass({literal(full_name)})") is not None


def _create(backend: Backend, table: TableDefinition, query: str | None, slices: int) -> None:
    head = f"CREATE {'TEMP ' if table.temporary else ''}TABLE {table.full_name}"
    if query is None:
        # what COPY fills first may hold texts as they arrived, to be trimmed on their way on
        raw = table.temporary
        items = [column.sql(slices, trailing_blanks=raw) for column in table.columns]
        items += [
            f"LIKE {parent} INCLUDING CONSTRAINTS{' INCLUDING DEFAULTS' if defaults else ''}"
            for parent, defaults in table.likes
        ]
        backend.query(f"{head} ({', '.join(items)})")
        return
    names = f" ({', '.join(map(quoted, table.column_names))})" if table.column_names else ""
    backend.query(f"{head}{names} AS {query} WITH NO DATA")
    _bound_texts(backend, table.full_name)
    backend.query(f"INSERT INTO {table.full_name} {query}")


def _bound_texts(backend: Backend, full_name: str) -> None:
    """A query's texts have a type without a length on PostgreSQL; Redshift has none such."""
    rows = backend.query(
        "SELECT attname, atttypid::regtype, atttypmod - 4 FROM pg_attribute "
        f"WHERE attrelid = {literal(full_name)}::regclass AND attnum > 0"
    )
    for name, kind, size in rows:
        if kind not in ("text", "character varying", "name"):
            continue
        octets = int(size or 0) if int(size or 0) > 0 else LONGEST_TEXT
        column = ColumnDefinition(str(name), DataType(f"varchar({octets})", octets))
        changes = [f"ALTER {quoted(name)} TYPE {column.type.sql}"]
        changes += [f"ADD {check}" for check in column.checks()]
        backend.query(f"ALTER TABLE {full_name} {', '.join(changes)}")
