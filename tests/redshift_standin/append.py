"""ALTER TABLE ... APPEND FROM: moves the rows of one table to another (r_ALTER_TABLE_APPEND)."""

from __future__ import annotations

from .backend import Backend
from .protocol import SqlError
from .tokens import literal, quoted

COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod) || ' ' || attencodingtype || ' ' || attnotnull
        || ' ' || attisdistkey || ' ' || attsortkeyord
    FROM standin.pg_attribute WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
"""


def append_rows(
    backend: Backend, target: str, source: str, ignore_extra: bool, fill_target: bool
) -> None:
    """Move every row; columns are matched by name and have to be alike.

    Args:
        backend: the session.
        target: the quoted name of the table that receives.
        source: that of the table that is empty afterwards.
        ignore_extra: whether the source may have columns the target lacks.
        fill_target: whether the target may have columns the source lacks.
    """
    into, out_of = _columns(backend, target), _columns(backend, source)
    if out_of.keys() - into.keys() and not ignore_extra:
        raise SqlError("0A000", "the source has extra columns: use IGNOREEXTRA")
    if into.keys() - out_of.keys() and not fill_target:
        raise SqlError("0A000", "the target has extra columns: use FILLTARGET")
    common = [name for name in out_of if name in into]
    for name in common:
        if into[name] != out_of[name]:
            raise SqlError("0A000", f'column "{name}" has different attributes in the two tables')
    names = ", ".join(map(quoted, common))
    backend.query(f"INSERT INTO {target} ({names}) SELECT {names} FROM {source}; TRUNCATE {source}")


def _columns(backend: Backend, table: str) -> dict[str, str]:
    rows = backend.query(COLUMNS.format(literal(table)))
    return {str(name): str(attributes) for name, attributes in rows}
