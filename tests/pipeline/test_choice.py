"""A run that is asked to read a part: days, a number of objects, or objects by name."""

import datetime
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from sparkify import UsageError, pipeline
from sparkify.report import Records
from tests.cli.test_cli import Sparkify, sparkify
from tests.conftest import use_s3
from tests.factory import NOON, event, files, put, song, staging, star
from tests.redshift_standin.buckets import Bucket
from tests.support import redshift_is_long

__all__ = ["sparkify"]

DAY = 86_400_000  # ms


def play(day: float, number: int, **fields: Any) -> dict[str, Any]:
    """A play at noon of a day of November 2018, or some time after noon."""
    return event(ts=int(NOON + (day - 1) * DAY), itemInSession=number, **fields)


@pytest.fixture
def november(lake: Path) -> Path:
    """A lake with the days 9 to 13 in objects whose names do not tell them, and two songs."""
    put(lake, "events", "a.json", play(9, 1), play(9.499999, 2))
    put(lake, "events", "b.json", play(10, 3), play(11, 4))
    put(lake, "events", "2018-11-10.json", play(13, 5))
    put(lake, "events", "c.json", play(12.499999, 6), play(13.4, 7))
    for number in range(2):
        put(lake, "songs", f"{number}.json", song(song_id=f"SO{number}"))
    return lake


@redshift_is_long
def test_days_are_read_again(november: Path, warehouse: str) -> None:
    """Objects with events in the range, by their events; nothing is changed by that."""
    pipeline.run(str(november), warehouse)
    before = star(warehouse), staging(warehouse), files(warehouse)
    report = pipeline.run(str(november), warehouse, since="2018-11-10", until="2018-11-12")
    assert report.load_id
    assert report.records == Records(read=4, staged=4)  # b and c
    assert (report.files.changed, report.files.unchanged) == (0, 6)
    assert (star(warehouse), staging(warehouse), files(warehouse)) == before


@pytest.mark.parametrize(
    ("since", "until", "records"),
    [
        ("2018-11-13", None, 3),
        (None, "2018-11-09", 2),
        (datetime.date(2018, 11, 9), datetime.date(2018, 11, 9), 2),
        ("2018-11-14", None, 0),
        (None, "2018-11-08", 0),
        ("0001-01-01", "9999-12-31", 7),
    ],
)
def test_days_are_inclusive_and_may_be_open(
    november: Path, duckdb_url: str, since: Any, until: Any, records: int
) -> None:
    """A range begins and ends with whole days in UTC; without events in it nothing is read."""
    pipeline.run(str(november), duckdb_url)
    report = pipeline.run(str(november), duckdb_url, since=since, until=until)
    assert report.records.read == records
    assert bool(report.load_id) == bool(records)


@pytest.mark.long
@redshift_is_long
def test_what_is_new_loads_as_always(november: Path, warehouse: str) -> None:
    """Whatever its days; what has changed, too, and songs."""
    pipeline.run(str(november), warehouse)
    put(november, "events", "new.json", play(30, 8))
    put(november, "songs", "0.json", song(song_id="SO0", title="Other"))
    planned = pipeline.plan(str(november), warehouse, since="2018-11-09", until="2018-11-09")
    report = pipeline.run(str(november), warehouse, since="2018-11-09", until="2018-11-09")
    assert report.records.read == 4
    assert report.files == planned.files
    assert (report.files.new, report.files.changed, report.files.unchanged) == (1, 1, 5)
    assert "versions.greatest_ts >= '2018-11-09 00:00:00'" in "".join(planned.statements)


@pytest.mark.long
def test_the_rows_of_an_object_that_is_gone_stay(november: Path, duckdb_url: str) -> None:
    """It cannot be read again."""
    pipeline.run(str(november), duckdb_url)
    before = star(duckdb_url)
    (november / "log_data" / "b.json").unlink()
    report = pipeline.run(str(november), duckdb_url, since="2018-11-10", until="2018-11-12")
    assert (report.records.read, report.files.missing) == (2, 1)
    assert star(duckdb_url) == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"since": "10 November"}, "since is '10 November': must be a day like 2018-11-30"),
        ({"until": datetime.datetime(2018, 11, 10)}, "until is '2018-11-10 00:00:00': must be a"),
        ({"since": "2018-11-12", "until": "2018-11-10"}, "2018-11-12 is after until 2018-11-10"),
        ({"limit": 0}, "limit is '0': must be a whole number above 0"),
        ({"limit": 1, "full": True}, "a full load replaces everything: leave out limit, or full"),
        ({"since": "2018-11-12", "full": True}, "leave out since, or full"),
        ({"objects": [], "full": True}, "leave out objects, or full"),
        ({"objects": "log_data/a.json"}, "objects must be a list"),
        ({"objects": ["/etc/passwd"]}, "/etc/passwd is not below /"),
        ({"objects": ["../lake2/log_data/a.json"]}, "is not below /"),
        ({"objects": ["s3://bucket/log_data/a.json"]}, "is not below /"),
    ],
)
def test_what_cannot_be_asked_for(
    november: Path, new_url: str, options: dict[str, Any], says: str
) -> None:
    """The error names the parameter, before anything is loaded; a plan says the same."""
    for function in (pipeline.run, pipeline.plan):
        with pytest.raises(UsageError) as error:
            function(str(november), new_url, **options)
        assert says in str(error.value)
    assert not Path(new_url.removeprefix("duckdb:///")).exists()


@pytest.mark.long
@redshift_is_long
def test_a_limit_reads_some_and_the_next_run_the_rest(november: Path, warehouse: str) -> None:
    """Events and songs in turn; nothing is missing, and in the end nothing is."""
    planned = pipeline.plan(str(november), warehouse, limit=3)
    report = pipeline.run(str(november), warehouse, limit=3)
    assert report.files == planned.files
    assert (report.files.new, report.files.missing) == (3, 0)
    assert sorted(files(warehouse)) == ["0.json", "2018-11-10.json", "a.json"]
    put(november, "events", "a.json", play(9, 1))
    report = pipeline.run(str(november), warehouse, limit=1)
    assert (report.files.new, report.files.changed, report.files.unchanged) == (0, 1, 2)
    report = pipeline.run(str(november), warehouse)
    assert (report.files.new, report.files.changed, report.files.missing) == (3, 0, 0)
    assert len(files(warehouse)) == 6
    assert pipeline.run(str(november), warehouse, limit=1).load_id is None


@redshift_is_long
def test_named_objects_alone(november: Path, warehouse: str) -> None:
    """By names below the source or full paths; all others are neither read nor missing."""
    names: list[str | Path] = [
        "log_data/a.json",
        november / "song_data" / "0.json",
        f"file://{november}/log_data/b.json",
    ]
    planned = pipeline.plan(str(november), warehouse, objects=names)
    report = pipeline.run(str(november), warehouse, objects=names)
    assert report.files == planned.files
    assert (report.files.new, report.files.missing, report.files.ignored) == (3, 0, 0)
    assert sorted(files(warehouse)) == ["0.json", "a.json", "b.json"]
    put(november, "events", "a.json", play(9, 1))
    put(november, "events", "b.json", play(10, 1))
    report = pipeline.run(str(november), warehouse, objects=["log_data/a.json"])
    assert (report.files.changed, report.files.missing, report.records.read) == (1, 0, 1)
    assert pipeline.run(str(november), warehouse, objects=[]).load_id is None
    report = pipeline.run(str(november), warehouse)
    assert (report.files.new, report.files.changed, report.files.unchanged) == (3, 1, 2)


@pytest.mark.long
def test_names_of_what_is_not_there(
    november: Path, duckdb_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A known object that is gone is missing, and pruned on request; others are told of."""
    pipeline.run(str(november), duckdb_url)
    (november / "log_data" / "a.json").unlink()
    (november / "log_data" / "b.json").unlink()
    names = ["log_data/a.json", "log_data/never.json", "log_data/.hidden/a.json", "song_data"]
    with caplog.at_level(logging.WARNING, "sparkify"):
        report = pipeline.run(str(november), duckdb_url, objects=names)
    assert (report.load_id, report.files.missing, report.files.ignored) == (None, 1, 1)
    assert f"not found: {november}/log_data/never.json" in caplog.text
    report = pipeline.run(str(november), duckdb_url, objects=names, prune=True)
    assert report.rows["songplays"] == 5
    assert "b.json" in files(duckdb_url)


@pytest.mark.long
def test_named_objects_in_s3(s3: Bucket, duckdb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By keys below the source or by URLs, as an event of S3 has them; a key is no prefix."""
    use_s3(monkeypatch, str(s3.endpoint))
    s3.put("log_data/a.json", json.dumps(event()))
    s3.put("log_data/a.json.gz/b.json", json.dumps(event(itemInSession=1)))
    s3.put("song_data/ü +1.json", json.dumps(song()))
    s3.put("other/a.json", json.dumps(event(itemInSession=2)))
    source = s3.url().rstrip("/")
    report = pipeline.run(
        source, duckdb_url, objects=["log_data/a.json", s3.url("song_data/ü +1.json")]
    )
    assert (report.files.new, report.plays.matched) == (2, 1)
    report = pipeline.run(source, duckdb_url, objects=["log_data/a.json.gz", "log_data/a.json"])
    assert (report.load_id, report.files.unchanged, report.files.missing) == (None, 1, 0)
    with pytest.raises(UsageError, match=r"other/a\.json is not below"):
        pipeline.run(source, duckdb_url, objects=["other/a.json"])
    assert pipeline.run(source, duckdb_url).files.unchanged == 2


def test_relative_names_need_a_source(november: Path, duckdb_url: str) -> None:
    """With the locations of songs and events alone, names are full."""
    where: dict[str, Any] = {"songs": november / "song_data", "events": november / "log_data"}
    with pytest.raises(UsageError, match="no source is set"):
        pipeline.run(None, duckdb_url, **where, objects=["log_data/a.json"])
    name = os.fspath(november / "log_data" / "a.json")
    assert pipeline.run(None, duckdb_url, **where, objects=[name]).files.new == 1


@pytest.mark.long
def test_on_the_command_line(sparkify: Sparkify, november: Path) -> None:
    """`run` and `plan` have --since, --until and --limit."""
    assert json.loads(sparkify("plan", november, "--limit", 2, "--json").out)["files"]["new"] == 2
    assert json.loads(sparkify("run", november, "--limit", 4, "--json").out)["files"]["new"] == 4
    sparkify("run", november)
    days = ["--since", "2018-11-10", "--until", "2018-11-12"]
    assert json.loads(sparkify("run", november, *days, "--json").out)["records"]["read"] == 4
    assert sparkify("run", november, "--since", "yesterday").code == 2
