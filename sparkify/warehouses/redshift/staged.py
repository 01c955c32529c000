"""The way of rows to Redshift by this machine: read here, exported as parts, copied from there."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa
from sqlalchemy.schema import CreateSchema, CreateTable

from sparkify.models import KINDS, STAGING, table
from sparkify.process import scratch, stopping
from sparkify.warehouses import dialect_of
from sparkify.warehouses.base import Statement
from sparkify.warehouses.duckdb import limit_memory, shortage
from sparkify.warehouses.redshift.copy_log import COUNTED
from sparkify.warehouses.redshift.parts import export

if TYPE_CHECKING:
    from sparkify.warehouses.redshift.warehouse import Redshift


@contextmanager
def room() -> Iterator[Any]:
    """A DuckDB of its own for one load, with the staging tables."""
    dialect = dialect_of("duckdb")
    with scratch.folder() as directory, failures(str(directory)):
        made = duckdb.connect(f"{directory}/room.duckdb")
        try:
            limit_memory(made)
            made.execute(str(CreateSchema(STAGING).compile(dialect=dialect)))
            for model in KINDS.values():
                made.execute(str(CreateTable(table(model)).compile(dialect=dialect)))
            yield made
        finally:
            with stopping.critical():
                made.interrupt()  # else a query that a signal ended would be waited for
                made.close()


@contextmanager
def failures(name: str) -> Iterator[None]:
    """Turns what DuckDB itself runs out of into our error."""
    try:
        yield
    except duckdb.Error as error:
        if (ours := shortage(name, error)) is not None:
            raise ours from error
        raise


def take(
    warehouse: "Redshift", connection: sa.Connection, room: Any, load_id: str, rows: dict[str, int]
) -> None:
    """Bring a room's rows into the staging tables: parts, manifest, COPY, count."""
    for kind, count in rows.items():
        staging = table(KINDS[kind])
        if not count:
            continue
        with scratch.folder() as directory:
            files = list(export(room, staging, directory, slices(warehouse, connection)))
            manifest = warehouse.parts.upload(f"{load_id}/{staging.name}", files)
        warehouse.copy_from(connection, staging, manifest, count, "ZSTD")


def slices(warehouse: "Redshift", connection: sa.Connection) -> int:
    """How many parts are read at the same time; serverless does not tell."""
    if "serverless" in (warehouse.engine.url.host or ""):
        return 4
    select = sa.text("SELECT count(*) FROM stv_slices")
    return int(warehouse.execute(connection, select).scalar_one())


def statements(warehouse: "Redshift", kinds: Iterable[str]) -> Iterator[Statement]:
    """The COPY of each kind; the reader's own statements stay on this machine."""
    for kind in kinds:
        staging = table(KINDS[kind])
        manifest = warehouse.parts.url(f"LOAD_ID/{staging.name}.manifest")
        yield warehouse.copy_command(staging, manifest, "ZSTD")
        yield COUNTED
