"""The engines, and the routes by which rows get into their staging tables.

    base       what an engine has to do
    routes     how rows get into the staging tables
    executor   sends statements, or shows them
    duckdb/    the embedded default
    redshift/  Amazon Redshift

Everything that differs between the engines is here. If only the text of a statement differs, it
is a `@compiles`; if the sequence of operations differs, it is a method.
"""

import sqlalchemy as sa

from sparkify.config import load
from sparkify.errors import UsageError
from sparkify.masking import mask_url
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse

BARE = ("duckdb", "redshift")


def connect(warehouse: str | sa.Engine, settings: Settings | None = None) -> Warehouse:
    """The warehouse of a URL, or of an Engine that the caller keeps.

    A bare name, as "duckdb", means a warehouse that does not exist yet.

    Raises:
        UsageError: the URL is not a warehouse's.
    """
    backend = backend_of(warehouse)
    if backend == "duckdb":
        from sparkify.warehouses.duckdb.warehouse import DuckDB

        return DuckDB.connect(warehouse)
    if backend == "redshift":
        from sparkify.warehouses.redshift.warehouse import Redshift

        return Redshift.connect(warehouse, settings or load())
    shown = mask_url(str(warehouse))
    raise UsageError(f"not a warehouse URL: {shown}; give one like duckdb:///sparkify.duckdb")


def backend_of(warehouse: str | sa.Engine) -> str | None:
    """The name of the engine behind a URL or an Engine; None if it is not a URL."""
    if isinstance(warehouse, sa.Engine):
        return warehouse.dialect.name
    if warehouse in BARE:
        return warehouse
    try:
        return sa.make_url(warehouse).get_backend_name()
    except sa.exc.ArgumentError:
        return None


def dialect_of(name: str) -> sa.Dialect:
    """The dialect in which statements for "duckdb" or "redshift" are written."""
    if name == "duckdb":
        from sparkify.warehouses.duckdb.dialect import Dialect

        return Dialect()
    from sparkify.warehouses.redshift.dialect import Dialect as RedshiftDialect

    return RedshiftDialect()


def driver_name(name: str) -> str:
    """The start of URLs that use our dialect for "duckdb" or "redshift"."""
    if name == "duckdb":
        from sparkify.warehouses.duckdb import dialect as duckdb

        return duckdb.DRIVER
    from sparkify.warehouses.redshift import dialect as redshift

    return redshift.DRIVER
