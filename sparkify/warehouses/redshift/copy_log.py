"""What Redshift says of the last COPY: how many rows it brought, and which records it refused."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sparkify.errors import SparkifyError

if TYPE_CHECKING:
    from sparkify.warehouses.base import Warehouse

COUNTED = sa.select(sa.func.pg_last_copy_count())


def log(view: str, *columns: str) -> sa.Select[Any]:
    """A SELECT of what the cluster wrote down about the last COPY."""
    source = sa.table(view, *(sa.column(name) for name in ("query_id", *columns)))
    last = source.c.query_id == sa.func.pg_last_copy_id()
    return sa.select(*(source.c[name] for name in columns)).where(last)


# the views that provisioned clusters and serverless ones both have
REFUSED = log("sys_load_history", "error_count")
ERRORS = log(
    "sys_load_error_detail",
    "file_name",
    "line_number",
    "column_name",
    "error_code",
    "error_message",
)


def refused(warehouse: "Warehouse", connection: sa.Connection) -> list[dict[str, Any]]:
    """Rows of the rejects for what the last COPY refused.

    Raises:
        SparkifyError: the cluster does not say how many they are, so that some might be lost.
    """
    count = warehouse.execute(connection, REFUSED).scalar_one_or_none()
    if count is None:
        raise SparkifyError(
            "the cluster does not say how many records COPY refused: nothing was published"
        )
    found = [
        rejected(
            uri=file.strip(),
            line_number=line,
            column_name=(column or "").strip() or None,
            code=str(code),
            reason=message.strip(),
        )
        for file, line, column, code, message in warehouse.execute(connection, ERRORS)
    ]
    unlogged = rejected(code="unlogged", reason="COPY refused a record, and does not say which")
    return found + [unlogged] * (count - len(found))


def rejected(**known: Any) -> dict[str, Any]:
    """A row of the rejects of which no more is known than this."""
    unknown = dict.fromkeys(("uri", "line_number", "byte_offset", "column_name", "raw_text"))
    return {**unknown, **known}
