"""The transforms: the SQL that they are, and small tables in, rows out, for every rule of the star.

The statements are compared with golden files, one for each star table and dialect. After a change
that is meant, write them anew and read the difference:

    pytest tests/load/test_transform.py --update-golden && git diff tests/load/golden
"""

import datetime
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sparkify.load.publication import Publication
from sparkify.load.transform import TRANSFORMS
from sparkify.load.transform import rows as staged_rows
from sparkify.models import STAGING, EventRow, SongRow, Version, table
from sparkify.models.statements import EpochMs
from sparkify.warehouses import BARE, connect

GOLDEN = Path(__file__).parent / "golden"
MODELS = {table(model).name: model for model, _, _ in TRANSFORMS}
SELECTS = {table(model).name: (table(model), select, key) for model, select, key in TRANSFORMS}
NOON = datetime.datetime(2018, 11, 1, 12)
Row = tuple[Any, ...]


def later(ms: int) -> datetime.datetime:
    """So many milliseconds after noon."""
    return NOON + datetime.timedelta(milliseconds=ms)


@pytest.mark.parametrize("dialect", BARE)
@pytest.mark.parametrize("name", SELECTS)
def test_the_statement_is_the_golden_one(name: str, dialect: str, update_golden: bool) -> None:
    """For the whole table, and for what a later load changed, the INSERT is as it was."""
    target, select, key = SELECTS[name]
    later = Publication("l", [1], replaces=True)
    for _ in later.statements():
        pass  # makes the temporary tables that it speaks of
    (part,) = later.changes.parts(MODELS[name], key)
    columns = [column.name for column in target.columns]
    inserts = [target.insert().from_select(columns, each) for each in (select(), select(part.rows))]
    with connect(dialect) as warehouse:
        text = "".join(f"{warehouse.text(insert)};\n\n" for insert in inserts)
    text = "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"
    file = GOLDEN / f"{name}.{dialect}.sql"
    if update_golden:
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


MOMENTS = st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2099, 12, 31))


@pytest.mark.long
@settings(max_examples=5)
@given(st.lists(MOMENTS, min_size=1, max_size=50), st.integers(0, 999))
@example([datetime.datetime(2038, 1, 19, 3, 14, second) for second in (7, 8, 9)], 999)
def test_milliseconds_since_the_epoch_are_the_same_for_a_century(
    warehouse: str, moments: list[datetime.datetime], ms: int
) -> None:
    """From 2000 to 2099, both engines count the milliseconds as Python does."""
    exact = [moment.replace(microsecond=ms * 1000) for moment in moments]
    select = sa.select(*(EpochMs(sa.cast(sa.literal(each), sa.DateTime())) for each in exact))
    with connect(warehouse) as opened, opened.writing(0) as connection:
        found = tuple(opened.execute(connection, select).one())
    epoch = datetime.datetime(1970, 1, 1)
    assert found == tuple((each - epoch) // datetime.timedelta(milliseconds=1) for each in exact)


@pytest.fixture(scope="module")
def engine() -> Iterator[sa.Engine]:
    """A DuckDB in memory with empty staging tables."""
    made = sa.create_engine("duckdb:///:memory:", poolclass=sa.StaticPool)
    with made.begin() as connection:
        connection.execute(sa.schema.CreateSchema(STAGING))
        for model in (EventRow, SongRow, Version):
            table(model).create(connection)
    yield made
    made.dispose()


class Staged:
    """Staging tables that are filled row by row, and the star tables that follow from them."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        versions = [{"file_id": 1, "published": True}, {"file_id": 2, "published": False}]
        connection.execute(sa.insert(table(Version)), versions)

    def events(self, *rows: dict[str, Any]) -> None:
        """Stage plays that differ from a usual one in some of their columns."""
        usual = {
            "file_id": 1,
            "repaired": False,
            "artist": "Björk",
            "auth": "Logged In",
            "first_name": "Chloe",
            "gender": "F",
            "item_in_session": 0,
            "last_name": "Cuevas",
            "length": 254.5,
            "level": "free",
            "location": "Reykjavík",
            "method": "PUT",
            "page": "NextSong",
            "registration": None,
            "session_id": 38,
            "song": "Jóga",
            "status": 200,
            "ts": NOON,
            "user_agent": "Mozilla",
            "user_id": 49,
        }
        self.connection.execute(sa.insert(table(EventRow)), [usual | row for row in rows])

    def songs(self, *rows: dict[str, Any]) -> None:
        """Stage songs that differ from a usual one in some of their columns."""
        usual = {
            "file_id": 1,
            "repaired": False,
            "num_songs": 1,
            "artist_id": "AR1",
            "artist_latitude": None,
            "artist_longitude": None,
            "artist_location": None,
            "artist_name": "Björk",
            "song_id": "SO1",
            "title": "Jóga",
            "duration": 254.5,
            "year": 1997,
        }
        self.connection.execute(sa.insert(table(SongRow)), [usual | row for row in rows])

    def star(self, name: str, *columns: str, only: tuple[Any, ...] | None = None) -> list[Row]:
        """Some columns of a star table; `only`: what a load that changed these keys makes anew."""
        _, select, key = SELECTS[name]
        of = {"start_time": staged_rows.PLAYS, "user_id": staged_rows.BY_USERS}
        published = of.get(key, staged_rows.SONGS)
        changed = published.selected_columns["ts" if key == "start_time" else key]
        wanted = published if only is None else published.where(changed.in_(only))
        rows = select(wanted).subquery()
        found = self.connection.execute(sa.select(*(rows.c[column] for column in columns)))
        return sorted((tuple(row) for row in found), key=repr)


@pytest.fixture
def staged(engine: sa.Engine) -> Iterator[Staged]:
    """Staging tables without rows."""
    with engine.connect() as connection:
        yield Staged(connection)
        connection.rollback()


@pytest.mark.parametrize("name", SELECTS)
def test_what_is_not_published_is_not_there(staged: Staged, name: str) -> None:
    """No table of the star has a row of a version that is not published, nor follows one."""
    staged.events({"level": "paid"})
    staged.songs({})
    columns = [column.name for column in SELECTS[name][0].columns]
    right = staged.star(name, *columns)
    assert len(right) == 1
    staged.events({"file_id": 2, "user_id": 50}, {"file_id": 2, "ts": later(1)})
    staged.songs({"file_id": 2, "song_id": "SO0"}, {"file_id": 2, "artist_id": "AR0"})
    assert staged.star(name, *columns) == right


# ------------------------------------------------------------------------------------- songplays


def test_a_play_without_a_song_is_a_row(staged: Staged) -> None:
    """Every event with page NextSong is a row, whether or not the catalogue knows its song."""
    staged.events({"song": "Unknown"}, {"page": "Home", "item_in_session": 1})
    found = staged.star("songplays", "song_title", "song_id", "artist_id")
    assert found == [("Unknown", None, None)]


def test_a_play_matches_by_title_and_artist_name(staged: Staged) -> None:
    """A play has the song whose title and artist name are its own, letter for letter."""
    staged.events({})
    staged.songs(
        {"song_id": "SO1", "title": "jóga"},
        {"song_id": "SO2", "artist_name": "Bjork"},
        {"song_id": "SO3", "artist_id": "AR3"},
    )
    assert staged.star("songplays", "song_id", "artist_id") == [("SO3", "AR3")]


def test_a_play_matches_by_any_name_of_an_artist(staged: Staged) -> None:
    """An artist has several names, and a play may use one that `artists` does not keep."""
    staged.events({"artist": "Björk feat. Thom Yorke"})
    staged.songs(
        {"song_id": "SO1"},
        {"song_id": "SO2"},
        {"song_id": "SO3", "artist_name": "Björk feat. Thom Yorke"},
    )
    assert staged.star("songplays", "song_id", "artist_id") == [("SO3", "AR1")]
    assert staged.star("artists", "artist_id", "name") == [("AR1", "Björk")]


@pytest.mark.parametrize(
    ("length", "songs", "expected"),
    [
        pytest.param(
            254.5,
            [{"song_id": "SO1", "duration": 200.0}, {"song_id": "SO2", "duration": 250.0}],
            "SO2",
            id="nearest below",
        ),
        pytest.param(
            254.5,
            [{"song_id": "SO1", "duration": 200.0}, {"song_id": "SO2", "duration": 259.0}],
            "SO2",
            id="nearest above",
        ),
        pytest.param(
            254.5,
            [{"song_id": "SO2", "duration": 254.0}, {"song_id": "SO1", "duration": 255.0}],
            "SO1",
            id="as near on both sides: the smallest song_id",
        ),
        pytest.param(
            254.5,
            [{"song_id": "SO1", "duration": None}, {"song_id": "SO2", "duration": 9.0}],
            "SO2",
            id="an unknown duration is last",
        ),
        pytest.param(
            None,
            [{"song_id": "SO2", "duration": 9.0}, {"song_id": "SO1", "duration": 500.0}],
            "SO1",
            id="an unknown length: the smallest song_id",
        ),
    ],
)
def test_of_several_songs_the_nearest_duration_wins(
    staged: Staged, length: float | None, songs: list[dict[str, Any]], expected: str
) -> None:
    """Of several songs that match, a play has the one whose duration is nearest to its length."""
    staged.events({"length": length})
    staged.songs(*songs)
    assert staged.star("songplays", "song_id") == [(expected,)]


def test_the_same_song_of_two_artists(staged: Staged) -> None:
    """Songs with one song_id and one duration are told apart by the smallest artist_id."""
    staged.events({})
    staged.songs({"artist_id": "AR2"}, {"artist_id": "AR1"})
    assert staged.star("songplays", "song_id", "artist_id") == [("SO1", "AR1")]


def test_a_play_never_becomes_two_rows(staged: Staged) -> None:
    """Neither a song that is staged twice nor a play that is staged twice doubles a play."""
    staged.events({"uri": "a.json"}, {"uri": "copy-of-a.json"})
    staged.songs({"uri": "b.json"}, {"uri": "copy-of-b.json"}, {"song_id": "SO2"})
    assert staged.star("songplays", "song_id") == [("SO1",)]


def test_the_level_of_a_play_is_the_level_of_its_event(staged: Staged) -> None:
    """A play keeps the level of its event, whatever the user's level is now."""
    staged.events({"level": "free"}, {"level": "paid", "item_in_session": 1, "ts": later(1)})
    assert staged.star("songplays", "level") == [("free",), ("paid",)]
    assert staged.star("users", "level") == [("paid",)]


def test_the_id_of_a_play_is_an_md5(staged: Staged) -> None:
    """songplay_id is the md5 hex digest of user_id|session_id|item_in_session|ts in ms."""
    staged.events({"ts": datetime.datetime(2018, 11, 1, 20, 57, 10, 796_000), "user_id": 39})
    expected = hashlib.md5(b"39|38|0|1541105830796").hexdigest()
    assert staged.star("songplays", "songplay_id") == [(expected,)]


@pytest.mark.parametrize("column", ["user_id", "session_id", "item_in_session", "ts"])
def test_plays_that_differ_in_their_key_are_two(staged: Staged, column: str) -> None:
    """User, session, item and time together identify a play."""
    staged.events({}, {column: later(1) if column == "ts" else 99})
    assert len(set(staged.star("songplays", "songplay_id"))) == 2


@pytest.mark.parametrize(
    ("one", "other", "column", "expected"),
    [
        ({"level": "paid"}, {"level": "free"}, "level", "free"),
        ({"song": "B"}, {"song": "A", "artist": "Z"}, "song_title", "A"),
        ({"artist": "B"}, {"artist": "A", "length": 999.0}, "artist_name", "A"),
        ({"length": None, "location": "A"}, {"location": "B"}, "location", "B"),
        ({"length": 2.0, "location": "A"}, {"length": 1.0, "location": "B"}, "location", "B"),
        ({"location": None}, {"location": "Z"}, "location", "Z"),
        ({"location": "B", "user_agent": "A"}, {"location": "A"}, "location", "A"),
        ({"user_agent": None}, {"user_agent": "Z"}, "user_agent", "Z"),
    ],
)
def test_of_equal_plays_the_first_by_content_is_kept(
    staged: Staged, one: dict[str, Any], other: dict[str, Any], column: str, expected: str
) -> None:
    """Of plays with one id the first by level, song, artist, length, location, agent is kept.

    Unknown values are last.
    """
    staged.events({"uri": "a.json", **one}, {"uri": "b.json", **other})
    assert staged.star("songplays", column) == [(expected,)]


# ------------------------------------------------------------------------------------------ time


def test_time_has_each_start_once(staged: Staged) -> None:
    """`time` has each distinct start_time of the plays, with its milliseconds, and no other."""
    moment = later(796)
    staged.events(
        {"ts": moment},
        {"ts": moment, "user_id": 50},
        {"ts": later(5), "page": "Home", "item_in_session": 1},
    )
    assert staged.star("time", "start_time") == [(moment,)]


@pytest.mark.parametrize(
    ("day", "week", "weekday"),
    [
        ((2018, 11, 4), 44, 0),
        ((2018, 11, 10), 45, 6),
        ((2018, 12, 31), 1, 1),
        ((2021, 1, 3), 53, 0),
        ((2016, 1, 1), 53, 5),
    ],
)
def test_a_start_is_taken_apart(
    staged: Staged, day: tuple[int, int, int], week: int, weekday: int
) -> None:
    """The week is the ISO week, weekday 0 is Sunday, and the year is the calendar year."""
    staged.events({"ts": datetime.datetime(*day, 23, 59, 59, 999_000)})
    parts = ("hour", "day", "week", "month", "year", "weekday")
    year, month, day_of_month = day
    assert staged.star("time", *parts) == [(23, day_of_month, week, month, year, weekday)]


# ----------------------------------------------------------------------------------------- users

USER = ("user_id", "first_name", "last_name", "gender", "level")


@pytest.mark.parametrize(
    "latest",
    [
        {"ts": later(1), "session_id": 1, "item_in_session": 0},
        {"session_id": 39, "item_in_session": 0},
        {"item_in_session": 6},
    ],
)
def test_a_user_is_as_in_the_latest_event(staged: Staged, latest: dict[str, Any]) -> None:
    """Names, gender and level come together from the latest event by (ts, session, item)."""
    changed = {"first_name": None, "last_name": "New", "gender": "M", "level": "paid"}
    staged.events(changed | latest, {"item_in_session": 5})
    assert staged.star("users", *USER) == [(49, None, "New", "M", "paid")]


def test_any_event_tells_of_its_user(staged: Staged) -> None:
    """All events with a user count for `users`, not plays alone; events without one do not."""
    staged.events(
        {},
        {"ts": later(2), "page": "Home", "level": "paid", "song": None, "artist": None},
        {"ts": later(3), "page": "Login", "user_id": None},
        {"user_id": 50, "page": "Help"},
    )
    assert staged.star("users", "user_id", "level") == [(49, "paid"), (50, "free")]


@pytest.mark.parametrize(
    ("one", "other", "column", "expected"),
    [
        ({"level": "paid", "first_name": "A"}, {"level": "free"}, "level", "free"),
        ({"first_name": None}, {"first_name": "Z"}, "first_name", "Z"),
        ({"last_name": "B"}, {"last_name": "A", "gender": "M"}, "last_name", "A"),
        ({"gender": None}, {"gender": "M"}, "gender", "M"),
    ],
)
def test_of_equal_latest_events_the_first_by_content_counts(
    staged: Staged, one: dict[str, Any], other: dict[str, Any], column: str, expected: str
) -> None:
    """Of equal latest events the first by level, first name, last name, gender counts.

    Unknown values are last.
    """
    staged.events(one, other)
    assert staged.star("users", column) == [(expected,)]


# ----------------------------------------------------------------------------------- user_levels


def levels(staged: Staged, *events: tuple[int, str, int]) -> list[tuple[str, int, int | None]]:
    """User 49's levels (level, from, to) after events (ms after noon, level, item)."""
    staged.events(
        *({"ts": later(ms), "level": level, "item_in_session": i} for ms, level, i in events)
    )
    found = staged.star("user_levels", "level", "valid_from", "valid_to")
    ms = datetime.timedelta(milliseconds=1)
    spans = [
        (level, (start - NOON) // ms, end and (end - NOON) // ms) for level, start, end in found
    ]
    return sorted(spans, key=lambda span: span[1])


def test_a_level_holds_until_the_next(staged: Staged) -> None:
    """A level holds from its first event until the first event of another; the last has no end."""
    found = levels(staged, (0, "free", 0), (1, "free", 1), (2, "paid", 2), (4, "free", 3))
    assert found == [("free", 0, 2), ("paid", 2, 4), ("free", 4, None)]


@pytest.mark.parametrize(("held", "passing"), [("free", "paid"), ("paid", "free")])
def test_a_level_of_no_time_is_no_row(staged: Staged, held: str, passing: str) -> None:
    """Of levels in one millisecond the last by session and item holds."""
    assert levels(staged, (0, held, 0), (5, passing, 1), (5, held, 2)) == [(held, 0, None)]


def test_only_users_have_levels(staged: Staged) -> None:
    """An event without a user tells of no level; one that is no play does."""
    staged.events({"user_id": None, "page": "Login"}, {"page": "Home"})
    assert staged.star("user_levels", "user_id", "level") == [(49, "free")]


def test_of_equal_events_the_first_level_holds(staged: Staged) -> None:
    """Of events with one time, session and item the first level in the alphabet holds."""
    assert levels(staged, (0, "paid", 0), (0, "free", 0)) == [("free", 0, None)]


# ----------------------------------------------------------------------------------------- songs

SONG = ("song_id", "title", "artist_id", "year", "duration")


def test_year_zero_is_unknown(staged: Staged) -> None:
    """Year 0 means that the year is not known, and becomes NULL."""
    staged.songs({"year": 0})
    assert staged.star("songs", *SONG) == [("SO1", "Jóga", "AR1", None, 254.5)]


@pytest.mark.parametrize(
    ("one", "other", "column", "expected"),
    [
        ({"year": 0, "title": "A"}, {"year": 1998, "title": "B"}, "title", "B"),
        ({"year": None, "title": "A"}, {"year": 1998, "title": "B"}, "title", "B"),
        ({"title": "B"}, {"title": "A", "artist_name": "Z"}, "title", "A"),
        ({"artist_name": "B"}, {"artist_name": "A", "artist_id": "AR9"}, "artist_id", "AR9"),
        ({"artist_id": "AR2"}, {"artist_id": "AR1", "duration": 999.0}, "artist_id", "AR1"),
        ({"duration": None}, {"duration": 999.0}, "duration", 999.0),
        ({"duration": 2.0}, {"duration": 1.0}, "duration", 1.0),
    ],
)
def test_of_songs_with_one_id_the_first_by_content_is_kept(
    staged: Staged, one: dict[str, Any], other: dict[str, Any], column: str, expected: Any
) -> None:
    """Of songs with one id the first is kept: year known, title, artist name and id, duration.

    Unknown values are last.
    """
    staged.songs(one, other)
    assert staged.star("songs", column) == [(expected,)]


# --------------------------------------------------------------------------------------- artists


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["A", "Long", "Long"], "Long", id="the most frequent"),
        pytest.param(["Long", "Aa", "B"], "B", id="then the shortest"),
        pytest.param(["b", "B", "ä"], "B", id="then the first in byte order"),
    ],
)
@pytest.mark.parametrize(
    ("source", "column"), [("artist_name", "name"), ("artist_location", "location")]
)
def test_an_artist_has_the_most_frequent_text(
    staged: Staged, names: list[str], expected: str, source: str, column: str
) -> None:
    """Name and location are the most frequent, then the shortest, then the first in byte order."""
    staged.songs(*({"song_id": f"SO{i}", source: name} for i, name in enumerate(names)))
    assert staged.star("artists", column) == [(expected,)]


def test_songs_are_counted_once(staged: Staged) -> None:
    """How frequent a name is counts distinct song_ids: a song that is staged twice is one."""
    staged.songs(
        {"artist_name": "Copy"},
        {"artist_name": "Copy", "uri": "copy.json"},
        {"artist_name": "Twice", "song_id": "SO2"},
        {"artist_name": "Twice", "song_id": "SO3"},
    )
    assert staged.star("artists", "name") == [("Twice",)]


def test_an_unknown_location_does_not_count(staged: Staged) -> None:
    """One known location beats any number of songs without; without any it is NULL."""
    staged.songs(
        {},
        {"song_id": "SO2"},
        {"song_id": "SO3", "artist_location": "Reykjavík"},
        {"song_id": "SO4", "artist_id": "AR2"},
    )
    found = staged.star("artists", "artist_id", "location")
    assert found == [("AR1", "Reykjavík"), ("AR2", None)]


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        pytest.param([(1, 9), (2, 8), (2, 8)], (2, 8), id="the most frequent pair"),
        pytest.param([(1, 9), (1, 8), (2, 0)], (1, 8), id="then the smallest"),
        pytest.param([(1, None), (1, None), (5, 5)], (5, 5), id="half a pair does not count"),
        pytest.param([(None, None)], (None, None), id="unknown"),
    ],
)
def test_an_artist_has_the_most_frequent_position(
    staged: Staged, positions: list[tuple[float | None, float | None]], expected: Row
) -> None:
    """Latitude and longitude are taken as a pair: the most frequent, then the smallest."""
    staged.songs(
        *(
            {"song_id": f"SO{i}", "artist_latitude": latitude, "artist_longitude": longitude}
            for i, (latitude, longitude) in enumerate(positions)
        )
    )
    assert staged.star("artists", "latitude", "longitude") == [expected]


# ------------------------------------------------------------------------------------ a part only


@pytest.mark.parametrize(
    ("name", "column", "key"),
    [
        ("songplays", "start_time", later(1)),
        ("time", "start_time", later(1)),
        ("users", "user_id", 50),
        ("user_levels", "user_id", 50),
        ("songs", "song_id", "SO2"),
        ("artists", "artist_id", "AR2"),
    ],
)
def test_only_rows_of_changed_keys_are_made_anew(
    staged: Staged, name: str, column: str, key: Any
) -> None:
    """Given the keys that a load changed, a transform gives their rows, the same as for all."""
    staged.events({}, {"ts": later(1), "user_id": 50})
    staged.songs({}, {"song_id": "SO2", "artist_id": "AR2", "title": "Hunter"})
    columns = [each.name for each in SELECTS[name][0].columns]
    part, everything = staged.star(name, *columns, only=(key,)), staged.star(name, *columns)
    assert len(everything) == 2
    place = columns.index(column)
    assert part == [row for row in everything if row[place] == key] != []
