"""Fields that no column takes: kept as one JSON text per record, and counted by name and type.

To take a record apart for them is expensive. Most records have one of a few lists of keys, all of
them known, and to compare a list of keys is cheap: so the reader learns these lists first.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import orjson

from sparkify.models.base import LONGEST, NAME
from sparkify.read.conditions import NUMBER, OBJECT, Condition
from sparkify.read.records import Fault, Record, parse, printable
from sparkify.read.rules import fields_of, key_of
from sparkify.read.sql import literal

Seen = Counter[tuple[str, str, bool]]  # by name, JSON type, and whether a column takes the field

HEAD = 1 << 16  # bytes of a file from which lists of keys are learned
LINES, FILES, ORDERS = 200, 8, 16  # the most lines of a file, files, and lists of keys
MOST = 1000  # names that are counted in a batch; the rarest of more are counted together
OTHERS = "*"
MENTIONED = 3  # names in the reason of a reject
#: what JSON calls the types of DuckDB's JSON reader; all others are numbers
TYPES = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "OBJECT": "object",
    "ARRAY": "array",
    "NULL": "null",
}
KNOWN = "list_contains($orders, json_keys(json))"
#: the faults of a record with unknown fields, depending on the setting `new_fields`
CONDITIONS = (
    Condition("too_long:extra", f"strlen(extra) > {LONGEST}", "$keep"),
    Condition("unknown_field:", "extra IS NOT NULL", "$strict"),
)


def extra(kind: str) -> str:
    """The unknown fields of a line, as SQL: an object's JSON text, or NULL if there are none."""
    # a merge patch (RFC 7386) removes the keys to which it gives null
    patch = json.dumps(dict.fromkeys(known_keys(kind)))
    found = f"nullif(json_merge_patch(json, {literal(patch)}), '{{}}')"
    return f"CASE WHEN {KNOWN} THEN NULL ELSE {found} END"


def known_keys(kind: str) -> list[str]:
    """The keys that columns take, and those that the spool writes into a line."""
    return [OBJECT, NUMBER, *(field.key for field in fields_of(kind))]


def counted(rows: str) -> str:
    """The SELECT of file_id, name, type and number of records, from rows of file_id and extra."""
    return f"""SELECT file_id, key, type, count(*) AS records
FROM (SELECT DISTINCT ON (number, key) file_id, key, type
      FROM (SELECT *, row_number() OVER () AS number FROM ({rows})), json_each(extra))
GROUP BY ALL"""


def few(seen: Counter[str]) -> dict[str, str]:
    """How each name is counted: cut to what the column takes, and the rarest of many together.

    >>> few(Counter(device=3))
    {'device': 'device'}
    """
    commonest = sorted(seen, key=lambda name: (-seen[name], name))
    return {name: printable(name, NAME) if n < MOST else OTHERS for n, name in enumerate(commonest)}


def learn(kind: str, files: Sequence[str], known: Sequence[Sequence[str]]) -> list[list[str]]:
    """The commonest lists of known keys that the lines at the start of files have.

    Args:
        known: the lists that were learned before.
    """
    keys, found = set(known_keys(kind)), Counter[tuple[str, ...]]()
    for file in files[:FILES]:
        for line in islice(first_lines(Path(file)), LINES):
            with suppress(orjson.JSONDecodeError):
                value = orjson.loads(line)
                if isinstance(value, dict) and value.keys() <= keys:
                    found[tuple(value)] += 1
    lists = [*(order for order, _ in found.most_common(ORDERS)), *map(tuple, known)]
    return [list(order) for order in dict.fromkeys(lists)][:ORDERS]


def first_lines(file: Path) -> Iterator[bytes]:
    """The whole lines at the start of a file; none if it cannot be opened."""
    with suppress(OSError), file.open("rb") as opened:
        yield from opened.read(HEAD).split(b"\n")[:-1]


def type_of(value: object) -> str:
    """What JSON calls the type of a value."""
    names = {str: "string", bool: "boolean", dict: "object", list: "array"}
    return "null" if value is None else names.get(type(value), "number")


def fault(kind: str, raw: bytes) -> Fault:
    """The fault of a record that has unknown fields where they are not allowed."""
    names = list(unknown(kind, raw))
    shown = ", ".join(map(printable, names[:MENTIONED]))
    reason = f"no column takes {shown}" + (" and others" if names[MENTIONED:] else "")
    hints = (f"; it must be {key}: keys are case sensitive" for key in meant_keys(kind, names))
    return Fault("unknown_field", reason + next(hints, ""), printable(names[0], 128))


def refused(kind: str, record: Record, fault: Fault) -> Iterator[tuple[str, str, bool]]:
    """The fields for which a record was rejected: name, JSON type, whether a column takes it."""
    if fault.code == "wrong_type" and fault.column:
        key = key_of(kind, fault.column)
        yield key, type_of(parse(record.raw).get(key)), True
    else:
        for name, value in unknown(kind, record.raw).items():
            yield printable(name, NAME), type_of(value), False


def unknown(kind: str, raw: bytes) -> dict[str, object]:
    """The fields of a record that no column takes."""
    known = set(known_keys(kind))
    return {name: value for name, value in parse(raw).items() if name not in known}


def meant(kind: str, name: str) -> str | None:
    """The key of ours that differs from an unknown one in case alone."""
    return next(meant_keys(kind, [name]), None)


def meant_keys(kind: str, names: Iterable[str]) -> Iterator[str]:
    """The keys of ours that differ from unknown ones in case alone."""
    keys = {field.key.lower(): field.key for field in fields_of(kind)}
    return (keys[name.lower()] for name in names if name.lower() in keys)
