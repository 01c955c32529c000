"""Writes down what PostgreSQL has no place for: layout, encodings and keys that are not enforced.

The tables are those of the schema `standin` in catalog.sql; its views show them as Redshift does.
"""

from __future__ import annotations

from .backend import Backend
from .table_model import Constraint, Layout, TableDefinition
from .tokens import literal, quoted

STYLE_CODES = {"even": 0, "key": 1, "all": 8, "auto": 10}


def record(backend: Backend, table: TableDefinition) -> None:
    """What a CREATE TABLE declared."""
    record_layout(backend, table.full_name, table.layout)
    for column in table.columns:
        if column.encode:
            record_encoding(backend, table.full_name, column.name, column.encode)
        if column.identity:
            seed, step = column.identity
            _set(backend, table.full_name, column.name, "identity", literal(f"{seed},{step}"))
    for constraint in table.constraints:
        record_constraint(backend, table.full_name, constraint)


def record_layout(backend: Backend, full_name: str, layout: Layout) -> None:
    """The distribution style and key, and the sort key."""
    record_distribution(backend, full_name, layout)
    record_sortkey(backend, full_name, layout)


def record_distribution(backend: Backend, full_name: str, layout: Layout) -> None:
    """The distribution style and key, in place of the former."""
    relation = f"{literal(full_name)}::regclass"
    style = layout.style or ("key" if layout.distkey else "auto")
    backend.query(
        f"INSERT INTO standin.tables (relation, style) VALUES ({relation}, {STYLE_CODES[style]}) "
        "ON CONFLICT (relation) DO UPDATE SET style = excluded.style;"
        f"UPDATE standin.columns SET distkey = false WHERE relation = {relation}"
    )
    if layout.distkey:
        _set(backend, full_name, layout.distkey, "distkey", "true")


def record_sortkey(backend: Backend, full_name: str, layout: Layout) -> None:
    """The sort key, in place of the former. Interleaved columns alternate in sign."""
    backend.query(
        "UPDATE standin.columns SET sort_position = 0 "
        f"WHERE relation = {literal(full_name)}::regclass"
    )
    for position, column in enumerate(layout.sortkey, 1):
        negative = layout.interleaved and position % 2 == 0
        _set(backend, full_name, column, "sort_position", str(-position if negative else position))


def record_encoding(backend: Backend, full_name: str, column: str, encoding: str) -> None:
    """A column's compression; `auto` is none of one's own."""
    value = "NULL" if encoding == "auto" else literal(encoding)
    _set(backend, full_name, column, "encoding", value)


def record_constraint(backend: Backend, full_name: str, constraint: Constraint) -> None:
    """A key. A foreign key without columns refers to the other table's primary key."""
    if constraint.references and not constraint.referenced_columns:
        constraint.referenced_columns = _primary_key(backend, quoted(*constraint.references))
    relation = f"{literal(full_name)}::regclass"
    names = ", ".join(map(literal, constraint.columns))
    backend.query(
        "INSERT INTO standin.constraints (relation, name, kind, columns, definition) "
        f"SELECT {relation}, {literal(constraint.name)}, '{constraint.kind}', "
        f"array_agg(attnum ORDER BY array_position(ARRAY[{names}], attname::text)), "
        f"{literal(constraint.definition)} "
        f"FROM pg_attribute WHERE attrelid = {relation} AND attname IN ({names})"
    )


def _primary_key(backend: Backend, full_name: str) -> list[str]:
    rows = backend.query(
        "SELECT a.attname FROM standin.constraints c CROSS JOIN unnest(c.columns) "
        "WITH ORDINALITY AS k (number, place) "
        "JOIN pg_attribute a ON a.attrelid = c.relation AND a.attnum = k.number "
        f"WHERE c.kind = 'p' AND c.relation = {literal(full_name)}::regclass ORDER BY k.place"
    )
    return [str(row[0]) for row in rows]


def _set(backend: Backend, full_name: str, column: str, what: str, value: str) -> None:
    relation = f"{literal(full_name)}::regclass"
    backend.query(
        f"INSERT INTO standin.columns (relation, number, {what}) "
        f"SELECT {relation}, attnum, {value} FROM pg_attribute "
        f"WHERE attrelid = {relation} AND attname = {literal(column)} "
        f"ON CONFLICT (relation, number) DO UPDATE SET {what} = excluded.{what}"
    )
