"""Layouts of objects: arrays, marks and separators; a record's fate is its own in all of them."""

import gzip
import json
import time
from io import BytesIO
from pathlib import Path

import pytest

from sparkify import pipeline
from sparkify.lake import objects as lakes
from sparkify.read.pieces import split_object
from tests.factory import event, files, lines, put, rejects, rows
from tests.support import redshift_is_long

EVENTS = [event(itemInSession=item, extra={"a": [1, {"b": "]},{"}]}) for item in range(4)]
COMPACT = json.dumps(EVENTS, separators=(",", ":")).encode()
BOM, SEPARATOR = b"\xef\xbb\xbf", b"\x1e"
LAYOUTS = {
    "compact": COMPACT,
    "pretty": json.dumps(EVENTS, indent=2).encode(),
    "one element a line": b"[\n" + b",\n".join(lines(EVENTS).splitlines()) + b"\n]\n",
    "commas first": b"[" + b"\n,".join(lines(EVENTS).splitlines()) + b"\n]",
    "CRLF": json.dumps(EVENTS, indent=1).replace("\n", "\r\n").encode(),
    "blanks before": b" \n\t\n  " + COMPACT,
    "a mark before": BOM + COMPACT,
    "arrays in a row": b"\n".join(json.dumps(EVENTS[at : at + 2]).encode() for at in (0, 2)),
    "an array, then lines": json.dumps(EVENTS[:2]).encode() + b"\n" + lines(EVENTS[2:]),
    "a mark before every line": b"".join(BOM + line for line in lines(EVENTS).splitlines(True)),
    "a mark in the middle": lines(EVENTS[:2]) + BOM + lines(EVENTS[2:]),
    "a mark before a printed record": lines(EVENTS[:3])
    + BOM
    + json.dumps(EVENTS[3], indent=1).encode(),
    "record separators": b"".join(SEPARATOR + line for line in lines(EVENTS).splitlines(True)),
    "separators before printed records": b"".join(
        SEPARATOR + json.dumps(each, indent=1).encode() + b"\n" for each in EVENTS
    ),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_every_layout_loads(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch, *, large: bool, packed: bool
) -> None:
    """Records load from an array as from lines, small or large, compressed or not."""
    if large:
        monkeypatch.setattr(lakes, "LARGE", 1)
    for number, content in enumerate(LAYOUTS.values()):
        put(lake, "events", f"{number}.json", gzip.compress(content) if packed else content)
    pipeline.run(str(lake), duckdb_url)
    assert rejects(duckdb_url) == []
    assert files(duckdb_url) == {f"{n}.json": (4, 0) for n in range(len(LAYOUTS))}
    found = rows(duckdb_url, "SELECT DISTINCT item_in_session FROM staging.staging_events")
    assert found == [(0,), (1,), (2,), (3,)]


@pytest.mark.long
def test_a_large_array_is_read(lake: Path, duckdb_url: str) -> None:
    """Each element of an array over the size of a small object has its line and its offset."""
    records = [json.dumps(event(itemInSession=item)).encode() for item in range(4000)]
    records[1234] = b'{"ts": NaN}'
    path = put(lake, "events", "a.json", b"[\n" + b",\n".join(records) + b"\n]\n")
    assert path.stat().st_size > lakes.LARGE
    pipeline.run(str(lake), duckdb_url)
    (row,) = rejects(duckdb_url)
    assert (row["line_number"], row["code"]) == (1236, "malformed")
    assert path.read_bytes()[row["byte_offset"] :].startswith(records[1234])
    assert files(duckdb_url) == {"a.json": (4000, 1)}


A, B, C = (json.dumps({"n": n}).encode() for n in "abc")
DAMAGED = {
    "no object": (b"[" + A + b",1," + B + b"]", [b"1"]),
    "an array inside": (b"[" + A + b",[" + B + b"]]", [b"[" + B + b"]"]),
    "a comma too many at the end": (b"[" + A + b"," + B + b",\n]", [b","]),
    "commas in a row": (b"[" + A + b",,," + B + b"]", [b",,"]),
    "no end": (b"[" + A + b"," + B + b"\n", [b"["]),
    "cut in an element": (b"[" + A + b"," + B + b',{"n": [', [b'{"n": [']),
    "cut after a comma": (b"[" + A + b"," + B + b",", [b","]),
    "NaN": (b"[" + A + b',{"n":NaN},' + B + b"]", [b'{"n":NaN}']),
    "a text without end": (b"[" + A + b',{"n":"x},' + B + b"]", [b'{"n":"x}']),
    "a brace too few": (b"[" + A + b',\n{"n":{"m":1},\n' + B + b"\n]", [b'{"n":{"m":1},']),
    "text behind an element": (b"[" + A + b" x," + B + b"]", [A + b" x"]),
    "no JSON": (b"[" + A + b",nope," + B + b"]", [b"nope"]),
    "a bracket too many": (b"[" + A + b"," + B + b"]]", [b"]"]),
    "not UTF-8": (b"[" + A + b',{"n":"\xff"},' + B + b"]", [b'{"n":"\xff"}']),
    "only its start": (b"[", [b"["]),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damage_in_an_array_costs_only_itself(case: str) -> None:
    """What is whole loads, and the damage is one piece, which is found at its place."""
    data, damage = DAMAGED[case]
    found = list(split_object(BytesIO(data)))
    good = [piece for _, _, piece in found if piece in (A, B)]
    if case == "text behind an element":
        assert good == [B]
    elif case != "an array inside":
        assert good == ([A, B] if A in data else [])
    assert [piece for _, _, piece in found if piece not in (A, B)] == damage
    for line, offset, piece in found:
        assert data[offset:].startswith(piece)
        assert line == data.count(b"\n", 0, offset) + 1


def test_an_array_among_records_is_one_reject(lake: Path, duckdb_url: str) -> None:
    """Only an object that starts with an array is one."""
    put(lake, "events", "a.json", event(), b"[1, 2, 3]", b"[]", event(itemInSession=1))
    pipeline.run(str(lake), duckdb_url)
    found = rejects(duckdb_url)
    assert [(row["line_number"], row["code"]) for row in found] == [
        (2, "not_object"),
        (3, "not_object"),
    ]


def test_an_array_of_nothing_is_no_error(lake: Path, duckdb_url: str) -> None:
    """It has no records."""
    put(lake, "events", "a.json", b"[\n]\n")
    assert pipeline.run(str(lake), duckdb_url).records.read == 0


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (b"", b"[\n"),
        (b"[", b'{"a":\n'),
        *(
            pytest.param(*case, marks=pytest.mark.long)
            for case in (
                (A + b"\n", b"[\n"),
                (b"[", b'{"a":"x},'),
                (A + b"\n", b'{"a":[\n'),
                (b"[", b"[1,"),
                (b"[", b"\n,"),
            )
        ),
    ],
)
def test_brackets_without_end_take_a_time_that_grows_as_they_do(first: bytes, rest: bytes) -> None:
    """Hundreds of thousands of them take no longer each than a few do."""
    before = time.process_time()
    found = sum(1 for _ in split_object(BytesIO(first + rest * 300_000)))
    assert time.process_time() - before < 15  # it was minutes, and grew with the depth
    assert found <= 300_002


@pytest.mark.parametrize("head", [b"\xff\xfe", b"\xfe\xff", b"{\0", b"{" + bytes(300)])
@pytest.mark.parametrize("count", [3, 60])
def test_the_first_line_does_not_decide_for_the_object(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch, head: bytes, count: int
) -> None:
    """A damaged first line that starts as UTF-16 does costs only itself, in a large object too."""
    monkeypatch.setattr(lakes, "LARGE", 1 << 14)
    records = [event(itemInSession=item) for item in range(count)]
    put(lake, "events", "a.json", head + b"damage", *records)
    pipeline.run(str(lake), duckdb_url)
    (row,) = rejects(duckdb_url)
    assert row["line_number"] == 1
    assert files(duckdb_url) == {"a.json": (count + 1, 1)}


@redshift_is_long
def test_a_git_lfs_pointer_is_told(lake: Path, warehouse: str) -> None:
    """One reject an object, which says what to do."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 250\n" % 8
    put(lake, "events", "good.json", event())
    for number in range(3):
        put(lake, "songs", f"{number}.json", pointer)
    pipeline.run(str(lake), warehouse)
    found = rejects(warehouse)
    assert [(row["code"], row["line_number"]) for row in found] == [
        ("object_lfs_pointer", None)
    ] * 3
    assert all("git lfs pull" in row["reason"] for row in found)
