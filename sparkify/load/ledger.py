"""The ledger: which objects a warehouse knows, and how the lake differs from it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, zip_longest

import sqlalchemy as sa

from sparkify.errors import SparkifyError, TryAgain
from sparkify.lake.objects import Lake, LakeObject, Listing, by_kind
from sparkify.models import File, table
from sparkify.models.statements import Query
from sparkify.report import Files
from sparkify.warehouses.executor import Found

#: objects, compared with the books; of those elsewhere nothing is known
SAME, CHANGED, GONE, ELSEWHERE = "same", "changed", "gone", "elsewhere"


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
        gone: those of them whose rows are removed.
        batched: the uris among known that were copied in a batch.
        lost: objects, missing or elsewhere, of batches that have to be read again.
        changed: the uris of changed objects.
        first: whether the warehouse knows no object yet.
        files: the counts.
    """

    read: dict[str, LakeObject]
    known: dict[str, int] = field(default_factory=dict)
    missing: list[LakeObject] = field(default_factory=list)
    gone: list[LakeObject] = field(default_factory=list)
    batched: set[str] = field(default_factory=set)
    lost: list[LakeObject] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    first: bool = True
    files: Files = field(default_factory=Files)

    # long because its parameters are documented here
    @classmethod
    def of(
        cls,
        listing: Listing,
        ledger: Found,
        lake: Lake,
        *,
        prune: bool = False,
        again: Collection[int] = (),
    ) -> "Difference":
        """Compare a listing with the rows of `ledger()`; only rows that differ are kept.

        Args:
            prune: whether the rows of missing objects are to be removed.
            again: versions to read again, though their objects have not changed.
        """
        self, repeated = cls({item.uri: item for item in listing.objects}), dict[str, LakeObject]()
        batches = defaultdict[int, dict[str, list[LakeObject]]](lambda: defaultdict(list))
        for uri, kind, etag, size, records, file_id in ledger:
            self.first = False
            item = self.read.get(uri) or LakeObject(uri, kind, etag, size, key="")
            change = self.compare(item, (etag, size), file_id, lake)
            if records is None:
                batches[file_id][change].append(item)
            elif change == SAME and file_id in again:
                repeated[uri], self.known[uri] = item, file_id
        self.gone = self.missing if prune else []
        self.count(listing, repeated)
        for file_id, members in batches.items():
            repeats = file_id in again and members[SAME]
            if members[CHANGED] or (prune and members[GONE]) or repeats:
                self.read_again(file_id, members, keep=not prune)
        self.read |= repeated
        return self

    def compare(self, item: LakeObject, known: tuple[str, int], file_id: int, lake: Lake) -> str:
        """Compare an object with what is known of it."""
        if item.uri not in self.read:
            if not lake.holds(item.uri):
                return ELSEWHERE
            self.missing.append(item)
            return GONE
        if (item.etag, item.size) == known:
            del self.read[item.uri]
            return SAME
        self.known[item.uri] = file_id
        return CHANGED

    def count(self, listing: Listing, repeated: Collection[str]) -> None:
        """Count the objects; those that are read again are unchanged."""
        self.changed = self.known.keys() - repeated
        self.files = Files(
            new=len(self.read) - len(self.changed),
            changed=len(self.changed),
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
        self.lost += [*members[ELSEWHERE], *(members[GONE] if keep else ())]

    def cut(self, most: int) -> None:
        """Leave all but some objects to the next run; as many songs as events, if possible.

        Objects that have to be read together are all left out, unless there is room for them.
        """
        if len(self.batched) > most:
            self.read = {uri: item for uri, item in self.read.items() if uri not in self.batched}
            self.batched, self.lost = set(), []
        single = by_kind(item for uri, item in self.read.items() if uri not in self.batched)
        turns = (item for turn in zip_longest(*single.values()) for item in turn if item)
        chosen = {*self.batched, *(item.uri for item in islice(turns, most - len(self.batched)))}
        self.read = {uri: item for uri, item in self.read.items() if uri in chosen}
        self.known = {uri: file_id for uri, file_id in self.known.items() if uri in chosen}
        counts = {"new": len(chosen - self.known.keys()), "changed": len(chosen & self.changed)}
        self.files = replace(self.files, **counts)

    def check(self) -> None:
        """Check that nothing is lost when the batches with a changed object are read again.

        Raises:
            SparkifyError: a member of such a batch no longer exists; the message names it.
        """
        for item in sorted(self.lost):
            if item not in self.missing:
                raise SparkifyError(
                    f"{item.uri} was copied together with an object that has to be read again, and"
                    " this run does not look at it: run over the whole lake"
                )
            raise SparkifyError(
                f"{item.uri} no longer exists, and it was copied together with an object that has"
                " to be read again: its rows cannot be kept. `sparkify run --prune` removes them"
            )
