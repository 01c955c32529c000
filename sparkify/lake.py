"""The lake: which objects there are, and their bytes. Knows no SQL and no JSON.

A `Place` is a folder or an S3 prefix. Everything that differs between the two is behind its three
methods; `Lake` puts the places of songs and events together.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from sparkify.errors import SparkifyError, TryAgain, UsageError

SUFFIXES = tuple(f".{name}{gz}" for name in ("json", "jsonl", "ndjson") for gz in ("", ".gz"))
LARGE = 1 << 20  # bytes; objects from this size on are read in place, smaller ones together
DIRECTORIES = {"songs": "song_data", "events": "log_data"}


class LakeObject(NamedTuple):
    """One file of the lake; the same `uri`, `etag` and `size` mean the same bytes."""

    uri: str
    kind: str
    etag: str
    size: int
    key: str  # what its place opens it by: a path, or a key of the bucket


class Listing(NamedTuple):
    """What a lake holds now: its objects by uri, and how many names were passed over."""

    objects: list[LakeObject]
    ignored: int


def by_kind(objects: Iterable[LakeObject]) -> dict[str, list[LakeObject]]:
    """Objects by their kind."""
    found: dict[str, list[LakeObject]] = {}
    for item in objects:
        found.setdefault(item.kind, []).append(item)
    return found


class Unreadable(Exception):
    """An object whose bytes are there but are damaged as a whole; `code` says how."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Place(Protocol):
    """A folder or an S3 prefix that holds objects of one kind."""

    uri: str

    def exists(self) -> bool:
        """Whether it is there at all."""

    def scan(self, kind: str) -> Iterator[LakeObject | None]:
        """Every object below it, in no order; None for each name that is passed over."""

    def fetch(self, objects: Sequence[LakeObject]) -> Iterator[tuple[LakeObject, "bytes | Path"]]:
        """The objects in their order, each as bytes or, when it is a large file, as its path.

        Raises:
            TryAgain: an object is gone or is no longer the one that was listed.
            SparkifyError: it cannot be had.
        """

    def verify(self, objects: Iterable[LakeObject]) -> None:
        """Make sure that objects handed out as paths are still the ones that were listed."""


def wanted(parts: Sequence[str]) -> bool:
    """Whether a name, in its parts below the place, is one of an object.

    >>> wanted(["A", "TRA.json"]), wanted([".ipynb_checkpoints", "TRA.json"]), wanted(["a.txt"])
    (True, False, False)
    """
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not hidden and parts[-1].endswith(SUFFIXES)


class Folder:
    """A place in the file system."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)  # noqa: PTH100 - no Path method does it
        self.uri = printable(self.path)

    def exists(self) -> bool:
        """Whether the folder is there."""
        return Path(self.path).is_dir()

    def scan(self, kind: str) -> Iterator[LakeObject | None]:
        """Every object below the folder; see `Place.scan`."""
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
        """The objects' bytes or paths; see `Place.fetch`."""
        for item in objects:
            try:
                with open(item.key, "rb") as file:  # noqa: PTH123 - 15,000 times
                    data = file.read() if item.size < LARGE else Path(item.key)
            except OSError as error:
                raise unavailable(item.uri, error) from error
            self.verify([item])
            yield item, data

    def verify(self, objects: Iterable[LakeObject]) -> None:
        """Compare the files with what was listed; see `Place.verify`."""
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
    """The error for a file that cannot be had."""
    if isinstance(error, FileNotFoundError):
        return TryAgain(f"{printable(name)} vanished while the lake was read; run again")
    return SparkifyError(f"{printable(name)} cannot be read: {error.strerror}")


@dataclass(frozen=True)
class Lake:
    """The places of songs and events, either of which may be absent; `name` says where it is."""

    name: str
    places: dict[str, Place]

    def listing(self) -> Listing:
        """All objects of the lake, by uri.

        Raises:
            UsageError: a place is not there.
            SparkifyError: the lake is empty, or cannot be listed.
        """
        for place in self.places.values():
            if not place.exists():
                raise UsageError(f"{place.uri} is not there")
        found = [item for kind, place in self.places.items() for item in place.scan(kind)]
        objects = sorted(item for item in found if item)
        if not objects:
            places = " and ".join(place.uri for place in self.places.values())
            raise SparkifyError(f"the lake is empty: no {SUFFIXES[0]} object below {places}")
        return Listing(objects, len(found) - len(objects))

    def fetch(self, objects: Sequence[LakeObject]) -> Iterator[tuple[LakeObject, bytes | Path]]:
        """The objects' bytes or paths, kind by kind; see `Place.fetch`."""
        for kind, place in self.places.items():
            yield from place.fetch([item for item in objects if item.kind == kind])

    def verify(self, objects: Sequence[LakeObject]) -> None:
        """Make sure that nothing changed under the reader; see `Place.verify`."""
        for kind, place in self.places.items():
            place.verify(item for item in objects if item.kind == kind)

    def holds(self, uri: str) -> bool:
        """Whether an object of this uri would stand below one of the lake's places."""
        return any(uri.startswith(place.uri.rstrip("/") + "/") for place in self.places.values())
