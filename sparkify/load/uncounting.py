"""Takes the fields of records that are removed out of the counts of unknown fields."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress

import sqlalchemy as sa

from sparkify.load.runs import FIELDS
from sparkify.models.base import NAME
from sparkify.models.statements import Statement, within
from sparkify.read import unknown
from sparkify.read.records import Fault, Record, parse, printable

FieldOf = tuple[int, str, str, bool]  # file_id, and the other columns of the key of `field_rows`


class Uncounted:
    """The fields of records that are removed."""

    def __init__(self) -> None:
        self.records = Counter[FieldOf]()

    def add_row(self, file_id: int, extra: str) -> None:
        """Add the fields of a staged record that no column took."""
        for name, value in parse(extra.encode()).items():
            self.records[file_id, printable(name, NAME), unknown.type_of(value), False] += 1

    def add_reject(self, file_id: int, code: str, column: str | None, raw_text: str | None) -> None:
        """Add the fields for which a record was rejected, as far as its text tells them."""
        record = Record(1, 0, (raw_text or "").encode())
        with suppress(ValueError):  # it was cut, or is not JSON
            for seen in unknown.refused("events", record, Fault(code, "", column)):
                self.records[(file_id, *seen)] += 1

    def statements(self) -> Iterator[Statement]:
        """The statements that count these records no longer."""
        alike = defaultdict[tuple[str, str, bool, int], list[int]](list)
        for (file_id, *field), number in self.records.items():
            alike[(*field, number)].append(file_id)  # type: ignore[index]
        c = FIELDS.c
        for (name, type_, declared, number), ids in alike.items():
            same = (c.name == name, c.type == type_, c.declared.is_(declared))
            fewer = sa.update(FIELDS).values(records=c.records - number)
            yield fewer.where(*same, within(c.file_id, ids))
        if alike:
            yield sa.delete(FIELDS).where(c.records <= 0)
