"""Forgets a person: removes their rows, rebuilds the star without them, and keeps them out."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.schema import DropTable

from sparkify.load.ranges import Steps
from sparkify.load.rebuilding import check, rebuilt, send
from sparkify.load.removal import Erasure, Removal, theirs
from sparkify.load.retrying import again
from sparkify.load.tombstones import forgotten, tombstone
from sparkify.load.uncounting import Uncounted
from sparkify.models import (
    EventRow,
    File,
    RejectRow,
    Songplay,
    User,
    UserLevel,
    Version,
    schema,
    table,
)
from sparkify.models.statements import Column, CreateTempTableAs, Statement, count, within
from sparkify.process import scratch, stopping
from sparkify.read.forgotten import ids_in, users_in
from sparkify.read.results import RAW_TEXT
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse
from sparkify.warehouses.executor import USERS, Executor

CUT = RAW_TEXT - 64  # bytes; a rejected record of so many was cut, or nearly so
EVENTS, REJECTS, PLAYS = table(EventRow), table(RejectRow), table(Songplay)
VERSIONS, FILES = table(Version), table(File)


def forget_user(
    warehouse: Warehouse, settings: Settings, key: str, user: int, *, dry_run: bool
) -> Erasure:
    """Forget a user in an open warehouse; see `pipeline.forget`."""
    timeout = settings.lock_timeout
    with warehouse.reading(timeout) as connection:
        schema.require(connection, warehouse.url)
        if dry_run:
            eraser = Eraser(warehouse, warehouse.executor(connection), settings, key, user)
            return Erasure(warehouse.url, True, eraser.known(), eraser.counts())
    scratch.sweep()
    with warehouse.writing(timeout) as connection:
        executor = warehouse.executor(connection)
        with executor.reading():
            warehouse.sweep(executor)
        rows, known = again(lambda: Eraser(warehouse, executor, settings, key, user).erase())
        warehouse.scrub(connection)
    return Erasure(warehouse.url, False, known, rows)


@dataclass(frozen=True)
class Eraser:
    """Removes a person from a warehouse.

    Attributes:
        executor: sends statements; the user's id is in none that it logs.
        key: of the tombstones.
        uncounted: the fields of the person's records that no column takes.
    """

    warehouse: Warehouse
    executor: Executor
    settings: Settings
    key: str
    user: int
    uncounted: Uncounted = field(default_factory=Uncounted)

    def __post_init__(self) -> None:
        self.executor.hidden = {USERS: str(self.user)}

    def known(self) -> bool:
        """Whether the person was forgotten before.

        Raises:
            UsageError: others were, with another key.
        """
        found = forgotten(self.executor, self.settings, warehouse=self.warehouse.url)
        return found is not None and found.knows(self.user)

    def counts(self) -> dict[str, int]:
        """How many rows of each table are theirs, or exist only because of them."""
        tables = (PLAYS, table(User), table(UserLevel), EVENTS)
        found = {each.name: count(each).where(theirs(each.c.user_id)) for each in tables}
        start, moment = PLAYS.c.start_time, sa.select(PLAYS.c.start_time)
        own = theirs(PLAYS.c.user_id)
        shared = moment.where(start.in_(moment.where(own)), sa.not_(own))
        alone = sa.select(sa.func.count(start.distinct()))
        found["time"] = alone.where(own, start.not_in(shared))
        selects = (each.scalar_subquery() for each in found.values())
        numbers = self.executor.counts(sa.select(*selects))
        rejects = sum(self.rejects[1].values())
        return {**dict(zip(found, numbers, strict=True)), REJECTS.name: rejects}

    def erase(self) -> tuple[dict[str, int], bool]:
        """Remove the person in one transaction.

        Returns:
            How many rows of each table were removed, and whether they had been forgotten before.
        """
        with self.warehouse.errors(), self.executor.transaction() as transaction:
            self.warehouse.lock(self.executor, self.settings.lock_timeout)
            known, counts = self.known(), self.counts()
            send(self.executor, self.statements())
            check(self.executor, self.changes, "removed")
            self.executor.execute(DropTable(self.touched.table))
            if not known:
                self.executor.execute(tombstone(self.key, self.user))
            if transaction is not None:
                with stopping.critical():
                    transaction.commit()
        return counts, known

    def statements(self) -> Steps:
        """From the staged rows to the books and the star."""
        extra = sa.select(EVENTS.c.file_id, EVENTS.c.extra).where(theirs(EVENTS.c.user_id))
        for row in self.executor.rows(extra.where(EVENTS.c.extra.is_not(None))):
            self.uncounted.add_row(*row)
        yield from self.uncounted.statements()
        yield self.touched
        yield from self.changes.find()
        yield sa.delete(EVENTS).where(theirs(EVENTS.c.user_id))
        left, v = self.touched.table.c, VERSIONS.c
        names = ("rows", "repaired", "least_ts", "greatest_ts")
        values: dict[str, Column] = {name: left[name] for name in names}
        values["forgotten"] = v.forgotten + left.removed
        yield sa.update(VERSIONS).where(v.file_id == left.file_id).values(values)
        yield from self.without_rejects()
        changed = within(v.file_id, self.rejects[1]) | v.file_id.in_(sa.select(left.file_id))
        counted = {"records": v.rows + v.rejects, "rejects": v.rejects}
        own = FILES.c.file_id == v.file_id
        yield sa.update(FILES).where(own, v.uri.is_not(None), changed).values(counted)
        yield from rebuilt(self.changes)

    @cached_property
    def changes(self) -> Removal:
        """What changes in the star."""
        return Removal(self.executor)

    @cached_property
    def touched(self) -> CreateTempTableAs:
        """The versions that have rows of theirs: how many, and what is left without them."""
        event = EVENTS.c
        own = theirs(event.user_id)
        other = sa.case((own, None), else_=event.ts)
        columns = (
            sa.func.count(sa.case((own, 1))).label("removed"),
            sa.func.count(other).label("rows"),
            sa.func.count(sa.case((own, None), (event.repaired, 1))).label("repaired"),
            sa.func.min(other).label("least_ts"),
            sa.func.max(other).label("greatest_ts"),
        )
        with_theirs = sa.select(event.file_id).where(own)
        touched = sa.select(event.file_id, *columns).where(event.file_id.in_(with_theirs))
        return CreateTempTableAs("touched_versions", touched.group_by(event.file_id))

    def without_rejects(self) -> Iterator[Statement]:
        """Remove their rejects, and count them no longer."""
        digests, removed = self.rejects
        if digests:
            yield sa.delete(REJECTS).where(DIGEST.in_(sorted(digests)))
        same = defaultdict[int, list[int]](list)
        for file_id, number in removed.items():
            same[number].append(file_id)
        v = VERSIONS.c
        for number, ids in same.items():
            values = {v.rejects: v.rejects - number, v.forgotten: v.forgotten + number}
            yield sa.update(VERSIONS).where(within(v.file_id, ids)).values(values)

    @cached_property
    def rejects(self) -> tuple[set[str], Counter[int]]:
        """The digests of their rejects, and how many there are by file_id."""
        digests, removed, sessions = set[str](), Counter[int](), self.sessions()
        c = REJECTS.c
        columns = (c.file_id, c.raw_text, c.reason, c.code, c.column_name)
        for file_id, raw_text, reason, code, column in self.executor.rows(sa.select(*columns)):
            if self.is_theirs(raw_text, reason, sessions):
                self.uncounted.add_reject(file_id, code, column, raw_text)
                text = f"{raw_text or ''}|{reason or ''}".encode()
                digests.add(hashlib.md5(text, usedforsecurity=False).hexdigest())
                removed[file_id] += 1
        return digests, removed

    def is_theirs(self, raw_text: str | None, reason: str, sessions: set[int]) -> bool:
        """Whether a rejected record names the person.

        Of a record that was cut, and of one that was copied directly, it may not be known which
        user it names. Then it is theirs if it names a session that they alone have.
        """
        text = raw_text if raw_text is not None else reason
        cut = raw_text is None or len(raw_text.encode()) >= CUT
        if cut and raw_text is not None:
            text = text.rstrip("0123456789.eE+-_")  # the last number may have been cut, too
        users = users_in(text)
        return self.user in users or (
            cut and not users and not sessions.isdisjoint(ids_in(text, "session"))
        )

    def sessions(self) -> set[int]:
        """The sessions that they alone have."""
        session, user = EVENTS.c.session_id, EVENTS.c.user_id
        own = sa.select(session).where(theirs(EVENTS.c.user_id))
        known = sa.select(session, user).where(session.in_(own), user.is_not(None)).distinct()
        found = list(self.executor.rows(known))
        return {each for each, _ in found} - {each for each, of in found if of != self.user}


DIGEST = sa.func.md5(
    sa.func.coalesce(REJECTS.c.raw_text, "")
    .concat("|")
    .concat(sa.func.coalesce(REJECTS.c.reason, ""))
)
