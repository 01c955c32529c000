"""What a simulated lake is like: the shape of a real one, exact counts, the same by seed."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sparkify.simulate import Simulated, simulate
from sparkify.simulate.songs import Song, catalogue, encoded_twice, not_in_catalogue
from tests.support import ROOT

Record = dict[str, Any]

NONE = type(None)
EVENT_TYPES = {
    "artist": {str, NONE},
    "auth": {str},
    "firstName": {str, NONE},
    "gender": {str, NONE},
    "itemInSession": {int},
    "lastName": {str, NONE},
    "length": {float, NONE},
    "level": {str},
    "location": {str, NONE},
    "method": {str},
    "page": {str},
    "registration": {float, NONE},
    "sessionId": {int},
    "song": {str, NONE},
    "status": {int},
    "ts": {int},
    "userAgent": {str, NONE},
    "userId": {str},
}
SONG_TYPES = {
    "num_songs": {int},
    "artist_id": {str},
    "artist_latitude": {float, NONE},
    "artist_longitude": {float, NONE},
    "artist_location": {str},
    "artist_name": {str},
    "song_id": {str},
    "title": {str},
    "duration": {float},
    "year": {int},
}
PERSONAL = ("firstName", "lastName", "gender", "location", "registration", "userAgent")
REDIRECTED = {"Login", "Logout", "Save Settings", "Submit Upgrade", "Submit Downgrade"}


class Lake:
    """A simulated lake, read back."""

    def __init__(self, made: Simulated) -> None:
        """Read what was written."""
        self.made = made
        self.logs = sorted(made.directory.glob("log_data/*/*/*.json"))
        self.lines = [line for log in self.logs for line in log.read_text("ascii").split("\n")]
        self.events: list[Record] = [json.loads(line) for line in self.lines]
        self.song_files = sorted(made.directory.glob("song_data/*/*/*/*.json"))
        self.songs: list[Record] = [json.loads(path.read_bytes()) for path in self.song_files]

    def plays(self) -> list[Record]:
        return [event for event in self.events if event["page"] == "NextSong"]

    def by(self, key: str) -> dict[Any, list[Record]]:
        groups = defaultdict(list)
        for event in self.events:
            groups[event[key]].append(event)
        return groups


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake about as busy as the real one."""
    return Lake(simulate(tmp_path_factory.mktemp("lake"), events=20_000, songs=500))


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Far more events than five people have time for."""
    target = tmp_path_factory.mktemp("crowded")
    return Lake(simulate(target, events=12_000, songs=5, users=5, days=4, seed=3))


def files(root: Path) -> dict[str, bytes]:
    """Return what every file below a folder holds."""
    paths = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def types(records: list[Record]) -> dict[str, set[type]]:
    """Return the types that each field has."""
    return {key: {type(record[key]) for record in records} for key in records[0]}


def text(value: Any) -> str:
    """Return a song file's value as the text that it stands for."""
    return value if isinstance(value, str) else json.dumps(value)


def repaired(value: str) -> str:
    """Return the text after the strict round trip, as often as it succeeds."""
    while not value.isascii():
        try:
            value = value.encode("latin-1").decode()
        except UnicodeError:
            break
    return value


def matching(lake: Lake) -> list[tuple[Record, list[Record]]]:
    """Return the plays of the catalogue, each with the songs of its title and artist name."""
    songs = defaultdict(list)
    for song in lake.songs:
        songs[text(song["title"]), text(song["artist_name"])].append(song)
    plays = ((play, (repaired(play["song"]), repaired(play["artist"]))) for play in lake.plays())
    return [(play, songs[names]) for play, names in plays if names in songs]


# The same by seed


SMALL: dict[str, Any] = {"events": 300, "songs": 40, "users": 9, "days": 5}


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    """The same arguments write the same bytes under the same names."""
    first, second = tmp_path / "first", tmp_path / "second"
    simulate(first, **SMALL, seed=7)
    simulate(second, **SMALL, seed=7)
    assert files(first) == files(second)


def test_hash_seed_does_not_matter(tmp_path: Path) -> None:
    """Another process with another PYTHONHASHSEED writes the same bytes."""
    program = (
        "import sys, pathlib, sparkify.simulate as s; "
        f"s.simulate(pathlib.Path(sys.argv[1]), seed=7, **{SMALL!r})"
    )
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    simulate(ours, **SMALL, seed=7)
    root = str(ROOT)
    environment = os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": root}
    subprocess.run([sys.executable, "-c", program, str(theirs)], check=True, env=environment)
    assert files(ours) == files(theirs)


def test_another_seed_another_lake(tmp_path: Path) -> None:
    """Another seed changes the events and the songs."""
    first, second = tmp_path / "first", tmp_path / "second"
    simulate(first, **SMALL, seed=7)
    simulate(second, **SMALL, seed=8)
    assert not set(files(first).values()) & set(files(second).values())


# Counts, folders, days


def test_counts_are_exact(lake: Lake) -> None:
    """As many events and songs are written as asked for, and the result tells the truth."""
    matched = len(matching(lake))
    assert (len(lake.events), len(lake.songs)) == (20_000, 500)
    assert lake.made == Simulated(
        directory=lake.made.directory,
        songs=500,
        events=20_000,
        plays=len(lake.plays()),
        matched=matched,
        users=100,
        days=30,
        bytes=sum(map(len, files(lake.made.directory).values())),
    )


@pytest.mark.parametrize(
    ("events", "songs", "users", "days"),
    [
        (0, 0, 1, 1),
        (0, 3, 1, 1),
        (1, 0, 1, 1),
        (5, 2, 3, 30),
        (30, 1, 1, 30),
        (100, 5, 1, 1),
        (3000, 0, 1, 1),
        (3000, 23, 3, 2),
        (2000, 5, 40, 400),
    ],
)
def test_any_size(tmp_path: Path, events: int, songs: int, users: int, days: int) -> None:
    """Counts are exact for every size, and every day has its file where events suffice."""
    lake = Lake(simulate(tmp_path, events=events, songs=songs, users=users, days=days))
    assert (len(lake.events), len(lake.songs)) == (events, songs)
    assert lake.made.matched == len(matching(lake))
    assert len(lake.logs) == lake.made.days <= min(days, events)
    assert len(lake.logs) == days or events < days
    assert (tmp_path / "song_data").is_dir()
    assert (tmp_path / "log_data").is_dir()


def test_events_are_in_the_file_of_their_day(lake: Lake, crowded: Lake) -> None:
    """A day's file holds the events of that day in UTC, ordered by time."""
    for log in lake.logs + crowded.logs:
        times = [json.loads(line)["ts"] for line in log.read_text().split("\n")]
        days = {datetime.fromtimestamp(ts / 1000, UTC).date() for ts in times}
        assert log.match(f"log_data/{min(days):%Y/%m/%Y-%m-%d}-events.json")
        assert len(days) == 1
        assert times == sorted(times)


def test_first_day(tmp_path: Path) -> None:
    """The days begin with the one that was asked for, across the end of a year too."""
    simulate(tmp_path, events=60, songs=0, days=3, start=date(2019, 12, 31))
    logs = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*-events.json"))
    assert list(map(str, logs)) == [
        "log_data/2019/12/2019-12-31-events.json",
        "log_data/2020/01/2020-01-01-events.json",
        "log_data/2020/01/2020-01-02-events.json",
    ]


@pytest.mark.parametrize("name", ["song_data", "log_data"])
def test_refuses_a_lake(tmp_path: Path, name: str) -> None:
    """A directory that already holds a lake is refused and left as it is."""
    (tmp_path / name).mkdir()
    with pytest.raises(FileExistsError, match=f"already contains {name}"):
        simulate(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "wrong", [{"events": -1}, {"songs": -1}, {"users": 0}, {"days": 0}, {"matched": 1.5}]
)
def test_refuses_impossible_numbers(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """Numbers that make no lake are refused before anything is written."""
    with pytest.raises(ValueError, match="must"):
        simulate(tmp_path / "lake", **wrong)
    assert not (tmp_path / "lake").exists()


# Events


def test_event_lines_have_the_real_shape(lake: Lake) -> None:
    r"""An event is one compact line: keys in order, ASCII only, slashes as `\/`."""
    for line, event in zip(lake.lines, lake.events, strict=True):
        assert list(event) == list(EVENT_TYPES)
        assert line == json.dumps(event, separators=(",", ":")).replace("/", "\\/")


def test_event_types(lake: Lake) -> None:
    """Every field has the type of real events: registration and length are floats."""
    assert types(lake.events) == EVENT_TYPES


def test_pages_have_about_the_real_shares(lake: Lake) -> None:
    """Plays are about 85 % of the events, Home 10 %, and every page of real logs occurs."""
    pages = Counter(event["page"] for event in lake.events)
    assert pages["NextSong"] / 20_000 == pytest.approx(0.85, abs=0.03)
    assert pages["Home"] / 20_000 == pytest.approx(0.10, abs=0.03)
    assert set(pages) == REDIRECTED | {
        "NextSong", "Home", "Settings", "About", "Help", "Upgrade", "Downgrade", "Error",
    }  # fmt: skip


def test_method_and_status_follow_from_the_page(lake: Lake) -> None:
    """Forms are PUT and 307, plays PUT and 200, errors GET and 404, all else GET and 200."""
    for event in lake.events:
        page = event["page"]
        put = page in REDIRECTED or page == "NextSong"
        status = 307 if page in REDIRECTED else 404 if page == "Error" else 200
        assert (event["method"], event["status"]) == ("PUT" if put else "GET", status)


def test_songs_are_played_on_their_page_alone(lake: Lake) -> None:
    """Song, artist and length are there on NextSong, and null on every other page."""
    for event in lake.events:
        there = {event[key] is not None for key in ("song", "artist", "length")}
        assert there == {event["page"] == "NextSong"}


def test_logged_out(lake: Lake) -> None:
    """A logged-out event has userId "" and nothing personal; it is never a play."""
    for event in lake.events:
        out = event["auth"] == "Logged Out"
        assert out == (event["userId"] == "")
        assert {event[key] is None for key in PERSONAL} == {out}
        assert event["page"] in {"Home", "Login", "About", "Help"} or not out


def test_login_and_logout_change_who_is_seen(lake: Lake) -> None:
    """Within a session, logged out becomes logged in by Login alone, and back by Logout."""
    for session in lake.by("sessionId").values():
        for before, after in pairwise(session):
            if before["auth"] != after["auth"]:
                assert before["page"] == ("Login" if after["userId"] else "Logout")


def test_sessions(lake: Lake, crowded: Lake) -> None:
    """A session is one user's, its items count from 0 in the order of time."""
    for session in [*lake.by("sessionId").values(), *crowded.by("sessionId").values()]:
        assert len({event["userId"] for event in session} - {""}) <= 1
        assert [event["itemInSession"] for event in session] == list(range(len(session)))
        assert len({event["ts"] % 1000 for event in session}) == 1


def test_users_are_in_one_session_at_a_time(lake: Lake) -> None:
    """Where users have the time, their sessions do not overlap."""
    for user, events in lake.by("userId").items():
        sessions = [event["sessionId"] for event in events]
        assert not user or sum(a != b for a, b in pairwise(sessions)) == len(set(sessions)) - 1


def test_levels_change_by_the_pages_alone(lake: Lake, crowded: Lake) -> None:
    """A user's level changes right after Submit Upgrade or Submit Downgrade, never otherwise."""
    after = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}
    changes = Counter[str]()
    for user, events in [*lake.by("userId").items(), *crowded.by("userId").items()]:
        for event, following in pairwise(events if user else []):
            assert following["level"] == after.get(event["page"], event["level"])
            changes[event["page"]] += event["level"] != following["level"]
    assert changes["Submit Upgrade"] > 1
    assert changes["Submit Downgrade"] > 0


def test_people_stay_who_they_are(lake: Lake) -> None:
    """A user's names, gender, location, agent and registration never change."""
    for user, events in lake.by("userId").items():
        assert len({tuple(event[key] for key in PERSONAL) for event in events}) == 1
        assert not user or events[0]["registration"] < events[0]["ts"]


def test_a_few_users_make_most_events(lake: Lake) -> None:
    """The ten most active of 100 users make about half of the events; who pays plays most."""
    users = sorted((len(events) for user, events in lake.by("userId").items() if user))
    assert 0.4 < sum(users[-10:]) / 20_000 < 0.8
    paid = [play["level"] == "paid" for play in lake.plays()]
    assert 0.65 < sum(paid) / len(paid) < 0.95


def test_the_next_play_comes_when_the_song_ends(lake: Lake) -> None:
    """Between plays in a row lie the song's whole seconds."""
    for session in lake.by("sessionId").values():
        for play, after in pairwise(session):
            if play["page"] == after["page"] == "NextSong":
                assert after["ts"] - play["ts"] == int(play["length"]) * 1000


def test_milliseconds_are_not_all_the_same(lake: Lake) -> None:
    """Times have milliseconds of all kinds."""
    assert len({event["ts"] % 1000 for event in lake.events}) > 500


def test_agents_are_quoted_as_in_real_logs(lake: Lake) -> None:
    """Some user agents stand in quotes of their own, others do not."""
    agents = {event["userAgent"] for event in lake.events} - {None}
    assert {agent[0] + agent[-1] for agent in agents if '"' in agent} == {'""'}
    assert any(agent.startswith("Mozilla") for agent in agents)


# Plays and the catalogue


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_share_of_matched_plays(tmp_path: Path, share: float) -> None:
    """About the share of plays that was asked for is of the catalogue."""
    lake = Lake(simulate(tmp_path, events=4_000, songs=50, matched=share))
    assert len(matching(lake)) / len(lake.plays()) == pytest.approx(share, abs=0.03)


def test_matched_lengths_are_near(lake: Lake) -> None:
    """A matched play's length is a song's duration, or at most 2 seconds off."""
    off = [
        min(abs(play["length"] - song["duration"]) for song in songs)
        for play, songs in matching(lake)
    ]
    assert max(off) <= 2.00001
    assert sum(distance == 0 for distance in off) / len(off) > 0.6


def test_some_songs_are_played_often(lake: Lake) -> None:
    """Few songs are played often and most once or twice."""
    counts = Counter((play["song"], play["artist"]) for play in lake.plays())
    assert counts.most_common(1)[0][1] > 20
    assert sum(count <= 2 for count in counts.values()) / len(counts) > 0.5


def test_text_is_encoded_twice_too_often() -> None:
    r"""Non-ASCII text is UTF-8 encoded twice too often, as in real events; ASCII stays."""
    assert encoded_twice("Björk") == "BjÃ\x83Â¶rk"
    assert encoded_twice("Don't / Stop") == "Don't / Stop"
    for song in catalogue(1_000, Random(1)):
        for name in song.names:
            assert repaired(encoded_twice(name)) == name == repaired(name)
            assert name.isascii() == (encoded_twice(name) == name)


def test_broken_text_in_events(lake: Lake) -> None:
    """All non-ASCII text of plays is broken, a few per cent of them, and repair makes it whole."""
    names = [play[key] for play in lake.plays() for key in ("song", "artist")]
    broken = [name for name in names if not name.isascii()]
    assert 0.01 < len(broken) / len(names) < 0.08
    assert all(encoded_twice(repaired(name)) == name for name in broken)
    assert any(not play["song"].isascii() for play, _ in matching(lake))


def test_songs_outside_the_catalogue() -> None:
    """A song outside the catalogue never has title and artist name of one inside."""

    def names(known: set[tuple[str, str]]) -> set[tuple[str, str]]:
        tunes = not_in_catalogue(500, known, Random(5))
        records = [json.loads(f"{tune.artist}{tune.song}0}}") for tune in tunes]
        return {(repaired(record["song"]), repaired(record["artist"])) for record in records}

    drawn = names(set())
    assert not drawn & names(drawn)


# Song files


def test_song_files_have_the_real_shape(lake: Lake) -> None:
    """A song file is one record: keys in order, non-ASCII as escapes, no line end."""
    for path, song in zip(lake.song_files, lake.songs, strict=True):
        assert list(song) == list(SONG_TYPES) == list(Song._fields)
        assert path.read_text("ascii") == json.dumps(song)
        assert path.parts[-4:-1] == tuple(path.name[2:5])
        assert len(path.stem) == len(song["song_id"]) == len(song["artist_id"]) == 18
    assert len({song["song_id"] for song in lake.songs}) == 500


def test_song_types(lake: Lake) -> None:
    """Every field has the type of real songs, but for the few bare values."""
    plain = [song for song in lake.songs if isinstance(song["title"], str)]
    plain = [song for song in plain if isinstance(song["artist_name"], str)]
    assert len(plain) > 490
    assert types(plain) == SONG_TYPES


@pytest.fixture(scope="module")
def songs() -> list[Song]:
    """A catalogue as large as the real one."""
    return list(catalogue(15_000, Random("oddities")))


def share(of: list[bool]) -> float:
    """Return which part is true."""
    return sum(of) / len(of)


def test_unknown_years_and_places(songs: list[Song]) -> None:
    """Half of the songs lack a year, two fifths a location, three fifths coordinates."""
    assert share([song.year == 0 for song in songs]) == pytest.approx(0.55, abs=0.02)
    assert share([not song.artist_location for song in songs]) == pytest.approx(0.4, abs=0.05)
    lacking = [song.artist_latitude is None for song in songs]
    assert share(lacking) == pytest.approx(0.57, abs=0.05)
    assert lacking == [song.artist_longitude is None for song in songs]
    assert 0 < share(["<a href=" in song.artist_location for song in songs]) < 0.005


def test_artists_have_songs_and_names(songs: list[Song]) -> None:
    """15,000 songs are of about 9,500 artists, about 500 names more than artists."""
    artists = {song.artist_id for song in songs}
    names = {(song.artist_id, song.artist_name) for song in songs}
    assert len(artists) == pytest.approx(9_600, abs=200)
    assert len(names) - len(artists) == pytest.approx(480, abs=100)
    assert any(" feat. " in str(name) for _, name in names)


def test_bare_values(songs: list[Song]) -> None:
    """A handful of titles and artist names are bare numbers, fewer are false."""
    values = [value for song in songs for value in (song.title, song.artist_name)]
    kinds = Counter(type(value) for value in values)
    assert 1 <= kinds[int] + kinds[float] <= 20
    assert kinds[bool] <= 10
    assert set(kinds) <= {str, int, float, bool}
    assert not any(value is True for value in values)


def test_bare_values_all_occur() -> None:
    """Integers, fractions and false all occur in a catalogue that is large enough."""
    songs = catalogue(30_000, Random(2))
    found = {type(value) for song in songs for value in (song.title, song.artist_name)}
    assert found == {str, int, float, bool}


def test_namesakes(songs: list[Song]) -> None:
    """A few songs share title and artist name with another, and differ in duration."""
    groups = defaultdict(set)
    for song in songs:
        groups[song.names].add(song.duration)
    several = [durations for durations in groups.values() if len(durations) > 1]
    assert 10 <= len(several) <= 150
    assert sum(map(len, groups.values())) == len(songs)


def test_non_ascii_names(songs: list[Song]) -> None:
    """About one song in fifteen has a title, artist name or location beyond ASCII."""
    texts = ["".join((*song.names, song.artist_location)) for song in songs]
    assert share([not value.isascii() for value in texts]) == pytest.approx(0.07, abs=0.03)
