"""The loads of a warehouse, and one load with its objects and rejects."""

import json
from pathlib import Path

import pytest

from sparkify import UsageError, books, config, pipeline, warehouses
from tests.cli.test_cli import Sparkify, sparkify
from tests.factory import event, put, song
from tests.support import redshift_is_long

__all__ = ["sparkify"]


@redshift_is_long
def test_loads_are_listed_newest_first(lake: Path, warehouse: str) -> None:
    """With files, records, rejects and seconds; one shows what is left of it."""
    put(lake, "events", "a.json", event(), b"not json", b"nor this", event(level="gold"))
    changed = put(lake, "songs", "a.json", song())
    first = pipeline.run(str(lake), warehouse)
    changed.write_text(json.dumps(song(title="Other")))
    second = pipeline.run(str(lake), warehouse)
    with warehouses.connect(warehouse, config.load()) as opened:
        found = books.read_loads(opened, config.load())
        one = books.read_load(opened, config.load(), str(first.load_id)[:-3])
        with pytest.raises(UsageError, match="2 loads have ids that begin with 2"):
            books.read_load(opened, config.load(), "2")
        for unknown in ("1999", "%", "_" * 5):
            with pytest.raises(UsageError, match="no load has the id"):
                books.read_load(opened, config.load(), unknown)
    assert [row["load_id"] for row in found.rows] == [second.load_id, first.load_id]
    shown = ("files", "records_read", "records_staged", "records_rejected", "source")
    assert [found.rows[1][name] for name in shown] == [2, 5, 2, 3, str(lake)]
    assert all(0 < row["seconds"] < 60 for row in found.rows)
    assert one.load == found.rows[1]
    assert one.rejects == {"malformed": 2, "not_allowed": 1}
    (left,) = one.objects
    assert (Path(left["uri"]).name, left["records"], left["rejects"]) == ("a.json", 4, 3)
    text = str(one)
    assert "a.json: 4 records, 3 rejected" in text
    assert "1 objects have been read again since" in text
    assert "malformed 2, not_allowed 1" in text


def test_loads_on_the_command_line(sparkify: Sparkify, lake: Path) -> None:
    """For people and as JSON; a warehouse without loads has none."""
    sparkify("schema", "--upgrade")
    assert sparkify("loads").out == "loads        none\n"
    put(lake, "songs", "a.json", song())
    load_id = json.loads(sparkify("run", lake, "--json").out)["load_id"]
    assert sparkify("loads").out.startswith(f"{load_id} 20")
    (row,) = json.loads(sparkify("loads", "--json").out)["loads"]
    one = json.loads(sparkify("loads", load_id, "--json").out)
    assert one == {**row, "objects": one["objects"], "rejects": {}}
    assert [each["kind"] for each in one["objects"]] == ["songs"]
    assert sparkify("loads", "nothing").code == 2


def test_a_load_that_left_people_out_says_so(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers add up only with the records of those who were forgotten."""
    monkeypatch.setenv("SPARKIFY_FORGET_KEY", "s3cr3t-of-those-forgotten")
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), duckdb_url)
    pipeline.forget(12, duckdb_url)
    put(lake, "events", "b.json", event(userId="12"), event(itemInSession=1))
    pipeline.run(str(lake), duckdb_url)
    with warehouses.connect(duckdb_url, config.load()) as opened:
        found = books.read_loads(opened, config.load())
    assert [row["records_forgotten"] for row in found.rows] == [1, 0]
    assert str(found).count("0 rejected, 1 forgotten,") == 1
