"""The budgets of `sparkify run` on DuckDB."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lakes import HERE, SPARKIFY, Workshop
from measure import Contender, Cost, Figure, in_turn

MIB_AT_ONCE = 1024  # of memory, on the main lake
MIB_AT_TEN = 1536  # on one of ten times as many events
SQL = HERE / "peers" / "duckdb_sql.py"


def ratio(budget: str, ours: Cost, theirs: Cost, limit: float, what: str) -> Figure:
    """One time in terms of another."""
    how = f"{ours.seconds:.2f} s / {theirs.seconds:.2f} s {what}"
    return Figure(budget, ours.seconds / theirs.seconds, limit, "x", how)


def first_load(shop: Workshop, lake: Path, name: str) -> Contender:
    """Loading a whole lake into an empty warehouse."""
    return Contender(f"sparkify run {lake.name}", shop.load(lake, name), partial(shop.remove, name))


def by_hand(shop: Workshop, peer: Path, *options: str) -> Contender:
    """The same job by another program."""
    name = peer.stem
    command = [sys.executable, str(peer), str(shop.main), str(shop.warehouse(name)), *options]
    return Contender(name, command, partial(shop.remove, name))


def whole_run(shop: Workshop) -> Iterator[Figure]:
    """The whole run against hand-written SQL, with and without a setting, and its memory."""
    sql = [by_hand(shop, SQL), by_hand(shop, SQL, "ordered")]
    ours, theirs, plain = in_turn([first_load(shop, shop.main, "ours"), *sql], shop.rounds)
    yield ratio("the whole run", ours, theirs, 0.8, "of hand-written DuckDB SQL, rows in any order")
    yield ratio("the same", ours, plain, 0.8, "of that SQL with DuckDB's own settings")
    how = f"at {shop.events:,} events; hand-written SQL takes {theirs.peak:,.0f}"
    yield Figure("its peak memory", ours.peak, MIB_AT_ONCE, "MiB", how)


def nothing_new(shop: Workshop) -> Iterator[Figure]:
    """A run that finds nothing new, against the first."""
    subprocess.run(shop.load(shop.main, "again"), check=True, stdout=subprocess.DEVNULL)
    again = Contender("nothing new", shop.load(shop.main, "again"))
    noop, first = in_turn([again, first_load(shop, shop.main, "ours")], shop.rounds)
    yield ratio("a run with nothing new", noop, first, 0.15, "of the first run")


def version(shop: Workshop) -> Iterator[Figure]:
    """What it takes to say the version, above an empty program."""
    commands = [[*SPARKIFY, "--version"], [sys.executable, "-c", "pass"]]
    said, empty = in_turn([Contender(c[-1], c) for c in commands], 2 * shop.rounds + 1)
    how = f"{said.seconds:.2f} s, an empty program {empty.seconds:.2f} s"
    yield Figure("sparkify --version", said.seconds - empty.seconds, 0.3, "s", how)


def another_day(shop: Workshop) -> Iterator[Figure]:
    """One new day on a long history, against the same on a short one."""
    a_day = shop.events // 300
    days = [day_after(shop, days, a_day) for days in (300, 30)]
    long, short = in_turn(days, shop.rounds)
    yield ratio("a day after 300 days", long, short, 1.3, f"after 30 days, {a_day:,} events each")


def day_after(shop: Workshop, days: int, a_day: int) -> Contender:
    """Loading the last day of a lake whose other days are loaded."""
    lake = shop.lake((days + 1) * a_day, shop.songs // 10, days + 1)
    before, name = f"before-{days}", f"days-{days}"
    last = max(lake.glob("log_data/**/*.json"))
    hidden = last.rename(last.with_name(f".{last.name}"))
    shop.remove(before)
    subprocess.run(shop.load(lake, before), check=True, stdout=subprocess.DEVNULL)
    hidden.rename(last)
    return Contender(name, shop.load(lake, name), partial(shop.restore, before, name))


def dirt(shop: Workshop) -> Iterator[Figure]:
    """A lake with bad lines in all files, against a clean one."""
    lakes = [shop.dirty(1000), shop.main]
    bad, clean = in_turn([first_load(shop, lake, "ours") for lake in lakes], shop.rounds)
    yield ratio("0.1 % bad lines", bad, clean, 1.3, "without")


def ten_times(shop: Workshop) -> Iterator[Figure]:
    """Ten times the events: memory, and time in terms of the data."""
    lakes = [shop.lake(10 * shop.events, shop.songs, 300), shop.main]
    loads = [first_load(shop, lake, "ours") for lake in lakes]
    large, small = in_turn(loads, 1 + shop.rounds // 2)
    yield Figure("peak memory of ten times", large.peak, MIB_AT_TEN, "MiB", "")
    how = f"{large.seconds:.1f} s / 10 x {small.seconds:.1f} s"
    yield Figure("time of ten times", large.seconds / small.seconds / 10, 1.1, "x", how)
