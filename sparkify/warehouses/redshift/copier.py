"""COPY of files that this machine uploads: parts of staged rows, and many rows of the books."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from sparkify.errors import SparkifyError
from sparkify.process import scratch
from sparkify.settings import Settings
from sparkify.warehouses.base import TableRow
from sparkify.warehouses.executor import Executor
from sparkify.warehouses.redshift.copy_log import COUNTED
from sparkify.warehouses.redshift.dialect import Copy
from sparkify.warehouses.redshift.parts import Parts, write_rows

PARQUET = "PARQUET"  # the form of parts that are not JSON
FEW = 100  # rows that are inserted as they are; more go by COPY


@dataclass(frozen=True)
class Copier:
    """Uploads files and copies them into tables."""

    settings: Settings
    parts: Parts

    def copy(
        self, executor: Executor, target: sa.Table, name: str, files: Iterable[Path], form: str
    ) -> int:
        """Upload files below a name, and COPY them.

        Args:
            form: `PARQUET`, or the compression of JSON, as COPY names it.

        Returns:
            How many rows were loaded.
        """
        if not executor.as_sql:
            self.parts.upload(name, list(files))
        json = form != PARQUET
        executor.execute(
            Copy(
                target,
                [column.name for column in target.columns],
                self.parts.url(f"{name}.manifest"),
                iam_role=self.settings.iam_role,
                region=self.parts.region if json else None,
                json="auto" if json else None,
                words=[form, "TIMEFORMAT 'auto'"] if json else [],
            )
        )
        (loaded,) = executor.counts(COUNTED)
        return loaded

    def insert_rows(
        self, executor: Executor, target: sa.Table, rows: Sequence[TableRow], name: str
    ) -> None:
        """Insert rows: a few by INSERT, many by COPY."""
        if len(rows) > FEW:
            with scratch.folder() as directory:
                files = [] if executor.as_sql else [write_rows(rows, directory)]
                at = f"{name}/{target.name}"
                check(executor, target, self.copy(executor, target, at, files, "GZIP"), len(rows))
        elif executor.as_sql and rows:
            placeholders: dict[str, sa.ColumnElement[object]] = {
                c.name: sa.literal_column(f"${c.name}") for c in target.columns
            }
            executor.execute(sa.insert(target).values(placeholders))
        elif rows:
            executor.execute(sa.insert(target).values(list(rows)))


def check(executor: Executor, target: sa.Table, loaded: int, expected: int) -> None:
    """Make sure that every row arrived."""
    if loaded != expected and not executor.as_sql:
        raise SparkifyError(
            f"COPY loaded {loaded:,} of {expected:,} rows into {target.name}; nothing was published"
        )
