"""Lets one run or many readers of this process use a database file, whatever its path.

Between processes DuckDB's own lock does so. It does not within a process: a file with two names (a
hard link, a bind mount) would be opened twice, and the writes of one would be lost.
"""

import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sparkify.errors import WarehouseBusy


class Gate:
    """Lets one writer in, or any number of readers."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.readers = 0
        self.written = False

    @contextmanager
    def entered(self, path: str, deadline: float, *, writes: bool) -> Iterator[None]:
        """Wait until the gate is free, and keep others out while inside.

        Args:
            path: what an error calls the database.
            deadline: until when to wait, in seconds of `time.monotonic`.

        Raises:
            WarehouseBusy: it was not free in time.
        """
        with self.changed:
            wait = max(0.0, deadline - time.monotonic())
            if not self.changed.wait_for(lambda: self.is_free(writes=writes), wait):
                holder = "another run" if self.written else "a reader"
                raise WarehouseBusy(f"{path} is held by {holder} of this process")
            self.move(1, writes=writes)
        try:
            yield
        finally:
            with self.changed:
                self.move(-1, writes=writes)
                self.changed.notify_all()

    def is_free(self, *, writes: bool) -> bool:
        """Whether a writer or a reader may enter."""
        return not self.written and not (writes and self.readers)

    def move(self, by: int, *, writes: bool) -> None:
        """Count who enters (1) or leaves (-1)."""
        if writes:
            self.written = by > 0
        else:
            self.readers += by


GATES: dict[Hashable, Gate] = {}


def gate(of: Hashable) -> Gate:
    """The gate of a database."""
    return GATES.setdefault(of, Gate())


def identity(path: Path) -> Hashable:
    """What a file is, by whichever name: its device and inode, or its path before it exists."""
    try:
        found = path.stat()
    except OSError:
        return str(path.resolve())
    return found.st_dev, found.st_ino


@contextmanager
def entered(path: Path, deadline: float, *, writes: bool) -> Iterator[None]:
    """Enter the gate of a file; see `Gate.entered`."""
    while True:
        found = identity(path)
        with gate(found).entered(str(path), deadline, writes=writes):
            if identity(path) == found:  # else it was replaced meanwhile
                yield
                return
