"""What is done to a warehouse beside loading: `upgrade` and `forget`."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

from sparkify import config, warehouses
from sparkify.load.forget import forget_user
from sparkify.load.rebuilding import rebuild
from sparkify.load.removal import Erasure
from sparkify.load.tombstones import no_key
from sparkify.models import schema, views
from sparkify.models.revisions import Step
from sparkify.settings import Settings
from sparkify.values import parse_user
from sparkify.warehouses.base import Warehouse

STILL_THERE = (
    " (the rows were removed from the warehouse, but the copy for readers still has them; run the"
    " command again)"
)


def upgrade(
    warehouse: str | sa.Engine | None = None, *, tell: Callable[[Step], object] | None = None
) -> tuple[Step, ...]:
    """Create the schema of a warehouse, or upgrade it to this version's, in one transaction.

    After a team's own migrations the star is rebuilt, so that their new columns are filled.

    Args:
        warehouse: as for `run`.
        tell: called with each step when it is done; it is committed with the last one.

    Returns:
        The steps; none if the schema was up to date. `str` of each says what it does.

    Raises:
        SparkifyError: the warehouse cannot be opened, its tables are not Sparkify's, or its schema
            is newer than this version.
    """
    with existing(warehouse) as (opened, settings):
        copy = warehouses.copy_of(opened, settings)
        with opened.writing(settings.lock_timeout) as connection:
            schema.check_upgradable(connection, opened.url)
            steps = schema.upgrade(connection, tell)
            if any(step.own for step in steps):
                connection.rollback()
                rebuild(opened, opened.executor(connection), settings.lock_timeout)
        if copy is not None:
            copy.update(settings.lock_timeout)
    return steps


def upgrade_sql(warehouse: str | sa.Engine | None = None) -> str:
    """The statements of an upgrade, as a script; nothing is changed.

    Args:
        warehouse: as for `plan`: "duckdb" or "redshift" means one that does not exist yet.

    Returns:
        SQL, with a semicolon behind each statement.

    Raises:
        SparkifyError: as for `upgrade`.
    """
    with existing(warehouse, bare=True) as (opened, settings):
        driver = warehouses.driver_name(opened.name)
        if not opened.exists():
            return schema.upgrade_sql(driver)
        with opened.reading(settings.lock_timeout) as connection:
            schema.check_upgradable(connection, opened.url)
            found, granted = schema.current(connection), views.granted(connection)
            return schema.upgrade_sql(driver, found, granted)


# long because its parameters are documented here
def forget(
    user: int | str,
    warehouse: str | sa.Engine | None = None,
    *,
    dry_run: bool = False,
    lock_timeout: float | str | None = None,
    publish: str | os.PathLike[str] | None = None,
    tls: bool = True,
    forget_key: str | None = None,
) -> Erasure:
    """Remove a person's data from a warehouse, and keep it out of later loads.

    Args:
        user: the user's id, a number from 0 to 2^63 - 1.
        warehouse, lock_timeout, publish, tls: as for `run`; a copy for readers is updated, too.
        dry_run: only count what would be removed.
        forget_key: the secret by which later runs recognise the user; they need it, too.

    Returns:
        How many rows were removed. That there are none is not an error: the lake may have some.

    Raises:
        UsageError: there is no key, or it is not the one of earlier calls, or the user's id is not
            valid.
        SparkifyError: any other expected failure. Nothing was removed, unless the message says so.
    """
    given = {"lock_timeout": lock_timeout, "publish": publish, "tls": tls, "forget_key": forget_key}
    with existing(warehouse, given, bare=True) as (opened, settings):
        if settings.forget_key is None:
            raise no_key("to forget a user needs a secret of at least 16 characters")
        number = parse_user(str(user))
        copy = None if dry_run else warehouses.copy_of(opened, settings)
        erasure = forget_user(opened, settings, settings.forget_key, number, dry_run=dry_run)
        if copy is not None:
            copy.update(settings.lock_timeout, note=STILL_THERE)
    return erasure


@contextmanager
def existing(
    warehouse: str | sa.Engine | None,
    given: Mapping[str, object] | None = None,
    *,
    bare: bool = False,
) -> Iterator[tuple[Warehouse, Settings]]:
    """A warehouse, opened, and the settings, some of which are given.

    Args:
        bare: whether it may be the name of an engine.
    """
    url = None if isinstance(warehouse, sa.Engine) else warehouse
    settings = config.load({**(given or {}), "warehouse": url})
    with warehouses.connect(warehouse or settings.warehouse, settings) as opened:
        if not bare:
            opened.require_url()
        yield opened, settings
