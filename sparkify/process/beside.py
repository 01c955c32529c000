"""Temporary files and folders beside a target, and the step by which they take its name.

Their names tell the target (by a digest of its name, since names have a longest length) and that
they are ours. The process that writes one holds its lock (flock). The next write to the same target
removes those that nobody holds any more.
"""

import ctypes
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from sparkify.process.stopping import complete, critical

AT_FDCWD, RENAME_EXCHANGE = -100, 2
NAME = re.compile(r"\.sparkify-[0-9a-f]{12}-[0-9a-f]{12}\.(new|old)")


class Beside:
    """A file or a folder beside a target, until it takes its name, or is removed at the end.

    Attributes:
        path: where it is.
        lock: the descriptor that holds its lock.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f"{prefix(target)}{secrets.token_hex(6)}.new")
        self.lock: int | None = None

    @critical()
    def make_file(self, mode: int) -> None:
        """Make an empty file, with these permissions but for the umask."""
        self.path.touch(mode=mode, exist_ok=False)
        self.hold(self.path)

    @critical()
    def make_folder(self, mode: int) -> None:
        """Make an empty folder, with these permissions but for the umask."""
        self.path.mkdir(mode=mode)
        self.hold(self.path)

    def hold(self, path: Path) -> None:
        """Lock a file or a folder.

        Raises:
            OSError: a sweep of another process removed it a moment ago.
        """
        self.lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with suppress(OSError):  # the file system may have no such locks
            fcntl.flock(self.lock, fcntl.LOCK_EX)
        if not os.fstat(self.lock).st_nlink:
            raise FileNotFoundError(errno.ENOENT, "another process writes it, too", str(path))

    @critical()
    def take_place(self, path: Path) -> None:
        """Give a file, this one or one in this folder, the target's name."""
        path.replace(self.target)
        sync(self.target.parent)

    def __enter__(self) -> "Beside":
        return self

    def __exit__(self, *error: object) -> None:
        complete(self.remove)

    @critical()
    def remove(self) -> None:
        """Remove it, if it has not taken the target's name, and give up the lock."""
        remove(self.path)
        lock, self.lock = self.lock, None
        if lock is not None:
            os.close(lock)


def be_like(path: Path, found: os.stat_result) -> None:
    """Give a path the permissions and, as far as this user may, the owner of what it replaces."""
    with suppress(PermissionError):
        os.chown(path, found.st_uid, found.st_gid)
    path.chmod(stat.S_IMODE(found.st_mode))


def prefix(target: Path) -> str:
    """What the names of a target's temporary files begin with."""
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()
    return f".sparkify-{digest[:12]}-"


def remove(path: Path) -> None:
    """Remove a file or a folder; what cannot be removed is left to the next sweep."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()


@critical()
def sweep(target: Path) -> None:
    """Remove what killed processes left beside a target, and put back a folder they took away."""
    with suppress(OSError):
        left = [path for path in target.parent.iterdir() if path.name.startswith(prefix(target))]
        for path in left:
            with suppress(OSError):  # it is in use, or belongs to somebody else
                sweep_one(path, target)


def sweep_one(path: Path, target: Path) -> None:
    """Remove or put back what was left, if it is ours and nobody holds its lock.

    Raises:
        OSError: it is in use, or cannot be opened.
    """
    if not NAME.fullmatch(path.name):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        is_kind = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
        if not is_kind or found.st_uid != os.geteuid():
            return
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.suffix == ".old" and not os.path.lexists(target):
            path.rename(target)
        else:
            remove(path)
    finally:
        os.close(descriptor)


def swap(new: Beside, target: Path) -> None:
    """Give a new folder the target's name; the old folder gets the new one's, or is removed.

    Raises:
        OSError: the target is as it was.
    """
    if not os.path.lexists(target) or not any(target.iterdir()):
        new.path.rename(target)
    elif not exchange(new.path, target):
        swap_in_two_steps(new, target)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False: it is not supported here."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0)


def swap_in_two_steps(new: Beside, target: Path) -> None:
    """Rename the old folder away, then the new one to its name."""
    old = Beside(target)
    old.path = old.path.with_suffix(".old")
    old.hold(target)  # so that no sweep puts it back meanwhile
    try:
        target.rename(old.path)
        try:
            new.path.rename(target)
        except OSError:
            old.path.rename(target)
            raise
    finally:
        old.remove()


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():  # some file systems cannot flush folders
            raise
    finally:
        os.close(descriptor)


def sync_all(folder: Path) -> None:
    """Flush a folder and all in it to the disk."""
    for directory, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(directory, name))
        sync(Path(directory))
