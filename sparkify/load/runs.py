"""Runs that stage: the file_ids that each may use, which of them live, and what dead ones left.

A run enters itself in `runs` before it stages anything. Versions that it staged and did not publish
are adopted by a later run once it is dead, or removed after a day.
"""

import hashlib
from functools import cache

import sqlalchemy as sa

from sparkify.errors import RejectedRecord
from sparkify.models import KINDS, FieldRow, RejectRow, StagingRun, Version, table
from sparkify.models.statements import Column, Query, insert, within
from sparkify.read.forgotten import Forgotten
from sparkify.read.repair import MACROS
from sparkify.read.select import select
from sparkify.version import __version__
from sparkify.warehouses.base import Warehouse
from sparkify.warehouses.executor import Executor

DAY = 24 * 60  # minutes for which staged versions wait to be adopted
RUNS, VERSIONS = table(StagingRun), table(Version)
REJECTS, FIELDS = table(RejectRow), table(FieldRow)
IS_STAGED = VERSIONS.c.published.is_(False) & VERSIONS.c.load_id.is_(None)
IS_RETIRED = VERSIONS.c.published.is_(False) & VERSIONS.c.load_id.is_not(None)


@cache
def fingerprint(new_fields: str, forgotten: Forgotten | None = None) -> str:
    """What staged rows depend on beside the bytes they were read from.

    That is the code, its rules, and who was forgotten.
    """
    rules = [select(kind, "true") for kind in KINDS]
    seal = [forgotten.seal] if forgotten else []
    text = "\n".join([__version__, new_fields, *rules, *MACROS, *seal])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def reserve(warehouse: Warehouse, executor: Executor, run_id: str, count: int) -> int:
    """Enter a run, with a block of file_ids that are its own; return the first of them."""
    with warehouse.errors(), executor.transaction():
        warehouse.lock_ids(executor)
        used = sa.func.coalesce(sa.func.max(RUNS.c.last_file_id), 0).label("last_file_id")
        (last,) = executor.counts(sa.select(used))
        ids = (last + 1, last + count)
        shown = ("$first_id", "$last_id") if executor.as_sql else map(str, ids)
        now = warehouse.ago(0)
        row: list[Column] = [sa.literal(run_id), now, now, *map(sa.literal_column, shown)]
        named = (value.label(c.name) for value, c in zip(row, RUNS.columns, strict=True))
        executor.execute(insert(RUNS, sa.select(*named)))
    return ids[0]


def end(run_id: str) -> sa.Update:
    """The statement that says that a run has ended."""
    return sa.update(RUNS).where(RUNS.c.run_id == run_id).values(heartbeat=sa.null())


def adoptable(warehouse: Warehouse, new_fields: str, forgotten: Forgotten | None) -> Query:
    """The SELECT of the versions of single objects that dead runs staged and did not publish."""
    dead = sa.select(RUNS.c.run_id).where(warehouse.is_dead(RUNS.c.heartbeat))
    return sa.select(VERSIONS).where(
        IS_STAGED,
        VERSIONS.c.uri.is_not(None),
        VERSIONS.c.fingerprint == fingerprint(new_fields, forgotten),
        VERSIONS.c.run_id.in_(dead),
    )


def rejects_of(file_ids: list[int]) -> Query:
    """The SELECT of the rejects of versions, each as a `RejectedRecord`."""
    columns = (REJECTS.c[name] for name in RejectedRecord._fields)
    return sa.select(*columns).where(within(REJECTS.c.file_id, file_ids))


def expire(warehouse: Warehouse, load_id: str) -> sa.Update:
    """The UPDATE that retires versions that were staged over a day ago and never adopted.

    Only a publication sends it. It holds the lock, so no run adopts what is being removed.
    """
    old = RUNS.c.started_at < warehouse.ago(DAY)
    dead = sa.select(RUNS.c.run_id).where(old, warehouse.is_dead(RUNS.c.heartbeat))
    update = sa.update(VERSIONS).where(IS_STAGED, VERSIONS.c.run_id.in_(dead))
    return update.values(load_id=load_id)


def clean_up(executor: Executor, run_id: str) -> None:
    """Remove the rows of retired versions, and say that the run has ended."""
    with executor.transaction():
        retired = list(
            executor.rows(sa.select(VERSIONS.c.file_id, VERSIONS.c.kind).where(IS_RETIRED))
        )
    with executor.transaction():
        ids = [file_id for file_id, _ in retired]
        for kind, model in KINDS.items():
            own = [file_id for file_id, found in retired if found == kind]
            delete(executor, table(model), own)
        delete(executor, REJECTS, ids)
        delete(executor, FIELDS, ids)
        delete(executor, VERSIONS, ids)
        executor.execute(end(run_id))


def delete(executor: Executor, rows: sa.Table, file_ids: list[int]) -> None:
    """Delete the rows of versions from a table, if there are any versions."""
    if file_ids:
        executor.execute(sa.delete(rows).where(within(rows.c.file_id, file_ids)))
