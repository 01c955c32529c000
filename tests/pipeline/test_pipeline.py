"""One call brings a lake into a star: what every run promises."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sparkify import pipeline, warehouses
from sparkify.lake import objects as lakes
from tests.factory import NOON, event, files, lines, put, rows, song, staging, star
from tests.support import redshift_is_long


def one(url: str, select: str) -> Any:
    """The only value of a SELECT."""
    ((value,),) = rows(url, select)
    return value


@redshift_is_long
def test_the_real_sample_has_the_right_numbers(sample: Path, warehouse: str) -> None:
    """On real data every figure is the one that was counted independently."""
    right = json.loads((sample / "golden-sample.json").read_text())
    report = pipeline.run(str(sample / "lake"), warehouse)
    tables = ("songplays", "users", "songs", "artists", "time")
    assert report.rows == {name: right[name] for name in tables}
    assert (report.plays.total, report.plays.matched) == (right["songplays"], right["matched"])
    assert report.records.staged == right["staging_events"] + right["staging_songs"]
    assert report.records.rejected == 0
    by_level = "SELECT level, count(*) FROM users GROUP BY level"
    assert dict(rows(warehouse, by_level)) == {
        "free": right["users_free"],
        "paid": right["users_paid"],
    }
    plays_by = "SELECT {0}, count(*) FROM songplays {1} GROUP BY 1"
    level = dict(rows(warehouse, plays_by.format("level", "")))
    gender = dict(rows(warehouse, plays_by.format("gender", "JOIN users USING (user_id)")))
    weekday = dict(rows(warehouse, plays_by.format("weekday", "JOIN time USING (start_time)")))
    assert level == right["plays_by_level"]
    assert gender == right["plays_by_gender"]
    assert {str(day): count for day, count in weekday.items()} == right["plays_by_weekday"]
    top = "SELECT location, count(*) FROM songplays GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
    assert rows(warehouse, top) == [tuple(right["top_location"])]


@redshift_is_long
def test_a_second_run_finds_nothing_new(sample: Path, warehouse: str) -> None:
    """The same lake again: no load, the same rows."""
    first = pipeline.run(str(sample / "lake"), warehouse)
    again = pipeline.run(str(sample / "lake"), warehouse)
    assert again.load_id is None
    assert (again.files.new, again.files.unchanged) == (0, first.files.new)
    assert (again.rows, again.plays) == (first.rows, first.plays)
    assert one(warehouse, "SELECT count(*) FROM staging.loads") == 1


@redshift_is_long
def test_the_queries_that_people_bring_run_as_printed(sample: Path, warehouse: str) -> None:
    """Star tables stand in the default schema under the names that queries use."""
    pipeline.run(str(sample / "lake"), warehouse)
    artists = """
        SELECT artists.name, time.year, count(*)as reproductions
        FROM songplays
        JOIN artists        on (artists.artist_id = songplays.artist_id)
        JOIN time           on (time.start_time = songplays.start_time)
        JOIN users          on (users.user_id = songplays.user_id)
        WHERE users.gender = 'F'
        GROUP BY (artists.name, time.year)
        order by count(*) desc
        LIMIT 3;"""
    titles = """
        SELECT songs.title, songplays.location, count(*) as reproductions
        FROM  songplays
        JOIN  songs        on (songs.song_id = songplays.song_id)
        WHERE songplays.location = 'Atlanta-Sandy Springs-Roswell, GA'
        GROUP BY (songs.title, songplays.location)
        order by count(*) desc
        LIMIT 1;"""
    engine = sa.create_engine(warehouse, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert [row[1:] for row in connection.exec_driver_sql(artists)] == [(2018, 1)]
        assert connection.exec_driver_sql(titles).all() == []


@pytest.mark.parametrize(
    ("query", "limit"),
    [("threads=4", "2.0 GiB"), ("threads=1", "1.0 GiB"), ("memory_limit=3GiB", "3.0 GiB")],
)
def test_a_load_takes_memory_by_threads(duckdb_url: str, query: str, limit: str) -> None:
    """And not most of the machine's, unless the URL says how much."""
    with warehouses.connect(f"{duckdb_url}?{query}") as opened, opened.writing(0) as connection:
        select = "SELECT current_setting('memory_limit')"
        assert connection.exec_driver_sql(select).scalar() == limit


@redshift_is_long
def test_every_play_is_a_row(lake: Path, warehouse: str) -> None:
    """A play whose song nobody knows is a row too, and another page is none."""
    plays = [event(), event(itemInSession=1, song="Unknown"), event(itemInSession=2, page="Home")]
    put(lake, "events", "day.json", *plays)
    put(lake, "songs", "a.json", song())
    report = pipeline.run(str(lake), warehouse)
    assert (report.plays.total, report.plays.matched) == (2, 1)


@redshift_is_long
@pytest.mark.parametrize(
    ("songs", "expected"),
    [
        ([song(song_id="SO1", duration=200), song(song_id="SO2", duration=250)], "SO2"),
        ([song(song_id="SO2", duration=255), song(song_id="SO1", duration=254)], "SO1"),
        ([song(song_id="SO1", duration=None), song(song_id="SO2", duration=9)], "SO2"),
        ([song(artist_name="Bjork"), song(song_id="SO9", title="Joga")], None),
    ],
)
def test_a_play_has_the_song_nearest_in_length(
    lake: Path, warehouse: str, songs: list[dict[str, Any]], expected: str | None
) -> None:
    """Title and artist name have to be equal; then the length decides, then the song_id."""
    put(lake, "events", "day.json", event(length=254.5))
    put(lake, "songs", "songs.json", *songs)
    pipeline.run(str(lake), warehouse)
    assert one(warehouse, "SELECT song_id FROM songplays") == expected


@redshift_is_long
def test_a_play_matches_by_any_of_an_artists_names(lake: Path, warehouse: str) -> None:
    """An artist has several names; the one in `artists` is not the only one that matches."""
    put(lake, "events", "day.json", event(artist="Björk feat. Thom Yorke"))
    names = ["Björk", "Björk", "Björk feat. Thom Yorke"]
    catalogue = [song(song_id=f"SO{i}", artist_name=name) for i, name in enumerate(names)]
    put(lake, "songs", "songs.json", *catalogue)
    pipeline.run(str(lake), warehouse)
    assert rows(warehouse, "SELECT song_id, artist_id FROM songplays") == [("SO2", "AR1")]
    assert one(warehouse, "SELECT name FROM artists") == "Björk"


@redshift_is_long
def test_users_are_as_their_latest_event_has_them(lake: Path, warehouse: str) -> None:
    """Names and level together from the latest event, also when it is no play."""
    put(
        lake,
        "events",
        "day.json",
        event(ts=NOON + 2, page="Home", level="paid", lastName="New", itemInSession=2),
        event(ts=NOON + 1, itemInSession=1),
        event(userId="", ts=NOON + 9, firstName=None, lastName=None, page="Login"),
    )
    pipeline.run(str(lake), warehouse)
    assert rows(warehouse, "SELECT * FROM users") == [(49, "Chloe", "New", "F", "paid")]
    assert one(warehouse, "SELECT level FROM songplays") == "free"


@redshift_is_long
def test_milliseconds_are_kept(lake: Path, warehouse: str) -> None:
    """ts is milliseconds since the epoch, UTC, and none of them is lost."""
    put(lake, "events", "day.json", event(ts=NOON + 796))
    pipeline.run(str(lake), warehouse)
    found = rows(warehouse, "SELECT CAST(start_time AS VARCHAR) FROM songplays")
    assert found == [("2018-11-01 12:00:00.796",)]
    parts = rows(warehouse, "SELECT hour, day, week, month, year, weekday FROM time")
    assert parts == [(12, 1, 44, 11, 2018, 4)]


@redshift_is_long
def test_a_play_has_the_same_id_at_every_replay(lake: Path, warehouse: str) -> None:
    """songplay_id is the md5 of user|session|item|ts in ms."""
    put(lake, "events", "day.json", event(ts=1541105830796, userId="39"))
    pipeline.run(str(lake), warehouse)
    expected = "SELECT md5('39|38|0|1541105830796')"
    assert one(warehouse, "SELECT songplay_id FROM songplays") == one(warehouse, expected)


@redshift_is_long
def test_text_that_was_encoded_twice_is_repaired(lake: Path, warehouse: str) -> None:
    """Events' broken text is mended, so that plays match; text that is fine stays as it is."""
    put(lake, "events", "day.json", event(artist="BjÃ\x83Â¶rk", song="JÃ\x83Â³ga", lastName="Ã"))
    put(lake, "songs", "a.json", song())
    report = pipeline.run(str(lake), warehouse)
    assert report.records.repaired == 1
    assert report.plays.matched == 1
    assert one(warehouse, "SELECT artist_name FROM songplays") == "Björk"
    assert one(warehouse, "SELECT last_name FROM users") == "Ã"


@redshift_is_long
def test_text_fields_take_numbers(lake: Path, warehouse: str) -> None:
    """A number or `false` where text is meant is that text."""
    put(lake, "songs", "a.json", song(title=4.6, artist_name=112))
    put(lake, "songs", "b.json", song(song_id="SO2", artist_id="AR2", title=False))
    pipeline.run(str(lake), warehouse)
    assert rows(warehouse, "SELECT title FROM songs") == [("4.6",), ("false",)]
    assert rows(warehouse, "SELECT name FROM artists") == [("112",), ("Björk",)]


@redshift_is_long
def test_unknown_is_null(lake: Path, warehouse: str) -> None:
    """Year 0 and empty text mean unknown; blanks at the end of a text are none of it."""
    put(lake, "songs", "a.json", song(year=0, artist_location="", title="Jóga  "))
    pipeline.run(str(lake), warehouse)
    assert rows(warehouse, "SELECT title, year FROM songs") == [("Jóga", None)]
    assert one(warehouse, "SELECT location FROM artists") is None


@redshift_is_long
def test_an_artist_has_the_most_frequent_values(lake: Path, warehouse: str) -> None:
    """Name, location and position: the most frequent, then the shortest, then the first."""
    different: list[dict[str, Any]] = [
        {"artist_name": "Aa", "artist_latitude": 1, "artist_longitude": 9},
        {"artist_name": "A", "artist_latitude": 1, "artist_longitude": 8},
        {"artist_name": "B", "artist_location": "", "artist_longitude": None},
        {"artist_name": "A", "artist_location": "Rio", "artist_latitude": None},
        {"artist_name": "B", "artist_location": "Rio", "artist_latitude": 2},
    ]
    catalogue = [song(song_id=f"SO{i}", **each) for i, each in enumerate(different)]
    put(lake, "songs", "songs.json", *catalogue)
    pipeline.run(str(lake), warehouse)
    artist = rows(warehouse, "SELECT name, location, latitude, longitude FROM artists")
    assert artist == [("A", "Rio", 1, 8)]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("a.json", True),
        ("deep/er/a.jsonl", True),
        ("a.ndjson", True),
        (".hidden.json", False),
        (".ipynb_checkpoints/a-checkpoint.json", False),
        ("__MACOSX/a.json", False),
        ("a.json.bak", False),
        ("a.csv", False),
    ],
)
def test_names_that_are_no_objects_are_ignored(
    lake: Path, duckdb_url: str, name: str, taken: bool
) -> None:
    """What is hidden or of another ending is skipped, and counted."""
    put(lake, "songs", "always.json", song())
    put(lake, "songs", name, song(song_id="SO2"))
    report = pipeline.run(str(lake), duckdb_url)
    assert (report.files.new, report.files.ignored) == ((2, 0) if taken else (1, 1))


NAMES = [
    "it's.json",
    'a"b.json',
    "a b.json",
    "50%.json",
    "a%%b.json",
    "#1.json",
    "[a-z]*?.json",
    "ü\n.json",
    "$f;.json",
]


@redshift_is_long
@pytest.mark.parametrize("size", [1, 50])
def test_any_name_loads(
    lake: Path, warehouse: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is never taken for a pattern or for SQL, also that of a large object."""
    monkeypatch.setattr(lakes, "LARGE", 1 << 14)
    assert (len(lines([event()] * size)) > lakes.LARGE) is (size > 1)
    for number, name in enumerate(NAMES):
        put(lake, "events", name, *(event(itemInSession=i, sessionId=number) for i in range(size)))
    pipeline.run(str(lake), warehouse)
    assert files(warehouse) == dict.fromkeys(NAMES, (size, 0))
    found = rows(
        warehouse, "SELECT session_id, uri, count(*) FROM staging.staging_events GROUP BY 1, 2"
    )
    assert found == [(n, str(lake / "log_data" / name), size) for n, name in enumerate(NAMES)]


@redshift_is_long
def test_full_loads_the_whole_lake_again(lake: Path, warehouse: str) -> None:
    """`full` forgets what was loaded, also of objects that are gone, but not that it was."""
    gone = put(lake, "events", "gone.json", event())
    put(lake, "events", "day.json", event(userId="7", sessionId=7))
    pipeline.run(str(lake), warehouse)
    gone.unlink()
    report = pipeline.run(str(lake), warehouse, full=True)
    assert (report.files.new, report.rows["songplays"]) == (1, 1)
    assert one(warehouse, "SELECT count(*) FROM staging.loads") == 2
    assert files(warehouse) == {"day.json": (1, 0)}


@redshift_is_long
def test_prune_removes_what_is_gone(lake: Path, warehouse: str) -> None:
    """A vanished object's rows stay until `prune`, which leaves other lakes alone."""
    other = lake.parent / "other"
    put(other, "events", "other.json", event(userId="8"))
    gone = put(lake, "events", "gone.json", event())
    put(lake, "events", "day.json", event(userId="7"))
    pipeline.run(str(other), warehouse)
    pipeline.run(str(lake), warehouse)
    gone.unlink()
    kept = pipeline.run(str(lake), warehouse)
    assert (kept.load_id, kept.files.missing, kept.rows["songplays"]) == (None, 1, 3)
    pruned = pipeline.run(str(lake), warehouse, prune=True)
    assert (pruned.files.missing, pruned.rows["songplays"]) == (1, 2)
    assert rows(warehouse, "SELECT user_id FROM users") == [(7,), (8,)]
    assert files(warehouse) == {"day.json": (1, 0), "other.json": (1, 0)}


@redshift_is_long
def test_a_damaged_version_leaves_the_good_one(lake: Path, warehouse: str) -> None:
    """The rows of an object's former version stay when the new one is damaged as a whole."""
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), warehouse)
    before = star(warehouse), staging(warehouse)
    put(lake, "events", "a.json", b"\x1f\x8b not gzip")
    report = pipeline.run(str(lake), warehouse)
    assert (report.records.read, report.records.rejected) == (1, 1)
    assert (star(warehouse), staging(warehouse)) == before
    assert pipeline.run(str(lake), warehouse).load_id is None


@pytest.mark.long
def test_a_callers_engine_is_used_and_kept(lake: Path) -> None:
    """An Engine stands for a warehouse, also in memory, and is not disposed of."""
    put(lake, "events", "a.json", event())
    engine = sa.create_engine("duckdb:///:memory:", poolclass=sa.StaticPool)
    pipeline.run(str(lake), engine)
    put(lake, "events", "b.json", event(itemInSession=1))
    assert pipeline.run(str(lake), engine).rows["songplays"] == 2
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM songplays").scalar() == 2
    engine.dispose()


@redshift_is_long
def test_songs_and_events_may_be_apart(lake: Path, warehouse: str) -> None:
    """The places of songs and of events can be named one by one."""
    put(lake, "events", "a.json", event())
    put(lake, "songs", "a.json", song())
    (lake / "song_data").rename(lake / "elsewhere")
    events = str(lake / "log_data")
    report = pipeline.run(None, warehouse, songs=str(lake / "elsewhere"), events=events)
    assert report.plays.matched == 1


@redshift_is_long
def test_the_report_is_for_people_and_programs(lake: Path, warehouse: str) -> None:
    """A report is plain values for programs, lines for people, and a table for notebooks."""
    put(lake, "events", "<b>.json", event())
    report = pipeline.run(str(lake), warehouse)
    found = report.to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["files"] == {"new": 1, "changed": 0, "unchanged": 0, "ignored": 0, "missing": 0}
    none = dict.fromkeys(("rejected", "repaired", "forgotten"), 0)
    assert found["records"] == {"read": 1, "staged": 1, **none}
    assert set(found["seconds"]) == {"extract", "stage", "transform", "publish", "total"}
    assert found["copy"] == (None if warehouse.startswith("duckdb") else "staged")
    assert "songplays 1" in str(report)
    assert report._repr_html_().startswith("<table>")


def test_a_plan_shows_every_statement_and_writes_nothing(lake: Path, new_warehouse: str) -> None:
    """`plan` says what `run` would do, also without a warehouse."""
    put(lake, "events", "a.json", event())
    planned = pipeline.plan(str(lake), new_warehouse)
    assert planned.files.new == 1
    assert not Path(new_warehouse.removeprefix("duckdb:///")).exists()
    name = new_warehouse.split(":", maxsplit=1)[0].split("+", maxsplit=1)[0]
    assert len(pipeline.plan(str(lake), name).statements) == len(planned.statements)
    written = [text.split("(")[0].strip() for text in planned.statements]
    stage = {"duckdb": "INSERT INTO", "redshift": "COPY"}[name]
    assert f"{stage} staging.event_rows" in written
    star = ["songplays", "time", "users", "songs", "artists", "user_levels"]
    targets = [*star, "staging.heard", "staging.files", "staging.loads"]
    inserts = [text for text in written if text.startswith("INSERT")]
    assert inserts[-len(targets) :] == [f"INSERT INTO {target}" for target in targets]
