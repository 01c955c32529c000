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
from sparkify.load.transform import TRANSFORMS
from sparkify.load.transform.plays import keys_of_plays
from sparkify.models import KINDS, File, Songplay, Version, table
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

    def statements(self) -> Steps:
        """From staged versions to the star and the books, in order; `read_files` is there."""
        yield from self.superseded
        yield from self.flags()
        yield from self.changes.find()
        yield from rebuilt(self.changes)
        yield from self.changes.index()
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

    def staged(self, kind: str) -> Query:
        """The SELECT of the number of rows of one kind that are published."""
        rows = table(KINDS[kind])
        return count(rows).where(within(rows.c.file_id, self.file_ids))

    @cached_property
    def changes(self) -> Changes:
        """What this load changes in the star."""
        superseded = [each.table for each in self.superseded]
        return Changes(self.file_ids, superseded, everything=self.everything)

    def checks(self) -> Iterator[tuple[str, Query]]:
        """See `checks`."""
        return checks(self.changes)

    def temporary_tables(self) -> Iterator[sa.Table]:
        """The temporary tables."""
        for each in (self.read, *self.superseded, *self.changes.tables.values()):
            yield each.table


def rebuilt(changes: Changes) -> Iterator[Statement]:
    """Write what changes in the star anew."""
    for model, transform, key in TRANSFORMS:
        target = table(model)
        if changes.everything:
            yield sa.delete(target)
        for rows, replaced in changes.parts(model, key):
            if not changes.everything:
                yield sa.delete(target).where(*replaced)
            yield insert(target, transform(rows))


def checks(changes: Changes) -> Iterator[tuple[str, Query]]:
    """What must hold before COMMIT: SELECTs of two counts that must be equal."""
    for model, _, key in TRANSFORMS:
        target = table(model)
        for rows, replaced in changes.parts(model, key):
            if model is Songplay:  # its key is a digest of the play's
                plays = keys_of_plays(rows).subquery("plays")
                written = count(target).where(*replaced).scalar_subquery()
                select = sa.select(
                    count(plays).scalar_subquery().label("plays"), written.label("rows")
                )
                yield "the plays and the rows of songplays", select
            else:
                yield f"the rows and the keys of {target.name}", rows_and_keys(target, replaced)


def rows_and_keys(target: sa.Table, part: Sequence[sa.ColumnElement[bool]]) -> Query:
    """The SELECT of the number of rows in part of a table, and of their distinct keys.

    Redshift believes a declared key without enforcing it: of the bare columns it would find as many
    keys as rows. An expression that always has the value of its column hides which column it is.
    """
    key, *more = (sa.func.greatest(each, each) for each in target.primary_key.columns)
    if not more:
        distinct = sa.func.count(key.distinct()).label("keys")
        counts = sa.select(sa.func.count().label("rows"), distinct)
        return counts.select_from(target).where(*part)
    found = sa.select(sa.func.count().label("held")).select_from(target).where(*part)
    keys = found.group_by(key, *more).subquery("keys")
    rows = sa.func.coalesce(sa.func.sum(keys.c.held), 0).label("rows")
    return sa.select(rows, sa.func.count().label("keys")).select_from(keys)
