"""Publishes what is staged, in the one transaction that changes what people see."""

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.schema import DropTable

from sparkify.errors import SparkifyError
from sparkify.lake.objects import LakeObject
from sparkify.load.ids import now
from sparkify.load.ledger import Outdated
from sparkify.load.publication import Publication
from sparkify.load.ranges import Answer, Steps
from sparkify.load.staged import Staged
from sparkify.load.stager import Progress
from sparkify.models import KINDS, Load, table
from sparkify.models.statements import Statement, count
from sparkify.version import __version__
from sparkify.warehouses.base import TableRow, Warehouse
from sparkify.warehouses.executor import Executor


@dataclass
class Publisher:
    """Publishes the staged versions of one run; the caller begins the transaction and commits.

    Attributes:
        executor: sends statements in that transaction, or only shows them.
        name: of what is uploaded for that, see `Warehouse.insert_rows`.
        timed: a context in which a step of that name is timed.
        progress: see `Progress`.
    """

    warehouse: Warehouse
    executor: Executor
    publication: Publication
    name: str
    timed: Callable[[str], AbstractContextManager[None]]
    progress: Progress

    def publish(
        self, staged: Staged, gone: Sequence[LakeObject], more: Sequence[Statement] = ()
    ) -> None:
        """Bring star and books up to the staged versions, and check them.

        Args:
            gone: deleted objects; their rows are removed.
            more: statements to send before the checks.
        """
        publication = self.publication
        with self.timed("transform"):
            self.read_files(staged, gone)
            self.send(publication.statements(), sum(1 for _ in replace(publication).statements()))
            for statement in more:
                self.executor.execute(statement)
        with self.timed("publish"):
            for kind in KINDS:
                (found,) = self.executor.counts(publication.staged(kind))
                self.check(f"the staged {kind}", staged.rows(kind), found)
            for what, select in publication.checks():
                self.check(what, *self.executor.counts(select))
            for temporary in publication.temporary_tables():
                self.executor.execute(DropTable(temporary))

    def send(self, statements: Steps, total: int) -> None:
        """Send statements, and answer the SELECTs among them."""
        for done, _ in enumerate(sent(self.executor, statements), 1):
            self.progress("publishing", min(done, total), total)

    def read_files(self, staged: Staged, gone: Sequence[LakeObject]) -> None:
        """Make the temporary table of the objects of this load."""
        read = self.publication.read
        self.executor.execute(read)
        singles = [each for each in staged.versions if not each.batch]
        (found,) = self.executor.counts(count(read.table))
        if found != len(singles) and not self.executor.as_sql:
            raise Outdated("what an earlier run had staged has expired meanwhile")
        members = [
            book_row(item, each.file_id)
            for each in staged.versions
            for item in each.objects
            if each.batch
        ]
        rows = [*members, *(book_row(item, None) for item in gone)]
        self.warehouse.insert_rows(self.executor, read.table, rows, self.name)

    def check(self, what: str, expected: int, found: int) -> None:
        """Compare two counts; only a bug makes them differ, and then this saves the data."""
        if expected != found and not self.executor.as_sql:
            raise SparkifyError(
                f"{what} differ: expected {expected:,} and found {found:,}; nothing was published"
            )

    def record(self, staged: Staged, source: str, started: datetime.datetime) -> None:
        """Write the load's row in `loads`."""
        records = staged.records
        row = {
            "load_id": self.publication.load_id,
            "started_at": started,
            "finished_at": now(),
            "source": source,
            "files": sum(len(each.objects) for each in staged.versions),
            "records_read": records.read,
            "records_staged": records.staged,
            "records_rejected": records.rejected,
            "version": __version__,
            "records_forgotten": records.forgotten,
        }
        self.warehouse.insert_rows(self.executor, table(Load), [row], self.name)


def sent(executor: Executor, statements: Steps) -> Iterator[Statement]:
    """Send statements, and answer the SELECTs among them; yields each once it was sent."""
    answer: Answer = None
    with suppress(StopIteration):
        while True:
            statement = statements.send(answer)
            if isinstance(statement, sa.Select):
                found = list(executor.rows(statement))
                answer = None if executor.as_sql else found
            else:
                executor.execute(statement)
            yield statement


def book_row(item: LakeObject, file_id: int | None) -> TableRow:
    """A row of `read_files` for an object of a batch, or for a deleted one (without file_id)."""
    row = {name: value for name, value in item._asdict().items() if name != "key"}
    return {**row, "records": None, "rejects": None, "file_id": file_id, "damaged": False}
