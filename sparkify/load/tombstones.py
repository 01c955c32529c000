"""The book of people who were forgotten: who they are, only the key can tell.

A run must have the key, so that their records stay out.
"""

import sqlalchemy as sa

from sparkify.errors import UsageError
from sparkify.load.ids import now
from sparkify.models import Forgotten as Tombstone
from sparkify.models import table
from sparkify.models.statements import Query
from sparkify.read.forgotten import Forgotten, check_of, hash_of
from sparkify.settings import OPTIONS, Settings
from sparkify.warehouses.executor import Executor

TOMBSTONES = table(Tombstone)


def tombstones() -> Query:
    """The SELECT of all tombstones."""
    return sa.select(TOMBSTONES.c.user_hash, TOMBSTONES.c.key_check)


def forgotten(executor: Executor, settings: Settings, *, warehouse: str) -> Forgotten | None:
    """Who was forgotten; None if nobody was.

    Args:
        warehouse: its URL, for messages.

    Raises:
        UsageError: the settings do not have the key.
    """
    found = list(executor.books(tombstones()))
    if not found:
        return None
    key = settings.forget_key
    if key is None:
        raise no_key(f"users were forgotten in {warehouse}, and only the key keeps them out")
    if {check for _, check in found} != {check_of(key)}:
        raise UsageError(
            f"forget_key ({settings.origins['forget_key']}) is not the key with which users were"
            f" forgotten in {warehouse}; give that key"
        )
    return Forgotten(key, frozenset(user_hash for user_hash, _ in found))


def no_key(why: str) -> UsageError:
    """The error for a missing key."""
    option = OPTIONS["forget_key"]
    ((section, name),) = option.keys
    return UsageError(f"{why}: set {option.environment}, or [{section}] {name} in dwh.cfg")


def tombstone(key: str, user: int) -> sa.Insert:
    """The INSERT of a tombstone."""
    values = {"user_hash": hash_of(key, user), "key_check": check_of(key), "forgotten_at": now()}
    return sa.insert(TOMBSTONES).values(values)
