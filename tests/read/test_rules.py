"""The rules of every field: each check can fail, and says what is wrong."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sparkify.models import KINDS, table
from sparkify.read.conditions import NUMBER, OBJECT
from sparkify.read.repair import MACROS
from sparkify.read.rules import REASONS, checks_of, fields_of, reason
from sparkify.read.scans import Scans
from sparkify.read.select import select
from sparkify.read.sql import DuckDBScanner
from tests.factory import event, song

RECORD = {"events": event, "songs": song}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with everything that the reader needs."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for macro in MACROS:
            connection.execute(macro)
        yield connection


def from_text(database: duckdb.DuckDBPyConnection, kind: str, record: dict[str, Any]) -> Any:
    """The fault that the reader's SELECT finds in a record as JSON."""
    path = Path("record.json")
    path.write_text(json.dumps({OBJECT: 0, NUMBER: 0, **record}) + "\n")
    query = select(kind, "true", "fault")
    scans = Scans(DuckDBScanner(database), "keep")
    ((found,),) = scans.run(kind, query, [str(path)], verified=True)
    return found


def test_every_check_can_fail(database: duckdb.DuckDBPyConnection) -> None:
    """For each check there is a record that fails it, and it is told by its code and column."""
    bad: dict[str, Any] = {
        "type": "x",
        "fits": "9" * 400,
        "length": "x" * 5_000,
        "required": None,
        "required_in_play": None,
        "one_of": "other",
    }
    for kind in KINDS:
        for code, field, test in checks_of(kind):
            value = bad.get(test)
            if test in ("least", "most"):
                limit = field.rules.least if test == "least" else field.rules.most
                value = int(limit or 0) + (1 if test == "most" else -1)
            record = RECORD[kind]() | {field.key: value}
            expected = f"{code}:{field.name}"
            if test == "fits" and field.type == "number":
                record[field.key] = "1e999"
            assert from_text(database, kind, record) == expected, (kind, test)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_has_its_sentence(kind: str) -> None:
    """The sentence of every check names the record's own key, and leaves no placeholder."""
    for code, field, _ in checks_of(kind):
        text = reason(kind, code, field.name)
        assert text.startswith(f"{field.key} ")
        assert "{" not in text
    assert {check.code for check in checks_of(kind)} <= set(REASONS)


def test_the_sentences() -> None:
    """What people read."""
    assert reason("events", "wrong_type", "ts") == "ts must be an integer"
    assert reason("events", "not_allowed", "level") == 'level must be "free" or "paid"'
    assert reason("events", "missing", "user_id") == "userId is required and is missing or empty"
    assert reason("songs", "out_of_range", "artist_latitude") == (
        "artist_latitude must be from -90 to 90"
    )
    assert reason("events", "out_of_range", "length") == "length must be 0 or more"
    assert reason("songs", "too_long", "title") == "title must be at most 1024 bytes long"


def test_the_fields_are_the_staging_columns() -> None:
    """Every staging column that is not provenance holds a field."""
    for kind, model in KINDS.items():
        names = {column.name for column in table(model).columns} - {"file_id", "repaired", "extra"}
        assert {field.name for field in fields_of(kind)} == names
