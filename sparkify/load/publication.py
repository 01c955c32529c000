"""The statements that publish staged rows.

A load knows the keys of the rows that it staged and of those that it replaced. It rebuilds only
the affected rows of the star, so that loading one more day costs the same whatever the history.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from sparkify.load.transform import TRANSFORMS, Keys
from sparkify.models import KINDS, PUBLISHED, Base, File, Reject, StagingEvent, StagingSong, table
from sparkify.models.statements import CreateTempTableAs, Query, Statement, insert, temporary

STAGING_TABLES = {"events": table(StagingEvent), "songs": table(StagingSong)}

#: the objects of this load: rows of `files`, and what becomes of their former rows
READ = temporary(
    "read_files",
    *(sa.Column(c.name, c.type) for c in table(File).columns),
    sa.Column("outcome", sa.String(16)),
)
NEW, REPLACED, KEPT, GONE = "new", "replaced", "kept", "gone"  # the outcomes


@dataclass(frozen=True)
class Publication:
    """How the staged rows of one load are published.

    Attributes:
        load_id: the load.
        everything: rebuild every star table from all staged rows.
        replaces: whether staged rows have to be removed: of changed or vanished objects.
    """

    load_id: str
    everything: bool
    replaces: bool

    def statements(self) -> Iterator[Statement]:
        """From staged rows to the star and the books, in order."""
        for staging, old in self.removed.items():
            yield old
            yield sa.delete(staging).where(*self.outdated(staging))
        yield from self.changed.values()
        for model, transform, key in TRANSFORMS:
            target, select = table(model), transform(self.keys(key))
            yield sa.delete(target).where(*self.affected(target, key))
            yield insert(target, select)
        yield from self.books()

    def books(self) -> Iterator[Statement]:
        """Bring `files` and `rejects` up to what was read."""
        files, rejects = table(File), table(Reject)
        read = sa.select(READ.c.uri)
        yield sa.delete(files).where(files.c.uri.in_(read))
        yield sa.delete(rejects).where(rejects.c.uri.in_(read), rejects.c.load_id != self.load_id)
        kept = sa.select(*(READ.c[c.name] for c in files.columns)).where(READ.c.outcome != GONE)
        yield insert(files, kept)

    def staged(self, kind: str) -> Query:
        """The SELECT of the number of rows of one kind that this load staged."""
        staging = STAGING_TABLES[kind]
        found = sa.select(sa.func.count()).select_from(staging)
        return found.where(staging.c.load_id == self.load_id)

    def checks(self) -> Iterator[tuple[str, Query]]:
        """What must hold before COMMIT: SELECTs of two counts that must be equal."""
        for model, _, key in TRANSFORMS:
            target = table(model)
            part = self.affected(target, key)
            yield f"the rows and the keys of {target.name}", rows_and_keys(target, part)

    def temporary_tables(self) -> Iterator[sa.Table]:
        """The temporary tables."""
        yield READ
        for each in (*self.removed.values(), *self.changed.values()):
            yield each.table

    @cached_property
    def removed(self) -> dict[sa.Table, CreateTempTableAs]:
        """By staging table, the rows that are about to be removed."""
        return {
            staging: CreateTempTableAs(
                f"removed_{kind}", sa.select(*staging.c).where(*self.outdated(staging))
            )
            for kind, staging in STAGING_TABLES.items()
            if self.replaces
        }

    def outdated(self, staging: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
        """Which staged rows this load removes."""
        gone = sa.select(READ.c.uri).where(READ.c.outcome.in_([REPLACED, GONE]))
        return staging.c.uri.in_(gone), staging.c.load_id != self.load_id

    @cached_property
    def changed(self) -> dict[str, CreateTempTableAs]:
        """For each key of the star, the values whose rows this load may change."""
        if self.everything:
            return {}
        plays, songs = (self.touched(staging) for staging in STAGING_TABLES.values())
        names = sa.union(*(sa.select(s.c.title, s.c.artist_name) for s in songs)).subquery("names")
        event = STAGING_TABLES["events"].c
        same = (event.song == names.c.title) & (event.artist == names.c.artist_name)
        matching = sa.select(event.ts).select_from(names).where(same)
        moments = sa.union(*(sa.select(rows.c.ts) for rows in plays), matching)
        return {
            "start_time": CreateTempTableAs("changed_times", moments),
            "user_id": values("user_id", plays),
            "song_id": values("song_id", songs),
            "artist_id": values("artist_id", songs),
        }

    def touched(self, staging: sa.Table) -> list[sa.FromClause]:
        """The rows that this load staged, and those that it removes."""
        added = sa.select(*staging.c).where(staging.c.load_id == self.load_id)
        removed = [self.removed[staging].table] if self.replaces else []
        return [added.subquery("added"), *removed]

    def keys(self, key: str) -> Keys:
        """The changed values of a key; None means all of them."""
        return None if self.everything else sa.select(*self.changed[key].table.c)

    def affected(self, target: sa.Table, key: str) -> tuple[sa.ColumnElement[bool], ...]:
        """Which rows of a star table are rebuilt."""
        changed = self.keys(key)
        return () if changed is None else (target.c[key].in_(changed),)


def values(column: str, rows: Sequence[sa.FromClause]) -> CreateTempTableAs:
    """A table of the distinct values of a column in several sets of rows."""
    select = sa.union(*(sa.select(each.c[column]) for each in rows))
    return CreateTempTableAs(f"changed_{column}s", select)


def rows_and_keys(target: sa.Table, part: Sequence[sa.ColumnElement[bool]]) -> Query:
    """The SELECT of the number of rows in part of a table, and of their distinct keys."""
    key, *more = target.primary_key.columns
    if not more:
        counts = sa.select(sa.func.count(), sa.func.count(key.distinct()))
        return counts.select_from(target).where(*part)
    found = sa.select(key, *more, sa.func.count().label("held")).where(*part)
    keys = found.group_by(key, *more).subquery("keys")
    rows = sa.func.coalesce(sa.func.sum(keys.c.held), 0)
    return sa.select(rows, sa.func.count()).select_from(keys)


def clear_all() -> Iterator[Statement]:
    """Empty every table except `loads`, for a load of the whole lake."""
    models: Sequence[type[Base]] = (*PUBLISHED, *KINDS.values(), File, Reject)
    for model in models:
        yield sa.delete(table(model))
