"""Objects, and the lake that holds them.

A `Location` is a folder or an S3 prefix. Everything that differs between the two is behind its
methods. A `Lake` is the locations of songs and events.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Protocol

from sparkify.errors import SparkifyError, UsageError

SUFFIXES = tuple(f".{name}{gz}" for name in ("json", "jsonl", "ndjson") for gz in ("", ".gz"))
SHOWN = 3  # names that the error for an empty lake shows
LARGE = 1 << 20  # bytes; objects from this size on are read in place, smaller ones together


class LakeObject(NamedTuple):
    """One file of the lake; the same `uri`, `etag` and `size` mean the same bytes."""

    uri: str
    kind: str
    etag: str
    size: int
    key: str  # what its location opens it by: a path, or a key of the bucket

    @property
    def large(self) -> bool:
        """Whether it is read in place, and not together with others."""
        return self.size >= LARGE


#: names without an ending that are no data: texts about a project, checksums, markers, manifests
NO_DATA = re.compile(
    r"readme|licen[cs]e|copying|notice|authors|contributors|changelog|todo|install"
    r"|version|codeowners|makefile|dockerfile|thumbs|icon\r|success|checksums?"
    r"|(?:md5|b2|b3|sha\d*)-?(?:sums?)?|.*manifest|.*_\$folder\$",
    re.IGNORECASE,
)


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

    def scan(self, kind: str) -> Iterator[LakeObject | str]:
        """Every object below it, in no order; of each name that is ignored its uri."""

    def holds(self, uri: str) -> bool:
        """Whether an object with this uri would be one of its objects."""

    def uri_of(self, name: str) -> str | None:
        """The uri of an object with this full name; None if this location would not hold it."""

    def find(self, name: str, kind: str) -> LakeObject | None:
        """The object with this full name, if it exists."""

    def fetch(self, objects: Sequence[LakeObject]) -> Iterator[tuple[LakeObject, "bytes | Path"]]:
        """The objects in their order: each as bytes or, if it is a large file, as its path.

        Raises:
            TryAgain: an object has vanished or changed since it was listed.
            SparkifyError: an object cannot be read.
        """

    def verify(self, objects: Iterable[LakeObject]) -> None:
        """Check that objects handed out as paths have not changed since they were listed."""


def hidden(part: str) -> bool:
    """Whether a part of a name hides all that is below it, as `_temporary` and `.git` do."""
    return part.startswith((".", "_"))


def wanted(parts: Sequence[str]) -> bool:
    """Whether a name, given as its parts below the location, is an object's.

    >>> wanted(["A", "TRA.JSON"]), wanted(["firehose-1-2018-11-01"])
    (True, True)
    >>> wanted([".ipynb_checkpoints", "TRA.json"]), wanted(["a.txt"]), wanted(["README"])
    (False, False, False)
    """
    name = parts[-1]
    if any(map(hidden, parts)):
        return False
    # Redshift cannot tell a name from the same one with a blank at its end
    bare = "." not in name and name.strip() == name != ""
    return name.lower().endswith(SUFFIXES) or (bare and not NO_DATA.fullmatch(name))


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
        objects = sorted(item for item in found if isinstance(item, LakeObject))
        if not objects:
            where = " and ".join(location.uri for location in self.locations.values())
            names = [item for item in found if isinstance(item, str)]
            raise SparkifyError(
                f"the lake is empty: no {SUFFIXES[0]} object below {where}{some(names)}"
            )
        for one, other in pairwise(objects):
            if one.uri == other.uri:
                raise UsageError(f"songs and events overlap: both have {one.uri}")
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
        """Whether a uri is that of an object of one of the lake's locations."""
        return any(location.holds(uri) for location in self.locations.values())


def some(ignored: Sequence[str]) -> str:
    """How many names were ignored, and some of them."""
    if not ignored:
        return ""
    shown = ", ".join(sorted(ignored)[:SHOWN]) + (", …" if len(ignored) > SHOWN else "")
    names = "name was" if len(ignored) == 1 else "names were"
    return f" ({len(ignored):,} {names} ignored: {shown})"
