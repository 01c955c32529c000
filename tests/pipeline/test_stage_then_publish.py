"""Rows are staged first, batch by batch, and published at once: what a run that dies leaves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sparkify import books, config, pipeline, warehouses
from sparkify.errors import SparkifyError, TooManyRejects
from sparkify.report import Report
from tests.factory import event, put, rejects, rows, song, staging, star
from tests.redshift_standin import StandIn
from tests.support import redshift_is_long

SEEN = ("songplays", "users", "staging.staging_events", "staging.staging_songs", "staging.rejects")
STAGED = "SELECT count(*) FROM staging.versions WHERE NOT published AND load_id IS NULL"


class Killed(BaseException):
    """A run ends as if its process had been killed: without a word to the warehouse."""


class Reading:
    """A progress that counts the bytes that are read, and acts before the publication."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.read = 0
        self.then = then

    def __call__(self, step: str, done: int, total: int) -> None:
        """See `Progress`."""
        if step == "reading":
            self.read = done
            if done == total:
                self.then()


def size(lake: Path) -> int:
    """The bytes of all objects of a lake."""
    return sum(path.stat().st_size for path in lake.rglob("*.json"))


def kill() -> None:
    """End the run between staging and publication."""
    raise Killed


def execute(url: str, statement: str) -> None:
    """Change the books."""
    with warehouses.connect(url, config.load()) as opened, opened.writing(10) as connection:
        connection.execute(sa.text(statement))
        connection.commit()


def make(lake: Path) -> None:
    """A small lake, with a reject."""
    put(lake, "events", "a.json", event(), event(itemInSession=1), b"no record")
    put(lake, "songs", "a.json", song())


def staged_by_a_dead_run(lake: Path, url: str) -> None:
    """A run has staged the lake and was killed; ten minutes have passed."""
    with pytest.raises(Killed):
        pipeline.run(lake, url, max_rejects=1, progress=Reading(kill))
    execute(url, "UPDATE staging.runs SET heartbeat = TIMESTAMP '2020-01-01 00:00:00'")


@redshift_is_long
def test_nothing_shows_what_is_staged(lake: Path, warehouse: str) -> None:
    """Neither the star nor a view has a row of it; `status` says how much there is."""
    make(lake)
    staged_by_a_dead_run(lake, warehouse)
    assert [rows(warehouse, f"SELECT count(*) FROM {name}") for name in SEEN] == [[(0,)]] * 5
    settings = config.load({"warehouse": warehouse})
    with warehouses.connect(warehouse, settings) as opened:
        status = books.read_status(opened, settings)
    assert status.staged == {"files": 2, "records": 4, "rejects": 1}
    assert "4 records of 2 objects, read by a run that did not publish them" in str(status)


@redshift_is_long
def test_what_a_dead_run_has_staged_is_adopted(
    lake: Path, warehouse: str, duckdb_url: str, tmp_path: Path
) -> None:
    """The next run publishes it without reading it again, and reports it as read."""
    make(lake)
    staged_by_a_dead_run(lake, warehouse)
    reading = Reading()
    report = pipeline.run(lake, warehouse, max_rejects=1, progress=reading)
    assert reading.read == 0
    assert (report.records.read, report.records.staged, report.records.rejected) == (4, 3, 1)
    assert report.files.new == 2
    fresh = f"duckdb:///{tmp_path}/fresh.duckdb"
    pipeline.run(lake, fresh, max_rejects=1)
    assert star(warehouse) == star(fresh)
    assert staging(warehouse) == staging(fresh)
    assert rejects(warehouse) == rejects(fresh)
    assert rows(warehouse, STAGED) == [(0,)]


@redshift_is_long
def test_rejects_that_are_adopted_count(lake: Path, warehouse: str) -> None:
    """After too many rejects nothing shows them; the same lake fails again without being read."""
    make(lake)
    for read in (size(lake), 0):
        reading = Reading()
        with pytest.raises(TooManyRejects) as error:
            pipeline.run(lake, warehouse, max_rejects=0, progress=reading)
        assert [reject.raw_text for reject in error.value.rejects] == ["no record"]
        assert reading.read == read
        assert rejects(warehouse) == []
    assert pipeline.run(lake, warehouse, max_rejects=1).records.rejected == 1
    assert [reject["raw_text"] for reject in rejects(warehouse)] == ["no record"]


@redshift_is_long
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE staging.versions SET fingerprint = 'of other rules'",
        "UPDATE staging.versions SET etag = 'of other bytes'",
        "UPDATE staging.versions SET size = 1",
    ],
)
def test_only_the_same_bytes_read_in_the_same_way_are_adopted(
    lake: Path, warehouse: str, change: str
) -> None:
    """Other rules, another etag or another size: the object is read again, and counts once."""
    make(lake)
    staged_by_a_dead_run(lake, warehouse)
    execute(warehouse, change)
    reading = Reading()
    report = pipeline.run(lake, warehouse, max_rejects=1, progress=reading)
    assert (reading.read, report.rows["songplays"]) == (size(lake), 2)
    assert rows(warehouse, "SELECT count(*) FROM staging.staging_events") == [(2,)]


@redshift_is_long
def test_a_full_load_adopts_nothing(lake: Path, warehouse: str) -> None:
    """Everything is staged under ids of its own."""
    make(lake)
    staged_by_a_dead_run(lake, warehouse)
    reading = Reading()
    pipeline.run(lake, warehouse, max_rejects=1, full=True, progress=reading)
    assert reading.read == size(lake)
    assert rows(warehouse, "SELECT count(*) FROM songplays") == [(2,)]


@redshift_is_long
def test_what_nobody_adopts_is_removed_after_a_day(lake: Path, warehouse: str) -> None:
    """Its rows are gone with the next load; before that they stay, unseen."""
    make(lake)
    staged_by_a_dead_run(lake, warehouse)
    put(lake, "events", "a.json", event(itemInSession=2))
    pipeline.run(lake, warehouse)
    assert rows(warehouse, "SELECT count(*) FROM staging.event_rows") == [(3,)]
    execute(warehouse, "UPDATE staging.runs SET started_at = TIMESTAMP '2020-01-01 00:00:00'")
    put(lake, "events", "b.json", event(itemInSession=3))
    pipeline.run(lake, warehouse)
    assert rows(warehouse, "SELECT count(*) FROM staging.event_rows") == [(2,)]
    assert rows(warehouse, "SELECT count(*) FROM staging.reject_rows") == [(0,)]
    assert rows(warehouse, STAGED) == [(0,)]


@redshift_is_long
def test_superseded_rows_are_removed_after_the_load(lake: Path, warehouse: str) -> None:
    """Of an object that changed, only the rows of its last version are kept."""
    for item in range(3):
        put(lake, "events", "a.json", event(itemInSession=item), b" " * item)
        pipeline.run(lake, warehouse)
        assert rows(warehouse, "SELECT item_in_session FROM staging.event_rows") == [(item,)]
        assert rows(warehouse, "SELECT count(*) FROM staging.versions") == [(1,)]


@redshift_is_long
def test_ids_are_never_used_twice(lake: Path, warehouse: str) -> None:
    """Not even after the versions that had them are gone."""
    seen: list[Any] = []
    for item in range(3):
        put(lake, "events", "a.json", event(itemInSession=item), b" " * item)
        pipeline.run(lake, warehouse, full=item == 2)
        seen += rows(warehouse, "SELECT file_id FROM staging.versions")
    assert seen == [(1,), (2,), (3,)]


@redshift_is_long
def test_no_boundary_shows_what_is_not_published(lake: Path, warehouse: str) -> None:
    """Between any two statements another session sees all as before, and then all as after."""
    make(lake)
    pipeline.run(lake, warehouse, max_rejects=1)
    put(lake, "events", "a.json", event(itemInSession=7))
    put(lake, "events", "b.json", event(itemInSession=8), event(itemInSession=9))
    put(lake, "songs", "a.json", song(title="Human Behaviour"))
    with warehouses.connect(warehouse, config.load()) as opened:
        engine, found = opened.engine, list[Any]()
        counts = sa.text(
            "SELECT (SELECT count(*) FROM songplays), (SELECT count(song_id) FROM songplays),"
            " (SELECT count(*) FROM staging.staging_events),"
            " (SELECT max(item_in_session) FROM staging.staging_events),"
            " (SELECT max(title) FROM staging.staging_songs),"
            " (SELECT count(*) FROM staging.rejects), (SELECT count(*) FROM staging.files)"
        )
        looking = False

        @sa.event.listens_for(engine, "after_cursor_execute")
        def _look(*_: object) -> None:
            nonlocal looking
            if not looking:
                looking = True
                with engine.connect() as other:
                    found.append(tuple(other.execute(counts).one()))
                looking = False

        pipeline.run(lake, engine)
    before = (2, 2, 2, 1, "Jóga", 1, 2)
    after = (3, 0, 3, 9, "Human Behaviour", 0, 3)
    assert found.count(after) >= 1
    assert found == [before] * found.count(before) + [after] * found.count(after)
    assert len(found) > 30


# ---------------------------------------------------------------------------- two runs at once


@pytest.mark.long
def test_two_runs_stage_the_same_objects(lake: Path, cluster: StandIn) -> None:
    """The later one to publish finds everything there, and publishes nothing."""
    make(lake)
    url = cluster.url()
    reading = Reading(lambda: started.append(pipeline.run(lake, url, max_rejects=1)))
    started: list[Report] = []
    report = pipeline.run(lake, url, max_rejects=1, progress=reading)
    assert (started[0].records.staged, started[0].load_id is None) == (3, False)
    assert (report.load_id, report.rows["songplays"]) == (None, 2)
    assert rows(url, "SELECT count(*) FROM staging.loads") == [(1,)]
    assert len(staging(url)["events"]) == 2


@pytest.mark.long
def test_a_run_publishes_what_the_other_has_not(lake: Path, cluster: StandIn) -> None:
    """Objects that the other run has published are left out; the rest is published."""
    url = cluster.url()
    put(lake, "events", "a.json", event())
    put(lake, "events", "b.json", event(itemInSession=1))

    def one_of_them() -> None:
        pipeline.run(songs=lake / "none", events=lake / "log_data" / "a.json", warehouse=url)

    (lake / "none").mkdir()
    report = pipeline.run(lake, url, progress=Reading(one_of_them))
    assert (report.records.read, report.rows["songplays"]) == (1, 2)
    assert rows(url, "SELECT count(*) FROM staging.loads") == [(2,)]


@pytest.mark.long
def test_an_older_version_never_replaces_a_newer_one(lake: Path, cluster: StandIn) -> None:
    """What was staged of an object that is newer in the books by now is not published."""
    url = cluster.url()
    put(lake, "events", "a.json", event())
    pipeline.run(lake, url)
    put(lake, "events", "a.json", event(itemInSession=1), event(itemInSession=2))

    def newer() -> None:
        reading.then = lambda: None
        put(lake, "events", "a.json", event(itemInSession=3), b"   ")
        pipeline.run(lake, url)

    reading = Reading(newer)
    pipeline.run(lake, url, progress=reading)
    assert rows(url, "SELECT item_in_session FROM staging.staging_events") == [(3,)]
    assert rows(url, "SELECT count(*) FROM songplays") == [(1,)]


@pytest.mark.long
@pytest.mark.parametrize("statement", ["INSERT INTO songplays", "INSERT INTO staging.files"])
def test_a_conflict_repeats_the_publication_alone(
    lake: Path, cluster: StandIn, statement: str
) -> None:
    """A publication that loses the race is sent again; what is staged stays."""
    make(lake)
    pipeline.upgrade(cluster.url())
    cluster.faults.fail(statement, message="1023")
    assert pipeline.run(lake, cluster.url(), max_rejects=1).rows["songplays"] == 2
    copies = [each for each in cluster.statements if each.startswith("COPY staging.event_rows")]
    assert len(copies) == 1


@pytest.mark.parametrize("nth", [pytest.param(n, marks=pytest.mark.long) for n in range(1, 9)])
def test_a_commit_that_loses_the_race(lake: Path, cluster: StandIn, nth: int) -> None:
    """Whichever COMMIT it is, nothing is staged twice, and all is published."""
    make(lake)
    pipeline.upgrade(cluster.url())
    cluster.faults.fail("^commit", nth=nth, message="1023")
    pipeline.run(lake, cluster.url(), max_rejects=1)
    assert rows(cluster.url(), "SELECT count(*) FROM songplays") == [(2,)]
    assert rows(cluster.url(), "SELECT count(*) FROM staging.staging_events") == [(2,)]


@pytest.mark.long
def test_a_living_run_is_left_alone(lake: Path, cluster: StandIn) -> None:
    """While its heart beats, nobody adopts what a run has staged."""
    make(lake)
    url = cluster.url()
    with pytest.raises(Killed):
        pipeline.run(lake, url, max_rejects=1, progress=Reading(kill))
    reading = Reading()
    report = pipeline.run(lake, url, max_rejects=1, progress=reading)
    assert (reading.read, report.rows["songplays"]) == (size(lake), 2)
    beats = rows(url, "SELECT count(heartbeat), count(*) FROM staging.runs")
    assert beats == [(1, 2)]  # that of the run that has ended is gone


@pytest.mark.long
def test_a_run_that_fails_says_that_it_has_ended(lake: Path, cluster: StandIn) -> None:
    """The next run adopts what it has staged at once."""
    make(lake)
    url = cluster.url()

    def fail() -> None:
        raise SparkifyError("of no use")

    with pytest.raises(SparkifyError, match="of no use"):
        pipeline.run(lake, url, max_rejects=1, progress=Reading(fail))
    reading = Reading()
    pipeline.run(lake, url, max_rejects=1, progress=reading)
    assert reading.read == 0
