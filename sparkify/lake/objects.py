"""Objects, and the lake that holds them.

A `Location` is a folder or an S3 prefix. Everything that differs between the two is behind its
methods. A `Lake` is the locations of songs and events.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from sparkify.errors import SparkifyError, UsageError

SUFFIXES = tuple(f".{name}{gz}" for name in ("json", "jsonl", "ndjson") for gz in ("", ".gz"))
LARGE = 1 << 20  # bytes; objects from this size on are read in location, smaller ones together


class LakeObject(NamedTuple):
    """One file of the lake; the same `uri`, `etag` and `size` mean the same bytes."""

    uri: str
    kind: str
    etag: str
    size: int
    key: str  # what its location opens it by: a path, or a key of the bucket


class Listing(NamedTuple):
    """What a lake holds now: its objects, sorted by uri, and how many names were ignored."""

    objects: list[LakeObject]
    ignored: int


def by_kind(objects: Iterable[LakeObject]) -> dict[str, list[LakeObject]]:
    """Objects by their kind."""
    found: dict[str, list[LakeObject]] = {}
    for item in objects:
        found.setdefault(item.kind, []).append(item)
    return found


class Unreadable(Exception):
    """An object that is damaged as a whole; `code` says how."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Location(Protocol):
    """A folder or an S3 prefix that holds objects of one kind."""

    uri: str

    def exists(self) -> bool:
        """Whether it exists."""

    def scan(self, kind: str) -> Iterator[LakeObject | None]:
        """Every object below it, in no order; None for each name that is ignored."""

    def fetch(self, objects: Sequence[LakeObject]) -> Iterator[tuple[LakeObject, "bytes | Path"]]:
        """The objects in their order: each as bytes or, if it is a large file, as its path.

        Raises:
            TryAgain: an object has vanished or changed since it was listed.
            SparkifyError: an object cannot be read.
        """

    def verify(self, objects: Iterable[LakeObject]) -> None:
        """Check that objects handed out as paths have not changed since they were listed."""


def wanted(parts: Sequence[str]) -> bool:
    """Whether a name, given as its parts below the location, is an object's.

    >>> wanted(["A", "TRA.json"]), wanted([".ipynb_checkpoints", "TRA.json"]), wanted(["a.txt"])
    (True, False, False)
    """
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not hidden and parts[-1].endswith(SUFFIXES)


@dataclass(frozen=True)
class Lake:
    """The locations of songs and events, either of which may be absent; `name` is for people."""

    name: str
    locations: dict[str, Location]

    def listing(self) -> Listing:
        """All objects of the lake, by uri.

        Raises:
            UsageError: a location does not exist.
            SparkifyError: the lake is empty, or cannot be listed.
        """
        for location in self.locations.values():
            if not location.exists():
                raise UsageError(f"not found: {location.uri}")
        found = [item for kind, location in self.locations.items() for item in location.scan(kind)]
        objects = sorted(item for item in found if item)
        if not objects:
            where = " and ".join(location.uri for location in self.locations.values())
            raise SparkifyError(f"the lake is empty: no {SUFFIXES[0]} object below {where}")
        return Listing(objects, len(found) - len(objects))

    def fetch(self, objects: Sequence[LakeObject]) -> Iterator[tuple[LakeObject, bytes | Path]]:
        """The objects' bytes or paths, kind by kind; see `Location.fetch`."""
        for kind, location in self.locations.items():
            yield from location.fetch([item for item in objects if item.kind == kind])

    def verify(self, objects: Sequence[LakeObject]) -> None:
        """Check that nothing changed while it was read; see `Location.verify`."""
        for kind, location in self.locations.items():
            location.verify(item for item in objects if item.kind == kind)

    def holds(self, uri: str) -> bool:
        """Whether a uri is below one of the lake's locations."""
        return any(
            uri.startswith(location.uri.rstrip("/") + "/") for location in self.locations.values()
        )
