"""Killed at any moment: what writes files, resets and upgrades leaves all as before or as after."""

import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from sparkify.simulate import simulate
from tests.chaos import forks
from tests.chaos.child import Job
from tests.chaos.worlds import picture
from tests.factory import event, put
from tests.models.test_versions import migrate

URL = "duckdb:///warehouse.duckdb?threads=1"
Look = Callable[[Path], object]  # what a command has made in a folder


@dataclass(frozen=True)
class Command:
    """A command, the folder that it starts from, and what is to be seen before and after it."""

    arguments: tuple[str, ...]
    start: Path
    look: Look
    before: object
    after: object
    seconds: float

    def cut_short(self, *moments: float) -> None:
        """Kill it at shares of its time: all is as before or as after; at last let it through."""
        folder = self.start.with_name(f"{self.start.name}-trial")
        found = self.after
        for moment in moments:
            if found == self.after:
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(self.start, folder)
            running = forks.Running(self.job(folder))
            running.process.join(moment * self.seconds)
            running.process.kill()
            running.end()
            found = self.look(folder)
            assert found in (self.before, self.after), f"{self.arguments}: half is there: {found}"
        again = forks.run(self.job(folder))
        done = again.code == 0 or (self.arguments[0] == "simulate" and found == self.after)
        assert done, f"{self.arguments}: {again}"
        assert self.look(folder) == self.after, f"{self.arguments}: ends differently"
        assert not hidden(folder), f"{self.arguments}: {hidden(folder)} is left"
        shutil.rmtree(folder)

    def job(self, folder: Path) -> Job:
        """The command in a folder."""
        environment = {"TMPDIR": str(folder / "tmp"), "SPARKIFY_WAREHOUSE": URL}
        return Job(self.arguments, folder, environment=environment)


def hidden(folder: Path) -> list[str]:
    """What is left beside what was written."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def warehouse(folder: Path) -> object:
    """What the warehouse holds."""
    return picture(f"duckdb:///{folder}/warehouse.duckdb?threads=1")


def schema(folder: Path) -> object:
    """The version of the warehouse's schema, and its tables and columns."""
    with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as connection:
        columns = "SELECT table_schema, table_name, column_name FROM information_schema.columns"
        found = connection.execute(f"{columns} ORDER BY ALL").fetchall()
        version = connection.execute("FROM alembic_version").fetchall()
        return version, found, connection.execute("SELECT count(*) FROM users").fetchall()


def export(folder: Path) -> object:
    """The rows of an export."""
    found = sorted(path.name for path in (folder / "star").iterdir())
    with duckdb.connect() as connection:
        query = "SELECT count(*), max(level) FROM read_parquet($file)"
        plays = connection.execute(query, {"file": str(folder / "star/songplays.parquet")})
        return found, plays.fetchall()


def page(folder: Path) -> object:
    """The start and the end of the page, and whether a play of the second load is on it."""
    text = (folder / "page.html").read_text()
    return text[:15], text.rstrip()[-7:], "Second Song" in text


def lake(folder: Path) -> object:
    """The names and sizes of a lake's files; None if there is no lake."""
    made = folder / "lake"
    files = (path for path in made.rglob("*") if path.is_file())
    return sorted((path.name, path.stat().st_size) for path in files) if made.exists() else None


def commands(root: Path) -> list[Command]:
    """All of them."""
    start = root / "loaded"
    (start / "tmp").mkdir(parents=True)
    simulate(root / "source", events=200, songs=20, users=5, days=2)
    run = Job(("run", str(root / "source"), "--warehouse", URL), start)
    for job in (run, *(Job((*each, "--warehouse", URL), start) for each in (EXPORT, REPORT))):
        assert forks.run(job).code == 0
    put(root / "source", "events", "late.json", event(song="Second Song", level="paid"))
    assert forks.run(run).code == 0
    old = root / "old"
    shutil.copytree(start, old)
    migrate(f"duckdb:///{old}/warehouse.duckdb", "0003")
    made = partial(measured, start)
    return [
        made(EXPORT, export),
        made(REPORT, page),
        made(("schema", "--reset", "--yes"), warehouse),
        made(("simulate", "lake", "--events", "20000", "--songs", "200"), lake),
        measured(old, ("schema", "--upgrade"), schema),
    ]


CHAIN = 5  # kills until a command is let through
EXPORT, REPORT = ("export", "star"), ("report", "--html", "page.html")


def measured(start: Path, arguments: tuple[str, ...], look: Look) -> Command:
    """A command, tried once."""
    folder = start.with_name(f"{start.name}-tried")
    shutil.copytree(start, folder)
    before = look(folder)
    command = Command(arguments, start, look, before, None, 0)
    begun = time.monotonic()
    ended = forks.run(command.job(folder))
    seconds = time.monotonic() - begun
    assert ended.code == 0, ended
    after = look(folder)
    assert after != before
    shutil.rmtree(folder)
    return Command(arguments, start, look, before, after, seconds)


def kills(found: list[Command], draw: random.Random) -> Iterator[Callable[[], None]]:
    """Kills at any moments of each in turn, some after each other, without end."""
    while True:
        for command in found:
            yield partial(command.cut_short, *(draw.uniform(0.05, 1.05) for _ in range(CHAIN)))
