"""Who was free or paid when: a function of the events, however they arrive."""

import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from sparkify import pipeline, warehouses
from sparkify.config import load
from sparkify.models import UserLevel, schema, table
from tests.factory import NOON, event, put, rows
from tests.support import redshift_is_long
from tests.support.analysts import Loaded
from tests.support.plain import moment


def spans(url: str) -> list[tuple[str, int, int | None]]:
    """User 49's levels: level, from, to, in ms after noon."""
    noon = moment(NOON)
    millisecond = datetime.timedelta(milliseconds=1)
    found = rows(url, "SELECT level, valid_from, valid_to FROM user_levels WHERE user_id = 49")
    since = [
        (level, (a - noon) // millisecond, b and (b - noon) // millisecond) for level, a, b in found
    ]
    return sorted(since, key=lambda span: span[1])


def test_levels_are_those_of_the_events(loaded: Loaded) -> None:
    """Each level holds from its first event until the first of the next one."""
    expected = [
        (user, level, moment(start), None if end is None else moment(end))
        for user, level, start, end in loaded.plain.levels
    ]
    assert sorted(rows(loaded.url, table(UserLevel))) == sorted(expected, key=lambda row: row[:3])


def test_the_current_level_is_the_one_of_the_user(loaded: Loaded) -> None:
    """Each user has one level without an end, and it is the one in `users`."""
    current = "SELECT user_id, level FROM user_levels WHERE valid_to IS NULL"
    assert rows(loaded.url, current) == rows(loaded.url, "SELECT user_id, level FROM users")


@pytest.mark.long
@redshift_is_long
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_levels_do_not_depend_on_the_order_of_arrival(
    lake: Path, warehouse: str, order: tuple[int, ...]
) -> None:
    """Late events split a span or join two; the end is the same as after one run."""
    days = [[(0, "free"), (1, "free")], [(2, "paid"), (3, "paid")], [(4, "free"), (5, "paid")]]
    for day in order:
        events = [event(ts=NOON + ms, level=level, itemInSession=ms) for ms, level in days[day]]
        put(lake, "events", f"{day}.json", *events)
        pipeline.run(str(lake), warehouse)
    assert spans(warehouse) == [("free", 0, 2), ("paid", 2, 4), ("free", 4, 5), ("paid", 5, None)]


def test_changes_within_a_millisecond_last_no_time(lake: Path, url: str) -> None:
    """Of events at one time the last by session and item holds, then the first by level."""
    put(
        lake,
        "events",
        "a.json",
        event(ts=NOON, level="free"),
        event(ts=NOON + 5, level="paid", itemInSession=1),
        event(ts=NOON + 5, level="free", itemInSession=2),
        event(ts=NOON + 9, level="paid", itemInSession=3),
        event(ts=NOON + 9, level="free", itemInSession=3, page="Home"),
    )
    pipeline.run(str(lake), url)
    assert spans(url) == [("free", 0, None)]


def test_a_warehouse_that_is_brought_up_has_its_history(loaded: Loaded, tmp_path: Path) -> None:
    """The migration fills the table from what is staged: as if it had always been there."""
    old = tmp_path / "before.duckdb"
    old.write_bytes(Path(loaded.url.removeprefix("duckdb:///")).read_bytes())
    url = f"duckdb:///{old}"
    expected = rows(url, table(UserLevel))
    with warehouses.connect(url, load()) as opened, opened.writing(0) as connection:
        for way, revision in ((command.downgrade, "0001"), (command.upgrade, "head")):
            connection.rollback()
            way(schema.alembic_config(connection), revision)
            there = "user_levels" in sa.inspect(connection).get_table_names()
            assert there == (revision == "head")
    assert rows(url, table(UserLevel)) == expected
