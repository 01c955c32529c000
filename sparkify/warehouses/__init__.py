"""The engines, and the routes by which rows get into their staging tables.

    base       what an engine has to do
    routes     how rows get into the staging tables
    executor   sends statements, or shows them
    duckdb/    the embedded default
    redshift/  Amazon Redshift

Everything that differs between the engines is here. If only the text of a statement differs, it
is a `@compiles`; if the sequence of operations differs, it is a method.
"""

from importlib import import_module
from typing import TYPE_CHECKING

import sqlalchemy as sa

from sparkify.config import load
from sparkify.errors import UsageError
from sparkify.masking import remember
from sparkify.settings import Settings
from sparkify.warehouses import urls
from sparkify.warehouses.base import Warehouse
from sparkify.warehouses.urls import BARE

if TYPE_CHECKING:
    from sparkify.warehouses.duckdb.copying import FileCopy

__all__ = ["BARE", "Warehouse"]  # of others


def connect(warehouse: str | sa.Engine, settings: Settings | None = None) -> Warehouse:
    """The warehouse of a URL, or of an Engine that the caller keeps.

    Args:
        warehouse: a URL, or an Engine; a bare name, as "duckdb", means a warehouse that does not
            exist yet.
        settings: the settings of this call; by default those of the environment and dwh.cfg.

    Returns:
        A context manager, which closes the warehouse at its end.

    Raises:
        UsageError: the URL is not a warehouse's, or an option of it is not valid.
    """
    opened: str | sa.Engine = warehouse
    if isinstance(warehouse, sa.Engine):
        remember(warehouse.url.password)
    elif warehouse not in BARE:
        opened = urls.parse(warehouse).render_as_string(hide_password=False)
    backend = backend_of(opened)
    if backend == "duckdb":
        from sparkify.warehouses.duckdb.warehouse import DuckDB

        return DuckDB.connect(opened)
    if backend == "redshift":
        from sparkify.warehouses.redshift.warehouse import Redshift

        return Redshift.connect(opened, settings or load())
    raise urls.not_a_warehouse(f"{backend}://")


def copy_of(warehouse: Warehouse, settings: Settings) -> "FileCopy | None":
    """The copy that the settings ask for, checked; None if they ask for none.

    Raises:
        UsageError: this warehouse cannot be copied, or not to there.
        SparkifyError: what is there is not a copy of this warehouse.
    """
    if not settings.publish:
        return None
    from sparkify.warehouses.duckdb.copying import FileCopy
    from sparkify.warehouses.duckdb.warehouse import DuckDB

    if not isinstance(warehouse, DuckDB):
        raise UsageError(
            f"publish copies the file of a DuckDB warehouse, and {warehouse.url} has none: leave it"
            " out"
        )
    copy = FileCopy(warehouse, settings.publish)
    copy.check()
    return copy


def read_from(settings: Settings) -> str:
    """The URL of what readers open: the published copy, unless the call names a warehouse."""
    named = settings.origins.get("warehouse") == "argument"
    if not settings.publish or named or backend_of(settings.warehouse) != "duckdb":
        return settings.warehouse
    url = urls.parse(settings.warehouse)
    return url.set(database=settings.publish).render_as_string(hide_password=False)


def backend_of(warehouse: str | sa.Engine) -> str:
    """The name of the engine behind a URL or an Engine.

    Raises:
        UsageError: the URL is not a warehouse's.
    """
    if isinstance(warehouse, sa.Engine):
        return warehouse.dialect.name
    return warehouse if warehouse in BARE else urls.parse(warehouse).get_backend_name()


def dialect_of(name: str) -> sa.Dialect:
    """The dialect in which statements for "duckdb" or "redshift" are written."""
    dialect: sa.Dialect = import_module(f"{__name__}.{name}.dialect").Dialect()
    return dialect


def driver_name(name: str) -> str:
    """The start of URLs that use our dialect for "duckdb" or "redshift"."""
    return str(import_module(f"{__name__}.{name}.dialect").DRIVER)
