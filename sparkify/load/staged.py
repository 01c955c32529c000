"""What a run has staged or adopted: versions, and the records that were rejected."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sparkify.errors import RejectedRecord, SparkifyError, TooManyRejects
from sparkify.lake.objects import LakeObject
from sparkify.load.ledger import Difference, Outdated
from sparkify.read.results import Outcome
from sparkify.report import Records
from sparkify.values import Threshold


@dataclass(slots=True)
class StagedVersion:
    """A staged version, and its objects.

    Attributes:
        records: how many were read, staged, rejected, repaired, forgotten.
        batch: whether the rows of each single object are unknown.
        damaged: whether the object could not be read as a whole.
    """

    file_id: int
    kind: str
    objects: Sequence[LakeObject]
    records: Records
    batch: bool = False
    damaged: bool = False


@dataclass
class Staged:
    """What became of the objects of a run.

    Attributes:
        versions: one for each object, or for each batch of objects that were copied together.
        rejects: rows of the books; if there are too many, not every rejected record has one.
        codes: how many records were rejected, by code.
        places: the same by uri.
    """

    versions: list[StagedVersion] = field(default_factory=list)
    rejects: list[RejectedRecord] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)

    @property
    def records(self) -> Records:
        """How many records were read, staged, rejected, repaired, forgotten."""
        found = [each.records for each in self.versions]
        return Records(
            read=sum(each.read for each in found),
            staged=sum(each.staged for each in found),
            rejected=sum(each.rejected for each in found),
            repaired=sum(each.repaired for each in found),
            forgotten=sum(each.forgotten for each in found),
        )

    @property
    def file_ids(self) -> list[int]:
        """The ids of the versions."""
        return [each.file_id for each in self.versions]

    def rows(self, kind: str) -> int:
        """The number of staged rows of a kind."""
        return sum(each.records.staged for each in self.versions if each.kind == kind)

    def objects(self) -> Iterator[LakeObject]:
        """The objects that were read."""
        return (item for each in self.versions for item in each.objects)

    def add(self, outcome: Outcome) -> None:
        """Add what became of an object, or of several that were copied as one."""
        good = (outcome.staged, outcome.rejected, outcome.repaired, outcome.forgotten)
        self.versions.append(
            StagedVersion(
                outcome.file_id,
                outcome.kind,
                outcome.objects,
                Records(outcome.records, *good),
                batch=outcome.batch,
                damaged=outcome.damaged,
            )
        )
        self.rejects += outcome.listed()
        self.count(outcome.rejects)
        self.codes += outcome.omitted
        if outcome.omitted:
            self.places[outcome.objects[0].uri] += outcome.omitted.total()

    def count(self, rejects: Sequence[RejectedRecord]) -> None:
        """Count rejects by code and by object."""
        self.codes.update(reject.code for reject in rejects)
        self.places.update(str(reject.uri) for reject in rejects)

    def check(self, allowed: Threshold) -> None:
        """Stop if more records were rejected than the settings allow."""
        records = self.records
        rejected, read = records.rejected, records.read
        if not allowed.allows(rejected, read):
            raise TooManyRejects(
                f"{rejected:,} of {read:,} records were rejected, more than the {allowed} that"
                " --max-rejects allows; nothing was published",
                self.rejects,
            )

    def check_batches(self, difference: Difference) -> None:
        """Check that a damaged object leaves its former rows where they are.

        Raises:
            SparkifyError: they were copied together with those of other objects.
        """
        for each in self.versions:
            if each.damaged and each.objects[0].uri in difference.batched:
                raise SparkifyError(
                    f"{each.objects[0].uri} is damaged, and its former rows were copied together"
                    " with those of other objects: mend it, or reload with `sparkify run --full`"
                )

    def keep(self, before: Difference, after: Difference) -> None:
        """Leave out what another run has published since the lake was compared.

        Raises:
            Outdated: the other run has published something else.
        """
        done = before.read.keys() - after.read.keys()
        same = all(before.read.get(uri) == item for uri, item in after.read.items())
        partly = any(
            0 < sum(item.uri in done for item in each.objects) < len(each.objects)
            for each in self.versions
        )
        known = {uri: n for uri, n in before.known.items() if uri in after.read}
        if not same or partly or known != after.known or before.missing != after.missing:
            raise Outdated
        self.versions = [each for each in self.versions if each.objects[0].uri not in done]

    def summary(self) -> str:
        """What was rejected: how many records, where, and the commonest reasons."""
        ((where, most),) = self.places.most_common(1)
        common = ", ".join(f"{code} {count:,}" for code, count in self.codes.most_common(3))
        return (
            f"{self.records.rejected:,} records rejected in {len(self.places):,} objects, most of"
            f" them in {where} ({most:,}); by reason: {common}; `sparkify rejects` shows them"
        )
