"""Limits: what is too large costs one reject, and neither the memory nor the neighbours."""

import gzip
import json
from pathlib import Path

import pytest

from sparkify import pipeline
from sparkify.lake import objects as lakes
from sparkify.read import content
from tests.factory import event, files, lines, put, rejects

ALL = "100%"  # of max_rejects
GOOD = lines([event(itemInSession=i) for i in range(3)])


@pytest.fixture(params=["small", "large"])
def handed_over(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether objects are handed over as bytes or as files."""
    if request.param == "large":
        monkeypatch.setattr(lakes, "LARGE", 10)
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
