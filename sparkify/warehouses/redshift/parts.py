"""Files that Redshift copies: compressed parts below the staging prefix, and their manifests.

They are parts of staged rows, and many rows of the books.

Parts are Parquet, whose manifests have to tell sizes. They are JSON where Parquet is no use: the
rows of the books, which Python writes, and parts for a cluster in another region.

Everything that a run uploads is below a folder of its own, in the folder of its warehouse. What is
there of a run that is no longer alive was left when it died.
"""

import gzip
import hashlib
import json
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cached_property
from pathlib import Path

import duckdb
import sqlalchemy as sa

from sparkify.errors import SparkifyError, UsageError
from sparkify.lake import aws
from sparkify.lake.locations import staging_uri
from sparkify.lake.s3 import Bucket
from sparkify.process import scratch
from sparkify.read.sql import literal
from sparkify.settings import Settings
from sparkify.warehouses.base import TableRow
from sparkify.warehouses.executor import Executor
from sparkify.warehouses.redshift.copy_log import COUNTED
from sparkify.warehouses.redshift.dialect import Copy

PARQUET = "PARQUET"  # the form of parts that are not JSON
FEW = 100  # rows that are inserted as they are; more go by COPY
TIMESTAMP = "%Y-%m-%d %H:%M:%S.%g"


class Parts:
    """Uploads files below the staging prefix of one warehouse, and copies them into tables.

    Attributes:
        own: the keys that this run has written.
    """

    def __init__(self, settings: Settings, warehouse: str, *, exists: bool) -> None:
        self.settings = settings
        self.exists = exists
        self.own: list[str] = []
        self.folder = f"sparkify-{hashlib.sha256(warehouse.encode()).hexdigest()[:12]}"

    @cached_property
    def bucket(self) -> Bucket:
        """The bucket, and the prefix in it.

        Raises:
            UsageError: the settings name none.
        """
        uri = staging_uri(self.settings) or (None if self.exists else "s3://staging")
        if not uri:
            raise UsageError(
                "Redshift needs an S3 prefix for the parts of a load:"
                " give --staging s3://bucket/prefix, or [S3] STAGING in dwh.cfg"
            )
        return Bucket(uri, aws.session(self.settings), aws.encryption(self.settings))

    @property
    def prefix(self) -> str:
        """The prefix of everything that is written for this warehouse."""
        return "/".join(part for part in (self.bucket.prefix, self.folder) if part)

    @property
    def region(self) -> str | None:
        """The region of the bucket; that of the settings while there is no warehouse to use it."""
        return self.bucket.region if self.exists else self.settings.region

    def url(self, name: str) -> str:
        """The URL of an object below the prefix."""
        return f"s3://{self.bucket.name}/{self.prefix}/{name}"

    def sweep(self, alive: Callable[[], Container[str]]) -> None:
        """Remove the parts of all runs but those alive, who are asked for after the listing."""
        keys = list(self.bucket.keys(f"{self.prefix}/"))
        if keys:
            runs, start = alive(), len(self.prefix) + 1
            self.bucket.delete([key for key in keys if key[start:].partition("/")[0] not in runs])

    def withdraw(self) -> None:
        """Remove what this run has written; no other run has objects of these names."""
        self.bucket.delete(self.own)
        self.own.clear()

    def upload(self, name: str, files: Sequence[Path]) -> None:
        """Upload files and `{name}.manifest`, which requires all of them."""
        keys = {f"{name}/{path.name}": path for path in files}
        sizes = [(self.url(key), self.put(key, path)) for key, path in keys.items()]
        self.put_manifest(f"{name}.manifest", sizes)

    def put_manifest(self, name: str, sizes: Iterable[tuple[str, int]]) -> None:
        """Write a manifest that requires objects, given as URLs with their sizes in bytes."""
        entries = [
            {"url": url, "mandatory": True, "meta": {"content_length": size}} for url, size in sizes
        ]
        self.put(name, json.dumps({"entries": entries}).encode())

    def put(self, name: str, content: bytes | Path) -> int:
        """Write an object below the prefix; return its size in bytes."""
        self.own.append(f"{self.prefix}/{name}")
        return self.bucket.put(f"{self.prefix}/{name}", content)

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
            self.upload(name, list(files))
        json = form != PARQUET
        executor.execute(
            Copy(
                target=target,
                manifest=self.url(f"{name}.manifest"),
                iam_role=self.settings.iam_role,
                region=self.region if json else None,
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


def as_json(part: Path) -> Path:
    """Write a Parquet part again as compressed JSON."""
    path = part.with_suffix(".json.zst")
    rows = f"FROM read_parquet({literal(part)}, hive_partitioning = false)"
    with duckdb.connect() as connection:
        form = f"FORMAT json, COMPRESSION zstd, TIMESTAMPFORMAT '{TIMESTAMP}'"
        connection.execute(f"COPY ({rows}) TO {literal(path)} ({form})")
    return path


def write_rows(rows: Sequence[TableRow], directory: Path) -> Path:
    """Write rows of the books as one compressed part."""
    path = directory / "rows.json.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(
            f"{json.dumps(dict(row), ensure_ascii=False, default=str)}\n" for row in rows
        )
    return path
