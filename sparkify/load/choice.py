"""What a run is asked to read beside, or instead of, everything that is new or changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from sparkify.errors import UsageError
from sparkify.models import Version, table
from sparkify.models.statements import Query
from sparkify.values import parse_count, parse_day

VERSIONS = table(Version)


@dataclass(frozen=True)
class Choice:
    """Which objects to read.

    Attributes:
        since, until: days, UTC; objects with events from the first to the last are read again.
        limit: the most objects to read; the next run reads the others.
    """

    since: date | None = None
    until: date | None = None
    limit: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, object]) -> "Choice":
        """The choice that the parameters of a run make.

        Raises:
            UsageError: a value is invalid, or a run that replaces everything is to read a part.
        """
        part = next((name for name in (*PARSERS, "objects") if given.get(name) is not None), None)
        if part and given.get("full"):
            raise UsageError(f"a full load replaces everything: leave out {part}, or full")
        self = cls(**{name: parsed(name, given.get(name)) for name in PARSERS})
        if self.since and self.until and self.since > self.until:
            raise UsageError(f"since {self.since} is after until {self.until}")
        return self

    def selects(self) -> list[Query]:
        """The SELECT of the versions with events in the range of days; none without a range.

        A version counts if its first event is not after the range, and its last not before it.
        """
        v = VERSIONS.c
        within: list[sa.ColumnElement[bool]] = [v.published]
        if self.since:
            within.append(v.greatest_ts >= datetime.combine(self.since, time.min))
        if self.until:
            within.append(v.least_ts <= datetime.combine(self.until, time.max))
        return [sa.select(v.file_id).where(*within)] if len(within) > 1 else []


PARSERS: dict[str, Callable[[str], Any]] = {
    "since": parse_day,
    "until": parse_day,
    "limit": parse_count,
}


def parsed(name: str, value: object) -> Any:
    """The value of a parameter, None if it was not given.

    Raises:
        UsageError: it is invalid.
    """
    try:
        return None if value is None else PARSERS[name](str(value))
    except ValueError as error:
        raise UsageError(f"{name} is {str(value)!r}: {error}") from None
