"""Limits: what is too large costs one reject, and neither the memory nor the neighbours."""

import gzip
import json
import tracemalloc
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from sparkify import pipeline
from sparkify.errors import TooManyRejects
from sparkify.lake import objects
from sparkify.read import content, pieces, reader, records, syntax
from tests.conftest import use_s3
from tests.factory import event, files, lines, put, rejects, rows
from tests.redshift_standin.buckets import Bucket
from tests.support import redshift_is_long

ALL = "100%"  # of max_rejects
GOOD = lines([event(itemInSession=i) for i in range(3)])


@pytest.fixture(params=["small", "large"])
def handed_over(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether objects are handed over as bytes or as files."""
    if request.param == "large":
        monkeypatch.setattr(objects, "LARGE", 10)
    return str(request.param)


BOMBS = {
    "zeros": b"\0" * 2_000_000,
    "newlines": b"\n" * 2_000_000,
    "one long line": b'{"a": "' + b"x" * 2_000_000,
    "small bad lines": b"[\n" * 1_000_000,
    "good lines": GOOD * 2_000,
}


@pytest.mark.usefixtures("handed_over")
def test_what_unpacks_to_too_much_is_one_reject(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gzip file above both the size and the ratio is one reject; its neighbours are loaded."""
    monkeypatch.setattr(content, "UNPACKED", 1 << 20)
    for case, data in BOMBS.items():
        packed = gzip.compress(data)
        assert len(packed) * content.RATIO < len(data)
        put(lake, "events", f"{case}.json.gz", packed)
    put(lake, "events", "good.json.gz", gzip.compress(GOOD))
    report = pipeline.run(str(lake), duckdb_url, max_rejects=ALL)
    assert (report.records.staged, report.records.rejected) == (3, len(BOMBS))
    assert {row["code"] for row in rejects(duckdb_url)} == {"object_too_large"}
    assert all("bytes unpacks to more than 1," in row["reason"] for row in rejects(duckdb_url))


@pytest.mark.usefixtures("handed_over")
@pytest.mark.parametrize("allowed", ["UNPACKED", "RATIO"])
def test_above_one_of_the_limits_alone_is_fine(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    """What unpacks to much by a small ratio is loaded, and what is small by a large one."""
    monkeypatch.setattr(content, "UNPACKED", 1000)
    monkeypatch.setattr(content, "RATIO", 2)
    monkeypatch.setattr(content, allowed, 10**6)
    put(lake, "events", "a.json.gz", gzip.compress(GOOD))
    assert pipeline.run(str(lake), duckdb_url).records.staged == 3


@pytest.mark.usefixtures("handed_over")
def test_nothing_unpacks_to_more_than_the_greatest_size(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The absolute limit holds whatever the ratio."""
    monkeypatch.setattr(content, "MOST", 1000)
    put(lake, "events", "a.json.gz", gzip.compress(GOOD))
    pipeline.run(str(lake), duckdb_url, max_rejects=ALL)
    assert [row["code"] for row in rejects(duckdb_url)] == ["object_too_large"]


@pytest.mark.parametrize("layout", ["lines", "array", "bad line", "blank lines"])
def test_a_small_gzip_that_is_large_unpacked_becomes_a_file(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    """Whatever the layout, its records are those that it would have in memory."""
    monkeypatch.setattr(content, "IN_MEMORY", 100)
    array = json.dumps([json.loads(line) for line in GOOD.splitlines()]).encode()
    data = {
        "lines": GOOD,
        "array": array,
        "bad line": GOOD + b"[\n",
        "blank lines": b"\n \n" + GOOD,
    }
    put(lake, "events", "a.json.gz", gzip.compress(data[layout]))
    put(lake, "events", "b.json", GOOD)
    report = pipeline.run(str(lake), duckdb_url, max_rejects=ALL)
    assert (report.records.staged, report.records.rejected) == (6, layout == "bad line")
    assert files(duckdb_url)["a.json.gz"][0] == 3 + (layout == "bad line")


def test_a_damaged_gzip_is_damaged_however_large(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damage behind the part that is in memory is found as well."""
    monkeypatch.setattr(content, "IN_MEMORY", 100)
    monkeypatch.setattr(content, "BLOCK", 200)
    put(lake, "events", "a.json.gz", gzip.compress(GOOD)[:-9])
    pipeline.run(str(lake), duckdb_url, max_rejects=ALL)
    assert [row["code"] for row in rejects(duckdb_url)] == ["object_gzip"]


PACKAGINGS = ("plain", "small gzip", "large gzip", "in S3", "gzip in S3")
SIZES = (3, 5, 9, 20, 40, 70)
PACKED = [
    pytest.param(packaging, size, marks=[] if size in usual else pytest.mark.long)
    for packaging in PACKAGINGS
    for size in SIZES
    for usual in ((3, 5, 40) if packaging == "plain" else (5,),)
]


def record_of(megabytes: int) -> bytes:
    """A good record but for its size."""
    return (
        json.dumps(event(extra="x")).encode().replace(b'"x"', b'"%b"' % (b"x" * (megabytes << 20)))
    )


@pytest.mark.long
@pytest.mark.parametrize(("packaging", "size"), PACKED)
def test_a_record_has_one_limit_whatever_its_packaging(
    lake: Path,
    duckdb_url: str,
    monkeypatch: pytest.MonkeyPatch,
    s3: Bucket,
    packaging: str,
    size: int,
) -> None:
    """A record of over 4 MiB is rejected as such, alone and among good ones; they are loaded."""
    if packaging == "large gzip":
        monkeypatch.setattr(objects, "LARGE", 10)
    monkeypatch.setattr(content, "RATIO", 10**6)
    raw = record_of(size)
    pack = gzip.compress if "gzip" in packaging else bytes
    for name, data in {
        "alone": raw,
        "among": GOOD + raw + b"\n" + GOOD.replace(b": 38", b": 39"),
    }.items():
        path = put(lake, "events", name, pack(data, 1) if pack is gzip.compress else data)
        if "S3" in packaging:
            s3.put(f"lake/log_data/{name}", path.read_bytes())
    use_s3(monkeypatch, str(s3.endpoint))
    source = s3.url("lake") if "S3" in packaging else str(lake)
    report = pipeline.run(source, duckdb_url, max_rejects=ALL, new_fields="report")
    bad = 2 * (size > 4)
    assert (report.records.staged, report.records.rejected) == (8 - bad, bad)
    found = [(r["code"], r["line_number"], r["byte_offset"]) for r in rejects(duckdb_url)]
    assert sorted(found) == [("too_large", 1, 0), ("too_large", 4, len(GOOD))][:bad]


def split(data: bytes) -> list[tuple[int, int, bytes]]:
    """The pieces of an object."""
    return list(pieces.split_object(BytesIO(data)))


LAYOUTS = {
    "lines": GOOD * 5,
    "blank lines": b"\n \n" * 300 + GOOD + b"\n" * 300,
    "records over many lines": b"\n".join(
        json.dumps({"a": n, "b": {"c": n}}, indent=2).encode() for n in range(50)
    ),
    "bad lines": b"[\n{\n" * 200 + GOOD + b'"\n' * 200,
    "old Mac line ends": (GOOD * 3).replace(b"\n", b"\r"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_runs_are_cut_where_a_record_may_end(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object has the same pieces whether its lines are read all at once or in short runs."""
    expected = split(LAYOUTS[layout])
    monkeypatch.setattr(pieces, "RUN", 100)
    assert split(LAYOUTS[layout]) == expected


@pytest.mark.parametrize("end", [b"", b"\n" + GOOD])
def test_a_line_that_is_too_long_is_one_piece(monkeypatch: pytest.MonkeyPatch, end: bytes) -> None:
    """Of a line beyond all limits only the start is read, and the lines behind it are pieces."""
    monkeypatch.setattr(pieces, "MAX_LINE", 2000)
    monkeypatch.setattr(pieces, "MAX_RECORD", 1000)
    first, *others = split(b"{" * 10_000 + end)
    assert first == (1, 0, b"{" * 1001)
    assert [raw for *_, raw in others] == (GOOD.splitlines() if end else [])
    assert [line for line, *_ in others] == ([2, 3, 4] if end else [])
    assert split(b" " * 10_000 + end)[: len(others)] == others
    assert split(b" " * 10_000 + b"{}")[0][:2] == (1, 0)


ARRAYS = {
    "compact": b"[" + b",".join(GOOD.splitlines() * 50) + b"]",
    "pretty": json.dumps([json.loads(line) for line in GOOD.splitlines()] * 20, indent=2).encode(),
    "one a line": b"[\n" + b",\n".join(GOOD.splitlines() * 50) + b"\n]\n" + GOOD,
    "blanks": b"\n" * 3000
    + b"["
    + b" \n" * 3000
    + GOOD[:-1].replace(b"\n", b"\n" * 2000 + b",")
    + b"]",
    "damaged": (b"[" + b',\n{"a":[1,\n'.join(GOOD.splitlines() * 50) + b',{"a":nope}, x, [}, 1,]'),
    "not closed": b"[" + b",".join(GOOD.splitlines() * 50),
    "brackets without end": b"[" + b'{"a":[' * 500 + b"," + b",".join(GOOD.splitlines() * 50),
    "nested": b"[" + b",".join([b'{"a":' * 200 + b"1" + b"}" * 200] * 20) + b"]",
}


@pytest.mark.parametrize("layout", ARRAYS)
def test_an_array_is_read_in_parts(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the same pieces whether it is read in one part or in many; they are where they say."""
    expected = split(ARRAYS[layout])
    monkeypatch.setattr(syntax, "READ", 512)
    monkeypatch.setattr(syntax, "MAX_RECORD", 3000)
    assert split(ARRAYS[layout]) == expected
    for line, offset, raw in expected:
        assert ARRAYS[layout][offset:].startswith(raw)
        assert line == 1 + ARRAYS[layout].count(b"\n", 0, offset)


@pytest.mark.long
@pytest.mark.parametrize("layout", ["compact", "pretty", "one a line"])
def test_an_array_takes_little_memory(layout: str) -> None:
    """Of an array of 150 MB only a part is in memory."""
    record, size = GOOD.splitlines()[0], 150 << 20
    if layout == "pretty":
        record = json.dumps(json.loads(record), indent=2).encode()
    separator = b"," if layout == "compact" else b",\n"
    count = size // len(record)
    with TemporaryFile() as file:
        file.write(b"[")
        for _ in range(count):
            file.write(record + separator)
        file.write(record + b"]")
        file.seek(0)
        tracemalloc.start()
        found = sum(1 for _ in pieces.split_object(file))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert found == count + 1
    assert peak < 48 << 20


def test_an_element_that_is_too_large_is_one_reject() -> None:
    """A record of over 4 MiB in an array is one piece, and its neighbours are others."""
    inner = b",".join([b'{"a":[1,{"b":2}]}'] * 600_000)
    large = b'{"x":[' + inner + b"]}"
    assert len(large) > 2 * records.MAX_RECORD
    found = split(b'[{"n":1},' + large + b',\n{"n":2}]')
    assert [raw for *_, raw in found] == [b'{"n":1}', large, b'{"n":2}']
    assert found[2][:2] == (2, len(large) + 11)


@pytest.mark.long
def test_lines_of_many_values_are_read_in_little_memory(lake: Path, duckdb_url: str) -> None:
    """What takes many times its size once it is parsed does not use up a load's memory."""
    good = json.dumps(event(x=1)).encode()
    many = [good.replace(b'"x": 1', b'"x": [' + b"1," * 100_000 + b"1]")] * 40
    deep = [good.replace(b'"x": 1', b'"x": ' + b"[" * 5000 + b"]" * 5000)] * 400
    put(lake, "events", "a.json", *many, *deep, good)
    url = f"{duckdb_url}?memory_limit=500MB"
    report = pipeline.run(str(lake), url, max_rejects=ALL, new_fields="report")
    assert (report.records.staged, report.records.rejected) == (41, 400)
    assert {row["code"] for row in rejects(duckdb_url)} == {"too_deep"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("limit", "value"), [("MANY", 5), pytest.param("AGAIN", 2000, marks=pytest.mark.long)]
)
def test_many_bad_lines_are_read_in_portions(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    """An object with too many bad lines to keep has the same rows and rejects as any other."""
    monkeypatch.setattr(objects, "LARGE", 10)
    some = lines(
        [event(itemInSession=9, level="gold"), b"{", event(itemInSession=9, song={"a": 1})]
    )
    put(lake, "events", "a.json", (GOOD + some) * 4)
    expected = pipeline.run(str(lake), duckdb_url, max_rejects=ALL).records
    known = rejects(duckdb_url)
    monkeypatch.setattr(reader, limit, value)
    assert pipeline.run(str(lake), duckdb_url, max_rejects=ALL, full=True).records == expected
    assert (rejects(duckdb_url), expected.staged, expected.rejected) == (known, 12, 12)


@redshift_is_long
def test_rejects_are_kept_in_bounded_number(
    lake: Path, warehouse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above a number, rejects are counted, and one row for each object says how many."""
    monkeypatch.setattr(reader, "KEPT", 5)
    put(lake, "events", "a.json", GOOD + b"[\n" * 3)
    put(lake, "events", "b.json", GOOD + b"[\n" * 4 + lines([event(level="gold")]))
    put(lake, "events", "c.json", GOOD + b"{\n" * 6)
    put(lake, "songs", "foreign.json", GOOD)
    report = pipeline.run(str(lake), warehouse, max_rejects=ALL)
    assert (report.records.read, report.records.staged, report.records.rejected) == (24, 9, 15)
    counts = {"a.json": (6, 3), "b.json": (8, 5), "c.json": (9, 6), "foreign.json": (1, 1)}
    assert files(warehouse) == counts
    (sums,) = rows(warehouse, "SELECT records_read, records_rejected FROM staging.loads")
    assert sums == (24, 15)
    found = rejects(warehouse)
    assert len([row for row in found if row["line_number"]]) == 5
    more = {Path(row["uri"]).name: row for row in found if not row["line_number"]}
    assert {name: row["code"] for name, row in more.items()} == {
        "b.json": "malformed",
        "c.json": "malformed",
        "foreign.json": "object_wrong_kind",
    }
    assert more["b.json"]["reason"].startswith("3 more records of this object were rejected")
    assert more["c.json"]["reason"].startswith("6 more records of this object were rejected")


def test_all_rejects_count_towards_the_threshold(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The threshold and the error know the rejects that are not kept."""
    monkeypatch.setattr(reader, "KEPT", 2)
    put(lake, "events", "a.json", GOOD + b"[\n" * 30)
    with pytest.raises(TooManyRejects, match="30 of 33 records") as error:
        pipeline.run(str(lake), duckdb_url, max_rejects=29)
    assert len(error.value.rejects) == 3
