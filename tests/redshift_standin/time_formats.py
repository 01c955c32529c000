"""DATEFORMAT and TIMEFORMAT: strings, 'auto', 'epochsecs', 'epochmillisecs'."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache

EPOCHS = {"epochsecs": "seconds", "epochmillisecs": "milliseconds"}
EPOCH = datetime(1970, 1, 1)
CENTURY = 2000
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: The parts of a format, longest first where one begins with another.
PARTS = (
    ("YYYY", r"(?P<year>\d{4})"),
    ("YY", r"(?P<short_year>\d{2})"),
    ("MONTH", r"(?P<month_name>[A-Za-z]{3,9})"),
    ("MON", r"(?P<month_name>[A-Za-z]{3})"),
    ("MM", r"(?P<month>\d{1,2})"),
    ("DD", r"(?P<day>\d{1,2})"),
    ("HH24", r"(?P<hour>\d{1,2})"),
    ("HH12", r"(?P<hour>\d{1,2})"),
    ("HH", r"(?P<hour>\d{1,2})"),
    ("MI", r"(?P<minute>\d{1,2})"),
    ("SS", r"(?P<second>\d{1,2}(?:\.\d{1,6}\d*)?)"),
    ("AM", r"(?P<half>[AaPp][Mm])"),
    ("PM", r"(?P<half>[AaPp][Mm])"),
    ("OF", r"(?P<offset>[+-]\d{1,2}(?::?\d{2})?)?"),
)
#: What 'auto' recognises here; the manual's list is longer.
AUTO = (
    "YYYY-MM-DD HH:MI:SS",
    "YYYY-MM-DDTHH:MI:SS",
    "YYYY-MM-DD HH:MI:SSOF",
    "YYYY-MM-DDTHH:MI:SSOF",
    "YYYY-MM-DDTHH:MI:SSZ",
    "YYYY-MM-DD HH:MI",
    "YYYY-MM-DD",
    "MM/DD/YYYY HH:MI:SS",
    "MM/DD/YYYY",
    "YYYY/MM/DD HH:MI:SS",
    "YYYY/MM/DD",
    "YYYYMMDD HHMISS",
    "YYYYMMDD",
)


def parse(text: str, format_string: str) -> datetime:
    """The time a text says, without a zone (an offset is taken off: UTC). Raises ValueError."""
    if format_string in EPOCHS:
        if not re.fullmatch(r"-?\d+", text):
            raise ValueError(text)
        try:
            return EPOCH + timedelta(**{EPOCHS[format_string]: int(text)})
        except OverflowError as error:
            raise ValueError(text) from error
    formats = AUTO if format_string == "auto" else (format_string,)
    for candidate in formats:
        match = _pattern(candidate).fullmatch(text)
        if match:
            return _from_parts(match.groupdict())
    raise ValueError(text)


@lru_cache(maxsize=64)
def _pattern(format_string: str) -> re.Pattern[str]:
    out, place = "", 0
    while place < len(format_string):
        rest = format_string[place:].upper()
        for name, expression in PARTS:
            if rest.startswith(name):
                out += expression
                place += len(name)
                break
        else:
            out += re.escape(format_string[place])
            place += 1
    return re.compile(out)


def _from_parts(parts: dict[str, str | None]) -> datetime:
    year = int(parts.get("year") or CENTURY + int(parts.get("short_year") or 0))
    month_name = parts.get("month_name")
    month = MONTHS.index(month_name[:3].lower()) + 1 if month_name else int(parts["month"] or 1)
    hour = int(parts.get("hour") or 0)
    if parts.get("half"):
        hour = hour % 12 + (12 if str(parts["half"]).lower() == "pm" else 0)
    seconds = Decimal(parts.get("second") or 0)
    micros = int(seconds % 1 * 1_000_000)
    day, minute = int(parts.get("day") or 1), int(parts.get("minute") or 0)
    moment = datetime(year, month, day, hour, minute, int(seconds), micros)
    offset = parts.get("offset")
    return _to_utc(moment, offset) if offset else moment


def _to_utc(moment: datetime, offset: str) -> datetime:
    digits = offset[1:].replace(":", "")
    hours, minutes = (digits[:-2] or "0", digits[-2:]) if len(digits) > 2 else (digits, "0")
    away = timedelta(hours=int(hours), minutes=int(minutes))
    zone = timezone(-away if offset[0] == "-" else away)
    return moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
