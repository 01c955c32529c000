"""Runs the statements of `select` over files, and counts the fields that no column takes."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sparkify.models.base import STAGING, table
from sparkify.models.staging import KINDS
from sparkify.read import unknown
from sparkify.read.results import Outcome
from sparkify.read.rules import fields_of
from sparkify.read.select import insert, select
from sparkify.read.sql import Scanner, Value

Field = tuple[str, str]  # a name, and what DuckDB calls the type of its values


class Scans:
    """The statements that a reader runs over lines.

    Attributes:
        new_fields: "keep", "report" or "reject"; what happens to fields that no column takes.
        orders: the lists of keys that most lines have, by kind.
        reported: with new_fields "report", how often each field was seen, by file_id.
    """

    def __init__(self, scanner: Scanner, new_fields: str) -> None:
        self.scanner = scanner
        self.new_fields = new_fields
        self.orders = {kind: [[field.key for field in fields_of(kind)]] for kind in KINDS}
        self.reported = defaultdict[int, Counter[Field]](Counter)

    def learn(self, kind: str, files: Sequence[str]) -> None:
        """Learn the lists of keys of the lines to come."""
        self.orders[kind] = unknown.learn(kind, files, self.orders[kind])

    def run(
        self, kind: str, query: str, files: Sequence[str], *, verified: bool = False
    ) -> list[Any]:
        """Run one of the statements over files."""
        values: dict[str, Value] = {
            "files": files,
            "verified": verified,
            "orders": self.orders[kind],
            "keep": self.new_fields == "keep",
            "strict": self.new_fields == "reject",
        }
        return self.scanner.execute(query, values).fetchall()

    def insert(self, kind: str, files: Sequence[str], *, verified: bool = False) -> int:
        """Stage the lines of files that have no fault; return how many they are."""
        staged = self.run(kind, insert(kind), files, verified=verified)
        if self.new_fields == "report":
            rows = select(
                kind,
                "fault IS NULL AND extra IS NOT NULL",
                "file_id, extra",
                lines=f"NOT {unknown.KNOWN}",
            )
            found = self.run(kind, unknown.counted(rows), files, verified=verified)
            for number, name, type_, records in found:
                self.reported[number][name, type_] += records
        return sum(rows for (rows,) in staged)

    def count_fields(self, kind: str, outcomes: Mapping[int, Outcome]) -> None:
        """Count the fields of staged records that no column takes, and forget them."""
        if self.new_fields == "keep":
            query = unknown.counted(
                f"SELECT file_id, extra FROM {STAGING}.{table(KINDS[kind]).name}"
                " WHERE file_id BETWEEN $first_id AND $last_id AND extra IS NOT NULL"
            )
            ids = {"first_id": min(outcomes), "last_id": max(outcomes)}
            for number, name, type_, records in self.scanner.execute(query, ids).fetchall():
                self.reported[number][name, type_] = records
        total = Counter[str]()
        for found in self.reported.values():
            for (name, _), records in found.items():
                total[name] += records
        names = unknown.few(total)
        for number, found in self.reported.items():
            for (name, type_), records in found.items():
                called = unknown.TYPES.get(type_, "number")
                outcomes[number].fields[names[name], called, False] += records
        self.reported.clear()
