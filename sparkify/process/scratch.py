"""Temporary folders, and the removal of those that killed runs left.

Each has a marker file, which its process keeps locked (flock) until it ends, however it ends. A
folder is removed only if it can be no other program's: it has our marker, belongs to this user,
has the mode that we gave it, is not a symbolic link, and nobody holds the lock. Where the file
system has no such locks, nothing is removed.
"""

import errno
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sparkify.errors import SparkifyError
from sparkify.process import stopping

PREFIX, MARKER = "sparkify-", ".sparkify-scratch"
MARK = b"a temporary folder of sparkify: removed when its process has ended\n"
MODE = 0o700
TRIES, MOMENT = 10, 0.05  # attempts at removing a folder, and seconds between two of them
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
# of this machine, never of a connection: those are OSErrors too, and mean to try again
SHORT = {*FULL, errno.EACCES, errno.EMFILE, errno.ENFILE}


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder for this process alone, removed at the end.

    Raises:
        SparkifyError: it cannot be made, or the disk is full.
    """
    made = Scratch()
    with shortages():
        try:
            made.make()
            yield made.path
        finally:
            stopping.complete(made.remove)


@contextmanager
def shortages(where: Path | None = None) -> Iterator[None]:
    """Turn errors of a full or forbidden disk, in a folder or among temporary files, into ours."""
    try:
        yield
    except OSError as error:
        if error.errno not in SHORT:
            raise
        hint = "; free some disk space" if error.errno in FULL else ""
        hint += ", or name another folder in TMPDIR" if hint and not where else ""
        name = error.filename or where or temporary()
        raise SparkifyError(f"{name}: {error.strerror}{hint}") from error


def temporary() -> Path:
    """The folder for temporary files.

    Raises:
        SparkifyError: there is none that can be written to.
    """
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        tried = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108
        raise SparkifyError(
            f"no temporary folder can be written to, not even {tried}; name one in TMPDIR"
        ) from error


class Scratch:
    """A temporary folder and the lock on its marker.

    Attributes:
        path: the folder, once it is made.
        lock: the descriptor that holds the lock.
    """

    def __init__(self) -> None:
        self.path = Path()
        self.lock: int | None = None

    @stopping.critical()
    def make(self) -> None:
        """Make the folder, and lock its marker."""
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=temporary()))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        self.lock = os.open(self.path / MARKER, flags, 0o600)
        with suppress(OSError):  # the file system may have no such locks
            fcntl.flock(self.lock, fcntl.LOCK_EX)  # a sweep holds it for a moment at most
        os.write(self.lock, MARK)  # before that, no sweep takes the folder for ours

    @stopping.critical()
    def remove(self) -> None:
        """Remove the folder, if it was made, and then give up the lock.

        After Ctrl-C a thread of DuckDB's may write to it a moment longer.
        """
        if self.path == Path():
            return
        for _ in range(TRIES):
            remove(self.path)
            if not self.path.exists():
                break
            time.sleep(MOMENT)
        lock, self.lock = self.lock, None
        if lock is not None:
            os.close(lock)


def remove(path: Path) -> None:
    """Remove a folder: its marker last, so that what a kill leaves can be recognised."""
    with suppress(OSError):
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name == MARKER:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    Path(entry.path).unlink(missing_ok=True)
        if os.listdir(path) == [MARKER]:  # noqa: PTH208 - nothing was added meanwhile
            (path / MARKER).unlink()
        path.rmdir()


def sweep() -> None:
    """Remove the temporary folders of processes that have ended."""
    for path in temporary().glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is in use, or belongs to somebody else
            sweep_one(path)


def sweep_one(path: Path) -> None:
    """Remove a folder if it is ours and nobody holds its lock.

    Raises:
        OSError: it is not a folder of ours, or it is in use.
    """
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if not is_private(directory, MODE):
            return
        marker = os.open(MARKER, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    finally:
        os.close(directory)
    try:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stat.S_ISREG(os.fstat(marker).st_mode) and os.read(marker, len(MARK) + 1) == MARK:
            remove(path)
    finally:
        os.close(marker)


def is_private(descriptor: int, mode: int) -> bool:
    """Whether a file or folder belongs to this user and has exactly these permissions."""
    found = os.fstat(descriptor)
    return found.st_uid == os.geteuid() and found.st_mode & 0o777 == mode
