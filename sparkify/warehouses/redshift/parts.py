"""The way of rows to Redshift: compressed parts below the staging prefix, and a manifest of them.

Everything a run puts there is below a folder of its warehouse's own, which only the holder of the
warehouse's lock writes: so what is found there at the start was left by a run that died.
"""

import gzip
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sparkify.lake.s3 import Bucket

ROWS_A_PART = 2_000_000  # some 100 MB compressed, between the 1 MB and 1 GB that COPY likes
TIMESTAMP = "%Y-%m-%d %H:%M:%S.%g"


class Parts:
    """The staging prefix of one warehouse."""

    def __init__(self, bucket: Bucket, warehouse: str) -> None:
        self.bucket = bucket
        self.own: list[str] = []
        name = hashlib.sha256(warehouse.encode()).hexdigest()[:12]
        self.prefix = "/".join(part for part in (bucket.prefix, f"sparkify-{name}") if part)

    def url(self, name: str) -> str:
        """The URL of an object below the prefix."""
        return f"s3://{self.bucket.name}/{self.prefix}/{name}"

    def sweep(self) -> None:
        """Remove everything; only the holder of the warehouse's lock may."""
        self.bucket.delete(self.bucket.keys(f"{self.prefix}/"))

    def withdraw(self) -> None:
        """Remove what this run put there; no other run has objects of these names."""
        self.bucket.delete(self.own)
        self.own.clear()

    def upload(self, name: str, files: Sequence[Path]) -> str:
        """Upload files and a manifest that needs all of them; the manifest's URL."""
        keys = {f"{name}/{path.name}": path for path in files}
        sizes = [(self.url(key), self.put(key, path)) for key, path in keys.items()]
        return self.manifest(f"{name}.manifest", sizes)

    def manifest(self, name: str, sizes: Iterable[tuple[str, int]]) -> str:
        """Write a manifest of objects, each with its size, that needs all of them; its URL."""
        entries = [
            {"url": url, "mandatory": True, "meta": {"content_length": size}} for url, size in sizes
        ]
        self.put(name, json.dumps({"entries": entries}).encode())
        return self.url(name)

    def put(self, name: str, content: bytes | Path) -> int:
        """Write an object below the prefix; its size in bytes."""
        self.own.append(f"{self.prefix}/{name}")
        return self.bucket.put(f"{self.prefix}/{name}", content)


def export(room: Any, source: sa.Table, directory: Path, slices: int) -> Iterator[Path]:
    """Write a DuckDB table as compressed parts, their number a multiple of the slices."""
    ((rows, last),) = room.execute(f"SELECT count(*), max(rowid) FROM {source.fullname}").fetchall()
    if not rows:
        return
    parts = slices * math.ceil(rows / (slices * ROWS_A_PART))
    step = math.ceil((last + 1) / parts)
    columns = ", ".join(column.name for column in source.columns)
    for part in range(parts):
        path = directory / f"{source.name}-{part:05}.json.zst"
        room.execute(
            f"COPY (SELECT {columns} FROM {source.fullname}"
            f" WHERE rowid >= {part * step} AND rowid < {(part + 1) * step})"
            f" TO '{path}' (FORMAT json, COMPRESSION zstd, TIMESTAMPFORMAT '{TIMESTAMP}')"
        )
        yield path


def write_rows(rows: Sequence[dict[str, Any]], directory: Path) -> Path:
    """Write rows of the books as one compressed part."""
    path = directory / "rows.json.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row, ensure_ascii=False, default=str)}\n" for row in rows)
    return path
