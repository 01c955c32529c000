"""Fields that no column takes are kept, reported or rejected, and always counted exactly."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkify import config, pipeline, warehouses
from sparkify.books import Status, read_status
from sparkify.errors import UsageError
from sparkify.read import unknown
from sparkify.read.repair import MACROS
from sparkify.read.rules import fields_of
from sparkify.read.scans import Scans
from sparkify.read.select import select
from sparkify.read.sql import DuckDBScanner
from tests.factory import event, lines, put, rejects, rows, song, star
from tests.support import redshift_is_long

EXTRA = "SELECT item_in_session, extra FROM staging.staging_events"
FIELDS = "SELECT kind, name, declared, records, types FROM staging.fields"
PHONES = [
    event(itemInSession=0),
    event(itemInSession=1, device="phone"),
    event(itemInSession=2, device={"os": ["a", None]}, userid="49"),
    event(itemInSession=3, device=None) | {"device": None},
]
SEEN = [
    ("events", "device", False, 3, "null: 1, object: 1, string: 1"),
    ("events", "userid", False, 1, "string: 1"),
]


def status(url: str) -> Status:
    """The status of a warehouse."""
    settings = config.load()
    with warehouses.connect(url, settings) as opened:
        return read_status(opened, settings)


def phones(lake: Path, *more: Any) -> None:
    """A lake of which some events have more fields."""
    put(lake, "events", "a.json", *PHONES, *more)
    put(lake, "songs", "a.json", song())


@redshift_is_long
def test_unknown_fields_are_kept_and_counted(lake: Path, warehouse: str) -> None:
    """Each record keeps its own as JSON; report, status and books count them alike."""
    phones(lake)
    report = pipeline.run(lake, warehouse)
    assert report.records.staged == 5
    found = {item: extra and json.loads(extra) for item, extra in rows(warehouse, EXTRA)}
    assert found == {
        0: None,
        1: {"device": "phone"},
        2: {"device": {"os": ["a", None]}, "userid": "49"},
        3: {"device": None},
    }
    assert rows(warehouse, FIELDS) == SEEN
    device, userid = report.unknown_fields
    assert (device.name, device.kind, device.records) == ("device", "events", 3)
    assert device.types == {"null": 1, "object": 1, "string": 1}
    assert device.object is not None
    assert device.object.endswith("log_data/a.json")
    assert userid.meant == "userId"
    assert report.to_dict()["unknown_fields"][1]["name"] == "userid"
    assert "userid: 1 string (must be userId: keys are case sensitive)" in str(report)
    assert status(warehouse).unknown_fields == report.unknown_fields


@redshift_is_long
@pytest.mark.parametrize("mode", ["keep", "report"])
def test_the_star_does_not_depend_on_them(lake: Path, warehouse: str, mode: Any) -> None:
    """With or without unknown fields, the star is the same."""
    phones(lake)
    pipeline.run(lake, warehouse, new_fields=mode)
    plain = f"duckdb:///{lake.parent}/plain.duckdb"
    known = {field.key for field in fields_of("events")}
    put(lake, "events", "a.json", *({k: e[k] for k in e.keys() & known} for e in PHONES))
    pipeline.run(lake, plain)
    assert star(warehouse) == star(plain)


@redshift_is_long
def test_report_counts_and_keeps_nothing(lake: Path, warehouse: str) -> None:
    """`report` counts as `keep` does; a record that is read again is counted once."""
    phones(lake, event(itemInSession=4, more=1) | {"song": "NaN\n", "x": [1.0, {"y": "NaN, "}]})
    put(lake, "events", "pretty.json", json.dumps(event(itemInSession=5, z=1), indent=1).encode())
    report = pipeline.run(lake, warehouse, new_fields="report")
    assert report.records.staged == 7
    assert {extra for _, extra in rows(warehouse, EXTRA)} == {None}
    more = [("more", "number: 1"), ("x", "array: 1"), ("z", "number: 1")]
    seen = [*SEEN, *(("events", name, False, 1, types) for name, types in more)]
    assert rows(warehouse, FIELDS) == sorted(seen)


@redshift_is_long
def test_reject_names_the_fields(lake: Path, warehouse: str) -> None:
    """`reject` refuses records with unknown fields, and counts these all the same."""
    phones(lake)
    report = pipeline.run(lake, warehouse, new_fields="reject", max_rejects=9)
    assert (report.records.staged, report.records.rejected) == (2, 3)
    assert {(r["code"], r["column_name"]) for r in rejects(warehouse)} == {
        ("unknown_field", "device")
    }
    reasons = {r["reason"] for r in rejects(warehouse)}
    assert "no column takes device, userid; it must be userId: keys are case sensitive" in reasons
    assert rows(warehouse, FIELDS) == SEEN


@redshift_is_long
def test_a_change_of_type_is_told_by_name(lake: Path, warehouse: str) -> None:
    """Values that a declared field does not take are counted by their JSON type."""
    bad = [{"id": 1}, "abc", "x", [1], True]
    records = [event(itemInSession=n, userId=value) for n, value in enumerate(bad)]
    put(lake, "events", "a.json", event(itemInSession=9), *records)
    report = pipeline.run(lake, warehouse, max_rejects=9)
    (field,) = report.mistyped_fields
    assert report.unknown_fields == []
    assert (field.name, field.declared, field.records) == ("userId", True, 5)
    assert field.types == {"object": 1, "array": 1, "string": 2, "boolean": 1}
    assert "userId: 1 array, 1 boolean, 1 object, 2 string" in str(report)
    assert status(warehouse).mistyped_fields == report.mistyped_fields


@redshift_is_long
def test_an_object_takes_its_fields_with_it(lake: Path, warehouse: str) -> None:
    """When an object is replaced, the books tell of the fields that it has now."""
    phones(lake)
    pipeline.run(lake, warehouse)
    put(lake, "events", "a.json", event(colour="red"))
    report = pipeline.run(lake, warehouse)
    assert [field.name for field in report.unknown_fields] == ["colour"]
    assert rows(warehouse, FIELDS) == [("events", "colour", False, 1, "string: 1")]
    assert pipeline.run(lake, warehouse).unknown_fields == []


@redshift_is_long
def test_extra_has_a_limit(lake: Path, warehouse: str) -> None:
    """Unknown fields of over 65,535 bytes are too long to keep; one byte less is kept."""
    frame = len('{"pad":""}')
    for item, size in enumerate((65_535, 65_536)):
        put(lake, "events", f"{item}.json", event(itemInSession=item, pad="x" * (size - frame)))
    report = pipeline.run(lake, warehouse, max_rejects=9)
    assert (report.records.staged, report.records.rejected) == (1, 1)
    (found,) = rejects(warehouse)
    assert (found["code"], found["column_name"]) == ("too_long", "extra")
    assert "65535 bytes" in found["reason"]


def test_many_names_are_counted_together(lake: Path, duckdb_url: str) -> None:
    """A batch with more names than the books want counts the rarest as one; none is lost."""
    names = [f"k{n:05}" for n in range(unknown.MOST + 500)]
    put(lake, "events", "a.json", event(itemInSession=1, **dict.fromkeys(names, 1)))
    pipeline.run(lake, duckdb_url)
    found = {name: records for _, name, _, records, _ in rows(duckdb_url, FIELDS)}
    assert len(found) == unknown.MOST + 1
    assert found[unknown.OTHERS] == 500


@redshift_is_long
def test_odd_names(lake: Path, warehouse: str) -> None:
    """Any key can be one that no column takes; what cannot be printed is escaped."""
    names = ["", " ", "a/b~c", 'q"q', "0", "naïve", "tab\t", "x" * 300, "EXTRA", "extra"]
    put(lake, "events", "a.json", event(**dict.fromkeys(names, 1)))
    pipeline.run(lake, warehouse)
    ((_, extra),) = rows(warehouse, EXTRA)
    assert set(json.loads(extra)) == set(names)
    found = [name for _, name, *_ in rows(warehouse, FIELDS)]
    shown = ["", "", "a/b~c", 'q"q', "0", "naïve", "tab\\t", "x" * 256, "EXTRA", "extra"]
    assert sorted(set(found)) == sorted(set(shown))


@pytest.mark.long
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["device", "userid", "Ts", "artist", "z"]),
            st.sampled_from([1, "x", None, True, {"a": 1}, [1]]),
            max_size=3,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_kept_is_what_no_column_takes(tmp_path: Path, more: list[Any]) -> None:
    """Whatever the keys and their order, `extra` has exactly the unknown ones."""
    known = {field.key for field in fields_of("events")}
    strange = [{name: record[name] for name in record.keys() - known} for record in more]
    given = [
        {**event(itemInSession=item), **each} if item % 2 else {**each, **event(itemInSession=item)}
        for item, each in enumerate(strange)
    ]
    path = tmp_path / "0.json"
    path.write_bytes(lines(given))
    with duckdb.connect() as connection:
        for macro in MACROS:
            connection.execute(macro)
        scans = Scans(DuckDBScanner(connection), "keep")
        scans.learn("events", [str(path)])
        query = select("events", "fault IS NULL", "item_in_session, extra")
        found = dict(scans.run("events", query, [str(path)]))
    expected = {e["itemInSession"]: {k: e[k] for k in e.keys() - known} for e in given}
    assert {item: json.loads(extra or "{}") for item, extra in found.items()} == expected


def test_lists_of_keys_are_learned(tmp_path: Path) -> None:
    """The commonest lists of known keys come first; one with an unknown key is not learned."""
    swapped = dict(reversed(event().items()))
    path = tmp_path / "a.json"
    path.write_bytes(lines([event(), swapped, swapped, event(device=1)]))
    assert unknown.learn("events", [str(path)], []) == [list(swapped), list(event())]


def test_the_setting_is_checked(lake: Path, duckdb_url: str) -> None:
    """Another word than the three is a usage error."""
    phones(lake)
    with pytest.raises(UsageError, match="must be one of keep, report, reject"):
        pipeline.run(lake, duckdb_url, new_fields="drop")  # type: ignore[arg-type]
