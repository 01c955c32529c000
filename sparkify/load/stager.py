"""Stages objects, batch by batch: rows, versions and rejects, which nothing shows yet."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from sparkify.errors import RejectedRecord
from sparkify.lake.objects import LakeObject
from sparkify.load.job import Job, Progress
from sparkify.load.runs import FIELDS, REJECTS, VERSIONS, adoptable, fingerprint, rejects_of
from sparkify.load.staged import Staged, StagedVersion
from sparkify.read.forgotten import Forgotten
from sparkify.read.results import Outcome
from sparkify.report import Records
from sparkify.warehouses.base import TableRow
from sparkify.warehouses.executor import Executor
from sparkify.warehouses.routes import Staging

#: columns of a version that have the value of the outcome's attribute of that name
SAME = ("file_id", "kind", "repaired", "least_ts", "greatest_ts", "damaged", "forgotten")


@dataclass
class Meter:
    """How much of the lake is read, in bytes; half of an object is to fetch it, half to stage it.

    Attributes:
        total: the bytes of all objects.
        fetched: the bytes that have arrived; another thread counts them.
        done: the bytes that are staged.
    """

    total: int
    progress: Progress
    fetched: int = 0
    done: int = 0

    def arrived(self, item: LakeObject) -> None:
        """Count an object whose bytes are here."""
        self.fetched += item.size

    def staged(self, outcomes: Sequence[Outcome]) -> None:
        """Count the objects of a batch, and show how far it is."""
        self.done += sum(item.size for each in outcomes for item in each.objects)
        self.show()

    def show(self) -> None:
        """Show how far it is."""
        self.progress("reading", (max(self.fetched, self.done) + self.done) // 2, self.total)


@dataclass
class Stager:
    """Stages objects for one run; each batch is a transaction of its own.

    A transaction that stages reads none of the books, so that it conflicts with no other run.

    Attributes:
        executor: sends statements, or only shows them.
        forgotten: whose records are left out; None if nobody was forgotten.
    """

    job: Job
    executor: Executor
    run_id: str
    forgotten: Forgotten | None
    staged: Staged = field(default_factory=Staged)

    def adopt(self, objects: Mapping[str, LakeObject]) -> None:
        """Take over what dead runs have staged of objects that have not changed since."""
        found: dict[str, StagedVersion] = {}
        adopted = adoptable(self.job.warehouse, self.job.settings.new_fields, self.forgotten)
        for row in self.executor.books(adopted):
            version = dict(zip(VERSIONS.columns.keys(), row, strict=True))
            item = objects.get(version["uri"])
            if item is None or (item.etag, item.size) != (version["etag"], version["size"]):
                continue
            good = (version["rows"], version["rejects"], version["repaired"], version["forgotten"])
            records = Records(good[0] + good[1] + good[3], *good)
            found[item.uri] = StagedVersion(
                version["file_id"], item.kind, [item], records, damaged=version["damaged"]
            )
        self.staged.versions += found.values()
        rejecting = [each.file_id for each in found.values() if each.records.rejected]
        if rejecting:
            rejects = list(map(RejectedRecord._make, self.executor.rows(rejects_of(rejecting))))
            self.staged.rejects += rejects
            self.staged.count(rejects)

    def stage(self, objects: Sequence[LakeObject], first_id: int) -> None:
        """Read objects into the staging tables, under file_ids from `first_id` on."""
        meter = Meter(sum(item.size for item in objects), self.job.progress)
        keep_alive = partial(self.job.warehouse.keep_alive, self.executor, self.run_id)

        def waiting() -> None:
            keep_alive()
            meter.show()

        how = (self.job.settings.new_fields, waiting, meter.arrived, self.forgotten)
        staging = Staging(self.run_id, count(first_id), *how)
        stage = self.job.warehouse.route.stage(self.executor, self.job.lake, objects, staging)
        with self.job.clock.step("stage"), closing(stage) as batches:
            for number in count():
                keep_alive()
                with self.executor.transaction():
                    outcomes = next(batches, None)
                    if outcomes is None:
                        break
                    self.enter(outcomes, f"{self.run_id}/{number}")
                meter.staged(outcomes)

    def enter(self, outcomes: Sequence[Outcome], name: str) -> None:
        """Enter what was read in the books."""
        rejects: list[TableRow] = []
        fields: list[TableRow] = []
        for outcome in outcomes:
            self.staged.add(outcome)
            rejects += (
                {**reject._asdict(), "file_id": outcome.file_id} for reject in outcome.listed()
            )
            fields += (
                dict(zip(FIELDS.columns.keys(), (outcome.file_id, *seen, records), strict=True))
                for seen, records in outcome.fields.items()
            )
        rows = [self.row(outcome) for outcome in outcomes]
        self.job.warehouse.insert_rows(self.executor, VERSIONS, rows, name)
        self.job.warehouse.insert_rows(self.executor, REJECTS, rejects, name)
        self.job.warehouse.insert_rows(self.executor, FIELDS, fields, name)

    def row(self, outcome: Outcome) -> TableRow:
        """The row of a version."""
        item = outcome.objects[0]
        single = {} if outcome.batch else {"uri": item.uri, "etag": item.etag, "size": item.size}
        return {
            **dict.fromkeys(VERSIONS.columns.keys()),
            **single,
            **{name: getattr(outcome, name) for name in SAME},
            "run_id": self.run_id,
            "published": False,
            "rows": outcome.staged,
            "rejects": outcome.rejected,
            "fingerprint": fingerprint(self.job.settings.new_fields, self.forgotten),
        }
