"""Temporary folders: the one place that makes them, and removes those that killed runs left.

Beside each stands a lock file, which its process holds locked (flock) for as long as it lives,
however it ends. A folder whose lock can be had is therefore a dead run's, whoever's it was; where
the file system knows no such locks nothing can be told, and nothing is removed.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sparkify.errors import SparkifyError
from sparkify.process import stopping

PREFIX, LOCK = "sparkify-", ".lock"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
# of this machine, never of a connection: those are OSErrors too, and mean to try again
SHORT = {*FULL, errno.EACCES, errno.EMFILE, errno.ENFILE}


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder of this process's own, which goes when it is left.

    Raises:
        SparkifyError: there is no room for it, or for what is written inside.
    """
    with shortages():
        lock, descriptor = locked()
        try:
            below(lock).mkdir(mode=0o700)
            yield below(lock)
        finally:
            let_go(lock, descriptor)


@contextmanager
def shortages(place: Path | None = None) -> Iterator[None]:
    """Turns what a machine runs out of, at a place or among temporary files, into our error."""
    try:
        yield
    except OSError as error:
        if error.errno not in SHORT:
            raise
        hint = "; make room" if error.errno in FULL else ""
        hint += ", or name another folder in TMPDIR" if hint and not place else ""
        where = error.filename or place or tempfile.gettempdir()
        raise SparkifyError(f"{where}: {error.strerror}{hint}") from error


@stopping.whole
def let_go(lock: Path, descriptor: int) -> None:
    """Remove a folder, and no longer lock it."""
    remove(lock)
    os.close(descriptor)


@stopping.whole
def locked() -> tuple[Path, int]:
    """A new lock file, and its descriptor, which holds the lock until it is closed."""
    descriptor, name = tempfile.mkstemp(prefix=PREFIX, suffix=LOCK)
    swept = False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        swept = not os.fstat(descriptor).st_nlink
    except BlockingIOError:  # a sweep has it this very moment
        swept = True
    except OSError:  # no such locks are known here
        pass
    if not swept:
        return Path(name), descriptor
    os.close(descriptor)
    return locked()


def below(lock: Path) -> Path:
    """The folder that a lock file is for."""
    return lock.with_name(lock.name.removesuffix(LOCK))


def remove(lock: Path) -> None:
    """Remove a folder, then, if that could be done, what says whether it is in use."""
    shutil.rmtree(below(lock), ignore_errors=True)
    if not below(lock).exists():
        lock.unlink(missing_ok=True)


def sweep() -> None:
    """Remove the folders of processes that are no more."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*{LOCK}"):
        with suppress(OSError):  # it is in use, or not ours to look at
            descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(lock)
            finally:
                os.close(descriptor)
