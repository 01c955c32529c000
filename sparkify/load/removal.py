"""What changes in the star when the events of a person are removed."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase

from sparkify.load.changes import DAY, EVENT_ROWS, Changes, Condition, Part, new_index
from sparkify.load.ranges import Steps, ask, extent
from sparkify.load.transform import OWN_TABLES
from sparkify.load.transform.rows import BY_USERS
from sparkify.models import table
from sparkify.models.staging import PLAY
from sparkify.models.statements import Column, Statement
from sparkify.warehouses.executor import USERS, Executor


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
        for own in OWN_TABLES:
            if own.kind == "events":
                keys = sa.select(EVENT_ROWS[own.key]).where(theirs(EVENT_ROWS.user_id)).distinct()
                yield self.create(f"changed_{table(own.model).name}", keys)

    def hide(self, name: str, value: object) -> Column:
        """A placeholder in what is logged; NULL stays as it is."""
        if isinstance(value, sa.ColumnElement):
            return value
        compiled = sa.literal(value).compile(
            dialect=self.executor.dialect, compile_kwargs={"literal_binds": True}
        )
        self.executor.hidden[name] = str(compiled)
        return sa.literal_column(name)

    def parts(self, model: type[DeclarativeBase], key: str) -> list[Part]:
        """See `Changes.parts`: of the songs nothing changes, of other users neither."""
        for own in OWN_TABLES:
            if own.model is model:
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
