"""What Redshift tells about the last COPY: the rows it loaded, the records it rejected."""

import sqlalchemy as sa

from sparkify.errors import RejectedRecord, SparkifyError
from sparkify.models.statements import Query
from sparkify.warehouses.executor import Executor

COUNTED = sa.select(sa.func.pg_last_copy_count())


def log(view: str, *columns: str) -> Query:
    """A SELECT of what the cluster logged about the last COPY."""
    source = sa.table(view, *(sa.column(name) for name in ("query_id", *columns)))
    last = source.c.query_id == sa.func.pg_last_copy_id()
    return sa.select(*(source.c[name] for name in columns)).where(last)


# the views that both provisioned and serverless clusters have
REJECTED = log("sys_load_history", "error_count")
ERRORS = log(
    "sys_load_error_detail",
    "file_name",
    "line_number",
    "column_name",
    "error_code",
    "error_message",
)
UNLOGGED = RejectedRecord("unlogged", "COPY rejected a record and does not tell which")


def rejects(executor: Executor) -> list[RejectedRecord]:
    """The records that the last COPY rejected.

    Raises:
        SparkifyError: the cluster does not tell how many they are, so that some might be lost.
    """
    counts = [count for (count,) in executor.rows(REJECTED)]
    if not counts and not executor.as_sql:
        raise SparkifyError(
            "the cluster does not tell how many records COPY rejected; nothing was published"
        )
    known = [
        RejectedRecord(
            str(code),
            message.strip(),
            uri=file.strip(),
            line_number=line,
            column_name=(column or "").strip() or None,
        )
        for file, line, column, code, message in executor.rows(ERRORS)
    ]
    return known + [UNLOGGED] * (sum(counts) - len(known))
