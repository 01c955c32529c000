"""Our errors for DuckDB's, and for paths that cannot be a database."""

import re
import stat
from pathlib import Path

import duckdb
import sqlalchemy as sa

from sparkify.errors import SparkifyError, TryAgain, UsageError, WarehouseBusy, first_line
from sparkify.models.base import STAGING
from sparkify.warehouses.duckdb.local import shortage

HELD = re.compile(r"lock on file.*?(?:held in .* \(PID (\d+)\)|$)", re.DOTALL)


def translate(path: str, error: Exception) -> SparkifyError | None:
    """Our error for one of DuckDB's; None for an unexpected one."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    text = first_line(cause) if cause else ""
    match cause:
        case duckdb.IOException() if held := HELD.search(str(cause)):
            holder = f"process {held[1]}" if held[1] else "another process"
            return WarehouseBusy(f"{path} is held by {holder}; wait for it or stop it")
        case duckdb.IOException() if "not a valid DuckDB" in text:
            return SparkifyError(f"{path} is not a DuckDB database")
        case duckdb.TransactionException() if "commit: could not" in text.lower():
            return SparkifyError(f"{path}: {text}")
        case duckdb.TransactionException():
            return TryAgain(f"{path}: {text}")
        case duckdb.ConnectionException() if "different configuration" in text:
            return WarehouseBusy(
                f"{path} is open in this process with other options; close that connection"
            )
        case duckdb.ConnectionException():
            return SparkifyError(f"{path} cannot be opened: {text}")
        case duckdb.OutOfMemoryException():
            return SparkifyError(f"{path}: {text}; ?memory_limit=8GB in its URL gives it more")
    return shortage(path, cause)


def absolute(path: str) -> Path:
    """The absolute path of a database's file.

    Raises:
        UsageError: it is relative to a working directory that no longer exists.
    """
    try:
        return Path(path).absolute()
    except FileNotFoundError:
        raise UsageError(
            f"{path}: the working directory no longer exists; give an absolute path"
        ) from None


def check_path(path: Path) -> None:
    """Check that a path is a file, or can become one.

    Raises:
        UsageError: its folder does not exist, or its name cannot be that of a database.
        SparkifyError: something else is there.
    """
    if database_name(path).lower() == STAGING:
        raise UsageError(
            f"{path}: DuckDB names a database after its file, up to the first dot, and {STAGING!r}"
            " is the name of a schema inside; choose another name"
        )
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        parent = path.resolve().parent
        if not parent.is_dir():
            raise UsageError(f"folder not found: {parent}; create it first") from None
        return
    except OSError as error:
        raise SparkifyError(f"{path} cannot be opened: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise SparkifyError(f"{path} is {what}, not a DuckDB database")


def database_name(path: Path) -> str:
    """The name that DuckDB gives to the database in a file.

    >>> [database_name(Path(name)) for name in ("a/w.duckdb", "staging.2018.duckdb", ".x.duckdb")]
    ['w', 'staging', 'x']
    """
    return next(filter(None, re.split(r"[.?]", path.name)), path.name)
