"""Counts the rows that each statement of a small day scans: `python rows.py FOLDER DAYS ...`.

Each warehouse has so many small days already. It tells, for each statement and number of days, the
rows that DuckDB scanned of each table, and which tables may grow. DuckDB skips blocks of rows, so
their size is set to the least that it allows.
"""

import contextlib
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from sparkify import pipeline
from sparkify.warehouses.executor import Executor, driver

BLOCK = 2048  # rows
EVENTS, USERS, SONGS = 512, 200, 300  # of each day; all users and all songs
SHOWN = 90  # characters of a statement
Scanned = dict[str, Counter[str]]  # rows of each table, by statement

#: tables that grow with the lake, and why a day may read all of them
GROWING = {
    "versions": "one row for each object, and every run lists all objects",
    "files": "one row for each object, and every run lists all objects",
    "field_rows": "one row for each object with a field that no column takes",
    "user_levels": "one row for each change of a level",
}
#: how the statements begin that count all rows, for the report
TOTALS = ("SELECT (SELECT count(*) AS rows FROM songplays) AS songplays",)

LINES = """COPY (
    SELECT printf('Song %d', n % $songs) AS song, 'Artist' AS artist, 200.5 AS length,
           n AS "itemInSession", n % $users AS "userId", n % $users AS "sessionId",
           'Some' AS "firstName", 'Body' AS "lastName", 'F' AS gender, 'NextSong' AS page,
           CASE WHEN n % $users = $day % $users AND n > $users THEN 'paid' ELSE 'free' END AS level,
           1500000000000 + 86400000::BIGINT * $day + n * (86400000 // $events) AS ts,
           'There' AS location, 'Agent' AS "userAgent", 200 AS status, 'PUT' AS method,
           'Logged In' AS auth
    FROM range($events) numbers(n)
) TO '$path' (FORMAT JSON)"""
CATALOGUE = """COPY (
    SELECT printf('SO%d', n) AS song_id, printf('Song %d', n * 2) AS title, 'AR1' AS artist_id,
           'Artist' AS artist_name, 200.5 AS duration, 2000 AS year, 1 AS num_songs
    FROM range($songs // 2) numbers(n)
) TO '$path' (FORMAT JSON)"""


def engine(path: Path) -> sa.Engine:
    """An engine on a DuckDB file with small blocks."""

    attach = f"ATTACH '{path}' AS warehouse (ROW_GROUP_SIZE {BLOCK}); USE warehouse"
    made = sa.create_engine("duckdb:///:memory:", poolclass=sa.StaticPool)
    sa.event.listen(made, "connect", lambda raw, _: raw.execute(attach))
    return made


def write(query: str, path: Path, **values: int) -> None:
    """Write a file of a lake."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {"songs": SONGS, "users": USERS, "events": EVENTS, "path": path, **values}
    for name, value in known.items():
        query = query.replace(f"${name}", str(value))
    duckdb.execute(query)


def day(lake: Path, number: int) -> None:
    """A day of a lake."""
    write(LINES, lake / f"log_data/{number:05}.json", day=number)


@contextlib.contextmanager
def counted() -> Iterator[Scanned]:
    """Count the rows that each statement of a run scans."""
    found: Scanned = {}
    send = Executor.send

    def counting(self: Executor, statement: Any) -> Any:
        raw = driver(self.connection)
        raw.execute("PRAGMA enable_profiling = 'no_output'")
        try:
            result = send(self, statement)
            told = json.loads(raw.get_profiling_information(format="json"))
        finally:
            raw.execute("PRAGMA disable_profiling")
        name = " ".join(re.sub(r"'[^']*'|\b\d+\b", "?", self.text(statement)).split())[:SHOWN]
        for table, rows in tables(told):
            found.setdefault(name, Counter())[table] += rows
        return result

    Executor.send = counting  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Executor.send = send  # type: ignore[method-assign]


def tables(node: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """The tables that a profile speaks of, and the rows scanned of each."""
    rows, info = node.get("operator_rows_scanned"), node.get("extra_info") or {}
    if rows and isinstance(info, dict) and "Table" in info:
        yield str(info["Table"]).rpartition(".")[2], rows
    for child in node.get("children", []):
        yield from tables(child)


def measure(folder: Path, days: int) -> Scanned:
    """What a day after so many days scans."""
    lake, file = folder / "lake", folder / "counted.duckdb"
    shutil.rmtree(folder, ignore_errors=True)
    write(CATALOGUE, lake / "song_data/all.json")
    for number in range(days):
        day(lake, number)
    made = engine(file)
    pipeline.run(lake, made)
    day(lake, days)
    with counted() as found:
        pipeline.run(lake, made)
    made.dispose()
    return found


if __name__ == "__main__":
    days = {each: measure(Path(sys.argv[1]), int(each)) for each in sys.argv[2:]}
    print(json.dumps({"days": days, "growing": GROWING, "totals": TOTALS}))
