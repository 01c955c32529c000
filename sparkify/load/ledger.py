"""The ledger: which objects a warehouse knows, and how the lake differs from it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from sparkify.errors import SparkifyError, TryAgain
from sparkify.lake.objects import Lake, LakeObject, Listing
from sparkify.models import File, table
from sparkify.models.statements import Query
from sparkify.report import Files
from sparkify.warehouses.executor import Found

SAME, CHANGED, GONE = "same", "changed", "gone"  # objects, compared with the books


class Outdated(TryAgain):
    """The lake has to be compared with the warehouse again, and what differs now to be read."""

    def __init__(self, message: str = "another run has changed the warehouse meanwhile") -> None:
        super().__init__(message)


def ledger() -> Query:
    """The SELECT of the known objects: what they were when they were read, and their version."""
    c = table(File).columns
    return sa.select(c.uri, c.kind, c.etag, c.size, c.records, c.file_id)


@dataclass
class Difference:
    """A listing compared with the ledger of a warehouse.

    Attributes:
        read: the objects to read, by uri: new, changed, or copied in one batch with one that is
            changed or removed, since rows of a batch can only be replaced together.
        known: of those of which a former version is published, its file_id by uri.
        missing: known objects below the lake's locations that are no longer listed.
        batched: the uris among known that were copied in a batch.
        lost: missing objects that were copied in a batch that has to be read again.
        first: whether the warehouse knows no object yet.
        files: the counts.
    """

    read: dict[str, LakeObject]
    known: dict[str, int] = field(default_factory=dict)
    missing: list[LakeObject] = field(default_factory=list)
    batched: set[str] = field(default_factory=set)
    lost: list[LakeObject] = field(default_factory=list)
    first: bool = True
    files: Files = field(default_factory=Files)

    @classmethod
    def of(
        cls, listing: Listing, ledger: Found, lake: Lake, *, prune: bool = False
    ) -> "Difference":
        """Compare a listing with the rows of `ledger()`; only rows that differ are kept.

        Args:
            prune: whether the rows of missing objects are to be removed.
        """
        self = cls({item.uri: item for item in listing.objects})
        batches = defaultdict[int, dict[str, list[LakeObject]]](lambda: defaultdict(list))
        for uri, kind, etag, size, records, file_id in ledger:
            self.first = False
            item = self.read.get(uri) or LakeObject(uri, kind, etag, size, key="")
            change = self.compare(item, (etag, size), file_id, lake)
            if records is None and change:
                batches[file_id][change].append(item)
        self.count(listing)
        for file_id, members in batches.items():
            if members[CHANGED] or (prune and members[GONE]):
                self.read_again(file_id, members, keep=not prune)
        return self

    def compare(
        self, item: LakeObject, known: tuple[str, int], file_id: int, lake: Lake
    ) -> str | None:
        """Compare an object with what is known of it; None if it is of another lake."""
        if item.uri not in self.read:
            if not lake.holds(item.uri):
                return None
            self.missing.append(item)
            return GONE
        if (item.etag, item.size) == known:
            del self.read[item.uri]
            return SAME
        self.known[item.uri] = file_id
        return CHANGED

    def count(self, listing: Listing) -> None:
        """Count the objects."""
        self.files = Files(
            new=len(self.read) - len(self.known),
            changed=len(self.known),
            unchanged=len(listing.objects) - len(self.read),
            ignored=listing.ignored,
            missing=len(self.missing),
        )

    def read_again(
        self, file_id: int, members: Mapping[str, Sequence[LakeObject]], *, keep: bool
    ) -> None:
        """Read a batch again as a whole; `keep`: rows of its missing objects are not to be lost."""
        for item in members[SAME]:
            self.read[item.uri] = item
            self.known[item.uri] = file_id
        self.batched.update(item.uri for change in (SAME, CHANGED) for item in members[change])
        self.lost += members[GONE] if keep else []

    def check(self) -> None:
        """Check that nothing is lost when the batches with a changed object are read again.

        Raises:
            SparkifyError: a member of such a batch no longer exists; the message names it.
        """
        for item in sorted(self.lost):
            raise SparkifyError(
                f"{item.uri} no longer exists, and it was copied together with an object that has"
                " changed: its rows cannot be kept. `sparkify run --prune` removes them"
            )
