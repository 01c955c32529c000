"""From objects to clean, typed rows and rejects: one reader for both warehouses.

Rows come from one SELECT alone (`select`), which DuckDB runs over many objects at once. If an
object yields fewer rows than it has lines, the lines that failed are found and parsed strictly
(`records`). What is no record is rejected. So is a record in which the SELECT has found a fault;
one that it was not sure of, or could not read, is read again by the same SELECT.
"""

from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from sparkify.lake.objects import Lake
from sparkify.models.base import STAGING, table
from sparkify.models.staging import KINDS
from sparkify.read import pieces, records
from sparkify.read.ahead import ahead
from sparkify.read.doubts import positions, regions
from sparkify.read.forgotten import Forgotten
from sparkify.read.pieces import Region
from sparkify.read.records import Fault, Record
from sparkify.read.repair import MACROS
from sparkify.read.results import WRONG_KIND, Outcome, damaged, fault_of
from sparkify.read.scans import Scans
from sparkify.read.select import LINES, select
from sparkify.read.spool import Batch, Entry, untagged, verified_line
from sparkify.read.sql import Scanner, in_order

MANY = 200_000  # rows that an object lacks; then all of it is parsed strictly
AGAIN = 32 << 20  # bytes of doubtful lines, or of records to read again, in memory at once
KEPT = 25_000  # rejects of a load that are kept in full; the others are only counted


class Judged(NamedTuple):
    """A piece of an object, and the fault that the SELECT has found in it as `code:column`."""

    entry: Entry
    record: Record
    found: str


class Reader:
    """Reads objects of a lake into the staging tables of a DuckDB connection.

    Attributes:
        waiting: called every second or so while the next batch is not there yet.
        new_fields: see `Scans`.
        forgotten: whose records are left out; None if nobody was forgotten.
    """

    def __init__(
        self,
        scanner: Scanner,
        lake: Lake,
        waiting: Callable[[], None] = lambda: None,
        new_fields: str = "keep",
        forgotten: Forgotten | None = None,
    ) -> None:
        self.scanner = scanner
        self.lake = lake
        self.waiting = waiting
        self.scans = Scans(scanner, new_fields)
        self.forgotten = forgotten
        self.room = KEPT
        for macro in MACROS:
            scanner.execute(macro)

    def read(self, batches: Iterator[Batch]) -> Generator[list[Outcome]]:
        """Read batches of objects; the rows of a batch are staged when its outcomes arrive."""
        with closing(ahead(batches, self.waiting)) as prepared:
            for batch in prepared:
                with batch:
                    spoilt = [damaged(item, number, error) for item, number, error in batch.damaged]
                    yield [*spoilt, *self.read_batch(batch)]

    def read_batch(self, batch: Batch) -> Iterable[Outcome]:
        """Read one batch of objects."""
        if not batch.entries:
            return ()
        large = [e.item for e in batch.entries if isinstance(e.content, Path)]
        self.lake.verify(large)  # DuckDB would wait for a named pipe
        if files := batch.files():
            self.scans.learn(batch.kind, files)
            self.scans.insert(batch.kind, files)
        self.lake.verify(large)
        outcomes = self.outcomes(batch)
        doubtful = [e for e in batch.entries if outcomes[e.number].records != e.lines]
        for entry in doubtful:
            entry.leave_out_blank_lines()
        doubtful = [e for e in doubtful if outcomes[e.number].records != e.lines]
        if doubtful:
            self.read_again(batch, self.look_closely(batch, doubtful, outcomes), outcomes)
        if self.forgotten and batch.kind == "events":
            removed = self.forgotten.remove(self.scanner, min(outcomes), max(outcomes))
            for number, count in removed.items():
                outcomes[number].forgotten += count
                outcomes[number].counted()
            if removed:
                self.count(batch, outcomes)
        self.scans.count_fields(batch.kind, outcomes)
        for number, outcome in outcomes.items():
            if outcome.foreign == outcome.records > 0:
                self.room += len(outcome.rejects)
                outcomes[number] = damaged(outcome.objects[0], number, WRONG_KIND[batch.kind])
        return outcomes.values()

    def outcomes(self, batch: Batch) -> dict[int, Outcome]:
        """What became of each object so far, by its file_id."""
        found = {e.number: Outcome(batch.kind, e.number, [e.item]) for e in batch.entries}
        self.count(batch, found)
        for outcome in found.values():
            outcome.records = outcome.rows
        return found

    def count(self, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
        """Count the staged rows of each object, and those that were repaired."""
        span = "min(ts), max(ts)" if batch.kind == "events" else "NULL, NULL"
        found = self.scanner.execute(
            f"SELECT file_id, count(*), count(*) FILTER (repaired), {span}"
            f" FROM {STAGING}.{table(KINDS[batch.kind]).name}"
            " WHERE file_id BETWEEN $first_id AND $last_id GROUP BY file_id",
            {"first_id": min(outcomes), "last_id": max(outcomes)},
        ).fetchall()
        for number, *counts in found:
            outcomes[number].counted(*counts)

    def look_closely(
        self, batch: Batch, doubtful: list[Entry], outcomes: dict[int, Outcome]
    ) -> Iterator[Judged]:
        """The records, good or bad, of the lines that did not become rows."""
        lacking = {e.number: (e.lines or 0) - outcomes[e.number].records for e in doubtful}
        few = [e for e in doubtful if lacking[e.number] <= MANY]
        files = {batch.file(entry): batch.lines_beside(entry) for entry in few}
        in_files = {file: self.malformed_lines(batch, file, n) for file, n in files.items()}
        malformed = {e.number: positions(e, in_files[batch.file(e)]) for e in few}
        # malformed lines nearly always account for every missing row: then nothing else is missing
        unclear = [e for e in few if len(malformed[e.number]) != lacking[e.number]]
        failed = self.failed_lines(batch, unclear)
        for entry in doubtful:
            faults = failed[entry.number]
            found = regions(entry, malformed.get(entry.number, set()), faults, AGAIN)
            whole = not found or lacking[entry.number] != sum(map(Region.filled, found))
            if whole:
                self.unstage(outcomes[entry.number])
            with entry.open() as file:
                parts = [pieces.split_object(file)] if whole else map(pieces.split, found)
                for line, offset, raw in chain.from_iterable(parts):
                    record = Record(line, offset, raw, records.judge(raw))
                    yield Judged(entry, record, faults.get(raw, ""))

    def failed_lines(
        self, batch: Batch, unclear: list[Entry]
    ) -> defaultdict[int, dict[bytes, str]]:
        """By object, the lines that are JSON and did not become rows, with their faults.

        The fault is empty if DuckDB is too lenient to tell.
        """
        entries = {entry.number: entry for entry in unclear}
        files = sorted({str(batch.file(entry)) for entry in unclear} & set(batch.files()))
        found = defaultdict[int, dict[bytes, str]](dict)
        where, columns = "fault IS NOT NULL AND json IS NOT NULL", "file_id, json, fault"
        query = select(batch.kind, where, columns)
        for number, text, fault in self.scans.run(batch.kind, query, files) if files else ():
            if number in entries:
                line = untagged(entries[number], text.encode())
                found[number][line] = fault if fault != "check:" else ""
        return found

    def malformed_lines(self, batch: Batch, file: Path, lines: int) -> list[int]:
        """The positions, from 1, of a file's lines that are not JSON, in order.

        Empty if DuckDB does not see as many lines as there are.
        """
        if str(file) not in batch.files():
            return []
        with in_order(self.scanner):
            ((seen, found),) = self.scanner.execute(
                "SELECT count(*), list(position) FILTER (json IS NULL) FROM (SELECT json,"
                f" row_number() OVER () AS position FROM {LINES})",
                {"files": [str(file)], "verified": False},
            ).fetchall()
        return sorted(found or ()) if seen == lines else []

    def unstage(self, outcome: Outcome) -> None:
        """Delete the rows, if there are any, of an object that is parsed as a whole."""
        if not outcome.records:
            return
        self.scanner.execute(
            f"DELETE FROM {STAGING}.{table(KINDS[outcome.kind]).name} WHERE file_id = $file_id",
            {"file_id": outcome.file_id},
        )
        outcome.records = 0
        outcome.counted()
        self.scans.reported.pop(outcome.file_id, None)

    def read_again(
        self, batch: Batch, judged: Iterator[Judged], outcomes: dict[int, Outcome]
    ) -> None:
        """Stage the records among pieces of objects, reject the others."""
        kept, size = list[Judged](), 0
        for each in judged:
            outcome = outcomes[each.entry.number]
            outcome.records += 1
            if each.record.fault:
                self.reject(outcome, each.record, each.record.fault)
                continue
            kept.append(each)
            size += records.weight(each.record.raw)
            if size > AGAIN:
                self.settle(batch, kept, outcomes)
                kept, size = [], 0
        self.settle(batch, kept, outcomes)
        self.count(batch, outcomes)

    def settle(self, batch: Batch, kept: list[Judged], outcomes: dict[int, Outcome]) -> None:
        """Stage records that were parsed strictly, reject those that break a rule."""
        faults = {number: each.found for number, each in enumerate(kept) if each.found}
        if len(faults) < len(kept):
            faults |= self.stage_verified(batch, kept)
        for number, text in sorted(faults.items()):
            entry, record, _ = kept[number]
            fault = fault_of(batch.kind, text, record.raw, brief=self.room <= 0)
            self.reject(outcomes[entry.number], record, fault)

    def stage_verified(self, batch: Batch, kept: list[Judged]) -> dict[int, str]:
        """Stage those records of which it is not known what is wrong; the faults found in them."""
        again = batch.directory / "again.json"
        unread = [number for number, each in enumerate(kept) if not each.found]
        with again.open("wb") as file:
            for number in unread:
                file.write(verified_line(kept[number].entry, number, kept[number].record.raw))
        if self.scans.insert(batch.kind, [str(again)], verified=True) == len(unread):
            return {}
        query = select(batch.kind, "true", "number, fault")
        found = dict(self.scans.run(batch.kind, query, [str(again)], verified=True))
        faults = ((number, found.get(number, "malformed:")) for number in unread)
        return {number: text for number, text in faults if text}

    def reject(self, outcome: Outcome, record: Record, fault: Fault) -> None:
        """Add a reject, in full unless the load has too many."""
        keep = self.room > 0
        self.room -= outcome.reject(record, fault, keep=keep, forgotten=self.forgotten)
