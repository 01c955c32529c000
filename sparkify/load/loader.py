"""Stages objects and publishes them: the only module that writes rows.

The caller begins the transaction, and commits it.
"""

import datetime
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field
from importlib.metadata import version

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable, DropTable

from sparkify.errors import RejectedRecord, SparkifyError, TooManyRejects
from sparkify.lake.objects import Lake, LakeObject
from sparkify.load.publication import GONE, KEPT, NEW, READ, REPLACED, Publication, clear_all
from sparkify.models import KINDS, Load, Reject, table
from sparkify.read.results import Outcome
from sparkify.report import Records
from sparkify.values import Threshold
from sparkify.warehouses.base import TableRow, Warehouse
from sparkify.warehouses.executor import LOAD_ID, Executor

TIME = "%Y%m%dT%H%M%S%f"  # in the id of a load
#: called with the step, how much of it is done, and of how much
Progress = Callable[[str, int, int], None]


def now() -> datetime.datetime:
    """The time in UTC, as TIMESTAMP columns hold it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def next_load_id(executor: Executor) -> str:
    """A unique id, greater than that of every load before.

    The caller holds the warehouse's lock, so that ids follow the order of the commits.
    """
    latest = [found for (found,) in executor.rows(sa.select(sa.func.max(table(Load).c.load_id)))]
    return LOAD_ID if executor.as_sql else new_load_id(*latest)


def new_load_id(latest: str | None = None) -> str:
    """An id made of the time in UTC, or of the moment after `latest` if the clock went back."""
    moment = now()
    with suppress(ValueError, OverflowError):  # an id that is not of this form has no time
        before = datetime.datetime.strptime((latest or "").partition("-")[0], TIME)
        moment = max(moment, before + datetime.timedelta(microseconds=1))
    return f"{moment:{TIME}}-{secrets.token_hex(3)}"


@dataclass
class Staged:
    """What became of the objects of a load.

    Attributes:
        files: rows of `publication.READ`.
        rejects: rows of the books; if there are too many, not every rejected record has one.
        codes: how many records were rejected, by code.
        places: the same by uri.
        rows: the number of staged rows, by kind.
        records: how many were read, staged, rejected, repaired.
    """

    load_id: str
    files: list[TableRow] = field(default_factory=list)
    rejects: list[RejectedRecord] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    records: Records = field(default_factory=Records)

    def add(self, outcome: Outcome, *, replaced: bool, by_object: bool) -> None:
        """Add what became of an object, or of several that were copied as one.

        Args:
            replaced: whether rows of a former version may be there.
            by_object: whether the counts are those of one object.
        """
        self.rejects += outcome.listed()
        self.codes.update(reject.code for reject in outcome.rejects)
        self.codes += outcome.omitted
        self.places.update(str(reject.uri) for reject in outcome.rejects)
        if outcome.omitted:
            self.places[outcome.objects[0].uri] += outcome.omitted.total()
        self.rows[outcome.kind] += outcome.staged
        self.records += Records(outcome.records, outcome.staged, outcome.rejected, outcome.repaired)
        change = KEPT if outcome.damaged else REPLACED if replaced else NEW
        counts = (outcome.records, outcome.rejected) if by_object else (None, None)
        for item in outcome.objects:
            self.add_file(item, change, *counts)

    def add_file(
        self, item: LakeObject, outcome: str, records: int | None = 0, rejects: int | None = 0
    ) -> None:
        """Add a row of `publication.READ`; None means an unknown count."""
        row = {name: value for name, value in item._asdict().items() if name != "key"}
        counts = {"records": records, "rejects": rejects}
        self.files.append({**row, **counts, "load_id": self.load_id, "outcome": outcome})

    def check(self, allowed: Threshold) -> None:
        """Stop if more records were rejected than the settings allow."""
        rejected, read = self.records.rejected, self.records.read
        if not allowed.allows(rejected, read):
            raise TooManyRejects(
                f"{rejected:,} of {read:,} records were rejected, more than the {allowed} that"
                " --max-rejects allows; nothing was published",
                self.rejects,
            )

    def summary(self) -> str:
        """What was rejected: how many records, where, and the commonest reasons."""
        ((where, most),) = self.places.most_common(1)
        common = ", ".join(f"{code} {count:,}" for code, count in self.codes.most_common(3))
        return (
            f"{self.records.rejected:,} records rejected in {len(self.places):,} objects, most of"
            f" them in {where} ({most:,}); by reason: {common}; `sparkify rejects` shows them"
        )


@dataclass
class Loader:
    """Writes one load into a warehouse.

    Attributes:
        executor: sends statements in the load's transaction, or only shows them.
        timed: a context in which a step of that name is timed.
        progress: see `Progress`.
    """

    warehouse: Warehouse
    executor: Executor
    lake: Lake
    load_id: str
    timed: Callable[[str], AbstractContextManager[None]]
    progress: Progress

    def clear(self) -> None:
        """Empty the warehouse, except for its list of loads."""
        for statement in clear_all():
            self.executor.execute(statement)

    def stage(
        self, objects: Sequence[LakeObject], known: set[str], missing: Sequence[LakeObject]
    ) -> Staged:
        """Read objects into the staging tables.

        Args:
            objects: what to read.
            known: the uris among them of which a former version was read.
            missing: objects that no longer exist, and whose rows are to be removed.
        """
        staged, route = Staged(self.load_id), self.warehouse.route
        with (
            self.timed("stage"),
            closing(route.stage(self.executor, self.lake, objects, self.load_id)) as outcomes,
        ):
            for outcome in outcomes:
                replaced = any(item.uri in known for item in outcome.objects)
                staged.add(outcome, replaced=replaced, by_object=route.by_object)
                self.progress("reading", len(staged.files), len(objects))
        for item in missing:
            staged.add_file(item, GONE)
        return staged

    def publish(self, publication: Publication, staged: Staged) -> None:
        """Bring star and books up to the staged rows, and check them."""
        with self.timed("transform"):
            self.executor.execute(CreateTable(READ))
            self.insert(READ, staged.files)
            rejects = [{**row._asdict(), "load_id": self.load_id} for row in staged.rejects]
            self.insert(table(Reject), rejects)
            statements = list(publication.statements())
            for done, statement in enumerate(statements, 1):
                self.executor.execute(statement)
                self.progress("publishing", done, len(statements))
        with self.timed("publish"):
            for kind, rows in staged.rows.items():
                (found,) = self.executor.counts(publication.staged(kind))
                self.check(f"the staged {kind}", rows, found)
            for what, select in publication.checks():
                self.check(what, *self.executor.counts(select))
            for temporary in publication.temporary_tables():
                self.executor.execute(DropTable(temporary))

    def check(self, what: str, expected: int, found: int) -> None:
        """Compare two counts; only a bug makes them differ, and then this saves the data."""
        if expected != found:
            raise SparkifyError(
                f"{what} differ: expected {expected:,} and found {found:,}; nothing was published"
            )

    def insert(self, target: sa.Table, rows: Sequence[TableRow]) -> None:
        """Insert rows into a table of the books."""
        self.warehouse.insert_rows(self.executor, target, rows, self.load_id)

    def record(self, staged: Staged, source: str, started: datetime.datetime) -> None:
        """Write the load's row in `loads`."""
        row = {
            "load_id": staged.load_id,
            "started_at": started,
            "finished_at": now(),
            "source": source,
            "files": len([row for row in staged.files if row["outcome"] != GONE]),
            "records_read": staged.records.read,
            "records_staged": staged.records.staged,
            "records_rejected": staged.records.rejected,
            "version": version("sparkify"),
        }
        self.insert(table(Load), [row])
