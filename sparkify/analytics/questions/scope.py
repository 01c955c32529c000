"""Which plays a question is about, and in which time zone its days and hours are."""

import datetime
from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.errors import UsageError
from sparkify.models import Songplay, table
from sparkify.models.statements import Column, LocalTime

PLAY = table(Songplay)
UTC = "UTC"
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Scope:
    """The plays of a range of days, in a time zone.

    Attributes:
        since: The first day; None means no limit.
        until: The last day, which is included; None means no limit.
        tz: The name of the time zone, as in the IANA database.
    """

    since: datetime.date | None = None
    until: datetime.date | None = None
    tz: str = UTC

    def __post_init__(self) -> None:
        if self.since and self.until and self.since > self.until:
            raise UsageError(f"since ({self.since}) is after until ({self.until})")
        zone(self.tz)
        if not self.is_possible:
            raise UsageError(f"there are no plays from {self.since} to {self.until}")

    @property
    def sentence(self) -> str:
        """Which plays count, as a sentence; empty if all do."""
        since = f" from {self.since}" if self.since else ""
        until = f" to the end of {self.until}" if self.until else ""
        return f"Only plays{since}{until} ({self.tz}) count." if since or until else ""

    def where(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions of the range, on `start_time`."""
        start: Column = PLAY.c.start_time
        since = [] if self.since is None else [start >= self.midnight(self.since)]
        until = [] if self.until is None else [start < self.midnight(self.until + DAY)]
        return [*since, *until]

    def midnight(self, day: datetime.date) -> datetime.datetime:
        """Return the time, in UTC, at which a day begins in the time zone."""
        begins = datetime.datetime.combine(day, datetime.time(), zone(self.tz))
        return begins.astimezone(datetime.UTC).replace(tzinfo=None)

    @property
    def is_possible(self) -> bool:
        """Whether the range can be given in UTC: not at the ends of the calendar."""
        try:
            self.where()
        except OverflowError:
            return False
        return True

    def local(self, moment: Column = PLAY.c.start_time) -> Column:
        """Convert a time from UTC to the time zone."""
        return moment if self.tz == UTC else LocalTime(sa.literal(self.tz), moment)

    def day(self, moment: Column = PLAY.c.start_time) -> sa.ColumnElement[datetime.date]:
        """Return the day of a time."""
        return sa.cast(self.local(moment), sa.Date)

    def first_day(self, unit: str, moment: Column = PLAY.c.start_time) -> Column:
        """Return the first day of the "week" (a Monday) or "month" of a time."""
        return sa.cast(func.date_trunc(unit, self.local(moment)), sa.Date)

    def part(self, name: str) -> sa.ColumnElement[int]:
        """Return a part of the time of a play: "hour", "month", "year", or "dow" (0 is Sunday)."""
        return sa.cast(sa.extract(name, self.local()), sa.Integer)


def zone(name: str) -> datetime.tzinfo:
    """Return the time zone with a name.

    Raises:
        UsageError: No time zone has this name.
    """
    if name == UTC:
        return datetime.UTC
    if name not in available_timezones() - {"localtime"}:  # ZoneInfo finds other files, too
        raise UsageError(f"no time zone is named {name!r}; use a name like Europe/Paris or UTC")
    return ZoneInfo(name)


EVERYTHING = Scope()
