"""What became of objects: how many records, and each that was rejected, with place and reason."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sparkify.errors import RejectedRecord
from sparkify.lake.objects import LakeObject, Unreadable
from sparkify.models.base import URI
from sparkify.read import records, rules, unknown
from sparkify.read.forgotten import Forgotten
from sparkify.read.records import Fault, Record, printable
from sparkify.read.rules import fields_of
from sparkify.read.unknown import Seen

RAW_TEXT = URI  # bytes of a rejected record that are kept, as many as the column takes


@dataclass
class Outcome:
    """What became of an object, or of objects that were copied together.

    Attributes:
        kind: of the objects.
        file_id: the version that was read.
        records: how many there are; each is either staged, rejected or forgotten.
        rows: how many rows the version has by now.
        repaired: how many of them were repaired.
        least_ts, greatest_ts: of the rows that are events.
        foreign: how many of the rejected ones are records of the other kind, up to the first
            that is not.
        omitted: how many of the rejected ones are not in `rejects`, by code.
        batch: whether the objects were copied together, so that it is not known which of them a
            row came from.
        damaged: whether the object is unreadable as a whole; rows of its last good version stay.
        fields: how many records had a value that no column takes, by the field's name, the JSON
            type, and whether a column takes the field at all.
        alien: whether all that were rejected so far are records of the other kind.
        forgotten: how many are left out because they belong to people who were forgotten.
    """

    kind: str
    file_id: int
    objects: Sequence[LakeObject]
    records: int = 0
    rows: int = 0
    repaired: int = 0
    least_ts: datetime | None = None
    greatest_ts: datetime | None = None
    foreign: int = 0
    rejects: list[RejectedRecord] = field(default_factory=list)
    omitted: Counter[str] = field(default_factory=Counter)
    batch: bool = False
    damaged: bool = False
    fields: Seen = field(default_factory=Counter)
    alien: bool = True
    forgotten: int = 0

    def counted(
        self,
        rows: int = 0,
        repaired: int = 0,
        least_ts: datetime | None = None,
        greatest_ts: datetime | None = None,
    ) -> None:
        """Take what was counted in the staging table."""
        self.rows, self.repaired = rows, repaired
        self.least_ts, self.greatest_ts = least_ts, greatest_ts

    @property
    def staged(self) -> int:
        """Records that became rows."""
        return self.records - self.rejected - self.forgotten

    @property
    def rejected(self) -> int:
        """Records that did not."""
        return len(self.rejects) + self.omitted.total()

    def reject(
        self, record: Record, fault: Fault, *, keep: bool, forgotten: Forgotten | None = None
    ) -> bool:
        """Add one rejected record of a single object, in full or only its code."""
        self.alien = self.alien and is_foreign(self.kind, record.raw)
        self.foreign += self.alien
        if forgotten and forgotten.is_named(record.raw):
            self.forgotten += 1
            return False
        if fault.code in ("wrong_type", "unknown_field"):
            self.fields.update(unknown.refused(self.kind, record, fault))
        if keep:
            self.rejects.append(rejected(self.objects[0], fault, record))
        else:
            self.omitted[fault.code] += 1
        return keep

    def listed(self) -> list[RejectedRecord]:
        """What the books get: the rejects, and for all that are omitted one row more."""
        if not self.omitted:
            return self.rejects
        ((code, _),) = self.omitted.most_common(1)
        reason = f"{self.omitted.total():,} more records of this object were rejected"
        return [
            *self.rejects,
            rejected(self.objects[0], Fault(code, f"{reason}, mostly as {code}")),
        ]


def rejected(item: LakeObject, fault: Fault, record: Record | None = None) -> RejectedRecord:
    """A reject; `record` None means the object as a whole."""
    if record is None:
        return RejectedRecord(fault.code, fault.reason, item.uri, column_name=fault.column)
    text = printable(record.raw, RAW_TEXT)
    return RejectedRecord(
        fault.code, fault.reason, item.uri, record.line, record.offset, fault.column, text
    )


def damaged(item: LakeObject, file_id: int, error: Unreadable) -> Outcome:
    """The outcome for an object that is unreadable as a whole: one record, one reject."""
    reject = rejected(item, Fault(error.code, str(error)))
    return Outcome(item.kind, file_id, [item], records=1, rejects=[reject], damaged=True)


def fault_of(kind: str, found: str, raw: bytes, *, brief: bool = False) -> Fault:
    """The fault of a record, for which the SELECT has found `code:column`; see `records.judge`."""
    code, _, name = found.partition(":")
    if code == "unknown_field":
        return unknown.fault(kind, raw)
    if brief:
        return Fault(code, "", name or None)
    fault = Fault(code, rules.reason(kind, code, name), name or None)
    return missing(fault, rules.key_of(kind, name), raw) if code == "missing" else fault


def missing(fault: Fault, key: str, raw: bytes) -> Fault:
    """The fault of a record without a key; it names the key that differs in case alone."""
    found = [name for name in records.parse(raw) if name != key and name.lower() == key.lower()]
    if not found:
        return fault
    reason = f"{key} is required, and the record has {found[0]} instead: keys are case sensitive"
    return fault._replace(reason=reason)


WRONG_KIND = {
    "songs": Unreadable("object_wrong_kind", "this is an event log, and songs are expected here"),
    "events": Unreadable("object_wrong_kind", "these are songs, and events are expected here"),
}


def is_foreign(kind: str, raw: bytes) -> bool:
    """Whether a rejected record has everything that a record of the other kind needs."""
    try:
        value = records.parse(raw)
    except ValueError:
        return False
    other = "events" if kind == "songs" else "songs"
    return isinstance(value, dict) and required(other) <= value.keys()


@cache
def required(kind: str) -> set[str]:
    """The keys that every record of a kind has."""
    return {field.key for field in fields_of(kind) if field.rules.required == "always"}
