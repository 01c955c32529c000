"""The values that settings have besides plain text: how their text is parsed."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite

from sparkify.errors import UsageError

NEW_FIELDS = ("keep", "report", "reject")
CLUSTER_TYPES = ("single-node", "multi-node", "serverless")
LAST_PORT = 65535
SHORTEST_KEY = 16  # characters
KMS_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
LARGEST = 2**63 - 1  # of a BIGINT
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Threshold:
    """How many rejected records a run may have and still publish.

    Attributes:
        records: the most rejected records; None means no such limit.
        percent: the most percent of the records read; None means no such limit.

    With both, a run stops only above both (the default: 10 records and 1 %).
    """

    records: int | None = 10
    percent: float | None = 1.0

    @classmethod
    def parse(cls, text: str) -> "Threshold":
        """Read `N` or `P%`."""
        if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip()):
            return cls(records=None, percent=float(match[1]))
        if re.fullmatch(r"\d+", text.strip()):
            return cls(records=int(text), percent=None)
        raise ValueError("must be a count like 100 or a share like 0.5%")

    def allows(self, rejected: int, read: int) -> bool:
        """Whether a run that rejected `rejected` of `read` records may publish."""
        within = []
        if self.records is not None:
            within.append(rejected <= self.records)
        if self.percent is not None:
            within.append(rejected * 100 <= self.percent * read)
        return any(within)

    def __str__(self) -> str:
        parts = [str(self.records)] if self.records is not None else []
        parts += [f"{self.percent:g}%"] if self.percent is not None else []
        return " and ".join(parts)


def parse_seconds(text: str) -> float:
    """Read a number of seconds, 0 or more."""
    seconds = number(text)
    if seconds < 0:
        raise ValueError("must be a number of seconds, 0 or more")
    return seconds


def number(text: str) -> float:
    """A number; -1 if the text is none, or not a finite one."""
    try:
        found = float(text)
    except ValueError:
        return -1
    return found if isfinite(found) else -1


def parse_forget_key(text: str) -> str:
    """Read the secret by which forgotten users are recognised."""
    if len(text) < SHORTEST_KEY:
        raise ValueError(f"must have at least {SHORTEST_KEY} characters")
    return text


def parse_user(text: str) -> int:
    """Read a user's id.

    Raises:
        UsageError: it is not a number that a user can have.
    """
    if not re.fullmatch("[0-9]{1,19}", text.strip()) or int(text) > LARGEST:
        raise UsageError(f"a user is given by a number from 0 to 2^63 - 1, not {text!r}")
    return int(text)


def parse_duration(text: str) -> timedelta:
    """Read a duration above 0, such as 90m.

    >>> parse_duration("1.5h"), parse_duration("2d")
    (datetime.timedelta(seconds=5400), datetime.timedelta(days=2))
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", text.strip(), re.ASCII)
    try:
        duration = timedelta(**{UNITS[match[2]]: float(match[1])}) if match else timedelta()
    except OverflowError:
        duration = timedelta()
    if not duration:
        raise ValueError("must be a duration above 0, like 90m, 26h or 2d")
    return duration


def parse_day(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("must be a day like 2018-11-30") from None


def parse_kms_key(text: str) -> str:
    """Read the ARNs of KMS keys, separated by commas: a policy takes no ids and no aliases."""
    keys = [key.strip() for key in text.split(",")]
    if not all(map(KMS_KEY.fullmatch, keys)):
        raise ValueError("must be the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID")
    return ",".join(keys)


def parse_path(text: str) -> str:
    """Read the path of a file; `~` is the home folder."""
    if "://" in text or not text.strip():
        raise ValueError("must be the path of a file")
    return os.path.expanduser(text)  # noqa: PTH111 - it may be invalid


def parse_positive(text: str) -> float:
    """Read a number above 0."""
    found = number(text)
    if found <= 0:
        raise ValueError("must be a number above 0")
    return found


def parse_count(text: str) -> int:
    """Read a whole number above 0."""
    if not re.fullmatch(r"0*[1-9]\d{0,8}", text.strip()):
        raise ValueError("must be a whole number above 0")
    return int(text)


def parse_port(text: str) -> int:
    """Read the number of a port."""
    if not re.fullmatch(r"0*[1-9]\d{0,4}", text.strip()) or int(text) > LAST_PORT:
        raise ValueError(f"must be a port, 1 to {LAST_PORT}")
    return int(text)


def one_of(names: Sequence[str], must: str) -> Callable[[str], str]:
    """A function that reads one of some names; `must`: what a text has to be."""

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(f"must be {must}")
        return text

    return parse


parse_copy = one_of(("staged", "direct"), '"staged" or "direct"')
parse_new_fields = one_of(NEW_FIELDS, f"one of {', '.join(NEW_FIELDS)}")
parse_cluster_type = one_of(CLUSTER_TYPES, f"one of {', '.join(CLUSTER_TYPES)}")
