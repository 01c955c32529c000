"""A lake in the file system."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sparkify.errors import SparkifyError, TryAgain
from sparkify.lake.objects import LARGE, LakeObject, wanted


class Folder:
    """A location in the file system."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)  # noqa: PTH100 - no Path method does it
        self.uri = printable(self.path)

    def exists(self) -> bool:
        """Whether the folder is there."""
        return Path(self.path).is_dir()

    def scan(self, kind: str) -> Iterator[LakeObject | None]:
        """Every object below the folder; see `Location.scan`."""
        pending: list[tuple[str, tuple[str, ...], frozenset[str]]] = [(self.path, (), frozenset())]
        while pending:
            directory, parts, above = pending.pop()
            here = os.path.realpath(directory)
            if here in above:  # a symbolic link that leads back up
                continue
            try:
                entries = list(os.scandir(directory))
            except OSError as error:
                raise unavailable(directory, error) from error
            for entry in entries:
                names = (*parts, entry.name)
                if entry.is_dir():
                    pending.append((entry.path, names, above | {here}))
                else:
                    yield listed(entry, kind) if wanted(names) else None

    def fetch(self, objects: Sequence[LakeObject]) -> Iterator[tuple[LakeObject, bytes | Path]]:
        """The objects' bytes or paths; see `Location.fetch`."""
        for item in objects:
            try:
                with open(item.key, "rb") as file:  # noqa: PTH123 - 15,000 times
                    data = file.read() if item.size < LARGE else Path(item.key)
            except OSError as error:
                raise unavailable(item.uri, error) from error
            self.verify([item])
            yield item, data

    def verify(self, objects: Iterable[LakeObject]) -> None:
        """Compare the files with what was listed; see `Location.verify`."""
        for item in objects:
            try:
                found = os.stat(item.key)  # noqa: PTH116 - 15,000 times
            except OSError as error:
                raise unavailable(item.uri, error) from error
            if (etag(found), found.st_size) != (item.etag, item.size):
                raise TryAgain(f"{item.uri} changed while it was read; run again")


def listed(entry: os.DirEntry[str], kind: str) -> LakeObject | None:
    """The object that a directory entry is; None if it is no file or has just vanished."""
    try:
        found = entry.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unavailable(entry.path, error) from error
    if not stat.S_ISREG(found.st_mode):
        return None
    return LakeObject(printable(entry.path), kind, etag(found), found.st_size, entry.path)


def etag(found: os.stat_result) -> str:
    """What changes whenever a file's bytes do: ctime too, since tools can set mtime back."""
    return f"{found.st_mtime_ns:x}-{found.st_ctime_ns:x}"


def printable(path: str) -> str:
    """A path as text that every warehouse can store, also when its bytes are not UTF-8."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return path if text == path else text  # of a million objects, only one text each


def unavailable(name: str, error: OSError) -> SparkifyError:
    """The error for a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return TryAgain(f"{printable(name)} vanished while the lake was read; run again")
    return SparkifyError(f"{printable(name)} cannot be read: {error.strerror}")
