"""What a load changes: it reads what it touches, and not the history."""

import datetime
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from sparkify import pipeline
from sparkify.load.ranges import LARGE, MOST, merge
from tests.factory import NOON, event, put, rows, song, star
from tests.support import redshift_is_long

DAY = 86_400_000  # ms
PROBE = Path(__file__).parents[2] / "scripts" / "benchmarks" / "probes" / "rows.py"


def on(day: int, **fields: object) -> dict[str, object]:
    """A play on a day."""
    return event(ts=NOON + day * DAY, itemInSession=day, **fields)


@pytest.fixture
def probe() -> ModuleType:
    """What counts the rows that statements scan."""
    spec = importlib.util.spec_from_file_location("rows", PROBE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---------------------------------------------------------------------------------------- ranges


def test_days_that_follow_each_other_are_one_range() -> None:
    """Two days apart make two ranges; what is nearer makes one."""
    day = datetime.timedelta(days=1)
    noon = datetime.datetime(2018, 11, 1, 12)
    found = merge([(noon + n * day, noon + n * day, 1) for n in (9, 1, 2, 3)], day)
    assert found == [(noon + day, noon + 3 * day), (noon + 9 * day, noon + 9 * day)]


def test_there_are_never_many_ranges() -> None:
    """Of many gaps the widest remain."""
    found = merge([(n * n, n * n, 1) for n in range(1000)], 1)
    assert len(found) == MOST
    assert (found[0][0], found[-1]) == (0, (999 * 999, 999 * 999))


def test_a_range_has_not_too_many_rows() -> None:
    """What would not fit into memory is cut where a day ends."""
    assert merge([(n, n, LARGE // 2) for n in range(4)]) == [(0, 1), (2, 3)]


def test_nothing_is_in_the_range_of_nothing() -> None:
    """Where nothing changed, the range is one that an engine need not look for."""
    ((least, greatest),) = merge([(None, None, 0)])
    assert (str(least), str(greatest)) == ("NULL", "NULL")


# ----------------------------------------------------------------------------------------- users


@pytest.mark.long
@redshift_is_long
@pytest.mark.parametrize("left", [[on(0), on(3, level="paid", lastName="Last")], [on(0)], []])
def test_a_user_whose_last_day_is_removed_is_as_before_it(
    lake: Path, warehouse: str, left: list[dict[str, object]]
) -> None:
    """Without any event since the change, the latest one before it tells of the user."""
    other = on(9, userId="50")
    put(lake, "events", "a.json", *left)
    put(lake, "events", "b.json", on(5, level="paid", lastName="New"), other)
    put(lake, "events", "c.json", on(7, userId="51"))
    pipeline.run(lake, warehouse)
    put(lake, "events", "b.json", other)
    pipeline.run(lake, warehouse)
    people = "SELECT u.level, last_name, l.level FROM users u JOIN user_levels l"
    of = f"{people} ON l.user_id = u.user_id WHERE valid_to IS NULL AND u.user_id = 49"
    last = [(each["level"], each["lastName"], each["level"]) for each in left[-1:]]
    assert rows(warehouse, of) == last
    assert len(rows(warehouse, "SELECT user_id FROM users")) == 2 + len(last)


@pytest.mark.long
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_levels_before_a_change_stay(
    lake: Path, duckdb_url: str, tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Of a level that was held until the change only the end is computed again."""
    days = [("free", "paid"), ("paid", "free"), ("free", "free"), ("paid", "paid")]
    for day in order:
        plays = [on(10 * day + n, level=level) for n, level in enumerate(days[day])]
        put(lake, "events", f"{day}.json", *plays)
        pipeline.run(lake, duckdb_url)
    put(lake, "events", "1.json", on(11, level="paid"))
    pipeline.run(lake, duckdb_url)
    fresh = f"duckdb:///{tmp_path}/fresh.duckdb"
    pipeline.run(lake, fresh)
    assert star(duckdb_url)["user_levels"] == star(fresh)["user_levels"]


# ------------------------------------------------------------------------------- what was heard


@redshift_is_long
def test_a_song_finds_the_plays_before_it(lake: Path, warehouse: str) -> None:
    """Songs match plays that were loaded long before, and only those of their name."""
    for day in (0, 40, 80):
        put(lake, "events", f"{day}.json", on(day), on(day, userId="50", song="Hunter"))
        pipeline.run(lake, warehouse)
    put(lake, "songs", "a.json", song())
    put(lake, "events", "100.json", on(100, song="Hunter"))
    pipeline.run(lake, warehouse)
    found = rows(warehouse, "SELECT count(*), count(song_id) FROM songplays")
    assert found == [(7, 3)]
    (lake / "song_data" / "a.json").unlink()
    put(lake, "songs", "b.json", song(title="Hunter"))
    pipeline.run(lake, warehouse, prune=True)
    matched = "SELECT DISTINCT song_title FROM songplays WHERE song_id IS NOT NULL"
    assert rows(warehouse, matched) == [("Hunter",)]


@pytest.mark.long
def test_what_was_heard_is_known_with_its_first_and_last_time(lake: Path, duckdb_url: str) -> None:
    """One row per title and artist name, whatever the order of arrival."""
    for day in (5, 1, 9, 3):
        put(lake, "events", f"{day}.json", on(day), on(day, page="Home", song="Hunter"))
        pipeline.run(lake, duckdb_url)
    ends = "SELECT title, artist_name, epoch_ms(least_ts), epoch_ms(greatest_ts)"
    found = rows(duckdb_url, f"{ends} FROM staging.heard")
    assert found == [("Jóga", "Björk", NOON + DAY, NOON + 9 * DAY)]


# ------------------------------------------------------------------------------ rows that are read


@pytest.mark.long
def test_a_day_reads_no_more_after_many_days(probe: ModuleType, tmp_path: Path) -> None:
    """Each statement that publishes scans the same rows after 120 days as after 30."""
    few, many = (probe.measure(tmp_path / str(days), days) for days in (30, 120))
    compared = 0
    for statement, tables in many.items():
        for name in tables.keys() - probe.GROWING.keys():
            if statement.startswith(probe.TOTALS):
                continue
            compared += 1
            assert tables[name] <= 1.2 * few[statement][name], (statement, name)
    assert compared > 30


@pytest.mark.long
def test_a_song_that_nobody_heard_reads_no_events(probe: ModuleType, tmp_path: Path) -> None:
    """New songs look for plays only if the index has their names."""
    looks = ("INSERT INTO songplays", "CREATE TEMPORARY TABLE changed_times")
    probe.measure(tmp_path, 30)
    made = probe.engine(tmp_path / "counted.duckdb")
    for name, title, heard in (("new", "Unheard", False), ("old", "Song 1", True)):
        put(tmp_path / "lake", "songs", f"{name}.json", song(title=title, artist_name="Artist"))
        with probe.counted() as found:
            pipeline.run(tmp_path / "lake", made)
        read = sum(
            tables["event_rows"]
            for statement, tables in found.items()
            if statement.startswith(looks)
        )
        assert (read > 0) == heard
    made.dispose()
