"""The budgets of what is not a whole run: S3, parts for Redshift, the ledger."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lakes import HERE, SPARKIFY, Workshop
from measure import Figure, told, told_in_turn

PROBES = HERE / "probes"
LATENCY = 0.03  # seconds added to each answer
AT_ONCE = 64  # requests
OBJECTS = 1_000_000  # in the ledger
DAYS = (30, 300, 3000)  # after which a day is loaded
ALLOWED = 1.2  # times the rows after the fewest days


def probe(name: str, *arguments: object) -> list[str]:
    """The command of a probe."""
    return [sys.executable, str(PROBES / f"{name}.py"), *map(str, arguments)]


@contextmanager
def served(folder: Path, delay: float) -> Iterator[str]:
    """The port at which a folder is served."""
    command = probe("answers_gets", folder, delay)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def s3(shop: Workshop) -> Iterator[Figure]:
    """Fetching small objects over HTTP on this machine."""
    folder = shop.main / "song_data"
    with served(folder, 0) as port:
        ways = [probe("fetch", way, port, folder) for way in ("sparkify", "bare")]
        ours, bare = (answer["seconds"] for answer in told_in_turn(ways, shop.rounds))
        how = f"{ours:.2f} s / {bare:.2f} s of a bare loop over {shop.songs:,} objects"
        yield Figure("fetching from S3", ours / bare, 1.5, "x", how)
    with served(folder, LATENCY) as port:
        (answer,) = told_in_turn([probe("fetch", "sparkify", port, folder)], shop.rounds)
        least = answer["objects"] * LATENCY / AT_ONCE
        how = f"{answer['seconds']:.2f} s / {least:.2f} s = objects x {LATENCY} s / {AT_ONCE}"
        yield Figure("the same, 30 ms away", answer["seconds"] / least, 1.5, "x", how)


def parts(shop: Workshop) -> Iterator[Figure]:
    """Reading, checking and writing parts for Redshift."""
    ways = [probe("parts", way, shop.main) for way in ("sparkify", "copy")]
    ours, copy = told_in_turn(ways, shop.rounds)
    how = f"{ours['seconds']:.2f} CPU s / {copy['seconds']:.2f} of COPY TO JSON of the same rows"
    yield Figure("parts for Redshift", ours["seconds"] / copy["seconds"], 1.5, "x", how)


def statements(shop: Workshop) -> Iterator[Figure]:
    """What is sent to Redshift for many objects, against few."""
    many, few = (planned(shop.lake(1000, songs)) for songs in (1000, 10))
    how = f"{len(many['statements'])} statements for 1,030 objects, for 40 as many"
    value = len(many["statements"]) / len(few["statements"])
    yield Figure("statements for more objects", value, 1, "x", how)


def planned(lake: Path) -> dict[str, Any]:
    """The plan of a load into an empty Redshift."""
    options = ["--warehouse", "redshift", "--staging", "s3://parts", "--json"]
    command = [*SPARKIFY, "plan", str(lake), *options]
    found: dict[str, Any] = json.loads(subprocess.check_output(command, text=True))
    return found


def ledger(shop: Workshop) -> Iterator[Figure]:
    """Deciding that nothing is new among very many objects."""
    command = probe("ledger", shop.warehouse("ledger"), OBJECTS)
    told(command)  # makes it
    answer = told(command)
    yield Figure("a ledger of a million", answer["seconds"], 10, "s", "")
    yield Figure("its peak memory", answer["peak"], 1024, "MiB", "with the listing")


def rows(shop: Workshop) -> Iterator[Figure]:
    """The rows that each statement of a small day scans, after few days and after many."""
    answer = told(probe("rows", shop.folder / "rows", *DAYS))
    counts = [answer["days"][str(days)] for days in DAYS]
    growing, totals = answer["growing"], tuple(answer["totals"])
    for statement, tables in counts[-1].items():
        grown = sorted(growing.keys() & tables.keys())
        scanned = [scans(each.get(statement, {}), grown) for each in counts]
        limit, why = ALLOWED, "".join(f"; all of {each}: {growing[each]}" for each in grown)
        if statement.startswith(totals):
            limit, why = DAYS[-1] / DAYS[0], "; the report's totals, which count rows"
        how = f"{', '.join(f'{each:,}' for each in scanned)} rows by {statement}{why}"
        yield Figure("rows scanned for a day", scanned[-1] / max(scanned[0], 1), limit, "x", how)


def scans(tables: dict[str, int], but: list[str]) -> int:
    """The rows scanned of all tables but some."""
    return sum(rows for name, rows in tables.items() if name not in but)
