"""The ledger: which objects a warehouse knows, and how the lake differs from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from sparkify.errors import SparkifyError
from sparkify.lake.objects import Lake, LakeObject, Listing
from sparkify.models import File, table
from sparkify.models.statements import Query
from sparkify.report import Files
from sparkify.warehouses.executor import Found


def ledger() -> Query:
    """The SELECT of the known objects: uri, kind, etag, size and records of each."""
    c = table(File).columns
    return sa.select(c.uri, c.kind, c.etag, c.size, c.records)


@dataclass(frozen=True)
class Difference:
    """A listing compared with the ledger of a warehouse.

    Attributes:
        read: the objects to read, new or changed.
        known: the uris among them of which a former version was read.
        missing: known objects below the lake's locations that are no longer listed.
        uncounted: the uris among known and missing that Redshift copied directly, so that their
            rows cannot be identified.
        first: whether the warehouse knows no object yet.
        files: the counts.
    """

    read: list[LakeObject]
    known: set[str]
    missing: list[LakeObject]
    uncounted: set[str]
    first: bool
    files: Files

    @classmethod
    def of(cls, listing: Listing, ledger: Found, lake: Lake) -> "Difference":
        """Compare a listing with the rows of `ledger()`; only rows that differ are kept."""
        new = {item.uri: item for item in listing.objects}
        known, uncounted = set[str](), set[str]()
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
                uncounted.add(uri)
        read = list(new.values())
        files = Files(
            new=len(read) - len(known),
            changed=len(known),
            unchanged=len(listing.objects) - len(read),
            ignored=listing.ignored,
            missing=len(missing),
        )
        return cls(read, known, missing, uncounted, first, files)

    def check(self, gone: Sequence[LakeObject], *, by_object: bool) -> None:
        """Check that all rows that have to be removed can be identified.

        Args:
            gone: the missing objects whose rows are to be removed.
            by_object: whether the route of this run can replace the rows of single objects.

        Raises:
            SparkifyError: some cannot; the message names the first object.
        """
        stuck = self.known.union(item.uri for item in gone)
        if by_object:
            stuck &= self.uncounted
        for uri in sorted(stuck):
            raise SparkifyError(
                f"{uri} has changed or was deleted; with --copy direct its rows cannot be"
                " identified: reload everything with `sparkify run --full`"
            )
