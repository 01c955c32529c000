"""Publishes what is staged, in the one transaction that changes what people see."""

import datetime
from dataclasses import dataclass
from functools import partial

from sqlalchemy.schema import DropTable

from sparkify.lake.objects import LakeObject
from sparkify.load.ids import now
from sparkify.load.job import Job
from sparkify.load.ledger import Difference, Outdated
from sparkify.load.publication import Publication
from sparkify.load.rebuilding import check, compare, send
from sparkify.load.runs import expire
from sparkify.load.staged import Staged
from sparkify.models import KINDS, Load, table
from sparkify.models.statements import count
from sparkify.version import __version__
from sparkify.warehouses.base import TableRow
from sparkify.warehouses.executor import Executor


@dataclass
class Publisher:
    """Publishes the staged versions of one run; the caller begins the transaction and commits.

    Attributes:
        executor: sends statements in that transaction, or only shows them.
        name: of what is uploaded for that, see `Warehouse.insert_rows`.
    """

    job: Job
    executor: Executor
    publication: Publication
    name: str

    def publish(self, staged: Staged, difference: Difference) -> None:
        """Bring star and books up to the staged versions, and check them."""
        publication, warehouse = self.publication, self.job.warehouse
        with self.job.clock.step("transform"):
            self.read_files(staged, difference)
            tell = partial(self.job.progress, "publishing")
            send(self.executor, publication.statements(tell))
            self.executor.execute(expire(warehouse, publication.load_id))
        with self.job.clock.step("publish"):
            found = self.executor.counts(publication.staged())
            for kind, number in zip(KINDS, found, strict=True):
                counts = (staged.rows(kind), number)
                compare(self.executor, f"the staged {kind}", counts, "published")
            check(self.executor, publication.changes, "published")
            for temporary in (publication.read, *publication.superseded):
                self.executor.execute(DropTable(temporary.table))

    def read_files(self, staged: Staged, difference: Difference) -> None:
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
        rows = [*members, *(book_row(item, None) for item in difference.gone)]
        self.job.warehouse.insert_rows(self.executor, read.table, rows, self.name)

    def record(self, staged: Staged, started: datetime.datetime) -> None:
        """Write the load's row in `loads`."""
        records = staged.records
        row = {
            "load_id": self.publication.load_id,
            "started_at": started,
            "finished_at": now(),
            "source": self.job.lake.name,
            "files": sum(len(each.objects) for each in staged.versions),
            "records_read": records.read,
            "records_staged": records.staged,
            "records_rejected": records.rejected,
            "version": __version__,
            "records_forgotten": records.forgotten,
        }
        self.job.warehouse.insert_rows(self.executor, table(Load), [row], self.name)


def book_row(item: LakeObject, file_id: int | None) -> TableRow:
    """A row of `read_files` for an object of a batch, or for a deleted one (without file_id)."""
    row = {name: value for name, value in item._asdict().items() if name != "key"}
    return {**row, "records": None, "rejects": None, "file_id": file_id, "damaged": False}
