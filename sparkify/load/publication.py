"""How staged rows become public: every statement of it, composed before the first is sent.

What a load changed is told by keys: the rows it brought and those it took away. Only their part of
the star is made anew, so that a day costs a day however long the history is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from sparkify.load.transform import TRANSFORMS, Keys
from sparkify.models import KINDS, PUBLISHED, File, Reject, StagingEvent, StagingSong, table
from sparkify.models.statements import CreateTempTable, CreateTempTableAs
from sparkify.warehouses.base import Statement

STAGING_TABLES = {"events": table(StagingEvent), "songs": table(StagingSong)}

#: what this load read or found gone: rows of `files`, and what each means for the staged rows
READ = sa.Table(
    "read_files",
    sa.MetaData(),
    *(sa.Column(c.name, c.type) for c in table(File).columns),
    sa.Column("outcome", sa.String(16)),
)
NEW, REPLACED, KEPT, GONE = "new", "replaced", "kept", "gone"


@dataclass(frozen=True)
class Publication:
    """How a load's staged rows become public: every statement of it, composed beforehand.

    Attributes:
        load_id: the load.
        whole: make every star table anew, from all that is staged.
        replaces: rows of former versions, or of objects that are gone, have to go.
    """

    load_id: str
    whole: bool
    replaces: bool

    def everything(self) -> Iterator[Statement]:
        """All of it in order, but for what depends on what was read."""
        yield from self.prepare()
        yield from self.statements()
        yield from (select for _, select in self.checks({}))
        yield from self.clean_up()

    def prepare(self) -> Iterator[Statement]:
        """Make the table that says what was read; the loader fills it before it goes on."""
        yield CreateTempTable(READ)

    def statements(self) -> Iterator[Statement]:
        """From staged rows to the finished star and books, in order."""
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

    def checks(self, rows: Mapping[str, int]) -> Iterator[tuple[str, sa.Select[Any]]]:
        """What has to hold before COMMIT: SELECTs of two counts that have to be the same.

        Args:
            rows: by kind, the records that became rows.
        """
        for kind, count in rows.items():
            staging = table(KINDS[kind])
            found = sa.select(sa.func.count()).select_from(staging)
            found = found.where(staging.c.load_id == self.load_id)
            select = sa.select(sa.literal(count).label("read"), found.scalar_subquery())
            yield f"the rows staged in {staging.name}", select
        for model, _, key in TRANSFORMS:
            target = table(model)
            part = self.affected(target, key)
            yield f"the rows and the keys of {target.name}", rows_and_keys(target, part)

    def clean_up(self) -> Iterator[Statement]:
        """Drop the temporary tables: the connection may be the caller's, and live on."""
        made = [READ, *(t.table for t in (*self.removed.values(), *self.changed.values()))]
        yield from (sa.text(f"DROP TABLE {temporary.name}") for temporary in made)

    @cached_property
    def removed(self) -> dict[sa.Table, CreateTempTableAs]:
        """By staging table, the rows that are about to be taken away; the star forgets them."""
        return {
            staging: CreateTempTableAs(
                f"removed_{kind}", sa.select(*staging.c).where(*self.outdated(staging))
            )
            for kind, staging in STAGING_TABLES.items()
            if self.replaces
        }

    def outdated(self, staging: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
        """Which staged rows this load takes away."""
        gone = sa.select(READ.c.uri).where(READ.c.outcome.in_([REPLACED, GONE]))
        return staging.c.uri.in_(gone), staging.c.load_id != self.load_id

    @cached_property
    def changed(self) -> dict[str, CreateTempTableAs]:
        """For each key of the star, the values whose rows this load may have changed."""
        if self.whole:
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
        """The staged rows that this load brought, and those that it took away."""
        brought = sa.select(*staging.c).where(staging.c.load_id == self.load_id)
        taken = [self.removed[staging].table] if self.replaces else []
        return [brought.subquery("brought"), *taken]

    def keys(self, key: str) -> Keys:
        """The changed values of a key; None: all are."""
        return None if self.whole else sa.select(*self.changed[key].table.c)

    def affected(self, target: sa.Table, key: str) -> tuple[sa.ColumnElement[bool], ...]:
        """Which rows of a star table are made anew."""
        changed = self.keys(key)
        return () if changed is None else (target.c[key].in_(changed),)


def insert(target: sa.Table, select: sa.Select[Any]) -> Statement:
    """INSERT..SELECT by the names of the selected columns."""
    return sa.insert(target).from_select([c.name for c in select.selected_columns], select)


def values(column: str, rows: Sequence[sa.FromClause]) -> CreateTempTableAs:
    """A table of the distinct values of a column in several sets of rows."""
    select = sa.union(*(sa.select(each.c[column]) for each in rows))
    return CreateTempTableAs(f"changed_{column}s", select)


def rows_and_keys(target: sa.Table, part: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """The rows of a part of a table, and the distinct values that its key has in them."""
    key, *more = target.primary_key.columns
    if not more:
        counts = sa.select(sa.func.count(), sa.func.count(key.distinct()))
        return counts.select_from(target).where(*part)
    found = sa.select(key, *more, sa.func.count().label("held")).where(*part)
    keys = found.group_by(key, *more).subquery("keys")
    rows = sa.func.coalesce(sa.func.sum(keys.c.held), 0)
    return sa.select(rows, sa.func.count()).select_from(keys)


def clear_all() -> Iterator[Statement]:
    """Empty every table but the list of loads, for a load of the whole lake."""
    for model in (*PUBLISHED, *KINDS.values(), File, Reject):
        yield sa.delete(table(model))
