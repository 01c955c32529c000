"""Freshness: how old the newest event and the newest load are, and what counts as stale."""

import json
import re
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sparkify import Stale, pipeline, warehouses
from sparkify.books import Status, read_status
from sparkify.books.freshness import Freshness
from sparkify.config import load
from sparkify.values import parse_duration
from tests.cli.test_cli import Sparkify, sparkify
from tests.factory import event, put, song

__all__ = ["sparkify"]

HOUR = 3_600_000  # ms


def ago(hours: float) -> int:
    """The time some hours ago, in ms since the epoch."""
    return int(time.time() * 1000 - hours * HOUR)


def status(url: str, max_age: str) -> Status:
    """The status of a warehouse of which this age is allowed."""
    with warehouses.connect(url, load()) as opened:
        return read_status(opened, load(), max_age=parse_duration(max_age))


def test_the_newest_event_and_the_newest_load_count(lake: Path, warehouse: str) -> None:
    """An old event is stale although the load is new; events in the future say nothing."""
    records = [event(ts=ago(hours), itemInSession=n) for n, hours in enumerate((9, 3, -50))]
    put(lake, "events", "a.json", *records)
    pipeline.run(str(lake), warehouse)
    status(warehouse, "4h").fresh.check()
    found = status(warehouse, "2h").fresh
    assert [name for name, _ in found.stale()] == ["event"]
    assert found.to_dict()["stale"] == ["event"]
    assert found.to_dict()["max_age"] == 7200.0
    assert "1 events are in the future" in str(found)
    with pytest.raises(
        Stale, match=r"stale: the newest event is 3\.\d hours old .*; 2h is allowed"
    ):
        found.check()


def test_an_empty_warehouse_is_stale(sparkify: Sparkify, lake: Path) -> None:
    """With neither loads nor events; songs alone are a load, and no event."""
    sparkify("schema", "--upgrade")
    ended = sparkify("status", "--max-age", "2d")
    assert (ended.code, ended.err) == (6, "sparkify: stale: no event and no load; 2d is allowed\n")
    put(lake, "songs", "a.json", song())
    sparkify("run", lake)
    ended = sparkify("status", "--max-age", "2d", "--json")
    assert (ended.code, "no event; 2d" in ended.err) == (6, True)
    assert json.loads(ended.out)["fresh"]["stale"] == ["event"]
    assert json.loads(sparkify("status", "--json").out)["fresh"]["stale"] is None


def test_a_fresh_warehouse(sparkify: Sparkify, lake: Path) -> None:
    """The status is printed, and the exit code is 0."""
    put(lake, "events", "a.json", event(ts=ago(1)))
    sparkify("run", lake)
    ended = sparkify("status", "--max-age", "26h")
    assert (ended.code, ended.err) == (0, "")
    assert re.search(r"newest event 6\d\.\d minutes old", ended.out)


def test_an_old_load_is_stale() -> None:
    """Whatever the events say; exactly the age that is allowed is not stale."""
    at = datetime(2018, 11, 30, 12)
    found = Freshness(at, at, at - timedelta(days=3), 0, timedelta(days=2))
    assert list(found.stale()) == [
        ("load", "the newest load is 3.0 days old (2018-11-27T12:00:00 UTC)")
    ]
    assert not list(Freshness(at, at, at - timedelta(days=2), 0, timedelta(days=2)).stale())


@pytest.mark.parametrize("text", ["", "26", "h", "-1h", "0m", "26 weeks", "1e999d", "9" * 99 + "d"])
def test_an_invalid_age(sparkify: Sparkify, text: str) -> None:
    """The error shows what an age looks like, before anything is opened."""
    ended = sparkify("status", f"--max-age={text}")
    assert (ended.code, "like 90m, 26h or 2d" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), (" 26h ", 93600), ("2d", 172800), ("1.5 h", 5400)]
)
def test_an_age(text: str, seconds: int) -> None:
    """A number and its unit."""
    assert parse_duration(text).total_seconds() == seconds
