"""What became of objects: how many records, and each that was rejected, with place and reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sparkify.errors import RejectedRecord
from sparkify.lake.objects import LakeObject, Unreadable
from sparkify.models.base import URI
from sparkify.read import records
from sparkify.read.records import Fault, Record
from sparkify.read.rules import fields_of

RAW_TEXT = URI  # bytes of a rejected record that are kept, as many as the column takes


@dataclass
class Outcome:
    """What became of an object, or of objects that were copied together.

    Attributes:
        kind: of the objects.
        records: how many there are; each is either staged or rejected.
        repaired: how many of the staged ones were repaired.
        foreign: how many of the rejected ones are records of the other kind.
        damaged: whether the object is unreadable as a whole; rows of its last good version stay.
    """

    kind: str
    objects: Sequence[LakeObject]
    records: int = 0
    repaired: int = 0
    foreign: int = 0
    rejects: list[RejectedRecord] = field(default_factory=list)
    damaged: bool = False

    @property
    def staged(self) -> int:
        """Records that became rows."""
        return self.records - len(self.rejects)

    def reject(self, record: Record, fault: Fault) -> None:
        """Add one rejected record of a single object."""
        self.rejects.append(rejected(self.objects[0], fault, record))
        if self.foreign == len(self.rejects) - 1:  # so far all of them
            self.foreign += is_foreign(self.kind, record.raw)


def rejected(item: LakeObject, fault: Fault, record: Record | None = None) -> RejectedRecord:
    """A reject; `record` None means the object as a whole."""
    if record is None:
        return RejectedRecord(fault.code, fault.reason, item.uri, column_name=fault.column)
    text = printable(record.raw)
    return RejectedRecord(
        fault.code, fault.reason, item.uri, record.line, record.offset, fault.column, text
    )


def printable(raw: bytes) -> str:
    """The start of rejected bytes as text that is safe to print."""
    text = raw[:RAW_TEXT].decode("utf-8", "backslashreplace")
    safe = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return safe.encode()[:RAW_TEXT].decode("utf-8", "ignore").rstrip()


def damaged(item: LakeObject, error: Unreadable) -> Outcome:
    """The outcome for an object that is unreadable as a whole: one record, one reject."""
    reject = rejected(item, Fault(error.code, str(error)))
    return Outcome(item.kind, [item], records=1, rejects=[reject], damaged=True)


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
    other = fields_of("events" if kind == "songs" else "songs")
    required = {field.key for field in other if field.rules.required == "always"}
    try:
        value = records.parse(raw)
    except ValueError:
        return False
    return isinstance(value, dict) and required <= value.keys()
