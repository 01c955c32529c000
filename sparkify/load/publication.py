"""The statements that publish what is staged.

It rebuilds only the rows of the star that the load changes (see `changes`), so one more day costs
the same after a month as after a year. It writes no staged rows, and it writes the tables in one
fixed order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from sparkify.load.changes import Changes
from sparkify.load.ranges import Steps
from sparkify.load.rebuilding import Tell, rebuilt
from sparkify.models import KINDS, File, Version, table
from sparkify.models.statements import CreateTempTableAs, Query, Statement, count, insert, within

FILES, VERSIONS = table(File), table(Version)
BOOK = ("uri", "kind", "etag", "size", "records", "rejects", "file_id")  # columns of `read_files`


@dataclass(frozen=True)
class Publication:
    """How the staged versions of one run are published.

    Attributes:
        load_id: the load.
        file_ids: the versions; None if they are unknown, as in a plan.
        full: everything else that is published is replaced.
        first: nothing has been published yet.
        replaces: whether published versions may be superseded: of changed or vanished objects.
    """

    load_id: str
    file_ids: Sequence[int] | None
    full: bool = False
    first: bool = False
    replaces: bool = False

    @property
    def everything(self) -> bool:
        """Whether every star table is rebuilt from all published rows."""
        return self.first or self.full

    def statements(self, tell: Tell = lambda done, total: None) -> Steps:
        """From staged versions to the star and the books, in order; `read_files` is there."""
        yield from self.superseded
        yield from self.flags()
        yield from self.changes.find()
        yield from rebuilt(self.changes, tell)
        yield from self.books()

    def books(self) -> Iterator[Statement]:
        """Say which objects have been read."""
        read = self.read.table.c
        old = [] if self.full else [FILES.c.uri.in_(sa.select(read.uri))]
        yield sa.delete(FILES).where(*old)
        columns = [read[name] for name in BOOK]
        kept = sa.select(*columns, sa.literal(self.load_id).label("load_id"))
        yield insert(FILES, kept.where(read.file_id.is_not(None)))

    @cached_property
    def read(self) -> CreateTempTableAs:
        """The objects of this load: what `files` will say of them.

        Those that were copied in batches, and those that are removed (without file_id), are added.
        """
        v = VERSIONS.c
        records = (v.rows + v.rejects).label("records")
        columns = (v.uri, v.kind, v.etag, v.size, records, v.rejects, v.file_id, v.damaged)
        wanted = within(v.file_id, self.file_ids) & v.load_id.is_(None) & v.uri.is_not(None)
        return CreateTempTableAs("read_files", sa.select(*columns).where(wanted))

    @cached_property
    def superseded(self) -> list[CreateTempTableAs]:
        """The published versions that others take the place of.

        A damaged object leaves the rows of its last good version where they are.
        """
        v, read = VERSIONS.c, self.read.table.c
        found = sa.select(v.file_id).where(v.published)
        if self.full:
            return [CreateTempTableAs("superseded", found)]
        read_well = sa.select(read.uri).where(sa.not_(read.damaged))
        earlier = sa.select(FILES.c.file_id).where(FILES.c.uri.in_(read_well))
        old = v.uri.in_(read_well) | v.file_id.in_(earlier)
        damaged = v.damaged & v.uri.in_(sa.select(read.uri))
        return [CreateTempTableAs("superseded", found.where(old | damaged))] * self.replaces

    def flags(self) -> Iterator[sa.Update]:
        """Say which versions count from now on, and which no longer do."""
        for each in self.superseded:
            old = VERSIONS.c.file_id.in_(sa.select(each.table.c.file_id))
            yield sa.update(VERSIONS).where(old).values(published=False)
        new = within(VERSIONS.c.file_id, self.file_ids)
        yield sa.update(VERSIONS).where(new).values(published=True, load_id=self.load_id)

    def staged(self) -> Query:
        """The SELECT of the number of rows of each kind that are published."""
        tables = ((name, table(model)) for name, model in KINDS.items())
        counts = (
            count(rows).where(within(rows.c.file_id, self.file_ids)).scalar_subquery().label(name)
            for name, rows in tables
        )
        return sa.select(*counts)

    @cached_property
    def changes(self) -> Changes:
        """What this load changes in the star."""
        superseded = [each.table for each in self.superseded]
        return Changes(self.file_ids, superseded, everything=self.everything)
