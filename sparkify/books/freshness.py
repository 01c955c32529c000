"""How old a warehouse's newest event and newest load are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from sparkify.errors import Stale
from sparkify.load.ids import now
from sparkify.load.transform.rows import EVENTS
from sparkify.models import Load, table
from sparkify.models.statements import Query
from sparkify.report import Json
from sparkify.warehouses.base import Warehouse
from sparkify.warehouses.executor import Executor

#: below the limit an age is shown in this unit
UNITS = (
    (timedelta(hours=2), timedelta(minutes=1), "minutes"),
    (timedelta(days=2), timedelta(hours=1), "hours"),
    (timedelta.max, timedelta(days=1), "days"),
)


@dataclass(frozen=True)
class Freshness:
    """How old the newest event and the newest load are.

    Attributes:
        at: The time at which this was asked, UTC.
        newest_event: The time of the newest event that is not in the future; None without any.
        newest_load: When the newest load ended; None without any.
        future_events: The number of events in the future. They say nothing about freshness.
        max_age: How old both may be; None if nobody asked.
    """

    at: datetime
    newest_event: datetime | None
    newest_load: datetime | None
    future_events: int
    max_age: timedelta | None = None

    def stale(self) -> Iterator[tuple[str, str]]:
        """Return what is older than `max_age`: "event" or "load", and a text for people."""
        for name, newest in (("event", self.newest_event), ("load", self.newest_load)):
            if self.max_age is not None and (newest is None or self.at - newest > self.max_age):
                yield name, f"the newest {name} is {self.age(newest)}" if newest else f"no {name}"

    def age(self, moment: datetime) -> str:
        """Return the age of a moment, and the moment."""
        age = max(self.at - moment, timedelta())
        unit, name = next((unit, name) for most, unit, name in UNITS if age < most)
        return f"{age / unit:,.1f} {name} old ({moment.isoformat(timespec='seconds')} UTC)"

    def check(self) -> None:
        """Check that nothing is older than `max_age`.

        Raises:
            Stale: The newest event or the newest load is; the message says which.
        """
        if texts := [text for _, text in self.stale()]:
            raise Stale(f"stale: {' and '.join(texts)}; {shown(self.max_age)} is allowed")

    def to_dict(self) -> Json:
        """Return this as JSON values; `stale` is null if nobody asked."""
        moments = {"newest_event": self.newest_event, "newest_load": self.newest_load}
        asked = self.max_age is not None
        return {
            **{k: v.isoformat(timespec="seconds") if v else None for k, v in moments.items()},
            "future_events": self.future_events,
            "max_age": self.max_age.total_seconds() if self.max_age is not None else None,
            "stale": [name for name, _ in self.stale()] if asked else None,
        }

    def __str__(self) -> str:
        text = self.age(self.newest_event) if self.newest_event else "none"
        if not self.future_events:
            return text
        return f"{text}; {self.future_events:,} events are in the future: check the clocks"


def shown(duration: timedelta | None) -> str:
    """Return a duration in its largest unit that divides it."""
    seconds = duration.total_seconds() if duration else 0
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds % unit == 0:
            return f"{seconds / unit:.0f}{name}"
    return f"{seconds:g}s"


def read_freshness(
    warehouse: Warehouse, executor: Executor, max_age: timedelta | None
) -> Freshness:
    """Read the times of the newest event and the newest load."""
    newest_event, future = executor.one(newest(warehouse))
    newest_load = executor.scalar(sa.select(sa.func.max(table(Load).c.finished_at)))
    return Freshness(now(), newest_event, newest_load, int(future or 0), max_age)


def newest(warehouse: Warehouse) -> Query:
    """Select the time of the newest event until now, and the number of later ones."""
    ts, current = EVENTS.subquery("event").c.ts, warehouse.ago(0)
    until_now = sa.case((ts <= current, ts))
    later = sa.case((ts > current, 1))
    return sa.select(sa.func.max(until_now), sa.func.count(later))
