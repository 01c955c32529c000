"""Stage, then publish: the only module that writes rows. Its caller begins and commits."""

import datetime
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa

from sparkify.errors import SparkifyError
from sparkify.lake.objects import Lake, LakeObject, by_kind
from sparkify.load.publication import GONE, KEPT, NEW, READ, REPLACED, Publication, clear_all
from sparkify.models import KINDS, Load, Reject, table
from sparkify.process import scratch
from sparkify.read.reader import Reader
from sparkify.read.results import ObjectResult
from sparkify.warehouses.base import Loaded, Warehouse

#: called with what is being done, how much of it is done, and of how much
Progress = Callable[[str, int, int], None]


def now() -> datetime.datetime:
    """The time, UTC, as TIMESTAMP columns hold it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def new_load_id() -> str:
    """An id that no other load has; in the order of time."""
    return f"{now():%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"


@dataclass
class Staged:
    """What the reader made of a load's objects; the rows are those of the books."""

    load_id: str
    files: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    read: int = 0
    repaired: int = 0

    @property
    def staged(self) -> int:
        """Records that became rows."""
        return sum(self.rows.values())

    def add(self, result: ObjectResult, *, known: bool) -> None:
        """Book one object; `known`: rows of a former version of it may be there."""
        outcome = KEPT if result.damaged else REPLACED if known else NEW
        rejected = len(result.rejects)
        self.rejects += ({"load_id": self.load_id, **row} for row in result.rejects)
        self.rows[result.item.kind] += result.records - rejected
        self.read += result.records
        self.repaired += result.repaired
        self.book(result.item, outcome, records=result.records, rejects=rejected)

    def add_unread(self, kind: str, loaded: Loaded) -> None:
        """Add what the warehouse made of objects of one kind by itself."""
        self.rejects += ({"load_id": self.load_id, **row} for row in loaded.rejects)
        self.rows[kind] += loaded.rows
        self.read += loaded.rows + len(loaded.rejects)
        self.repaired += loaded.repaired

    def summary(self) -> str:
        """What was refused: how many records, where, the commonest reasons, how to see them."""
        places = Counter(str(row["uri"]) for row in self.rejects)
        reasons = Counter(row["code"] for row in self.rejects)
        where, most = places.most_common(1)[0]
        common = ", ".join(f"{code} {count:,}" for code, count in reasons.most_common(3))
        return (
            f"{len(self.rejects):,} records refused in {len(places):,} objects, most in {where}"
            f" ({most:,}); by reason: {common}; `sparkify rejects` shows them"
        )

    def book(
        self, item: LakeObject, outcome: str, *, records: int | None = 0, rejects: int | None = 0
    ) -> None:
        """Add a row of `read_files`; None: how many they are is not known."""
        row = {name: value for name, value in item._asdict().items() if name != "key"}
        counts = {"records": records, "rejects": rejects}
        self.files.append({**row, **counts, "load_id": self.load_id, "outcome": outcome})


@dataclass
class Loader:
    """Writes one load into a warehouse, over a connection with a transaction begun.

    Attributes:
        timed: gives a context in which a step of that name is timed.
        progress: told how far it is; see `Progress`.
    """

    warehouse: Warehouse
    connection: sa.Connection
    lake: Lake
    timed: Callable[[str], AbstractContextManager[None]]
    progress: Progress

    def clear(self) -> None:
        """Empty the warehouse, all but its list of loads."""
        for statement in clear_all():
            self.warehouse.execute(self.connection, statement)

    def stage(
        self,
        objects: list[LakeObject],
        known: set[str],
        missing: list[LakeObject],
        accept: Callable[[Staged], None],
    ) -> Staged:
        """Read objects into the staging tables.

        Args:
            objects: what to read.
            known: the uris among them of which a former version was read.
            missing: objects that are gone, and whose rows shall go too.
            accept: called when all is read; raises if it shall go no further.
        """
        staged = Staged(new_load_id())
        with self.timed("stage"):
            if self.warehouse.copy == "direct":
                self.copy(objects, staged)
                accept(staged)
            else:
                self.read(objects, known, staged, accept)
        for item in missing:
            staged.book(item, GONE)
        return staged

    def read(
        self,
        objects: list[LakeObject],
        known: set[str],
        staged: Staged,
        accept: Callable[[Staged], None],
    ) -> None:
        """Read objects on this machine, and bring their rows into the warehouse."""
        with (
            scratch.folder() as directory,
            self.warehouse.reader(self.connection) as room,
        ):
            reader = Reader(room, self.lake, staged.load_id, directory)
            for done, result in enumerate(reader.read(objects), 1):
                staged.add(result, known=result.item.uri in known)
                self.progress("reading", done, len(objects))
            accept(staged)
            self.warehouse.take(self.connection, room, staged.load_id, staged.rows)

    def copy(self, objects: list[LakeObject], staged: Staged) -> None:
        """Let the warehouse read objects by itself; what each of them held is not told."""
        for kind, chosen in by_kind(objects).items():
            loaded = self.warehouse.load(self.connection, staged.load_id, kind, chosen)
            staged.add_unread(kind, loaded)
            for item in chosen:
                staged.book(item, NEW, records=None, rejects=None)
            self.progress("copying", len(staged.files), len(objects))

    def publish(self, publication: Publication, staged: Staged) -> None:
        """Bring star and books up to the staged rows, and check them."""
        with self.timed("transform"):
            for statement in publication.prepare():
                self.warehouse.execute(self.connection, statement)
            self.warehouse.insert_rows(self.connection, READ, staged.files)
            self.warehouse.insert_rows(self.connection, table(Reject), staged.rejects)
            statements = list(publication.statements())
            for done, statement in enumerate(statements, 1):
                self.warehouse.execute(self.connection, statement)
                self.progress("publishing", done, len(statements))
        with self.timed("publish"):
            for what, select in publication.checks(staged.rows):
                self.check(what, select)
            for statement in publication.clean_up():
                self.warehouse.execute(self.connection, statement)

    def check(self, what: str, select: sa.Select[Any]) -> None:
        """Compare two counts; that they differ can only be a bug, and then it saves the data."""
        expected, found = self.warehouse.execute(self.connection, select).one()
        if expected != found:
            raise SparkifyError(f"{what} differ, {expected} and {found}: nothing was published")

    def record(self, staged: Staged, source: str, started: datetime.datetime) -> None:
        """Write the load's row in `loads`."""
        row = {
            "load_id": staged.load_id,
            "started_at": started,
            "finished_at": now(),
            "source": source,
            "files": len([row for row in staged.files if row["outcome"] != GONE]),
            "records_read": staged.read,
            "records_staged": staged.staged,
            "records_rejected": len(staged.rejects),
            "version": version("sparkify"),
        }
        self.warehouse.insert_rows(self.connection, table(Load), [row])
