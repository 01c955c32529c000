"""Runs in several threads of one process: into one database file, and into many."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sparkify import pipeline
from sparkify.errors import WarehouseBusy
from sparkify.warehouses.duckdb.gate import entered, identity
from tests.factory import event, put, rows

PLAYS = "SELECT count(*) FROM songplays"
FAR = float("inf")


def lakes(folder: Path, count: int) -> list[Path]:
    """Lakes of one play each, none of them the same."""
    found = [folder / f"lake-{number}" for number in range(count)]
    for number, lake in enumerate(found):
        put(lake, "events", "a.json", event(sessionId=number))
    return found


def same(path: Path) -> Path:
    """The path itself."""
    return path


def hard_link(path: Path) -> Path:
    """Another name of the file."""
    other = path.with_name("other.duckdb")
    os.link(path, other)
    return other


def symbolic_link(path: Path) -> Path:
    """A link to the file, or to where it will be."""
    other = path.with_name("other.duckdb")
    other.symlink_to(path)
    return other


def relative(path: Path) -> Path:
    """The path from the working directory."""
    return Path(os.path.relpath(path))


def linked_folder(path: Path) -> Path:
    """The path by way of a link to its folder."""
    other = path.parent / "elsewhere"
    other.symlink_to(path.parent)
    return other / path.name


ALIASES = [
    (same, False),
    (hard_link, True),  # only a file that exists has another name
    (symbolic_link, False),
    *(
        pytest.param(alias, exists, marks=pytest.mark.long)
        for alias, exists in (
            (same, True),
            (symbolic_link, True),
            (relative, True),
            (relative, False),
            (linked_folder, True),
            (linked_folder, False),
        )
    ),
]


@pytest.mark.long
@pytest.mark.parametrize(("alias", "exists"), ALIASES)
def test_two_runs_into_one_file(
    tmp_path: Path, alias: Callable[[Path], Path], exists: bool
) -> None:
    """Whatever names the file has, two runs at once are one after the other: no load is lost."""
    path = tmp_path / "w.duckdb"
    *both, before = lakes(tmp_path, 3)
    if exists:
        pipeline.run(before, f"duckdb:///{path}")
    names = [path, alias(path)]
    with ThreadPoolExecutor() as threads:
        done = list(threads.map(lambda a, b: pipeline.run(a, f"duckdb:///{b}"), both, names))
    assert all(report.load_id for report in done)
    assert rows(f"duckdb:///{path}", PLAYS) == [(2 + exists,)]


def test_readers_of_one_file_do_not_wait(tmp_path: Path) -> None:
    """Many read at once; a writer waits for them, and they for a writer, by any name."""
    path = tmp_path / "w"
    path.touch()
    other = hard_link(path)
    assert identity(path) == identity(other)
    with (
        entered(path, 0, writes=False),
        entered(other, 0, writes=False),
        pytest.raises(WarehouseBusy, match="a reader"),
        entered(other, 0, writes=True),
    ):
        pass
    for writes in (True, False):
        with (
            entered(path, FAR, writes=True),
            pytest.raises(WarehouseBusy, match="another run"),
            entered(other, 0, writes=writes),
        ):
            pass


@pytest.mark.long
@pytest.mark.parametrize("turn", [1, pytest.param(2, marks=pytest.mark.long)])
def test_threads_that_load_into_many_warehouses(tmp_path: Path, turn: int) -> None:
    """Each creates a schema and loads, at once, and all succeed."""
    found = lakes(tmp_path, 8)
    urls = [f"duckdb:///{lake}.duckdb" for lake in found]
    with ThreadPoolExecutor(len(found)) as threads:
        done = list(threads.map(pipeline.run, found, urls))
    assert [report.plays.total for report in done] == [1] * len(found)
