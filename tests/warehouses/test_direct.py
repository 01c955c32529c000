"""COPY straight from the lake: what it shares with a run that reads, and what it refuses."""

import gzip
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlalchemy as sa

from sparkify import books, config, pipeline, warehouses
from sparkify.errors import SparkifyError, TooManyRejects, UsageError
from sparkify.read.repair import repair
from sparkify.warehouses.redshift import copy_log, direct
from tests.factory import NOON, event, lines, put, rejects, rows, song, staging, star
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.faults import When
from tests.redshift_standin.fixtures import LOST_SOCKETS

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)

SONG = "lake/song_data/a.json"
LOG = "lake/log_data/a.json"


@pytest.fixture(autouse=True)
def _direct(cluster: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """No staging prefix: the lake's own bucket is all there is."""
    monkeypatch.delenv("SPARKIFY_STAGING")


def upload(folder: Path, s3: Bucket) -> str:
    """Put a lake of this machine into S3; its URL there."""
    for path in sorted(folder.rglob("*.json")):
        s3.put(f"lake/{path.relative_to(folder)}", path.read_bytes())
    return s3.url("lake")


def keys(s3: Bucket) -> set[str]:
    """The names of everything below a test's prefix."""
    return {key.removeprefix(s3.prefix) for key in s3.held()}


def records(url: str) -> dict[str, Any]:
    """The staging tables' rows, without what says which object they came from."""
    return {kind: [(*row[:-2], row[-1]) for row in found] for kind, found in staging(url).items()}


def sorted_records(url: str) -> dict[str, Any]:
    """The same, in an order that does not know the objects either."""
    return {kind: sorted(found, key=repr) for kind, found in records(url).items()}


@pytest.mark.long
def test_the_real_sample_has_the_same_rows(
    sample: Path, cluster: StandIn, s3: Bucket, duckdb_url: str
) -> None:
    """Star and staged records are those that the reader makes: repaired, trimmed, typed."""
    lake = upload(sample / "lake", s3)
    report = pipeline.run(lake, cluster.url())
    read = pipeline.run(str(sample / "lake"), duckdb_url)
    assert (report.copy, report.records, report.rows) == ("direct", read.records, read.rows)
    assert star(cluster.url()) == star(duckdb_url)
    assert sorted_records(cluster.url()) == sorted_records(duckdb_url)


ODD_EVENTS = {
    "encoded twice too often": event(artist="BjÃ\x83Â¶rk", song="JÃ³ga"),
    "broken up to its end": event(lastName="Ã\xa0"),
    "trailing blanks": event(artist="Björk  ", location=" x "),
    "nobody": event(page="Home", userId="", artist=None, song=None, length=None),
    "empty, blank and absent": event(location="", userAgent=None, firstName="  "),
    "a number in a text": event(artist=112, song=4.6),
    "signs that SQL knows": event(song="a'b\"c\\d\te%f%%g:h", artist="\N{SNOWMAN}\\n"),
    "broken signs that SQL knows": event(song="Ã¶'\"\\d%%s%:h"),
    "the least": event(length=0, ts=946_684_800_000, userId="0"),
    "the longest": event(song="é" * 512, artist="Ã©" * 512),
    "milliseconds": event(ts=NOON + 7),
    "unknown fields": event() | {"extra": {"a": [1]}},
}
ODD_SONGS = {
    "a blank after broken text": song(artist_name="BjÃ¶rk "),
    "a blank in a key": song(title="Jóga "),
    "empty and unknown": song(artist_location="", artist_latitude=None, year=0),
    "a number in a text": song(artist_name=112, title=4.6),
    "a boolean in a text": song(title=False),
    "the least and the most": song(artist_latitude=-90, artist_longitude=180, year=9999),
    "the longest": song(title="x" * 1024, duration=1e-7),
    "unknown fields": song() | {"more": None},
}


@pytest.mark.long
def test_odd_records_become_the_rows_that_the_reader_makes(
    lake: Path, cluster: StandIn, s3: Bucket, duckdb_url: str
) -> None:
    """Each oddity of real records ends the same, whoever reads it."""
    events = (each | {"sessionId": n} for n, each in enumerate(ODD_EVENTS.values()))
    songs = (each | {"song_id": f"SO{n}"} for n, each in enumerate(ODD_SONGS.values()))
    put(lake, "events", "a.json", *events)
    put(lake, "songs", "a.json", *songs)
    report = pipeline.run(upload(lake, s3), cluster.url())
    read = pipeline.run(str(lake), duckdb_url)
    assert (report.records, rejects(cluster.url())) == (read.records, [])
    assert records(cluster.url()) == records(duckdb_url)
    assert star(cluster.url()) == star(duckdb_url)


@pytest.mark.long
def test_rows_carry_the_load_and_no_object(cluster: StandIn, s3: Bucket) -> None:
    """A row's load_id is known, its uri is NULL; of an object its version is known, no counts."""
    s3.put(LOG, event())
    report = pipeline.run(s3.url("lake"), cluster.url())
    found = rows(cluster.url(), "SELECT uri, load_id, repaired FROM staging.staging_events")
    assert found == [(None, report.load_id, False)]
    books = rows(cluster.url(), "SELECT uri, load_id, records, rejects FROM staging.files")
    assert books == [(s3.url(LOG), report.load_id, None, None)]


@pytest.mark.long
def test_nothing_is_left_in_the_lake(cluster: StandIn, s3: Bucket) -> None:
    """Manifest and JSONPaths are hidden from any listing, and are gone after the run."""
    s3.put(LOG, event())
    for number in range(120):  # so many that the books go by COPY as well
        s3.put(f"lake/song_data/{number}.json", song(song_id=f"SO{number}"))
    pipeline.run(s3.url("lake"), cluster.url())
    sources = [text for text in cluster.statements if text.startswith("COPY")]
    assert len(sources) == 3
    assert all("/lake/.sparkify/" in text for text in sources)
    assert len(keys(s3)) == 121


@pytest.mark.long
def test_what_a_dead_run_left_is_swept(cluster: StandIn, s3: Bucket) -> None:
    """A manifest that a killed run left is never an object of the lake, and goes."""
    s3.put(LOG, event())
    pipeline.run(s3.url("lake"), cluster.url())
    folder = next(t for t in cluster.statements if t.startswith("COPY")).split("/.sparkify/")[1]
    s3.put(f"lake/.sparkify/{folder.split('/')[0]}/dead/events.manifest", "{}")
    s3.put("lake/log_data/b.json", event(itemInSession=1))
    report = pipeline.run(s3.url("lake"), cluster.url())
    assert (report.files.new, report.files.ignored) == (1, 0)
    assert keys(s3) == {LOG, "lake/log_data/b.json"}


@pytest.mark.long
def test_a_manifest_stands_below_the_staging_prefix(cluster: StandIn, s3: Bucket) -> None:
    """With a staging prefix nothing is written into the lake, and `direct` has to be said."""
    s3.put(LOG, event())
    parts = s3.url("parts")
    choices: list[tuple[Literal["direct"] | None, str]] = [
        ("direct", "incoming_events"),
        (None, "staging.event_rows"),
    ]
    for copy, target in choices:
        found = pipeline.plan(s3.url("lake"), "redshift", staging=parts, copy=copy).statements
        (command,) = [text for text in found if text.startswith("COPY")]
        assert command.startswith(f"COPY {target} (")
        assert f"FROM '{parts}/sparkify-" in command


@pytest.mark.long
def test_people_s_own_jsonpaths_are_used(
    sample: Path, cluster: StandIn, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The JSONPaths file that dwh.cfg names is the one that COPY reads; none is written."""
    s3.put(LOG, event())
    url = s3.put("json_path.json", (sample / "lake/log_json_path.json").read_bytes())
    Path("dwh.cfg").write_text(f"[S3]\nLOG_DATA='{s3.url('lake/log_data')}'\nLOG_JSONPATH='{url}'")
    report = pipeline.run(None, cluster.url())
    assert report.rows["songplays"] == 1
    assert f"FORMAT AS JSON '{url}'" in " ".join(cluster.statements)


@pytest.mark.long
def test_new_objects_are_added(cluster: StandIn, s3: Bucket, duckdb_url: str, lake: Path) -> None:
    """A second run copies only what is new, and a third finds nothing."""
    s3.put(LOG, event(song="Late"))
    url, source = cluster.url(), s3.url("lake")
    assert pipeline.run(source, url).plays.matched == 0
    s3.put("lake/log_data/b.json", event(itemInSession=1, ts=NOON + 1, level="paid"))
    s3.put(SONG, song(title="Late"))
    second = pipeline.run(source, url)
    assert (second.files.new, second.files.unchanged, second.records.read) == (2, 1, 2)
    assert (second.plays.total, second.plays.matched) == (2, 1)
    before = star(url)
    third = pipeline.run(source, url)
    assert (third.load_id, third.copy, star(url)) == (None, "direct", before)
    put(lake, "events", "a.json", event(song="Late"))
    put(lake, "events", "b.json", event(itemInSession=1, ts=NOON + 1, level="paid"))
    put(lake, "songs", "a.json", song(title="Late"))
    pipeline.run(str(lake), duckdb_url)
    assert star(url) == star(duckdb_url)


@pytest.mark.long
def test_the_batch_of_a_changed_object_is_copied_again(cluster: StandIn, s3: Bucket) -> None:
    """If an object changes, by either way of copying, the rows of all its batch are replaced."""
    s3.put(LOG, event())
    s3.put("lake/log_data/b.json", event(itemInSession=1))
    url, source = cluster.url(), s3.url("lake")
    pipeline.run(source, url)
    s3.put(LOG, event(itemInSession=2))
    assert pipeline.run(source, url).rows["songplays"] == 2
    assert [row[4] for row in records(url)["events"]] == [1, 2]
    s3.put(LOG, event(itemInSession=3))
    assert pipeline.run(source, url, staging=s3.url("parts")).rows["songplays"] == 2
    assert [row[4] for row in records(url)["events"]] == [1, 3]


@pytest.mark.long
def test_a_batch_of_which_a_run_looks_at_a_part(cluster: StandIn, s3: Bucket) -> None:
    """It stops and names an object that it does not look at, whose rows it would lose."""
    for number, name in enumerate(("days/a", "other")):
        s3.put(f"lake/log_data/{name}.json", event(itemInSession=number))
    pipeline.run(s3.url("lake"), cluster.url())
    before = star(cluster.url())
    s3.put("lake/log_data/days/a.json", event(itemInSession=9))
    days: dict[str, Any] = {"events": s3.url("lake/log_data/days")}
    for part in ({"objects": ["log_data/days/a.json"]}, days):
        with pytest.raises(SparkifyError, match=r"other\.json was copied together with"):
            pipeline.run(s3.url("lake"), cluster.url(), **part)
    assert star(cluster.url()) == before
    report = pipeline.run(s3.url("lake"), cluster.url(), since="2018-11-01", until="2018-11-01")
    assert (report.records.read, report.rows["songplays"]) == (2, 2)
    report = pipeline.run(s3.url("lake"), cluster.url(), since="2018-11-01")
    assert (report.records.read, report.files.unchanged) == (2, 2)


@pytest.mark.long
def test_a_batch_of_which_an_object_is_gone(cluster: StandIn, s3: Bucket) -> None:
    """A vanished object's rows stay; if its batch has to be copied again, the run names it."""
    s3.put(LOG, event())
    s3.put("lake/log_data/b.json", event(itemInSession=1))
    url, source = cluster.url(), s3.url("lake")
    pipeline.run(source, url)
    s3.client.delete_object(Bucket=s3.name, Key=f"{s3.prefix}{LOG}")
    assert pipeline.run(source, url).rows["songplays"] == 2
    s3.put("lake/log_data/b.json", event(itemInSession=2))
    with pytest.raises(SparkifyError, match="run --prune") as error:
        pipeline.run(source, url)
    assert error.value.exit_code == 1
    assert s3.url(LOG) in str(error.value)
    assert pipeline.run(source, url, prune=True).rows["songplays"] == 1


def test_a_folder_is_refused(lake: Path, cluster: StandIn) -> None:
    """COPY cannot read this machine's disk; the error names what would work."""
    put(lake, "events", "a.json", event())
    with pytest.raises(UsageError, match=r"S3.*--staging") as error:
        pipeline.run(str(lake), cluster.url(), copy="direct")
    assert error.value.exit_code == 2
    assert not cluster.statements


COPYS_OWN: list[tuple[Any, str | None, str]] = [
    (b"not json", None, "1200"),
    (lines([event()]).strip().replace(b"San F", b"\\udcffSan F"), "location", "1220"),
    (lines([event()]).strip().replace(b"San F", b"\\u0000San F"), "location", "1218"),
]


def test_what_copy_refuses_has_its_place(cluster: StandIn, s3: Bucket) -> None:
    """A reject has COPY's own file, line, column, code and message; its neighbours are staged."""
    around = [event(itemInSession=item) for item in range(len(COPYS_OWN))]
    bad = [record for record, _, _ in COPYS_OWN]
    url = s3.put(LOG, lines(itertools.chain.from_iterable(zip(around, bad, strict=True))))
    report = pipeline.run(s3.url("lake"), cluster.url(), max_rejects="50%")
    assert (report.records.read, report.records.staged, report.records.rejected) == (6, 3, 3)
    found = sorted(rejects(cluster.url()), key=lambda reject: int(reject["line_number"]))
    assert {(reject["uri"], reject["byte_offset"], reject["raw_text"]) for reject in found} == {
        (url, None, None)
    }
    assert [(reject["line_number"], reject["column_name"], reject["code"]) for reject in found] == [
        (2 * n, column, code) for n, (_, column, code) in enumerate(COPYS_OWN, 1)
    ]
    assert all(reject["reason"] for reject in found)


@pytest.mark.long
def test_text_ends_at_a_nul(cluster: StandIn, s3: Bucket) -> None:
    """COPY cuts a text at a NUL character within it, and nobody can tell: it is exempt."""
    s3.put(LOG, lines([event()]).replace(b"San F", b"San\\u0000F"))
    assert pipeline.run(s3.url("lake"), cluster.url()).records.staged == 1
    assert rows(cluster.url(), "SELECT location FROM songplays") == [("San",)]


JUDGED_EVENTS = [
    (event(artist=None), "artist", "missing"),
    (event(song=""), "song", "missing"),
    (event(userId=""), "user_id", "missing"),
    (event(level="gold"), "level", "not_allowed"),
    (event(ts=4_102_444_800_000), "ts", "out_of_range"),
    (event(ts=-1), "ts", "out_of_range"),
    (event(length=-0.5), "length", "out_of_range"),
    (event(userId="-3"), "user_id", "out_of_range"),
    (event(song="x" * 1025), "song", "too_long"),
    (event(song="x" + " " * 5000 + "y"), "song", "too_long"),
    (event(sessionId="x"), "session_id", "wrong_type"),
    (event(ts="yesterday"), "ts", "wrong_type"),
    (event(ts="5" + " " * 200 + "y"), "ts", "wrong_type"),
    (event(ts=True), "ts", "wrong_type"),
    (event(ts={"a": 1}, page=None), "ts", "wrong_type"),
    (event(length="long"), "length", "wrong_type"),
    (event(userId="7a"), "user_id", "wrong_type"),
    (event(userId="9223372036854775808"), "user_id", "out_of_range"),
    (event(level=None), "level", "missing"),
    (event(page=" "), "page", "missing"),
    (event(method="x" * 65), "method", "too_long"),
]
JUDGED_SONGS = [
    (song(artist_latitude=90.5), "artist_latitude", "out_of_range"),
    (song(artist_longitude=-181), "artist_longitude", "out_of_range"),
    (song(duration=-1), "duration", "out_of_range"),
    (song(year=10_000), "year", "out_of_range"),
]


@pytest.mark.long
def test_what_breaks_a_rule_is_refused(
    cluster: StandIn, s3: Bucket, lake: Path, duckdb_url: str
) -> None:
    """The models' rules hold as they do for the reader; a reject names the record's own key."""
    events = [each | {"itemInSession": n} for n, (each, _, _) in enumerate(JUDGED_EVENTS)]
    songs = [each | {"song_id": f"SO{n}"} for n, (each, _, _) in enumerate(JUDGED_SONGS)]
    put(lake, "events", "a.json", event(), *events)
    put(lake, "songs", "a.json", song(), *songs)
    report = pipeline.run(upload(lake, s3), cluster.url(), max_rejects="25")
    assert report.records == pipeline.run(str(lake), duckdb_url, max_rejects="25").records
    assert star(cluster.url()) == star(duckdb_url)
    with warehouses.connect(cluster.url(), config.load()) as warehouse:
        known = books.read_status(warehouse, config.load())
        assert (known.records, known.rejects) == (27, 25)
        shown = str(books.read_rejects(warehouse, config.load()))
        assert f"an object of load {report.load_id}" in shown
    names = [f"item_in_session {n}" for n in range(len(events))]
    names += [f"song_id SO{n}" for n in range(len(songs))]
    found, right = rejects(cluster.url()), rejects(duckdb_url)
    for name, (_, column, code) in zip(names, JUDGED_EVENTS + JUDGED_SONGS, strict=True):
        (mine,) = [each for each in found if f"{name}," in f"{each['reason'][:-1]},"]
        assert (mine["column_name"], mine["code"], mine["uri"]) == (column, code, None)
        assert any(
            mine["reason"].startswith(each["reason"]) and mine["code"] == each["code"]
            for each in right
        )


ILL, WRONG = b"not json", event(level="gold")


@pytest.mark.parametrize(("allowed", "bad"), [("1", [ILL, ILL]), ("10%", [ILL, WRONG])])
def test_too_many_rejects_publish_nothing(
    cluster: StandIn, s3: Bucket, allowed: str, bad: list[Any]
) -> None:
    """Above the threshold the run ends with exit 3, no rows, and all that was refused at hand."""
    s3.put(LOG, lines([event(), *bad]))
    with pytest.raises(TooManyRejects) as error:
        pipeline.run(s3.url("lake"), cluster.url(), max_rejects=allowed)
    assert error.value.exit_code == 3
    assert len(error.value.rejects) == 2
    assert not any(star(cluster.url()).values())
    assert keys(s3) == {LOG}


@pytest.mark.long
def test_copy_gives_up_at_its_utmost(
    cluster: StandIn, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More errors than COPY can be told to pass over are too many, whatever is allowed."""
    monkeypatch.setattr(direct, "MOST_ERRORS", 2)
    s3.put(LOG, lines([event(), ILL, ILL]))
    with pytest.raises(TooManyRejects, match="sys_load_error_detail") as error:
        pipeline.run(s3.url("lake"), cluster.url(), max_rejects="100%")
    assert error.value.exit_code == 3
    assert keys(s3) == {LOG}


@pytest.mark.long
def test_as_many_rejects_as_are_allowed_publish(cluster: StandIn, s3: Bucket) -> None:
    """At the threshold the run still publishes."""
    s3.put(LOG, lines([event(), ILL, ILL]))
    report = pipeline.run(s3.url("lake"), cluster.url(), max_rejects="2")
    assert (report.records.rejected, report.rows["songplays"]) == (2, 1)


@pytest.mark.long
def test_refusals_that_copy_did_not_log_are_counted(
    cluster: StandIn, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COPY logs but a part of many errors: what it only counted is booked all the same."""
    s3.put(LOG, lines([event(), b"not json", b"not either"]))
    errors = copy_log.errors
    monkeypatch.setattr(copy_log, "errors", lambda query_id: errors(query_id).limit(1))
    monkeypatch.setattr(copy_log, "BRIEF", 0.5)
    report = pipeline.run(s3.url("lake"), cluster.url())
    assert (report.records.read, report.records.staged, report.records.rejected) == (3, 1, 2)
    assert sorted(found["code"] for found in rejects(cluster.url())) == ["1200", "unlogged"]


def test_a_copy_that_the_cluster_does_not_tell_of(
    cluster: StandIn, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word of the cluster, rejects might be lost: nothing is published."""
    s3.put(LOG, lines([event(), b"not json"]))
    monkeypatch.setattr(copy_log, "PATIENCE", 0.0)  # as if the log came later than that
    with pytest.raises(SparkifyError, match="does not tell how many") as error:
        pipeline.run(s3.url("lake"), cluster.url())
    assert error.value.exit_code == 1
    assert not any(star(cluster.url()).values())


@pytest.mark.long
def test_another_count_of_rows_is_not_believed(
    cluster: StandIn, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log's row has to tell of as many rows as COPY itself."""
    s3.put(LOG, lines([event(), b"not json"]))
    other: sa.Select[Any] = sa.select(*map(sa.literal_column, ("7", "0", "9")))
    monkeypatch.setattr(copy_log, "history", lambda manifest: other)
    with pytest.raises(SparkifyError, match="does not tell how many"):
        pipeline.run(s3.url("lake"), cluster.url())


@pytest.mark.long
def test_compressed_objects_are_copied(cluster: StandIn, s3: Bucket) -> None:
    """Objects that end in .gz are told to COPY as such, apart from the others."""
    s3.put(LOG, event())
    s3.put("lake/log_data/b.json.gz", gzip.compress(lines([event(itemInSession=1), b"{"])))
    s3.put("lake/song_data/a.jsonl.gz", gzip.compress(lines([song(), song(song_id="SO2")])))
    report = pipeline.run(s3.url("lake"), cluster.url())
    assert (report.rows["songplays"], report.rows["songs"], report.records.read) == (2, 2, 5)
    copies = [text for text in cluster.statements if text.startswith("COPY")]
    assert sum("GZIP" in text for text in copies) == 2
    assert rejects(cluster.url())[0]["uri"].endswith("b.json.gz")


@pytest.mark.long
def test_many_broken_texts_are_mended(cluster: StandIn, s3: Bucket) -> None:
    """So many that they go to the cluster by COPY; each is counted once."""
    names = [f"BjÃ\x83Â¶rk {number}" for number in range(150)]
    s3.put(LOG, lines(event(artist=name, itemInSession=n) for n, name in enumerate(names)))
    report = pipeline.run(s3.url("lake"), cluster.url())
    assert report.records.repaired == 150
    found = rows(cluster.url(), "SELECT artist_name FROM songplays")
    assert {name for (name,) in found} == {f"Björk {number}" for number in range(150)}


@pytest.fixture
def waiting(cluster: StandIn, s3: Bucket) -> str:
    """A lake of which a first part is loaded, and more has come since."""
    s3.put(LOG, event())
    pipeline.run(s3.url("lake"), cluster.url())
    s3.put("lake/log_data/b.json", event(itemInSession=1, artist="BjÃ¶rk"))
    s3.put(SONG, song())
    cluster.statements.clear()
    return s3.url("lake")


@pytest.mark.long
def test_a_conflict_at_copy_is_tried_again(waiting: str, cluster: StandIn) -> None:
    """The whole transaction starts anew, and nothing is there twice."""
    cluster.faults.fail("^COPY", message="1023")
    report = pipeline.run(waiting, cluster.url())
    assert (report.rows["songplays"], report.plays.matched) == (2, 2)
    assert len(records(cluster.url())["events"]) == 2


@pytest.mark.long
@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.long), "after"])
def test_a_lost_answer_to_commit_never_loads_twice(
    waiting: str, cluster: StandIn, when: When
) -> None:
    """Whether COMMIT took effect is looked up in the books."""
    cluster.faults.drop_at_commit(when)
    report = pipeline.run(waiting, cluster.url())
    assert report.rows["songplays"] == 2
    assert len(records(cluster.url())["events"]) == 2


@pytest.mark.long
def test_a_fault_on_the_way_changes_nothing_in_the_end(
    waiting: str, cluster: StandIn, s3: Bucket
) -> None:
    """Whichever statement fails, or loses the connection, the result is the same."""
    url = cluster.url()
    faults = cluster.faults
    strikes: list[tuple[Callable[[str], None], str]] = [
        (faults.fail, "octet_length"),
        (faults.drop, "DROP TABLE incoming"),
    ]
    for number, (strike, mark) in enumerate(strikes, 2):
        strike(mark)
        s3.put(f"lake/log_data/{number}.json", event(itemInSession=number))
        assert pipeline.run(waiting, url).rows["songplays"] == number + 1
        assert cluster.faults.pending == 0
    assert len(records(url)["events"]) == len(strikes) + 2


@pytest.mark.long
def test_an_object_that_vanishes_is_listed_no_more(
    waiting: str, cluster: StandIn, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that is gone when COPY wants it makes the run list again, and load the rest."""
    from sparkify.lake.objects import Lake, Listing  # noqa: PLC0415

    listing, calls = Lake.listing, itertools.count()

    def late(self: Lake) -> Listing:
        found = listing(self)
        if next(calls) == 0:
            s3.client.delete_object(Bucket=s3.name, Key=f"{s3.prefix}lake/log_data/b.json")
        return found

    monkeypatch.setattr(Lake, "listing", late)
    report = pipeline.run(waiting, cluster.url())
    assert (report.files.new, report.rows["songplays"]) == (1, 1)


def test_a_role_that_may_not_read_is_an_error_of_its_own(waiting: str, cluster: StandIn) -> None:
    """Access denied does not pass by itself: one line, exit 1, no second try."""
    refused = "S3ServiceException:Access Denied,Status 403,Error AccessDenied"
    cluster.faults.fail("^COPY", message=refused, detail="")
    with pytest.raises(SparkifyError, match="Access Denied") as error:
        pipeline.run(waiting, cluster.url())
    assert error.value.exit_code == 1


@pytest.mark.long
def test_a_run_sends_what_the_plan_shows(waiting: str, cluster: StandIn, s3: Bucket) -> None:
    """Every statement of the plan is sent, in its order; only ids and counts differ."""
    s3.put("lake/log_data/c.json.gz", gzip.compress(lines([event(itemInSession=2)])))
    planned = [text.split()[:3] for text in pipeline.plan(waiting, cluster.url()).statements]
    assert not any("COPY" in text for text in cluster.statements)
    cluster.statements.clear()
    pipeline.run(waiting, cluster.url())
    sent = iter(text.split()[:3] for text in cluster.statements)
    assert [text for text in planned if text not in sent] == []


def test_a_plan_needs_no_cluster(cluster: StandIn, s3: Bucket) -> None:
    """`plan` shows the COPY for a warehouse that is not there, and nothing is written."""
    s3.put(LOG, event())
    found = pipeline.plan(s3.url("lake"), "redshift", copy="direct").statements
    (copy,) = [text for text in found if text.startswith("COPY")]
    assert copy.startswith("COPY incoming_events (artist, auth, first_name,")
    assert f"FROM '{s3.url('lake/.sparkify/')}" in copy
    assert "MANIFEST\nFORMAT AS JSON 's3://" in copy
    assert "TRUNCATECOLUMNS" in copy
    assert (keys(s3), cluster.statements) == ({LOG}, [])


def test_the_given_jsonpaths_are_ours(sample: Path) -> None:
    """The real JSONPaths file lists the fields in the order of the staging columns."""
    from sparkify.warehouses.redshift.direct import jsonpaths_file  # noqa: PLC0415

    theirs = json.loads((sample / "lake/log_json_path.json").read_bytes())
    assert json.loads(jsonpaths_file("events")) == theirs


def test_the_copy_that_is_meant_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """`copy` is a setting like others."""
    monkeypatch.setenv("SPARKIFY_COPY", "direct")
    assert config.load().copy == "direct"


@pytest.mark.parametrize("text", ["plain", "Björk", "BjÃ\x83Â¶rk", "Ã\x83", "SÃ\x83Â¥ng", "日本"])
def test_both_ways_of_repair_agree(text: str) -> None:
    """What is mended here and by the reader's macro is the same text."""
    import duckdb  # noqa: PLC0415

    from sparkify.read.repair import MACROS  # noqa: PLC0415

    with duckdb.connect() as connection:
        for macro in MACROS:
            connection.execute(macro)
        found = connection.execute("SELECT repair($text)", {"text": text}).fetchone()
    assert found == (repair(text),)
