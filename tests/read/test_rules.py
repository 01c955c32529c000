"""The rules of every field: both compilers find the same fault in the same record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.schema import CreateTable

from sparkify.models import KINDS, table
from sparkify.models.staging import PLAY
from sparkify.models.statements import temporary
from sparkify.read.conditions import NUMBER, OBJECT
from sparkify.read.repair import MACROS
from sparkify.read.rules import REASONS, Field, checks_of, fields_of, reason
from sparkify.read.select import select
from sparkify.read.sql import fill
from sparkify.warehouses.duckdb.dialect import Dialect
from sparkify.warehouses.redshift.incoming import fault, incoming
from tests.factory import event, song

RECORD = {"events": event, "songs": song}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with everything that both statements need."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE MACRO octet_length(text) AS strlen(text)")
        connection.execute("CREATE TABLE lake_objects AS SELECT 0 AS object, 'uri' AS uri")
        for macro in MACROS:
            connection.execute(macro)
        for kind in KINDS:
            connection.execute(str(CreateTable(loose(kind)).compile(dialect=Dialect())))
        yield connection


def loose(kind: str) -> sa.Table:
    """The table that COPY fills, without NOT NULL: what COPY itself would reject is let in."""
    target = incoming(kind)
    columns = [sa.Column(column.name, column.type) for column in target.columns]
    return temporary(target.name, *columns)


def from_text(database: duckdb.DuckDBPyConnection, kind: str, record: dict[str, Any]) -> Any:
    """The fault that the reader's SELECT finds in a record as JSON."""
    path = Path("record.json")
    path.write_text(json.dumps({OBJECT: 0, NUMBER: 0, **record}) + "\n")
    query = select(kind, "true", "fault")
    values = {"files": [str(path)], "load_id": "load", "verified": True}
    ((found,),) = database.execute(fill(query, values)).fetchall()  # type: ignore[arg-type]
    return found


def from_values(database: duckdb.DuckDBPyConnection, kind: str, record: dict[str, Any]) -> Any:
    """The fault that the direct route's SELECT finds in a record as typed values."""
    target = incoming(kind)
    values = [typed(field, record.get(field.key)) for field in fields_of(kind)]
    database.execute(f"DELETE FROM {target.name}")
    row = ", ".join(
        "make_timestamp_ms(?)" if f.type == "timestamp" else "?" for f in fields_of(kind)
    )
    database.execute(f"INSERT INTO {target.name} VALUES ({row})", values)
    query = sa.select(fault(kind, target)).select_from(target)
    text = query.compile(dialect=Dialect(), compile_kwargs={"literal_binds": True})
    ((found,),) = database.execute(str(text).replace("%%", "%")).fetchall()
    return found


def typed(field: Field, value: Any) -> Any:
    """A value as COPY loads it: empty and blank texts become NULL, trailing spaces go."""
    if isinstance(value, str):
        value = value.rstrip(" ") or None
    if value is None or field.type == "text":
        return value
    return float(value) if field.type == "number" else int(value)


TEXTS = st.sampled_from(["", " ", "x", "x ", "free", "paid", PLAY, "ä" * 33, "ä" * 600])
INTEGERS = st.sampled_from([-1, 0, 7, 9_999, 10_000, 1_541_073_600_000, 2**63 - 1, -(2**63)])
NUMBERS = st.one_of(INTEGERS, st.sampled_from([-180.5, -90.0, 0.5, 180.0, 1e308]))


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Values of a field's type, or none."""
    if field.type == "timestamp":
        moments = [0, 946_684_799_999, 946_684_800_000, 4_102_444_799_999, 4_102_444_800_000]
        return st.sampled_from([None, *moments])
    if field.type == "text":
        longest = [length * "x" for length in (field.length, field.length + 1)]
        return st.one_of(st.none(), TEXTS, st.sampled_from(longest))
    values = INTEGERS if field.type == "integer" else NUMBERS
    limits = [int(limit) for limit in (field.rules.least, field.rules.most) if limit is not None]
    near = [limit + step for limit in limits for step in (-1, 0, 1)]
    return st.one_of(st.none(), values, *([st.sampled_from(near)] if near else []))


@st.composite
def records(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A kind, and a record of it in which up to three fields have other values."""
    kind = draw(st.sampled_from(list(KINDS)))
    bounded = [field for field in fields_of(kind) if field.rules.most is not None]
    fields = st.one_of(st.sampled_from(fields_of(kind)), st.sampled_from(bounded))
    chosen = draw(st.lists(fields, max_size=3, unique=True))
    return kind, RECORD[kind]() | {field.key: draw(values_of(field)) for field in chosen}


@settings(max_examples=20)
@given(records())
def test_both_compilers_find_the_same_fault(
    database: duckdb.DuckDBPyConnection, drawn: tuple[str, dict[str, Any]]
) -> None:
    """A record is staged or rejected for the same reason, as JSON text or as typed values."""
    kind, record = drawn
    assert from_text(database, kind, record) == from_values(database, kind, record)


@pytest.mark.long
@settings(max_examples=200)
@given(records())
def test_both_compilers_find_the_same_faults_in_many_records(
    database: duckdb.DuckDBPyConnection, drawn: tuple[str, dict[str, Any]]
) -> None:
    """The same for more of them."""
    kind, record = drawn
    assert from_text(database, kind, record) == from_values(database, kind, record)


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
        names = {column.name for column in table(model).columns} - {"file_id", "repaired"}
        assert {field.name for field in fields_of(kind)} == names
