"""What is done to a warehouse beside loading: `upgrade`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from sparkify import config, warehouses
from sparkify.load.rebuild import rebuild
from sparkify.models import schema, views
from sparkify.models.revisions import Step
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse


def upgrade(
    warehouse: str | sa.Engine | None = None, *, tell: Callable[[Step], object] | None = None
) -> tuple[Step, ...]:
    """Create the schema of a warehouse, or upgrade it to this version's, in one transaction.

    After a team's own migrations the star is built anew, so that their new columns are filled.

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


@contextmanager
def existing(
    warehouse: str | sa.Engine | None, *, bare: bool = False
) -> Iterator[tuple[Warehouse, Settings]]:
    """A warehouse, opened, and the settings; `bare`: it may be the name of an engine."""
    url = None if isinstance(warehouse, sa.Engine) else warehouse
    settings = config.load({"warehouse": url})
    with warehouses.connect(warehouse or settings.warehouse, settings) as opened:
        if not bare:
            opened.require_url()
        yield opened, settings
