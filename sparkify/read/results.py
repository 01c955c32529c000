"""What became of an object: how many records, and each that was refused, with place and reason."""

from dataclasses import dataclass, field
from typing import Any

from sparkify.lake.objects import LakeObject, Unreadable
from sparkify.models import KINDS, URI, table
from sparkify.read import records
from sparkify.read.records import Fault, Record

RAW_TEXT = URI  # bytes of a refused record that are kept, as many as the column takes


@dataclass
class ObjectResult:
    """What became of one object: its records are staged or refused, never neither."""

    item: LakeObject
    records: int = 0
    repaired: int = 0
    foreign: int = 0  # of the refused, those that are records of the other kind
    rejects: list[dict[str, Any]] = field(default_factory=list)
    damaged: bool = False  # as a whole: the rows of its former version stay


def refuse(result: ObjectResult, record: Record, fault: Fault) -> None:
    """Book one refused record."""
    result.rejects.append(reject(result.item, fault, record))
    if result.foreign == len(result.rejects) - 1:  # so far all of them
        result.foreign += foreign(result.item.kind, record.raw)


def reject(item: LakeObject, fault: Fault, record: Record | None = None) -> dict[str, Any]:
    """A row of the rejects; `record` None: the object as a whole."""
    return {
        "uri": item.uri,
        "line_number": record and record.line,
        "byte_offset": record and record.offset,
        "column_name": fault.column,
        "code": fault.code,
        "reason": fault.reason,
        "raw_text": record and printable(record.raw),
    }


def printable(raw: bytes) -> str:
    """The start of refused bytes as text that is safe to print."""
    text = raw[:RAW_TEXT].decode("utf-8", "backslashreplace")
    safe = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return safe.encode()[:RAW_TEXT].decode("utf-8", "ignore").rstrip()


def damaged(item: LakeObject, error: Unreadable) -> ObjectResult:
    """The result for an object that is damaged as a whole: one read, one refused."""
    fault = Fault(error.code, str(error))
    return ObjectResult(item, records=1, rejects=[reject(item, fault)], damaged=True)


WRONG_KIND = {
    "songs": Unreadable("object_wrong_kind", "an event log stands in the songs' place"),
    "events": Unreadable("object_wrong_kind", "song records stand in the events' place"),
}


def foreign(kind: str, raw: bytes) -> bool:
    """Whether a refused record has all that a record of the other kind needs."""
    other = table(KINDS["events" if kind == "songs" else "songs"]).columns
    required = {c.info["key"] for c in other if c.info.get("required") == "always"}
    try:
        value = records.parse(raw)
    except ValueError:
        return False
    return isinstance(value, dict) and required <= value.keys()
