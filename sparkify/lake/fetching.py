"""Objects of S3, fetched ahead: small ones into memory, large ones into files.

What is under way is bounded in requests, in memory and on disk.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PosixPath
from threading import Event

from sparkify.lake.objects import LakeObject
from sparkify.process import scratch

THREADS = 64  # requests under way at once; more gain nothing over 30 ms of latency
IN_MEMORY = 16 << 20  # bytes of small objects asked for and not yet taken
ON_DISK = 512 << 20  # bytes of large objects asked for and not yet taken, but for one of any size
LARGE_ONES = 8  # large objects under way at once

Read = Callable[[LakeObject, Path | None, Event], bytes | Path]


class Download(PosixPath):
    """A file that was made for its receiver, who may move it; otherwise it is removed.

    It is there until the next object is asked for.
    """


def take(content: Path, target: Path) -> None:
    """Put an object's file at a path: move it if it is ours, otherwise link to it."""
    if isinstance(content, Download):
        content.rename(target)
    else:
        target.symlink_to(content)


@dataclass
class Ahead:
    """The requests under way, in the order of their objects.

    Attributes:
        read: fetches one object, into memory or into a file; stops at the event.
    """

    read: Read
    resources: ExitStack
    stop: Event = field(default_factory=Event)
    queue: deque[tuple[LakeObject, Future[bytes | Path]]] = field(default_factory=deque)
    small: int = 0
    large: int = 0
    files: int = 0
    directory: Path | None = None
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.pool = ThreadPoolExecutor(THREADS)

    def has_room(self, item: LakeObject) -> bool:
        """Whether one more object may be asked for."""
        if not self.queue:
            return True
        if not item.large:
            return len(self.queue) < 2 * THREADS and self.small + item.size <= IN_MEMORY
        return self.files < LARGE_ONES and self.large + item.size <= ON_DISK

    def ask(self, item: LakeObject) -> None:
        """Ask for an object."""
        path = None
        if not item.large:
            self.small += item.size
        else:
            if self.directory is None:
                self.directory = self.resources.enter_context(scratch.folder())
            self.files += 1
            self.large += item.size
            path = Download(self.directory / str(next(self.numbers)))
        self.queue.append((item, self.pool.submit(self.read, item, path, self.stop)))

    def take(self) -> Iterator[tuple[LakeObject, bytes | Path]]:
        """Hand out the first object, and then remove its file if it was not moved away."""
        item, future = self.queue.popleft()
        content = future.result()
        yield item, content
        if isinstance(content, Path):
            content.unlink(missing_ok=True)
            self.files -= 1
            self.large -= item.size
        else:
            self.small -= item.size

    def end(self) -> None:
        """Do not wait for requests whose answers nobody needs."""
        self.stop.set()
        self.pool.shutdown(wait=False, cancel_futures=True)


def fetched(objects: Sequence[LakeObject], read: Read) -> Iterator[tuple[LakeObject, bytes | Path]]:
    """The objects in their order, each as bytes or, if it is large, as a `Download`."""
    with ExitStack() as resources:
        ahead = Ahead(read, resources)
        resources.callback(ahead.end)
        for item in objects:
            while not ahead.has_room(item):
                yield from ahead.take()
            ahead.ask(item)
        while ahead.queue:
            yield from ahead.take()
