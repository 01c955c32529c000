"""Writes a database's file anew: in the old one, what was deleted can still be read.

DuckDB frees the blocks of deleted rows and does not clear them; its VACUUM and CHECKPOINT leave
them as they are.
"""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import sqlalchemy as sa

from sparkify.errors import SparkifyError, first_line
from sparkify.process import beside
from sparkify.process.stopping import critical
from sparkify.read.sql import literal
from sparkify.warehouses.duckdb.gate import entered
from sparkify.warehouses.executor import driver

logger = logging.getLogger(__name__)

FAILED = (
    "the rows were removed, but {name} could not be rewritten, and its free space may still have"
    " their bytes: {why}; run the command again"
)
REMAINS = (
    "%s is open by your Engine: its free space may have the bytes of the rows that were removed;"
    " close it and run `sparkify forget` once more"
)
COPY = "sparkify_copy"  # what the new database is called until it has the file's name


def rewrite(connection: sa.Connection, name: Path, *, owned: bool) -> None:
    """Replace a database's file by a copy of what is in it, and close the connection.

    Whoever opens the file gets the old one or the new one, both complete; nobody gets in between.

    Args:
        connection: the only one to the file.
        name: the file.
        owned: whether it is not the caller's, who may have more of them; else only warn.

    Raises:
        SparkifyError: the file is as it was.
    """
    if not owned:
        driver(connection).execute("CHECKPOINT")
        logger.warning(REMAINS, name)
        return
    try:
        replace(connection, name)
    except (OSError, SparkifyError, duckdb.Error) as error:
        raise SparkifyError(FAILED.format(name=name, why=first_line(error))) from error


def replace(connection: sa.Connection, name: Path) -> None:
    """Write the new file beside the old one, and let it take its place."""
    path = name.resolve()
    beside.sweep(path)
    with beside.Beside(path) as new:
        new.make_folder(0o700)
        copy = new.path / "copy.duckdb"
        copy_database(driver(connection), copy)
        if Path(f"{name}.wal").exists():  # it would be taken for that of the new file
            raise SparkifyError(f"{name}.wal is in use")
        with held(copy), critical():
            beside.be_like(copy, path.stat())
            beside.sync(copy)
            new.take_place(copy)
            connection.close()  # of the old file: before it, another process may not open the new


def copy_database(connection: duckdb.DuckDBPyConnection, copy: Path) -> None:
    """Copy all that is in a connection's database into a new file."""
    connection.execute("FORCE CHECKPOINT")
    ((name, version),) = connection.execute(
        "SELECT database_name, tags['storage_version'] FROM duckdb_databases()"
        " WHERE database_name = current_database()"
    ).fetchall()
    form = literal(str(version).rstrip("+"))  # so that those who could read it still can
    connection.execute(f"ATTACH {literal(copy)} AS {COPY} (STORAGE_VERSION {form})")
    quoted = name.replace('"', '""')
    try:
        connection.execute(f'COPY FROM DATABASE "{quoted}" TO {COPY}')
    finally:
        connection.execute(f"DETACH {COPY}")


@contextmanager
def held(copy: Path) -> Iterator[None]:
    """Keep others from opening a database file: threads of this process, and other processes."""
    with entered(copy, time.monotonic(), writes=True):
        descriptor = os.open(copy, os.O_RDWR)
        try:
            with suppress(OSError):  # the file system may have no such locks
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(descriptor)
