"""From objects to clean, typed rows and rejects: one reader for both warehouses.

Rows come from one SELECT alone (`fields`), which DuckDB runs over many objects at once. Where an
object yields fewer rows than it has lines, the lines that failed are found and looked at strictly
(`records`); what turns out to be a record is read again by the same SELECT, the rest is refused.
"""

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from sparkify.lake.objects import Lake, LakeObject
from sparkify.models import KINDS, STAGING, table
from sparkify.process.stopping import STOP
from sparkify.read import records
from sparkify.read import select as fields
from sparkify.read.records import Fault, Record, Region
from sparkify.read.results import WRONG_KIND, ObjectResult, damaged, refuse
from sparkify.read.spool import Batch, Entry, untagged, verified_line


class Connection(Protocol):
    """As much of a DuckDB connection as the reader uses."""

    def execute(self, query: str, parameters: object = None) -> Any:
        """Run one statement; the result has `fetchall`."""


def insert(kind: str) -> str:
    """The statement that reads lines into the staging table."""
    columns = ", ".join(column.name for column in table(KINDS[kind]).columns)
    into = f"INSERT INTO {STAGING}.{table(KINDS[kind]).name} ({columns})"
    return f"{into}\n{fields.select(kind, 'fault IS NULL')}"


class Reader:
    """Reads objects of a lake into the staging tables of a DuckDB connection."""

    def __init__(self, connection: Connection, lake: Lake, load_id: str, directory: Path) -> None:
        self.connection = connection
        self.lake = lake
        self.load_id = load_id
        self.directory = directory
        for macro in fields.MACROS:
            connection.execute(macro)

    def read(self, objects: Sequence[LakeObject]) -> Iterator[ObjectResult]:
        """Read objects; an object's rows are staged when its result arrives."""
        for batch in ahead(self.batches(objects)):
            with batch:
                yield from self.read_batch(batch)

    def batches(self, objects: Sequence[LakeObject]) -> Iterator[Batch]:
        """The objects' bytes; events first, whose scan then hides the opening of many songs."""
        for kind in reversed(KINDS):
            fetched = self.lake.fetch([item for item in objects if item.kind == kind])
            contents = itertools.takewhile(lambda _: not STOP.wanted, fetched)
            for index in itertools.count():
                batch = Batch(kind, self.directory / f"{kind}-{index}")
                more = batch.fill(contents)
                yield batch
                if not more:
                    break

    def read_batch(self, batch: Batch) -> Iterator[ObjectResult]:
        """Read one batch of objects."""
        yield from (damaged(item, error) for item, error in batch.damaged)
        if not batch.entries:
            return
        self.name_objects(batch)
        if files := batch.files():
            self.run(insert(batch.kind), files)
        self.lake.verify([e.item for e in batch.entries if isinstance(e.content, Path)])
        staged = self.staged(batch)
        results = {e.number: ObjectResult(e.item, *staged[e.number]) for e in batch.entries}
        doubtful = [e for e in batch.entries if results[e.number].records != e.lines]
        for entry in doubtful:
            entry.leave_out_blank_lines()
        doubtful = [e for e in doubtful if results[e.number].records != e.lines]
        pieces = self.look_closely(batch, doubtful, results)
        self.read_again(batch, pieces, results)
        for number, result in results.items():
            if result.foreign == result.records > 0:
                results[number] = damaged(result.item, WRONG_KIND[batch.kind])
        yield from results.values()

    def run(self, sql: str, files: list[str], *, verified: bool = False) -> list[tuple[Any, ...]]:
        """Run one of the statements of `fields` over files."""
        found: list[tuple[Any, ...]] = self.connection.execute(
            sql, {"files": files, "load": self.load_id, "verified": verified}
        ).fetchall()
        return found

    def name_objects(self, batch: Batch) -> None:
        """Tell the connection which number stands for which object."""
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE lake_objects AS SELECT unnest(from_json($uris, "
            """'[{"object":"INTEGER","uri":"VARCHAR"}]'), recursive := true)""",
            {"uris": batch.uris()},
        )

    def staged(self, batch: Batch) -> defaultdict[int, tuple[int, int]]:
        """How many rows of each object are staged, and how many of them were repaired."""
        found = self.connection.execute(
            "SELECT object, count(*), count(*) FILTER (repaired)"
            f" FROM {STAGING}.{table(KINDS[batch.kind]).name} JOIN lake_objects USING (uri)"
            " WHERE load_id = $load GROUP BY object",
            {"load": self.load_id},
        ).fetchall()
        return defaultdict(lambda: (0, 0), {number: (n, mended) for number, n, mended in found})

    def look_closely(
        self, batch: Batch, doubtful: list[Entry], results: dict[int, ObjectResult]
    ) -> Iterator[tuple[Entry, Record]]:
        """The records, good or bad, of the lines that did not become rows."""
        files = {batch.file(entry): batch.lines_beside(entry) for entry in doubtful}
        in_files = {file: self.malformed_lines(batch, file, n) for file, n in files.items()}
        malformed = {e.number: positions(e, in_files[batch.file(e)]) for e in doubtful}
        missing = {e.number: (e.lines or 0) - results[e.number].records for e in doubtful}
        # next to always those that are no JSON are all, and the others need not be looked for
        unclear = [e for e in doubtful if len(malformed[e.number]) != missing[e.number]]
        refused = self.refused_lines(batch, unclear)
        for entry in doubtful:
            found = regions(entry, malformed[entry.number], refused[entry.number])
            if not found or missing[entry.number] != sum(map(Region.filled, found)):
                self.unstage(results[entry.number])  # it is looked at as a whole
                found = [Region(1, 0, entry.read())]
            for region in found:
                for line, offset, raw in records.split(region):
                    yield entry, Record(line, offset, raw, records.judge(raw))

    def refused_lines(self, batch: Batch, unclear: list[Entry]) -> defaultdict[int, set[bytes]]:
        """By object, the lines that are JSON and did not become rows."""
        entries = {entry.number: entry for entry in unclear}
        files = sorted({str(batch.file(entry)) for entry in unclear} & set(batch.files()))
        found = defaultdict[int, set[bytes]](set)
        sql = fields.select(batch.kind, "fault IS NOT NULL AND json IS NOT NULL", "object, json")
        for number, text in self.run(sql, files) if files else ():
            if number in entries:
                found[number].add(untagged(entries[number], text.encode()))
        return found

    def malformed_lines(self, batch: Batch, file: Path, lines: int) -> list[int]:
        """The positions, from 1, of a file's lines that are not JSON, in order.

        Empty if DuckDB does not see as many lines as there are.
        """
        if str(file) not in batch.files():
            return []
        ((seen, found),) = self.connection.execute(
            "SELECT count(*), list(position) FILTER (json IS NULL) FROM (SELECT json, row_number()"
            f" OVER () AS position FROM {fields.LINES})",
            {"files": [str(file)]},
        ).fetchall()
        return sorted(found or ()) if seen == lines else []

    def unstage(self, result: ObjectResult) -> None:
        """Take back the rows, if there are any, of an object that is to be read as a whole."""
        if not result.records:
            return
        self.connection.execute(
            f"DELETE FROM {STAGING}.{table(KINDS[result.item.kind]).name}"
            " WHERE load_id = $load AND uri = $uri",
            {"load": self.load_id, "uri": result.item.uri},
        )
        result.records = result.repaired = 0

    def read_again(
        self,
        batch: Batch,
        pieces: Iterator[tuple[Entry, Record]],
        results: dict[int, ObjectResult],
    ) -> None:
        """Stage the records among pieces of objects, refuse the others."""
        again = batch.directory / "again.json"
        kept: dict[int, tuple[Entry, Record]] = {}
        with again.open("wb") as file:
            for number, (entry, record) in enumerate(pieces):
                results[entry.number].records += 1
                if record.fault:
                    refuse(results[entry.number], record, record.fault)
                else:
                    kept[number] = entry, record
                    file.write(verified_line(entry, number, record.raw))
        if not kept:
            return
        self.run(insert(batch.kind), [str(again)], verified=True)
        sql = fields.select(batch.kind, "true", "number, fault")
        found = dict(self.run(sql, [str(again)], verified=True))
        for number, (entry, record) in kept.items():
            if text := found.get(number, "malformed:"):
                code, _, name = text.partition(":")
                fault = Fault(code, fields.reason(batch.kind, code, name), name or None)
                refuse(results[entry.number], record, fault)
        for number, (_, repaired) in self.staged(batch).items():
            results[number].repaired = repaired


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, each filled in a thread while the one before it is in use."""
    pool = ThreadPoolExecutor(1)
    try:
        coming = pool.submit(next, batches, None)
        while batch := coming.result():
            coming = pool.submit(next, batches, None)
            yield batch
    finally:
        # a signal waits for nobody, else the thread may still write where all is to be removed
        pool.shutdown(wait=not STOP.wanted, cancel_futures=True)


def positions(entry: Entry, in_file: list[int]) -> set[int]:
    """Of positions in a file, in order, those of an object's lines."""
    first, last = entry.first, entry.first + (entry.lines or 0)
    return set(in_file[bisect_right(in_file, first) : bisect_right(in_file, last)])


def regions(entry: Entry, malformed: set[int], refused: set[bytes]) -> list[Region]:
    """The parts of an object to look at: lines by their position in the file, or by their text."""
    if not malformed and not refused:
        return []
    position, offset, place, run = entry.first, 0, (0, 0), list[bytes]()
    found = list[Region]()
    for number, line in enumerate(records.lines_of(entry.read()), 1):
        filled = not records.is_blank(line)
        position += filled
        failed = position in malformed or (refused and line.strip(records.BLANK) in refused)
        if failed if filled else run:
            place = place if run else (number, offset)
            run.append(line)
        elif run:
            found.append(Region(*place, b"".join(run)))
            run = []
        offset += len(line)
    return [*found, Region(*place, b"".join(run))] if run else found
