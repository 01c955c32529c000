"""What is removed of a person who is forgotten, and what changes in the star without them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from sparkify.load.changes import DAY, EVENT_ROWS, Changes, Condition, Part, new_index
from sparkify.load.ranges import Steps, ask, extent
from sparkify.load.transform import OWN_TABLES
from sparkify.load.transform.rows import BY_USERS
from sparkify.models import Base, table
from sparkify.models.staging import PLAY
from sparkify.models.statements import Column, Statement
from sparkify.report import Json, Shown
from sparkify.warehouses.executor import USERS, Executor


@dataclass(frozen=True)
class Erasure(Shown):
    """What was removed of a person who was forgotten, or would be.

    Attributes:
        warehouse: The warehouse's URL, without secrets.
        dry_run: Whether nothing was done.
        forgotten_before: Whether the person had been forgotten before.
        rows: The number of rows of that person in each table.
    """

    warehouse: str
    dry_run: bool
    forgotten_before: bool
    rows: dict[str, int]

    def to_dict(self) -> Json:
        """Return what was removed as JSON values."""
        return asdict(self)

    def lines(self) -> list[tuple[str, str]]:
        """Return what was removed as people read it."""
        found = ", ".join(f"{table} {count:,}" for table, count in self.rows.items() if count)
        future = "would be left out" if self.dry_run else "are left out"
        again = " (forgotten before)" if self.forgotten_before else ""
        return [
            ("warehouse", self.warehouse),
            ("would remove" if self.dry_run else "removed", found or "nothing: no row is theirs"),
            ("later loads", f"records of this user {future}{again}"),
        ]


class Removal(Changes):
    """The keys that the removal changes; `find` them while the events are there.

    Attributes:
        executor: the ranges of the person's plays are hidden from what it logs.
    """

    def __init__(self, executor: Executor) -> None:
        super().__init__([], [], everything=False)
        self.executor = executor

    def find(self) -> Steps:
        """See `Changes.find`."""
        moments = sa.select(EVENT_ROWS.ts).where(theirs(EVENT_ROWS.user_id)).distinct()
        yield self.create("changed_times", moments.where(EVENT_ROWS.page == PLAY))
        ts = self.tables["changed_times"].table.c.ts
        found = yield from ask(extent(ts, sa.cast(ts, sa.Date)), DAY)
        self.moments = [
            (self.hide(f"$least_ts_{number:02}", least), self.hide(f"$most_ts_{number:02}", most))
            for number, (least, most) in enumerate(found or ())
        ]
        for own in OWN_TABLES.values():
            if own.kind == "events":
                keys = sa.select(EVENT_ROWS[own.key]).where(theirs(EVENT_ROWS.user_id)).distinct()
                yield self.create(f"changed_{table(own.model).name}", keys)

    def hide(self, name: str, value: object) -> Column:
        """A placeholder in what is logged; NULL stays as it is."""
        if isinstance(value, sa.ColumnElement):
            return value
        self.executor.hidden[name] = self.executor.text(sa.literal(value))
        return sa.literal_column(name)

    def parts(self, model: type[Base], key: str) -> list[Part]:
        """See `Changes.parts`: of the songs nothing changes, of other users neither."""
        if own := OWN_TABLES.get(model):
            return [self.own_part(own)] if own.kind == "events" else []
        if key == "start_time":
            return super().parts(model, key)
        if key == "user_id":
            return [Part(BY_USERS.where(sa.false()), [theirs(table(model).c.user_id)])]
        return []

    def index(self) -> Iterator[Statement]:
        """See `Changes.index`: it may have plays of theirs in versions that are gone."""
        return new_index()


def theirs(user_id: sa.ColumnElement[int]) -> Condition:
    """Whether a row is the person's, by its user_id."""
    return user_id.in_([sa.literal_column(USERS)])
