"""What DuckDB needs from this machine: memory, disk space, and files that appear as a whole."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

import duckdb

from sparkify.errors import SparkifyError, first_line
from sparkify.process import stopping

NEW = ".new"  # ends the name of a database that is being created
MEMORY_A_THREAD = 512  # MiB that a load may take


def limit_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a load take some memory for each thread, and not most of the machine's.

    More memory makes no load faster; what does not fit goes to the disk.
    """
    ((threads,),) = connection.execute("SELECT current_setting('threads')").fetchall()
    connection.execute(f"SET memory_limit = '{max(2, threads) * MEMORY_A_THREAD}MiB'")


def create_file(path: Path, content: bytes) -> None:
    """Create a file as a whole, unless another run was quicker."""
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
