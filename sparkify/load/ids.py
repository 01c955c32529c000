"""Ids of loads and of runs: they sort by time."""

import datetime
import secrets
from contextlib import suppress

import sqlalchemy as sa

from sparkify.models import Load, table
from sparkify.models.statements import Query

TIME = "%Y%m%dT%H%M%S%f"  # in an id


def now() -> datetime.datetime:
    """The time in UTC, as TIMESTAMP columns hold it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def latest_load() -> Query:
    """The SELECT of the id of the last load; NULL if there is none."""
    return sa.select(sa.func.max(table(Load).c.load_id).label("load_id"))


def new_id(latest: str | None = None) -> str:
    """An id made of the time in UTC, or of the moment after `latest` if the clock went back.

    For a load, the caller holds the warehouse's lock, so that ids follow the order of the commits.
    """
    moment = now()
    with suppress(ValueError, OverflowError):  # an id that is not of this form has no time
        before = datetime.datetime.strptime((latest or "").partition("-")[0], TIME)
        moment = max(moment, before + datetime.timedelta(microseconds=1))
    return f"{moment:{TIME}}-{secrets.token_hex(3)}"
