"""DuckDB's file: which paths and names can be a warehouse, and what is said of the others."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from sparkify import analytics, books, config, pipeline, warehouses
from sparkify.errors import SparkifyError, UsageError, WarehouseBusy
from tests.factory import event, put, rows

PLAYS = "SELECT count(*) FROM songplays"


@pytest.fixture
def one(lake: Path) -> Path:
    """A lake with one play."""
    put(lake, "events", "a.json", event())
    return lake


def read_status(url: str) -> object:
    """Read the status of a warehouse."""
    settings = config.load({"warehouse": url})
    with warehouses.connect(url, settings) as opened:
        return books.read_status(opened, settings)


def read_rejects(url: str) -> object:
    """Read the rejects of a warehouse."""
    settings = config.load({"warehouse": url})
    with warehouses.connect(url, settings) as opened:
        return books.read_rejects(opened, settings)


@pytest.mark.parametrize(
    "url", ["duckdb", "duckdb://", "duckdb:///:memory:", "duckdb:///:memory:x", "redshift"]
)
def test_a_run_into_nowhere_is_refused(
    one: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare name, or a database in memory, would keep nothing: no command pretends it did."""
    before = set(tmp_path.rglob("*"))
    calls: list[Callable[[], object]] = [
        lambda: pipeline.run(one, url),
        lambda: pipeline.upgrade(url),
        lambda: read_status(url),
        lambda: read_rejects(url),
        lambda: analytics.report(url),
    ]
    if url not in warehouses.BARE:  # only a plan takes a bare name
        calls.append(lambda: pipeline.plan(one, url))
    for call in calls:
        with pytest.raises(UsageError, match=r"duckdb:///sparkify.duckdb"):
            call()
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["duckdb", "redshift"])
def test_a_plan_takes_a_bare_name(one: Path, name: str) -> None:
    """A plan needs no warehouse."""
    assert pipeline.plan(one, name).statements


NAMES = [
    "songplays.duckdb",
    "users",
    "main.duckdb",
    "temp.duckdb",
    "system.db",
    "information_schema.duckdb",
    "pg_catalog.duckdb",
    "my.staging.duckdb",
    "a.b.c",
    'it\'s "so".duckdb',
    "ünï.duckdb",
    "...",
    ".duckdb",
    "select",
]


@pytest.mark.long
def test_a_file_may_have_nearly_any_name(one: Path, tmp_path: Path) -> None:
    """DuckDB names a database after its file; no such name is in the way of a table's."""
    for name in NAMES:
        url = sa.URL.create("duckdb", database=str(tmp_path / name)).render_as_string()
        assert pipeline.run(one, url).plays.total == 1, name
        assert pipeline.run(one, url).load_id is None, name
        assert rows(url, "SELECT songplays.user_id FROM songplays") == [(49,)], name
        assert (tmp_path / name).is_file()


@pytest.mark.parametrize(
    "name", ["staging", "staging.duckdb", "STAGING.db", "staging.2018.duckdb", ".staging.duckdb"]
)
def test_a_file_named_like_the_schema_is_refused(one: Path, tmp_path: Path, name: str) -> None:
    """DuckDB would take `staging.loads` for a table of the database."""
    with pytest.raises(UsageError, match="up to the first dot"):
        pipeline.run(one, f"duckdb:///{tmp_path / name}")
    assert not (tmp_path / name).exists()


def folder(path: Path) -> None:
    """There is a folder."""
    path.mkdir()


def other(path: Path) -> None:
    """There is a file of another kind."""
    path.write_text("hello " * 1000)


def fifo(path: Path) -> None:
    """There is a pipe, which nobody writes to."""
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "name", "code", "says"),
    [
        (folder, "w", 1, "is a folder, not a DuckDB database"),
        (other, "w", 1, "is not a DuckDB database"),
        (fifo, "w", 1, "is not a regular file, not a DuckDB database"),
        (lambda _: None, "missing/w.duckdb", 2, "folder not found"),
        (other, "w/w.duckdb", 2, "folder not found"),
        (lambda _: None, f"{'x' * 300}.duckdb", 1, "File name too long"),
        (lambda path: path.symlink_to("missing/w"), "w", 2, "folder not found"),
    ],
)
def test_a_path_that_cannot_be_a_warehouse(
    one: Path, tmp_path: Path, make: Callable[[Path], object], name: str, code: int, says: str
) -> None:
    """Each is one line with its exit code, for a run as for a reader."""
    make(tmp_path / name.partition("/")[0])
    url = f"duckdb:///{tmp_path / name}"
    for call in (lambda: pipeline.run(one, url), lambda: analytics.report(url)):
        with pytest.raises(SparkifyError, match=says) as error:
            call()
        assert error.value.exit_code == code
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("query", ["access_mode=read_only", "access_mode=READ_ONLY"])
@pytest.mark.parametrize("exists", [True, False])
def test_a_run_needs_a_file_that_can_be_written(
    one: Path, new_url: str, query: str, exists: bool
) -> None:
    """A URL that opens the file read-only is for readers."""
    if exists:
        pipeline.run(one, new_url)
        assert rows(f"{new_url}?{query}", PLAYS) == [(1,)]
    with pytest.raises(SparkifyError, match=r"read-only") as error:
        pipeline.run(one, f"{new_url}?{query}")
    assert "\n" not in str(error.value)
    assert Path(new_url.removeprefix("duckdb:///")).exists() is exists


def test_an_engine_that_only_reads_is_refused(one: Path, duckdb_url: str) -> None:
    """The caller's engine may be opened read-only, too."""
    pipeline.run(one, duckdb_url)
    engine = sa.create_engine(duckdb_url, connect_args={"read_only": True})
    with pytest.raises(UsageError, match="opened read-only"):
        pipeline.run(one, engine)
    engine.dispose()


def test_the_file_is_open_in_this_process(one: Path, duckdb_url: str) -> None:
    """A run waits for the caller to close it, and then says what to close."""
    pipeline.run(one, duckdb_url)
    put(one, "events", "b.json", event(itemInSession=1))
    path = duckdb_url.removeprefix("duckdb:///")
    options: list[dict[str, Any]] = [{"read_only": True}, {"config": {"threads": "1"}}, {}]
    for each in options:
        with (
            duckdb.connect(path, **each),
            pytest.raises(WarehouseBusy, match=r"open in this process.*close"),
        ):
            pipeline.run(one, duckdb_url, lock_timeout=0.3)
    mine = duckdb.connect(path, read_only=True)
    threading.Timer(0.5, mine.close).start()
    assert pipeline.run(one, duckdb_url, lock_timeout=30).plays.total == 2


GONE = """
import os, shutil, sys
from sparkify.__main__ import main

os.chdir(sys.argv[1])
os.rmdir(sys.argv[1])
sys.argv[1:] = sys.argv[2:]
main()
"""


@pytest.mark.long
@pytest.mark.parametrize("command", ["status", "run"])
def test_the_working_directory_is_gone(one: Path, tmp_path: Path, command: str) -> None:
    """A relative path has no meaning any more: one line says so, and an absolute path works."""
    for url, code in (("duckdb:///w.duckdb", 2), (f"duckdb:///{tmp_path}/w.duckdb", 0)):
        if command == "status" and not code:
            pipeline.run(one, url)
        (tmp_path / "gone").mkdir()
        arguments = [command, *([str(one)] if command == "run" else []), "--warehouse", url]
        done = subprocess.run(
            [sys.executable, "-c", GONE, str(tmp_path / "gone"), *arguments],
            env={"PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert ("working directory no longer exists" in done.stderr) is bool(code)
        assert done.stderr.count("\n") == bool(code)


PROGRESS = """
import sys
import sqlalchemy as sa
from sparkify import pipeline

engine = sa.create_engine(sys.argv[2], poolclass=sa.StaticPool)
with engine.connect() as connection:
    for each in ("progress_bar_time = 100", "enable_progress_bar = true"):
        connection.exec_driver_sql(f"SET {each}")
pipeline.run(sys.argv[1], engine)
with engine.connect() as connection:
    setting = "SELECT current_setting('enable_progress_bar')"
    assert connection.exec_driver_sql(setting).scalar() is True
"""


@pytest.mark.long
def test_no_progress_bar_of_duckdbs(one: Path, duckdb_url: str) -> None:
    """stdout is the caller's, who has the progress bar again afterwards."""
    put(one, "events", "b.json", *(event(itemInSession=i, sessionId=7) for i in range(20_000)))
    done = subprocess.run(
        [sys.executable, "-c", PROGRESS, one, duckdb_url],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


INTERRUPTED = """
import os, signal, sys, threading, time
import sqlalchemy as sa
from sparkify import pipeline

def interrupt():
    time.sleep(float(sys.argv[3]))
    os.kill(os.getpid(), signal.SIGINT)

def progress(what, done, total):
    global begun
    if not begun:
        begun = True
        threading.Thread(target=interrupt).start()

begun = False
try:
    pipeline.run(sys.argv[1], sys.argv[2], progress=progress)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.long
@pytest.mark.parametrize("wait", [0.05])
def test_ctrl_c_in_a_library_call(warehouse: str, lake: Path, tmp_path: Path, wait: float) -> None:
    """It raises KeyboardInterrupt, publishes nothing, and leaves no file behind."""
    for day in range(2):
        plays = (event(itemInSession=i, sessionId=day) for i in range(15_000))
        put(lake, "events", f"{day}.json", *plays)
    (tmp_path / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, lake, warehouse, str(wait)],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")
    assert not list((tmp_path / "tmp").iterdir())
    assert not list(tmp_path.glob("*.wal")) and not list(tmp_path.glob(".warehouse*"))
    assert rows(warehouse, PLAYS) == [(0,)]
    assert rows(warehouse, "SELECT count(*) FROM staging.staging_events") == [(0,)]
