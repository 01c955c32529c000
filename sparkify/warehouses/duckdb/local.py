"""What DuckDB needs from this machine: memory, disk space, and files that appear as a whole."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import sqlalchemy as sa

from sparkify.errors import SparkifyError, first_line
from sparkify.process import scratch, stopping
from sparkify.warehouses.executor import driver

NEW = ".new"  # ends the name of a database that is being created
STORAGE = "v1.5.0"  # of files: a fifth quicker to write than what older versions can read
MEMORY_A_THREAD = 512  # MiB that a load may take


def limit_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a load take some memory for each thread, and not most of the machine's.

    More memory makes no load faster; what does not fit goes to the disk.
    """
    ((threads,),) = connection.execute("SELECT current_setting('threads')").fetchall()
    connection.execute(f"SET memory_limit = '{max(2, threads) * MEMORY_A_THREAD}MiB'")


def any_order(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a load write rows in any order, so that no thread waits for another."""
    connection.execute("SET preserve_insertion_order = false")


@contextmanager
def no_progress_bar(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keep DuckDB's progress bar, which it prints to stdout, switched off while inside."""
    ((before,),) = connection.execute("SELECT current_setting('enable_progress_bar')").fetchall()
    connection.execute("SET enable_progress_bar = false")
    try:
        yield
    finally:
        if before:  # on a connection of the caller's; in one that failed nothing can be set
            with suppress(duckdb.Error):
                connection.execute("SET enable_progress_bar = true")


def in_transaction(connection: sa.Connection) -> bool:
    """Whether the driver has a transaction open: two statements have one id."""
    own = driver(connection)
    try:
        first, second = (own.execute("SELECT txid_current()").fetchone() for _ in range(2))
    except duckdb.TransactionException:  # one that failed, and that waits for ROLLBACK
        return True
    return bool(first == second)


def create_file(path: Path) -> None:
    """Create the file of an empty database as a whole, unless another run was quicker."""
    with scratch.folder() as folder:
        made = folder / "new.duckdb"
        duckdb.connect(made, config={"storage_compatibility_version": STORAGE}).close()
        content = made.read_bytes()
    new = path.with_name(f".{path.name}-{secrets.token_hex(4)}{NEW}")
    with stopping.critical():
        try:
            new.write_bytes(content)
            with suppress(OSError):  # it exists by now, or there are no links here
                os.link(new, path)
        finally:
            new.unlink(missing_ok=True)


def shortage(name: str, error: BaseException | None) -> SparkifyError | None:
    """The error for what DuckDB lacks: disk space, memory, an intact file."""
    match error:
        case duckdb.IOException() | duckdb.OutOfMemoryException() | duckdb.FatalException():
            return SparkifyError(f"{name}: {first_line(error)}")
    return None


def give_up(connection: sa.Connection) -> None:
    """Roll back, so that what an interrupted statement left does not outlive the connection."""
    with stopping.critical():
        # a query that a signal ended goes on in DuckDB's threads, and ROLLBACK would wait for it
        if not connection.invalidated:  # as SQLAlchemy 2.1 does after a signal
            driver(connection).interrupt()
        connection.rollback()
