"""The statements that publish what is staged.

A publication knows the keys of the rows that it publishes and of those that it replaces. It
rebuilds only the affected rows of the star, so one more day costs the same after a month as after
a year. It writes no staged rows, and it writes the tables in one fixed order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from sparkify.load.rebuilding import Rebuilding
from sparkify.load.transform.rows import EVENTS
from sparkify.models import EventRow, File, SongRow, Version, table
from sparkify.models.statements import CreateTempTableAs, Query, Statement, count, insert, within

STAGED_ROWS = {"events": table(EventRow), "songs": table(SongRow)}
FILES, VERSIONS = table(File), table(Version)
BOOK = ("uri", "kind", "etag", "size", "records", "rejects", "file_id")  # columns of `read_files`


@dataclass(frozen=True)
class Publication(Rebuilding):
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

    def statements(self) -> Iterator[Statement]:
        """From staged versions to the star and the books, in order; `read_files` is there."""
        yield from self.superseded
        yield from self.flags()
        yield from self.changed.values()
        yield from self.rebuild()
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

    def staged(self, kind: str) -> Query:
        """The SELECT of the number of rows of one kind that are published."""
        rows = STAGED_ROWS[kind]
        return count(rows).where(within(rows.c.file_id, self.file_ids))

    def temporary_tables(self) -> Iterator[sa.Table]:
        """The temporary tables."""
        for each in (self.read, *self.superseded, *self.changed.values()):
            yield each.table

    @cached_property
    def changed(self) -> dict[str, CreateTempTableAs]:
        """For each key of the star, the values whose rows this load may change."""
        if self.everything:
            return {}
        plays, songs = (self.touched(rows) for rows in STAGED_ROWS.values())
        names = sa.union(*(sa.select(s.c.title, s.c.artist_name) for s in songs)).subquery("names")
        same = (EVENTS.c.song == names.c.title) & (EVENTS.c.artist == names.c.artist_name)
        matching = sa.select(EVENTS.c.ts).select_from(names).where(same)
        moments = sa.union(*(sa.select(rows.c.ts) for rows in plays), matching)
        return {
            "start_time": CreateTempTableAs("changed_times", moments),
            "user_id": values("user_id", plays),
            "song_id": values("song_id", songs),
            "artist_id": values("artist_id", songs),
        }

    def touched(self, rows: sa.Table) -> list[sa.FromClause]:
        """The rows that this load publishes, and those of superseded versions."""
        new = sa.select(*rows.c).where(within(rows.c.file_id, self.file_ids))
        old = (
            sa.select(*rows.c).where(rows.c.file_id.in_(sa.select(each.table.c.file_id)))
            for each in self.superseded
        )
        return [new.subquery("added"), *(select.subquery("removed") for select in old)]


def values(column: str, rows: Sequence[sa.FromClause]) -> CreateTempTableAs:
    """A table of the distinct values of a column in several sets of rows."""
    select = sa.union(*(sa.select(each.c[column]) for each in rows))
    return CreateTempTableAs(f"changed_{column}s", select)
