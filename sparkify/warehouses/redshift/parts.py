"""Files that Redshift copies: compressed parts below the staging prefix, and their manifests.

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

from sparkify.errors import UsageError
from sparkify.lake import aws
from sparkify.lake.locations import staging_uri
from sparkify.lake.s3 import Bucket
from sparkify.read.sql import literal
from sparkify.settings import Settings
from sparkify.warehouses.base import TableRow

TIMESTAMP = "%Y-%m-%d %H:%M:%S.%g"


class Parts:
    """The staging prefix of one warehouse.

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
