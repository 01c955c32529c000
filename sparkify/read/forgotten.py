"""Recognises the records of people who were forgotten, of whom only keyed hashes are known."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from sparkify.models import EventRow, table
from sparkify.read.records import parse
from sparkify.read.sql import Scanner, Value

EVENTS = table(EventRow).fullname
LARGEST = 2**63 - 1  # of user ids
DIGITS = 64  # characters; what is longer is not a user's id
#: between a key and its number, also in a text whose line breaks were written as \n
BETWEEN = r"""(?:\\[nrt]|[\s:="'\\[])*"""
IDS = {
    name: re.compile(rf"{name}[ _-]?id{BETWEEN}([+-]?\d[\d.eE+_-]*)", re.I)
    for name in ("user", "session")
}
USER_KEY = re.compile(r"user[ _-]?id", re.I)


@dataclass(frozen=True)
class Forgotten:
    """Who was forgotten.

    Attributes:
        key: the secret of the hashes.
        hashes: one for each person.
    """

    key: str = field(repr=False)
    hashes: frozenset[str]

    @property
    def seal(self) -> str:
        """A digest of them all: what was staged before it changed may have to be read again."""
        return hashlib.sha256("".join(sorted(self.hashes)).encode()).hexdigest()

    def among(self, users: Iterable[int | None]) -> list[int]:
        """The user ids of those who were forgotten."""
        return [user for user in users if user is not None and self.knows(user)]

    def knows(self, user: int) -> bool:
        """Whether a user was forgotten."""
        return hash_of(self.key, user) in self.hashes

    def remove(self, scanner: Scanner, first_id: int, last_id: int) -> dict[int, int]:
        """Remove their events from the versions that a batch has staged.

        Returns:
            How many, by file_id.
        """
        rows = f"FROM {EVENTS} WHERE file_id BETWEEN $first_id AND $last_id"
        span: dict[str, Value] = {"first_id": first_id, "last_id": last_id}
        users = scanner.execute(f"SELECT DISTINCT user_id {rows}", span).fetchall()
        if not (found := self.among(user for (user,) in users)):
            return {}
        theirs, values = f"{rows} AND list_contains($users, user_id)", {**span, "users": found}
        count = f"SELECT file_id, count(*) {theirs} GROUP BY file_id"
        counted = dict(scanner.execute(count, values).fetchall())
        scanner.execute(f"DELETE {theirs}", values)
        return counted

    def is_named(self, raw: bytes) -> bool:
        """Whether a rejected record names one of them."""
        return any(map(self.knows, users_in(raw.decode("utf-8", "replace"))))


def hash_of(key: str, user: int) -> str:
    """The hash of a user id: HMAC-SHA256, in hexadecimal digits."""
    return hmac.digest(key.encode(), b"user %d" % user, "sha256").hex()


def check_of(key: str) -> str:
    """What tells one key from another, and nothing about either."""
    return hmac.digest(key.encode(), b"key", "sha256").hex()


def users_in(text: str) -> set[int]:
    """The user ids that a rejected record names, at any depth, whether or not it is JSON.

    >>> users_in('{"page":"Home","userId":"39.0"}'), users_in('{"userId": 039, oops')
    ({39}, {39})
    >>> users_in('{"userId":""}'), users_in('{"userId":"391"}')
    (set(), {391})
    """
    with suppress(ValueError):
        found = values(parse(text.encode("utf-8", "replace")))
        return integers(map(str, found)) | ids_in(text, "user")
    return ids_in(text, "user")


def ids_in(text: str, name: str) -> set[int]:
    """The numbers behind the name of an id, "user" or "session".

    >>> ids_in("(the record of session_id 38, ts 1)", "session")
    {38}
    """
    return integers(match[1] for match in IDS[name].finditer(text))


def values(record: object) -> Iterator[object]:
    """The values of all keys of JSON that mean a user's id."""
    waiting = [record]
    while waiting:
        match waiting.pop():
            case dict() as fields:
                yield from (value for key, value in fields.items() if USER_KEY.fullmatch(key))
                waiting += fields.values()
            case list() as items:
                waiting += items


def integers(texts: Iterable[str]) -> set[int]:
    """The numbers that texts mean."""
    return {number for number in map(integer, texts) if number is not None}


def integer(text: str) -> int | None:
    """The number that a text means, as the reader takes it or nearly so; None if it cannot be."""
    try:
        number = Decimal(text.strip()[:DIGITS].rstrip(".eE+_-"))
    except InvalidOperation:
        return None
    if not number.is_finite() or not 0 <= number <= LARGEST or number != int(number):
        return None
    return int(number)
