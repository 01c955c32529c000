"""The ledger: which versions of the lake's objects a warehouse knows, and what is new to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sparkify.lake.objects import Lake, LakeObject, Listing
from sparkify.models import File, table
from sparkify.report import Files


def ledger() -> sa.Select[Any]:
    """The SELECT of what a warehouse knows: uri, kind, etag, size and records of each object."""
    c = table(File).columns
    return sa.select(c.uri, c.kind, c.etag, c.size, c.records)


@dataclass(frozen=True)
class Difference:
    """A listing compared with the ledger of a warehouse.

    Attributes:
        read: the objects to read, new or changed.
        known: the uris among them of which a former version was read.
        missing: known objects below the lake's places that are no longer listed.
        unread: the uris among known and missing that the warehouse read by itself, so that nobody
            knows which rows are theirs.
        first: the warehouse knows nothing yet.
        files: the counts.
    """

    read: list[LakeObject]
    known: set[str]
    missing: list[LakeObject]
    unread: set[str]
    first: bool
    files: Files

    @classmethod
    def of(cls, listing: Listing, ledger: Iterable[Any], lake: Lake) -> "Difference":
        """Compare; `ledger`: the rows of `ledger()`, of which only those that differ are kept."""
        new = {item.uri: item for item in listing.objects}
        known, unread = set[str](), set[str]()
        missing: list[LakeObject] = []
        first = True
        for uri, kind, etag, size, records in ledger:
            first = False
            if (item := new.get(uri)) is None:
                if not lake.holds(uri):
                    continue
                missing.append(LakeObject(uri, kind, etag, size, key=""))
            elif (item.etag, item.size) == (etag, size):
                del new[uri]
                continue
            else:
                known.add(uri)
            if records is None:
                unread.add(uri)
        read = list(new.values())
        files = Files(
            new=len(read) - len(known),
            changed=len(known),
            unchanged=len(listing.objects) - len(read),
            ignored=listing.ignored,
            missing=len(missing),
        )
        return cls(read, known, missing, unread, first, files)
