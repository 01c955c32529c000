"""Bad input: every refused record is kept with its place and its reason, and nothing else is."""

import gzip
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sparkify import pipeline
from sparkify.errors import SparkifyError, TooManyRejects, TryAgain
from sparkify.lake import objects as lakes
from sparkify.read import pieces
from tests.factory import NOON, event, files, lines, put, rejects, rows, song, staging, star
from tests.redshift_standin import StandIn
from tests.support import redshift_is_long

ALL = "100%"  # of max_rejects


@pytest.fixture
def duckdb_url(tmp_path: Path, empty: Path) -> str:
    """The URL of a DuckDB file with its schema and no rows."""
    return f"duckdb:///{shutil.copyfile(empty, tmp_path / 'warehouse.duckdb')}"


class Bad(NamedTuple):
    """A record that has to be refused: its bytes, the code, and the column at fault."""

    raw: bytes
    code: str
    column: str | None = None
    kind: str = "events"


def wrong(code: str, column: str, **fields: Any) -> Bad:
    """An event with some of its fields wrong."""
    return Bad(json.dumps(event(**fields)).encode(), code, column)


def wrong_song(code: str, column: str, **fields: Any) -> Bad:
    """A song with some of its fields wrong."""
    return Bad(json.dumps(song(**fields)).encode(), code, column, "songs")


def replaced(old: str, new: bytes, code: str, column: str | None = None) -> Bad:
    """An event in whose text something stands that no JSON writer writes."""
    raw = json.dumps(event(location="PLACE")).encode()
    assert old.encode() in raw
    return Bad(raw.replace(old.encode(), new), code, column)


GOOD = json.dumps(event()).encode()
CASES = {
    "cut off in a text": Bad(GOOD[:100], "malformed"),
    "cut off after a key": Bad(b'{"ts": 1541073600000, "page":', "malformed"),
    "cut off after a comma": Bad(b'{"ts": 1541073600000,', "malformed"),
    "a brace": Bad(b"{", "malformed"),
    "a closing brace": Bad(b"}", "malformed"),
    "a trailing comma": Bad(GOOD[:-1] + b", }", "malformed"),
    "NaN": replaced("254.5", b"NaN", "malformed"),
    "Infinity in an unknown field": Bad(GOOD[:-1] + b', "x": -Infinity}', "malformed"),
    "single quotes": Bad(GOOD.replace(b'"', b"'"), "malformed"),
    "a comment": Bad(GOOD + b" // why", "malformed"),
    "a comment inside": Bad(b"{/* why */" + GOOD[1:], "malformed"),
    "text after the object": Bad(GOOD + b" and more", "malformed"),
    "an unquoted key": Bad(b"{ts: 1}", "malformed"),
    "a leading zero": replaced("254.5", b"0254.5", "malformed"),
    "plain text": Bad(b"not json", "malformed"),
    "a tab in a text": replaced("PLACE", b"PL\tCE", "malformed"),
    "a NUL byte": replaced("PLACE", b"PL\0CE", "malformed"),
    "a NUL escape": replaced("PLACE", b"PL\\u0000CE", "nul"),
    "a number": Bad(b"42", "not_object"),
    "a string": Bad(b'"text"', "not_object"),
    "null": Bad(b"null", "not_object"),
    "Latin-1": replaced("PLACE", b"Z\xfcrich", "not_utf8"),
    "half a surrogate pair": replaced("PLACE", b"\\ud83d", "lone_surrogate"),
    "10,000 deep": Bad(GOOD[:-1] + b', "x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "too_deep"),
    "5 MB": Bad(GOOD[:-1] + b', "x": "' + b"x" * (5 << 20) + b'"}', "too_large"),
    "an object in a text": wrong("wrong_type", "location", location={"city": "Oslo"}),
    "an array in a text": wrong("wrong_type", "song", song=["Jóga"]),
    "an object in a number": wrong("wrong_type", "length", length={}),
    "a fraction in an integer": wrong("wrong_type", "session_id", sessionId=38.5),
    "an exponent in a fraction": replaced(
        '"sessionId": 38', b'"sessionId": 385e-1', "wrong_type", "session_id"
    ),
    "text in an integer": wrong("wrong_type", "item_in_session", itemInSession="first"),
    "true as an integer": wrong("wrong_type", "session_id", sessionId=True),
    "true as a number": wrong("wrong_type", "length", length=True),
    "text in a number": wrong("wrong_type", "length", length="long"),
    "more than 64 bits": wrong("out_of_range", "session_id", sessionId=2**63),
    "1e400": replaced("254.5", b"1e400", "out_of_range", "length"),
    "ts in seconds": wrong("out_of_range", "ts", ts=NOON // 1000),
    "ts in microseconds": wrong("out_of_range", "ts", ts=NOON * 1000),
    "ts in nanoseconds": wrong("out_of_range", "ts", ts=NOON * 10**6),
    "a negative ts": wrong("out_of_range", "ts", ts=-NOON),
    "ts in the year 9999": wrong("out_of_range", "ts", ts=253402300799000),
    "a fraction of a ts": wrong("wrong_type", "ts", ts=NOON + 0.5),
    "a date for a ts": wrong("wrong_type", "ts", ts="2018-11-01"),
    "no ts": wrong("missing", "ts", ts=None),
    "no page": wrong("missing", "page", page=None),
    "an empty page": wrong("missing", "page", page="  "),
    "no level": wrong("missing", "level", level=None),
    "no session": wrong("missing", "session_id", sessionId=None),
    "no item": wrong("missing", "item_in_session", itemInSession=None),
    "a play without user": wrong("missing", "user_id", userId=""),
    "a play without song": wrong("missing", "song", song=None),
    "a play without artist": wrong("missing", "artist", artist=""),
    "a user that is no number": wrong("wrong_type", "user_id", userId="chloe"),
    "a negative user": wrong("out_of_range", "user_id", userId="-1"),
    "an unknown level": wrong("not_allowed", "level", level="gold"),
    "a negative length": wrong("out_of_range", "length", length=-1),
    "513 letters of two bytes": wrong("too_long", "song", song="é" * 513),
    "a song without id": wrong_song("missing", "song_id", song_id=None),
    "a song without title": wrong_song("missing", "title", title=""),
    "a song without artist": wrong_song("missing", "artist_id", artist_id=None),
    "a song without artist name": wrong_song("missing", "artist_name", artist_name=None),
    "a latitude beyond 90": wrong_song("out_of_range", "artist_latitude", artist_latitude=91),
    "a longitude beyond 180": wrong_song("out_of_range", "artist_longitude", artist_longitude=-181),
    "a negative duration": wrong_song("out_of_range", "duration", duration=-0.1),
    "a negative year": wrong_song("out_of_range", "year", year=-1),
    "a Python literal": Bad(GOOD.replace(b"254.5", b"None"), "malformed"),
    "a plus sign": replaced("254.5", b"+254.5", "malformed"),
    "a hexadecimal number": replaced("254.5", b"0xFE", "malformed"),
    "a number without its start": replaced("254.5", b".5", "malformed"),
    "two commas": Bad(GOOD.replace(b", ", b",, ", 1), "malformed"),
    "no colon": Bad(GOOD.replace(b'"ts":', b'"ts"'), "malformed"),
    "a text without end": replaced('"PLACE"', b'"PLACE', "malformed"),
    "an unknown escape": replaced("PLACE", b"PL\\xCE", "malformed"),
    "a comma line": Bad(b"ts,page,level,sessionId", "malformed"),
    "XML": Bad(b"<event ts='1'/>", "malformed"),
    "true": Bad(b"true", "not_object"),
    "an empty object": Bad(b"{}", "missing", "item_in_session"),
    "an overlong encoding": replaced("PLACE", b"\xc0\x80", "not_utf8"),
    "an encoded surrogate": replaced("PLACE", b"\xed\xa0\x80", "not_utf8"),
    "an array in a number": wrong("wrong_type", "length", length=[1]),
    "an array for a user": wrong("wrong_type", "user_id", userId=["49"]),
    "a blank song": wrong("missing", "song", song="   "),
    "less than minus 64 bits": wrong("out_of_range", "status", status=-(2**63) - 1),
    "a fraction of a user": wrong("wrong_type", "user_id", userId="49.5"),
    "an empty level": wrong("missing", "level", level=""),
    "a level in capitals": wrong("not_allowed", "level", level="FREE"),
    "1,025 letters": wrong("too_long", "user_agent", userAgent="x" * 1025),
    "257 letters of a name": wrong("too_long", "last_name", lastName="x" * 257),
    "a latitude below -90": wrong_song("out_of_range", "artist_latitude", artist_latitude=-90.5),
    "a year in words": wrong_song("wrong_type", "year", year="last"),
    "a fraction of a year": wrong_song("wrong_type", "year", year=1997.5),
    "an empty song id": wrong_song("missing", "song_id", song_id=" "),
    "a nested value before a plain one": Bad(
        b'{"song": {"a": 1}, ' + GOOD[1:], "wrong_type", "song"
    ),
    "a wrong level before a right one": Bad(
        b'{"level": "gold", ' + GOOD[1:], "not_allowed", "level"
    ),
    "5,000 digits": replaced(
        '"sessionId": 38',
        b'"sessionId": ' + b"1" * 5000,
        "out_of_range",
        "session_id",
    ),
    "1,010 deep and 1e400": Bad(
        GOOD[:-1] + b', "x": ' + b"[" * 1010 + b"]" * 1010 + b', "y": 1e400}', "too_deep"
    ),
    "990 deep and a NUL": Bad(
        GOOD[:-1] + b', "x": ' + b"[" * 990 + b"]" * 990 + b', "y": "\\u0000"}', "nul"
    ),
    "a NUL in a key": Bad(GOOD[:-1] + b', "\\u0000": 1}', "nul"),
    "a nested title": wrong_song("wrong_type", "title", title={"en": "Joga"}),
}
BEFORE = {
    "events": [event(itemInSession=1), event(itemInSession=2)],
    "songs": [song(song_id="SO1"), song(song_id="SO2")],
}
AFTER = {"events": event(itemInSession=3), "songs": song(song_id="SO3")}


def name_of(case: str) -> str:
    """A file name for a case."""
    return f"{case.replace(' ', '_')}.json"


def beside(kind: str) -> list[Bad]:
    """The cases that stay what they are in any company: a brace may be closed by another."""
    return [bad for bad in CASES.values() if bad.kind == kind and bad.raw not in (b"{", b"}")]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """One run over every case: alone, among good records, and all of them in one object."""
    folder = tmp_path_factory.mktemp("bad")
    for place, around in (("alone", False), ("among", True)):
        for case, bad in CASES.items():
            before = BEFORE[bad.kind] if around else []
            after = [AFTER[bad.kind]] if around else []
            put(folder / place, bad.kind, name_of(case), lines([*before, bad.raw, *after]))
    for kind in BEFORE:
        put(folder / "together", kind, "all.json", lines(bad.raw for bad in beside(kind)))
    found = {}
    for place in ("alone", "among", "together"):
        url = f"duckdb:///{folder}/{place}.duckdb"
        pipeline.run(str(folder / place), url, max_rejects=ALL)
        found[place] = {"rejects": rejects(url), "files": files(url), "rows": staging(url)}
    return found


def refused(judged: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The rejects of one object."""
    return [row for row in judged["rejects"] if row["uri"].endswith(f"/{name}")]


@pytest.mark.parametrize("case", CASES)
def test_a_bad_record_is_refused_alone_and_among_good_ones(
    judged: dict[str, Any], case: str
) -> None:
    """A record's fate, its code and its column never depend on its neighbours."""
    bad = CASES[case]
    before = lines(BEFORE[bad.kind])
    for place, line, offset, good in (("alone", 1, 0, 0), ("among", 3, len(before), 3)):
        (row,) = refused(judged[place], name_of(case))
        assert (row["code"], row["column_name"]) == (bad.code, bad.column), row["reason"]
        assert (row["line_number"], row["byte_offset"]) == (line, offset)
        assert judged[place]["files"][name_of(case)] == (good + 1, 1)
        assert row["reason"]
        assert row["raw_text"].isprintable()
        assert bad.raw.decode("utf-8", "replace").startswith(row["raw_text"][:20])


def test_bad_records_together_are_refused_one_by_one(judged: dict[str, Any]) -> None:
    """Bad records in one object, each behind the other, each keep their own reason and place."""
    for kind, place in (("events", "log_data"), ("songs", "song_data")):
        found = [row for row in judged["together"]["rejects"] if place in row["uri"]]
        found.sort(key=lambda row: row["line_number"])
        assert [(row["line_number"], row["code"], row["column_name"]) for row in found] == [
            (line, bad.code, bad.column) for line, bad in enumerate(beside(kind), 1)
        ]


FINE = {
    "a byte order mark": b"\xef\xbb\xbf" + lines([event()]),
    "CRLF": lines([event()]).replace(b"\n", b"\r\n") * 2,
    "blank lines": b"\n\n" + lines([event()]) + b"  \n\r\n" + lines([event(itemInSession=1)]),
    "no newline at the end": lines([event()]).rstrip(b"\n"),
    "an unknown field": lines([event(extra="x"), event(extra=5, itemInSession=1)]),
    "an unknown nested field": lines([event(extra={"a": [1, {"b": 2}]})]),
    "missing optional fields": lines([event(location=None, gender=None, userAgent=None)]),
    "keys in another order": lines([dict(reversed(event().items()))]),
    "blanks around": b"  " + lines([event()]).replace(b"\n", b"  \t\n"),
    "text like an object": lines([event(song='{"a": [1]}', artist="[untitled]")]),
    "text like NaN": lines([event(song="NaN", location="a: Nashville, Indiana")]),
    "an escaped backslash": lines([event(song="\\u0000")]),
    "a repeated key": lines([GOOD[:-1] + b', "song": {"a": [1]}, "level": 5}'])
    + lines([b'{"song": "Hunter", ' + GOOD[1:]]),
    "5,000 digits in an unknown field": json.dumps(event(extra="N"), indent=1)
    .encode()
    .replace(b'"N"', b"1" * 5000),
    "an emoji": lines([event(song="\U0001f3b5")]),
    "the longest text": lines([event(song="é" * 512)]),
    "numbers as text": lines([event(sessionId="38", length="254.5")]),
    "one record over many lines": json.dumps(event(), indent=4).encode(),
    "two over many lines": b"\n".join(
        json.dumps(event(itemInSession=i), indent=1).encode() for i in range(2)
    ),
    "several in a row": b"".join(json.dumps(event(itemInSession=i)).encode() for i in range(3)),
    "several on a line": b" ".join(json.dumps(event(itemInSession=i)).encode() for i in range(3)),
    "both kinds of lines": json.dumps(event(), indent=2).encode()
    + b"\n"
    + lines([event(itemInSession=i) for i in range(1, 4)]),
    "a level after blanks at its end": lines([event(level="free  ")]),
    "a user as a number": lines([event(userId=49)]),
    "no user on another page": lines([event(userId="", page="Login", song=None, artist=None)]),
    "null for a missing field": lines([json.dumps(event()).replace("254.5", "null").encode()]),
    "ts with a minus zero beside it": lines([event(length=-0.0)]),
    "an escaped solidus": lines([event()]).replace(b"X11;", b"X11\\/"),
    "old Mac line ends": lines([event(itemInSession=i) for i in range(3)]).replace(b"\n", b"\r"),
}


@pytest.mark.long
def test_what_is_fine_is_not_refused(lake: Path, duckdb_url: str) -> None:
    """Marks, line ends, blanks, order and unknown fields are no errors, nor are long layouts."""
    for case, content in FINE.items():
        put(lake, "events", name_of(case), content)
    pipeline.run(str(lake), duckdb_url)
    assert rejects(duckdb_url) == []
    expected = {name_of(case): (content.count(b'"ts"'), 0) for case, content in FINE.items()}
    assert files(duckdb_url) == expected


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> dict[str, Any]:
    """One run over every case twice: as a small object, and at the start of a large one."""
    folder = tmp_path_factory.mktemp("fine")
    url = f"duckdb:///{shutil.copyfile(empty, folder / 'warehouse.duckdb')}"
    big = lines([event(itemInSession=100 + i, location="x" * 900) for i in range(100)])
    for case, content in FINE.items():
        put(folder / "lake", "events", f"small/{name_of(case)}", content)
        put(folder / "lake", "events", f"large/{name_of(case)}", content + b"\n" + big)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lakes, "LARGE", 1 << 16)  # soon enough for so many cases
        assert max(map(len, FINE.values())) < lakes.LARGE < len(big)
        pipeline.run(str(folder / "lake"), url)
    mine = [row for row in staging(url)["events"] if "x" * 900 not in row]
    root = folder / "lake" / "log_data"
    books = rows(url, "SELECT uri, records, rejects FROM staging.files")
    return {"lake": root, "files": {uri: counts for uri, *counts in books}, "rows": mine}


@pytest.mark.parametrize("case", FINE)
def test_layout_does_not_change_a_row(laid_out: dict[str, Any], case: str) -> None:
    """A large object, which is scanned in place, gives the rows that a small one gives."""
    count = FINE[case].count(b'"ts"')
    found = []
    for size, total in (("small", count), ("large", count + 100)):
        uri = str(laid_out["lake"] / size / name_of(case))
        assert laid_out["files"][uri] == [total, 0]
        mine = [row for row in laid_out["rows"] if uri in row]
        found.append(sorted(str([c for c in row if c != uri]) for row in mine))
    assert found[0] == found[1]
    assert len(found[0]) == count


@pytest.mark.long
def test_a_damaged_record_over_many_lines_is_one_reject(lake: Path, duckdb_url: str) -> None:
    """What was printed over many lines and then damaged is refused once, where it starts."""
    pretty = [json.dumps(event(itemInSession=i), indent=4) for i in range(3)]
    pretty[1] = pretty[1].replace('"page": "NextSong",', '"page": NextSong')
    put(lake, "events", "a.json", "\n".join(pretty).encode())
    pipeline.run(str(lake), duckdb_url)
    (row,) = rejects(duckdb_url)
    assert (row["line_number"], row["code"]) == (21, "malformed")
    assert row["byte_offset"] == len(pretty[0]) + 1
    assert files(duckdb_url) == {"a.json": (3, 1)}


OBJECTS = {
    "truncated gzip": ("events", gzip.compress(lines([event()] * 50))[:-20], "object_gzip"),
    "corrupt gzip": ("events", b"\x1f\x8b\x08\0" + b"damage" * 9, "object_gzip"),
    "UTF-16": ("events", lines([event()]).decode().encode("utf-16"), "object_utf16"),
    "UTF-16 without mark": ("songs", lines([song()]).decode().encode("utf-16-le"), "object_utf16"),
    "an event log among songs": ("songs", lines([event()] * 3), "object_wrong_kind"),
    "songs among event logs": ("events", lines([song()] * 3), "object_wrong_kind"),
}


def damaged_object(case: str, size: int) -> bytes:
    """An object that is damaged as a whole, small or over the size of a small one."""
    _, content, code = OBJECTS[case]
    if size > 1 and case == "truncated gzip":
        return gzip.compress(os.urandom(2 << 14))[:-9]
    return content if code == "object_gzip" else content * size


@pytest.mark.parametrize("size", [1, 60])
def test_an_object_damaged_as_a_whole_is_one_reject(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """It counts one read and one refused, has no line, and nothing of it is published."""
    monkeypatch.setattr(lakes, "LARGE", 1 << 13)
    for case, (kind, _, _) in OBJECTS.items():
        put(lake, kind, name_of(case), damaged_object(case, size))
    put(lake, "events", "good.json", event())
    report = pipeline.run(str(lake), duckdb_url, max_rejects=ALL)
    found = {Path(row["uri"]).name: row for row in rejects(duckdb_url)}
    for case, (_, _, code) in OBJECTS.items():
        row = found[name_of(case)]
        assert (row["code"], row["line_number"], row["raw_text"]) == (code, None, None)
    refused_files = {name_of(case): (1, 1) for case in OBJECTS}
    assert files(duckdb_url) == {**refused_files, "good.json": (1, 0)}
    assert (report.records.read, report.records.staged) == (len(OBJECTS) + 1, 1)


def test_large_objects_behind_a_damaged_one_are_read(lake: Path, duckdb_url: str) -> None:
    """What was begun of a damaged large object is in nobody's way."""
    put(lake, "events", "a.json", lines([event()] * 3000).decode().encode("utf-16"))
    put(lake, "events", "b.json", gzip.compress(os.urandom(2 << 20))[:-9])
    put(lake, "events", "c.json", lines(event(itemInSession=i) for i in range(4000)))
    pipeline.run(str(lake), duckdb_url)
    assert files(duckdb_url) == {"a.json": (1, 1), "b.json": (1, 1), "c.json": (4000, 0)}


def test_compression_is_known_by_content(lake: Path, duckdb_url: str) -> None:
    """gzip without the ending loads, and so does plain text with it, small or large."""
    records = [event(itemInSession=i) for i in range(4000)]
    put(lake, "events", "a.json", gzip.compress(lines([event(sessionId=1)])))
    put(lake, "events", "b.json.gz", lines([event(sessionId=2)]))
    put(lake, "events", "c.jsonl.gz", gzip.compress(lines(records), compresslevel=0))
    report = pipeline.run(str(lake), duckdb_url)
    assert (report.rows["songplays"], report.records.rejected) == (4002, 0)


@pytest.mark.parametrize("content", [b"", b"\n\n  \r\n", b"\xef\xbb\xbf"])
def test_an_empty_object_is_no_error(lake: Path, duckdb_url: str, content: bytes) -> None:
    """An object without records is known, and has none."""
    put(lake, "events", "a.json", content)
    report = pipeline.run(str(lake), duckdb_url)
    assert (report.records.read, files(duckdb_url)) == (0, {"a.json": (0, 0)})


@redshift_is_long
def test_a_corrected_object_replaces_its_rejects(lake: Path, warehouse: str) -> None:
    """After the repair nothing of the bad version is left, neither rows nor rejects."""
    put(lake, "events", "a.json", event(), b"not json", event(itemInSession=1, level="gold"))
    pipeline.run(str(lake), warehouse)
    assert [row["code"] for row in rejects(warehouse)] == ["malformed", "not_allowed"]
    put(lake, "events", "a.json", event(), event(itemInSession=1))
    pipeline.run(str(lake), warehouse)
    assert rejects(warehouse) == []
    assert len(star(warehouse)["songplays"]) == 2


def test_both_engines_refuse_alike(lake: Path, cluster: StandIn, duckdb_url: str) -> None:
    """Every case, and every object that is damaged as a whole, makes the same row on both.

    So does all that stands beside it, and all that is odd and fine.
    """
    for case, bad in CASES.items():
        around = lines([BEFORE[bad.kind][0], bad.raw, AFTER[bad.kind]])
        put(lake, bad.kind, name_of(f"bad {case}"), around)
    for case, content in FINE.items():
        put(lake, "events", name_of(f"fine {case}"), content)
    for case, (kind, content, _) in OBJECTS.items():
        put(lake, kind, name_of(f"object {case}"), content)
    reports = [pipeline.run(str(lake), url, max_rejects=ALL) for url in (cluster.url(), duckdb_url)]
    assert reports[0].records == reports[1].records
    assert reports[0].records.rejected == len(CASES) + len(OBJECTS)
    assert rejects(cluster.url()) == rejects(duckdb_url)
    assert staging(cluster.url()) == staging(duckdb_url)
    assert star(cluster.url()) == star(duckdb_url)


@redshift_is_long
def test_too_many_rejects_are_told_and_nothing_is_published(lake: Path, warehouse: str) -> None:
    """The error has the rejects with it, since the transaction is rolled back."""
    put(lake, "events", "a.json", event(), *[b"not json"] * 20)
    with pytest.raises(TooManyRejects) as error:
        pipeline.run(str(lake), warehouse)
    assert [reject.line_number for reject in error.value.rejects] == list(range(2, 22))
    assert star(warehouse)["songplays"] == []
    assert rows(warehouse, "SELECT count(*) FROM staging.files") == [(0,)]


@pytest.mark.long
def test_damage_takes_a_time_that_grows_as_it_does() -> None:
    """Megabytes of what is no JSON, or of records in a row on one line, are no reason to hang."""
    damage = [b"ts,page,level,sessionId\n", b"  {" + b" " * 20 + b"\n", GOOD[:50] + b"\n", GOOD]
    before = time.process_time()
    for each in damage:
        data = each * (2_000_000 // len(each))
        found = sum(1 for _ in pieces.split(pieces.Region(1, 0, data)))
        assert found == 2_000_000 // len(each)
    assert time.process_time() - before < 15  # it was minutes, and grew with the square


def test_the_first_value_of_a_repeated_key_counts(lake: Path, duckdb_url: str) -> None:
    """Whether a line is read as it stands, strictly, or as a part of a printed record."""
    more = (b', "song": "x"}', b', "song": "x", "y": {}}', b', "song": {"a": 1}}')
    put(lake, "events", "lines.json", lines(GOOD[:-1] + end for end in more))
    put(lake, "events", "printed.json", b"\n".join(b"{\n" + GOOD[1:-1] + end for end in more))
    assert pipeline.run(str(lake), duckdb_url).records.rejected == 0
    assert rows(duckdb_url, "SELECT song FROM staging.staging_events") == [("Jóga",)] * 6


def test_one_bad_line_in_a_large_object_is_found(lake: Path, duckdb_url: str) -> None:
    """Its place is right, and its neighbours are rows, each once."""
    records: list[Any] = [event(itemInSession=i) for i in range(6_000)]
    records[3_456] = b'{"ts": 1541073600000, "page":'
    records[5_000] = event(level="gold")
    path = put(lake, "events", "a.json", *records)
    pipeline.run(str(lake), duckdb_url)
    found = rejects(duckdb_url)
    assert [(row["line_number"], row["code"]) for row in found] == [
        (3_457, "malformed"),
        (5_001, "not_allowed"),
    ]
    data = path.read_bytes()
    for row in found:
        assert data[row["byte_offset"] :].startswith(row["raw_text"].encode()[:20])
    items = "SELECT count(*), count(DISTINCT item_in_session) FROM staging.staging_events"
    assert rows(duckdb_url, items) == [(5_998, 5_998)]


def test_blank_lines_between_bad_ones_are_counted(lake: Path, duckdb_url: str) -> None:
    """A place counts every line and byte, in a large object too, where only some are looked at."""
    bad = [b"one", b"", b" ", b"two", b"three"]
    good = [event(itemInSession=i) for i in range(4000)]
    path = put(lake, "events", "a.json", *good, *bad, *good[:1], *bad)
    pipeline.run(str(lake), duckdb_url)
    found = sorted(rejects(duckdb_url), key=lambda row: int(row["line_number"]))
    assert [row["line_number"] for row in found] == [4001, 4004, 4005, 4007, 4010, 4011]
    for row in found:
        assert path.read_bytes()[row["byte_offset"] :].startswith(row["raw_text"].encode())


def test_an_object_that_may_not_be_read_stops_the_run(lake: Path, duckdb_url: str) -> None:
    """An object that cannot be had is named, and nothing is published."""
    path = put(lake, "events", "a.json", event())
    put(lake, "events", "b.json", event())
    if os.geteuid() == 0:  # root may read everything but this
        path.unlink()
        path.symlink_to("/proc/self/mem")
    else:
        path.chmod(0)
    with pytest.raises(SparkifyError, match=r"a\.json cannot be read") as error:
        pipeline.run(str(lake), duckdb_url)
    assert error.value.exit_code == 1
    assert star(duckdb_url)["songplays"] == []


def grow(path: Path) -> None:
    """Add a blank line."""
    with path.open("ab") as file:
        file.write(b"\n")


@pytest.mark.parametrize("change", [grow, Path.unlink])
def test_an_object_that_changes_all_the_time_stops_the_run(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    """Changed or gone since it was listed: tried again, then named; trying later may help."""
    path = put(lake, "events", "a.json", event())
    from sparkify.lake.objects import Lake  # noqa: PLC0415

    listing = Lake.listing

    def then_change(self: Lake) -> Any:
        path.touch()
        found = listing(self)
        change(path)
        return found

    monkeypatch.setattr(Lake, "listing", then_change)
    with pytest.raises(TryAgain, match=r"a\.json"):
        pipeline.run(str(lake), duckdb_url)
    monkeypatch.undo()
    assert star(duckdb_url)["songplays"] == []


@pytest.mark.parametrize(
    "folder",
    ["pretty_events", "concat_pretty", "two_same_lines", "missing_name", "hidden", "macosx"],
)
def test_real_damage(sample: Path, lake: Path, duckdb_url: str, folder: str) -> None:
    """Damaged objects as people have them load, or are refused for the right reason."""
    expected = {
        "pretty_events": ("events", 15, 0),
        "concat_pretty": ("songs", 2, 0),
        "two_same_lines": ("songs", 2, 0),
        "missing_name": ("songs", 1, 1),
        "hidden": ("songs", 1, 0),
        "macosx": ("songs", 0, 0),
    }
    kind, read, refused = expected[folder]
    put(lake, "events", "good.json", event())
    for path in (sample / "lake-damaged" / folder).rglob("*.json"):
        name = path.relative_to(sample / "lake-damaged" / folder)
        put(lake, kind, str(name), path.read_bytes())
    report = pipeline.run(str(lake), duckdb_url)
    assert (report.records.read, report.records.rejected) == (read + 1, refused)
