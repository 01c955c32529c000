"""A read-only copy of a DuckDB warehouse, for readers who must not stop the next run.

The file is copied byte by byte, after it was checkpointed and closed, under the lock that a reader
of DuckDB takes. Such a lock belongs to the process, and ends when the process closes any descriptor
of the file: so the copy is not made while something else in this process has the file open.
"""

import errno
import fcntl
import logging
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

import duckdb

from sparkify.errors import SparkifyError, TryAgain, UsageError, WarehouseBusy
from sparkify.models.base import STAGING
from sparkify.process import owned, scratch
from sparkify.process.files import new_beside
from sparkify.read.sql import fill
from sparkify.warehouses.duckdb.faults import absolute, check_path
from sparkify.warehouses.duckdb.warehouse import DuckDB
from sparkify.warehouses.executor import driver

logger = logging.getLogger(__name__)

TABLE = f"{STAGING}.published"  # only a copy has it
POLL = 0.1  # seconds between two tries to lock the file
STEP = 64 << 20  # bytes copied at once; a signal is noticed in between
UNSUPPORTED = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


class Mark(NamedTuple):
    """What a copy says of itself: the warehouse's path, and its file's size and time when copied.

    Attributes:
        changed: when the warehouse's file changed last, in ns since the epoch.
    """

    warehouse: str
    size: int
    changed: int


class FileCopy:
    """The copy of a warehouse, in a file of its own.

    Attributes:
        source: the warehouse's file.
        target: the copy, behind symbolic links.
        mark: what the copy says of itself, None if there is none; read by `check`.
    """

    def __init__(self, warehouse: DuckDB, path: str) -> None:
        self.warehouse, self.path = warehouse, path
        self.source = Path(os.path.realpath(warehouse.path))
        self.target = Path(os.path.realpath(absolute(path)))
        self.mark: Mark | None = None

    def check(self) -> None:
        """Check, before anything is loaded, that the copy can be made.

        Raises:
            UsageError: this warehouse cannot be copied, or not to there.
            SparkifyError: what is there is not a copy of this warehouse.
        """
        if not self.warehouse.owned or self.warehouse.in_memory:
            raise UsageError(f"{self.warehouse.path}: only a warehouse with a file's URL is copied")
        check_path(self.target)
        if self.target == self.source or is_same(self.target, self.source):
            raise UsageError(f"{self.path} is the warehouse itself; publish to another file")
        if not os.access(self.target.parent, os.W_OK):
            raise SparkifyError(f"{self.path} cannot be written: its folder is read-only")
        self.mark = None
        if self.target.exists() and self.target.stat().st_size:
            self.mark = read_mark(self.target)
            if self.mark is None:
                raise SparkifyError(owned.foreign(Path(self.path)))
            if self.mark.warehouse != str(self.source):
                raise SparkifyError(
                    f"{self.path} is a copy of another warehouse, {self.mark.warehouse}; choose"
                    " another name, or move it away"
                )

    def update(self, lock_timeout: float, note: str = "") -> None:
        """Copy the warehouse, unless the copy is up to date; `check` comes before it.

        Args:
            note: what is said of a failure, behind its reason.

        Raises:
            WarehouseBusy: it is still written to after `lock_timeout` seconds.
            SparkifyError: the copy cannot be written; the former one is as it was.
        """
        try:
            self.renew(lock_timeout)
        except SparkifyError as error:
            raise type(error)(f"{error}{note}") from error

    def renew(self, lock_timeout: float) -> None:
        """See `update`."""
        if self.mark == self.current() and not self.log_of(self.source).exists():
            return
        deadline = time.monotonic() + lock_timeout
        with self.warehouse.errors(), self.warehouse.alone(deadline):
            if self.log_of(self.source).exists():
                with self.warehouse.opened(self.warehouse.engine, deadline) as connection:
                    driver(connection).execute("CHECKPOINT")
            with locked(self.source, deadline) as file:
                self.copy(file)

    def copy(self, file: BinaryIO) -> None:
        """Copy the warehouse's locked file."""
        if self.log_of(self.source).exists():
            raise TryAgain(f"{self.source} was written to meanwhile; run again")
        if (log := self.log_of(self.target)).exists():
            raise SparkifyError(
                f"{log} exists: another program has written to {self.path}; move both away"
            )
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o555
        mark = self.current()
        with new_beside(self.target, mode) as made:
            with made.open("xb") as target:
                copy_bytes(file, target)
            write_mark(made, mark)
        logger.info("copied %s bytes to %s", f"{mark.size:,}", self.path)

    def current(self) -> Mark:
        """What a copy made now would say of itself."""
        found = self.source.stat()
        return Mark(str(self.source), found.st_size, found.st_mtime_ns)

    @staticmethod
    def log_of(path: Path) -> Path:
        """DuckDB's log beside a database: there after a kill, or while a program writes."""
        return path.with_name(f"{path.name}.wal")


def is_same(one: Path, other: Path) -> bool:
    """Whether two names are of one file."""
    with suppress(OSError):
        return one.samefile(other)
    return False


def read_mark(path: Path) -> Mark | None:
    """What a copy says of itself; None if the file is not a copy of ours."""
    try:
        return mark_in(path)
    except (duckdb.IOException, duckdb.ConnectionException) as error:
        if "not a valid DuckDB" in str(error):
            return None
    with scratch.folder() as directory:  # somebody has opened it to write, and it may be ours
        return mark_in(Path(shutil.copyfile(path, directory / "copy.duckdb")))


def mark_in(path: Path) -> Mark | None:
    """The same of a database that nobody holds."""
    with duckdb.connect(path, read_only=True) as connection:
        try:
            row = connection.execute(f"SELECT warehouse, size, changed FROM {TABLE}").fetchone()
        except duckdb.CatalogException:
            return None
        return Mark(*row) if row else None


def write_mark(path: Path, mark: Mark) -> None:
    """Let a copy say what it is; this also shows that DuckDB can open it."""
    values = {**mark._asdict(), "at": datetime.now(UTC).isoformat(sep=" ", timespec="seconds")}
    with duckdb.connect(path) as connection:
        connection.execute(
            fill(
                f"CREATE OR REPLACE TABLE {TABLE} AS"  # there, where a copy became a warehouse
                " SELECT $warehouse AS warehouse, $size::BIGINT AS size,"
                " $changed::BIGINT AS changed, ($at::TIMESTAMPTZ AT TIME ZONE 'UTC') AS copied_at",
                values,
            )
        )


@contextmanager
def locked(path: Path, deadline: float) -> Iterator[BinaryIO]:
    """A file under the lock of a reader of DuckDB, which keeps all writers out.

    Raises:
        WarehouseBusy: something still writes to it at the deadline.
    """
    while is_open_here(path):
        wait(path, deadline)
    with path.open("rb") as file:
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):
                    raise
                wait(path, deadline)
        yield file


def wait(path: Path, deadline: float) -> None:
    """Wait a moment.

    Raises:
        WarehouseBusy: the deadline is over.
    """
    if time.monotonic() + POLL > deadline:
        raise WarehouseBusy(f"{path} is written to by another connection, and was not copied")
    time.sleep(POLL)


def is_open_here(path: Path) -> bool:
    """Whether this process has a descriptor of a file, as far as the system tells."""
    found = path.stat()
    with suppress(OSError):
        for number in map(int, os.listdir("/dev/fd")):  # noqa: PTH208 - names are enough
            with suppress(OSError):
                if os.path.samestat(os.fstat(number), found):
                    return True
    return False


def copy_bytes(source: BinaryIO, target: BinaryIO) -> None:
    """Copy a file; on file systems that can share blocks, nothing is read or written."""
    try:
        while os.copy_file_range(source.fileno(), target.fileno(), STEP):
            pass
    except OSError as error:
        if error.errno not in UNSUPPORTED or target.seek(0, os.SEEK_END):
            raise
        shutil.copyfileobj(source, target, STEP)
    except AttributeError:  # not on this system
        shutil.copyfileobj(source, target, STEP)
