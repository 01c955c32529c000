"""A part of a lake: the objects that a caller has named, found without listing the others."""

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass

from sparkify.errors import UsageError
from sparkify.lake.objects import Lake, LakeObject, Listing, Location, wanted
from sparkify.lake.uris import in_s3

logger = logging.getLogger(__name__)

Name = str | os.PathLike[str]


@dataclass(frozen=True)
class Named:
    """A name that a caller gave: the location that it is below, and what that holds."""

    kind: str
    location: Location
    name: str


@dataclass(frozen=True)
class Part(Lake):
    """Some objects of a lake, by their uris; of all others nothing is known."""

    named: dict[str, Named]

    @classmethod
    def of(cls, lake: Lake, source: str | None, names: Iterable[Name]) -> "Part":
        """The objects of a lake with these names.

        Args:
            source: what names that are not absolute are below.

        Raises:
            UsageError: a name is not below the lake's locations.
        """
        if isinstance(names, str | bytes):
            raise UsageError("objects must be a list of names, not one text")
        found = {}
        for name in names:
            uri, each = resolved(lake, full_name(os.fspath(name), source))
            found[uri] = each
        return cls(lake.name, lake.locations, found)

    def listing(self) -> Listing:
        """The named objects that exist; those with names of no objects are ignored."""
        objects, ignored = list[LakeObject](), 0
        for uri, each in self.named.items():
            below = uri[len(each.location.uri.rstrip("/")) + 1 :]
            if below and not wanted(below.split("/")):
                ignored += 1
            elif item := each.location.find(each.name, each.kind):
                objects.append(item)
            else:
                logger.warning("not found: %s", uri)
        return Listing(sorted(objects), ignored)

    def holds(self, uri: str) -> bool:
        """Whether a uri is one of the named objects."""
        return uri in self.named


def full_name(name: str, source: str | None) -> str:
    """A name with the source before it, unless it is absolute.

    Raises:
        UsageError: it is not absolute, and there is no source.
    """
    if in_s3(name) or "://" in name or name.startswith(("/", "~")):
        return name
    if not source:
        raise UsageError(f"no source is set: name {name} by its full path or s3:// URL")
    return f"{source.rstrip('/')}/{name}"


def resolved(lake: Lake, name: str) -> tuple[str, Named]:
    """The uri of a full name, and what it stands for."""
    for kind, location in lake.locations.items():
        if (uri := location.uri_of(name)) is not None:
            return uri, Named(kind, location, name)
    where = " or ".join(location.uri for location in lake.locations.values())
    raise UsageError(f"{name} is not below {where}")
