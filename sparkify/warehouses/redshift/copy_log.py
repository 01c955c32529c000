"""What Redshift tells about a COPY: the rows it loaded, the records it rejected.

The SYS views, which both provisioned and serverless clusters have, number queries in their own
way: pg_last_copy_id() is of no use. A COPY is found by its manifest, whose path has the run's id,
and by its session. What is logged shows after a while.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from sparkify.errors import RejectedRecord, SparkifyError
from sparkify.models.statements import Column, Query
from sparkify.warehouses.executor import Executor

COUNTED = sa.select(sa.func.pg_last_copy_count().label("rows"))
PATIENCE = 30.0  # seconds to wait for the log
BRIEF = 5.0  # seconds to wait for each of its errors: of many not all are ever logged
PAUSE = 0.1  # seconds between two looks, at first
UNLOGGED = RejectedRecord("unlogged", "COPY rejected a record and does not tell which")


def log(view: str, *columns: str) -> Query:
    """A SELECT of what the cluster logged in this session."""
    source = sa.table(view, *(sa.column(name) for name in columns))
    mine = sa.column("session_id") == sa.func.pg_backend_pid()
    return sa.select(*source.c).where(mine)


def history(manifest: str) -> Query:
    """The SELECT of the COPY of a manifest: its id in the SYS views, errors, and rows."""
    select = log("sys_load_history", "query_id", "error_count", "loaded_rows")
    source, status = sa.func.trim(sa.column("data_source")), sa.func.trim(sa.column("status"))
    done = select.where(source == manifest, status == "completed")
    return done.order_by(sa.column("query_id").desc())


def errors(query_id: Column) -> Query:
    """The SELECT of the records that a COPY rejected."""
    names = ("file_name", "line_number", "column_name", "error_code", "error_message")
    return log("sys_load_error_detail", *names).where(sa.column("query_id") == query_id)


def rejects(executor: Executor, manifest: str, loaded: int) -> list[RejectedRecord]:
    """The records that the COPY of a manifest rejected.

    Args:
        loaded: how many rows it loaded, by pg_last_copy_count().

    Raises:
        SparkifyError: the cluster does not tell how many they are, so that some might be lost.
    """
    if executor.as_sql:
        for select in (history(manifest), errors(sa.literal_column("$query_id"))):
            executor.execute(select)
        return []
    copies = look(executor, history(manifest), PATIENCE, bool)
    if not copies or copies[0][2] != loaded:
        raise SparkifyError(
            "the cluster does not tell how many records COPY rejected; nothing was published"
        )
    query_id, count, _ = copies[0]
    select = errors(sa.literal_column(str(query_id)))
    rows = look(executor, select, BRIEF, lambda rows: len(rows) >= count)
    return [*map(reject, rows)] + [UNLOGGED] * (count - len(rows))


def look(
    executor: Executor, select: Query, patience: float, enough: Callable[[Sequence[Any]], bool]
) -> Sequence[Any]:
    """The rows of a SELECT, as soon as they are enough, or after some seconds."""
    rows: Sequence[Any] = ()
    for pause in pauses(patience):
        rows = list(executor.rows(select))
        if enough(rows):
            break
        time.sleep(pause)
    return rows


def pauses(patience: float) -> Iterator[float]:
    """How long to wait after each look, the last of which comes after `patience` seconds."""
    end, pause = time.monotonic() + patience, PAUSE
    while (left := end - time.monotonic()) > 0:
        yield min(pause, left)
        pause = min(2 * pause, 2.0)
    yield 0


def reject(row: Sequence[Any]) -> RejectedRecord:
    """The reject for a row of `errors`."""
    file, line, column, code, message = row
    return RejectedRecord(
        str(code),
        message.strip(),
        uri=file.strip(),
        line_number=line,
        column_name=(column or "").strip() or None,
    )
