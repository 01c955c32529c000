"""The read-only copy of a DuckDB warehouse: complete or not there, and nobody waits for it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from sparkify import SparkifyError, UsageError, WarehouseBusy, analytics, pipeline
from sparkify.warehouses.duckdb.dialect import engine
from tests.cli.test_cli import Sparkify, sparkify
from tests.factory import event, put, song, star
from tests.redshift_standin import StandIn
from tests.support import ROOT

__all__ = ["sparkify"]

URL = "duckdb:///w.duckdb"
COPY = "duckdb:///public.duckdb"
PLAYS = "SELECT count(*) FROM songplays"


@pytest.fixture
def lake(lake: Path) -> Path:
    """A lake with a play and a song."""
    put(lake, "events", "0.json", event())
    put(lake, "songs", "a.json", song())
    return lake


def run(lake: Path, **options: object) -> str | None:
    """Load a lake and publish; the load's id."""
    return pipeline.run(str(lake), URL, **{"publish": "public.duckdb", **options}).load_id  # type: ignore[arg-type]


def left() -> set[str]:
    """What is in the working folder beside the lake."""
    return {path.name for path in Path().iterdir()} - {"lake"}


def identity(name: str = "public.duckdb") -> tuple[int, int]:
    """What changes when a file is replaced."""
    found = Path(name).stat()
    return found.st_ino, found.st_mtime_ns


def test_the_copy_is_the_warehouse(lake: Path) -> None:
    """After every load; it can only be read, and nothing is left beside it."""
    for number in range(2):
        put(lake, "events", f"{number}.json", event(itemInSession=number))
        assert run(lake)
        assert star(COPY) == star(URL)
    assert left() == {"w.duckdb", "public.duckdb"}
    mode = Path("w.duckdb").stat().st_mode & 0o777
    assert Path("public.duckdb").stat().st_mode & 0o777 == mode & 0o555


def test_a_copy_may_become_the_warehouse(lake: Path) -> None:
    """As when it is all that is left of it; it can then be copied to another file."""
    run(lake)
    Path("public.duckdb").chmod(0o644)
    put(lake, "events", "1.json", event(itemInSession=1))
    assert pipeline.run(lake, COPY, publish="new.duckdb").plays.total == 2
    assert star("duckdb:///new.duckdb") == star(COPY)


def test_the_permissions_of_the_copy_are_kept(lake: Path) -> None:
    """Those of the copy that is replaced; a symbolic link to it stays one."""
    Path("place").mkdir()
    Path("public.duckdb").symlink_to("place/real.duckdb")
    run(lake)
    Path("public.duckdb").chmod(0o640)
    put(lake, "events", "1.json", event(itemInSession=1))
    run(lake)
    assert Path("public.duckdb").is_symlink()
    assert Path("place/real.duckdb").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in Path("place").iterdir()] == ["real.duckdb"]


@pytest.mark.long
def test_nothing_new_is_copied_only_if_needed(lake: Path) -> None:
    """If the copy is missing, or older than the warehouse, however that changed."""
    run(lake)
    before = identity()
    assert run(lake) is None
    assert identity() == before
    Path("public.duckdb").unlink()
    assert run(lake) is None
    assert star(COPY) == star(URL)
    put(lake, "events", "1.json", event(itemInSession=1))
    pipeline.run(str(lake), URL)
    assert len(star(COPY)["songplays"]) == 1
    assert run(lake) is None
    assert len(star(COPY)["songplays"]) == 2


def linked(name: str) -> str:
    """A hard link to the warehouse."""
    os.link("w.duckdb", name)
    return name


def symlinked(name: str) -> str:
    """A symbolic link to the warehouse."""
    Path(name).symlink_to("w.duckdb")
    return name


def database(name: str) -> str:
    """Somebody's database."""
    duckdb.connect(name).close()
    return name


def text(name: str) -> str:
    """Somebody's file."""
    Path(name).write_text("important")
    return name


def other_warehouse(name: str) -> str:
    """A warehouse that is in use."""
    pipeline.run("lake", f"duckdb:///{name}")
    return name


def other_copy(name: str) -> str:
    """A copy of another warehouse."""
    pipeline.run("lake", "duckdb:///other.duckdb", publish=name)
    return name


@pytest.mark.parametrize(
    ("make", "code", "says"),
    [
        (lambda _: "w.duckdb", 2, "w.duckdb is the warehouse itself"),
        pytest.param(
            lambda _: "./lake/../w.duckdb", 2, "is the warehouse itself", marks=pytest.mark.long
        ),
        pytest.param(linked, 2, "is the warehouse itself", marks=pytest.mark.long),
        pytest.param(symlinked, 2, "is the warehouse itself", marks=pytest.mark.long),
        pytest.param(database, 1, "sparkify did not write it", marks=pytest.mark.long),
        (text, 1, "sparkify did not write it"),
        pytest.param(other_warehouse, 1, "sparkify did not write it", marks=pytest.mark.long),
        (other_copy, 1, "is a copy of another warehouse"),
        pytest.param(lambda _: "lake", 1, "is a folder", marks=pytest.mark.long),
        pytest.param(lambda _: "nowhere/p.duckdb", 2, "folder not found", marks=pytest.mark.long),
        pytest.param(lambda _: "staging.duckdb", 2, "choose another name", marks=pytest.mark.long),
        pytest.param(
            lambda _: "s3://bucket/p.duckdb",
            2,
            "must be the path of a file",
            marks=pytest.mark.long,
        ),
        (lambda _: "duckdb:///p.duckdb", 2, "must be the path of a file"),
    ],
)
def test_what_is_not_a_copy_is_left_alone(
    sparkify: Sparkify, lake: Path, make: object, code: int, says: str
) -> None:
    """One line says why, before anything is loaded, and the file is as it was."""
    pipeline.run(str(lake), URL)
    put(lake, "events", "1.json", event(itemInSession=1))
    assert callable(make)
    name = make("p.duckdb")
    before = Path(name).read_bytes() if Path(name).is_file() else None
    ended = sparkify("run", lake, "--warehouse", URL, "--publish", name)
    assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)
    assert says in ended.err
    assert (Path(name).read_bytes() if Path(name).is_file() else None) == before
    assert len(star(URL)["songplays"]) == 1


def test_only_a_file_is_copied(lake: Path, cluster: StandIn) -> None:
    """A cluster has none, and an Engine's may be open elsewhere in the program."""
    with pytest.raises(UsageError, match="publish copies the file of a DuckDB warehouse"):
        pipeline.run(str(lake), cluster.url(), publish="p.duckdb")
    for url in ("duckdb:///:memory:", "duckdb:///e.duckdb"):
        given = sa.create_engine(url, poolclass=sa.StaticPool)
        with pytest.raises(UsageError, match="only a warehouse with a file's URL"):
            pipeline.run(str(lake), given, publish="p.duckdb")
        given.dispose()
    assert "p.duckdb" not in left()


@pytest.mark.long
def test_readers_use_the_copy(sparkify: Sparkify, lake: Path) -> None:
    """If it is set and no warehouse is named: every command that reads, and Python."""
    run(lake)
    os.environ |= {"SPARKIFY_WAREHOUSE": URL, "SPARKIFY_PUBLISH": "public.duckdb"}
    commands = (
        ["status"],
        ["rejects"],
        ["loads"],
        ["report"],
        ["recommend", 49],
        ["export", "out"],
    )
    with closing(duckdb.connect("w.duckdb")):  # the next run: nobody waits for it
        os.environ["SPARKIFY_LOCK_TIMEOUT"] = "0"
        for command in commands:
            assert sparkify(*command).code == 0, command
        status = json.loads(sparkify("status", "--json").out)
        assert status["warehouse"] == COPY
        assert analytics.report().warehouse == COPY
        assert sparkify("run", lake).code == 5
    assert json.loads(sparkify("status", "--warehouse", URL, "--json").out)["warehouse"] == URL
    assert analytics.report(URL).warehouse == URL
    Path("public.duckdb").unlink()
    ended = sparkify("report")
    assert (ended.code, "not found" in ended.err, "sparkify run" in ended.err) == (2, True, True)


@pytest.mark.long
def test_dwh_cfg_may_name_the_copy(lake: Path) -> None:
    """As every setting."""
    Path("dwh.cfg").write_text("[DUCKDB]\nPUBLISH = public.duckdb\n")
    pipeline.run(str(lake), URL)
    assert len(star(COPY)["songplays"]) == 1


@pytest.mark.long
def test_an_upgraded_warehouse_is_copied(lake: Path) -> None:
    """So that readers of the copy do not meet an older schema."""
    run(lake)
    before = identity()
    with duckdb.connect("w.duckdb") as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS a")
    os.environ["SPARKIFY_PUBLISH"] = "public.duckdb"
    pipeline.upgrade(URL)
    assert identity() != before


@pytest.mark.long
def test_a_copy_that_somebody_writes_to(lake: Path) -> None:
    """One who only has it open to write does not matter; one who has written stops the copying."""
    run(lake)
    Path("public.duckdb").chmod(0o644)
    code = (
        "import duckdb, sys; c = duckdb.connect('public.duckdb'); print(flush=True);"
        " sys.stdin.readline(); c.execute('CREATE TABLE mine AS SELECT 1 AS a');"
        " print(flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        holder.stdout.readline()
        put(lake, "events", "1.json", event(itemInSession=1))
        assert run(lake)
        holder.stdin.write("\n")
        holder.stdin.flush()
        holder.stdout.readline()
        put(lake, "events", "2.json", event(itemInSession=2))
        with pytest.raises(SparkifyError, match=r"public\.duckdb\.wal exists.*is in the warehouse"):
            run(lake)
        assert len(star(URL)["songplays"]) == 3
        holder.communicate("\n")
    Path("public.duckdb.wal").unlink(missing_ok=True)
    run(lake)
    assert star(COPY) == star(URL)


@pytest.mark.long
def test_a_warehouse_that_this_process_has_open_is_not_copied(lake: Path) -> None:
    """To close a second descriptor would give up the lock of that connection."""
    run(lake)
    put(lake, "events", "1.json", event(itemInSession=1))
    with (
        engine("duckdb:///w.duckdb").connect(),
        pytest.raises(WarehouseBusy, match="is written to by another connection"),
    ):
        run(lake, lock_timeout=0.2)
    assert run(lake) is None
    assert len(star(COPY)["songplays"]) == 2


@pytest.mark.long
def test_without_shared_blocks(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file system cannot copy by itself, the bytes are read and written."""

    def unsupported(*_: object) -> int:
        raise OSError(95, "not supported")

    for number in range(2):
        put(lake, "events", "1.json", event(itemInSession=number))
        run(lake)
        assert star(COPY) == star(URL)
        monkeypatch.setattr(os, "copy_file_range", unsupported)
    monkeypatch.delattr(os, "copy_file_range")
    Path("public.duckdb").unlink()
    run(lake)
    assert star(COPY) == star(URL)


def test_a_full_disk_leaves_the_old_copy(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The load is committed, the error says so, and the next run copies."""
    run(lake)
    before = Path("public.duckdb").read_bytes()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "copy_file_range", full)
    put(lake, "events", "1.json", event(itemInSession=1))
    with pytest.raises(SparkifyError, match=r"No space left.*load \S+ is in the warehouse"):
        run(lake)
    assert Path("public.duckdb").read_bytes() == before
    assert left() == {"w.duckdb", "public.duckdb"}
    monkeypatch.undo()
    os.chdir(lake.parent)
    assert run(lake) is None
    assert star(COPY) == star(URL)


READER = f"""
import duckdb, sys
seen = []
while not sys.stdin.closed:
    with duckdb.connect("public.duckdb", read_only=True) as connection:
        plays = connection.execute({PLAYS!r}).fetchone()[0]
        loads = connection.execute("SELECT count(*) FROM staging.loads").fetchone()[0]
        rows = connection.execute("SELECT count(*) FROM staging.staging_events").fetchone()[0]
        print(plays, loads, rows, flush=True)
    if not sys.stdin.readline():
        break
"""


@pytest.mark.long
@pytest.mark.parametrize("runs", [3, pytest.param(20, marks=pytest.mark.long)])
def test_a_reader_stays_open_during_runs(lake: Path, runs: int) -> None:
    """It keeps the copy that it opened; others see one whole load each, and no run waits."""
    run(lake)
    with (
        duckdb.connect("public.duckdb", read_only=True) as old,
        subprocess.Popen(
            [sys.executable, "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other,
    ):
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "1 1 1\n"
        assert old.execute(PLAYS).fetchone() == (1,)
        for number in range(1, runs):
            put(lake, "events", f"{number}.json", event(itemInSession=number))
            assert run(lake, lock_timeout=0)
            assert old.execute(PLAYS).fetchone() == (1,)
            other.stdin.write("\n")
            other.stdin.flush()
            assert other.stdout.readline() == f"{number + 1} {number + 1} {number + 1}\n"
        other.stdin.close()


@pytest.mark.long
def test_readers_at_any_moment(lake: Path) -> None:
    """A program that opens the copy all the time meets no error, and each time one whole load."""
    run(lake)
    seen, stop = [], threading.Event()

    def read() -> None:
        code = READER.replace("if not sys.stdin.readline():", "if False:")
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout
            while not stop.is_set():
                seen.append(other.stdout.readline().split())
            other.kill()

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(1, 20):
        put(lake, "events", f"{number}.json", event(itemInSession=number))
        assert run(lake, lock_timeout=0)
    stop.set()
    thread.join()
    assert all(len(set(each)) == 1 for each in seen)
    assert len(seen) > 20


@pytest.fixture
def stopped_copy(lake: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run that stops in the middle of copying, and says so."""
    run(lake)
    put(lake, "events", "1.json", event(itemInSession=1))
    code = (
        "import os, sys, time\n"
        "from sparkify import cli\n"
        "copy = os.copy_file_range\n"
        "def slow(source, target, count):\n"
        "    done = copy(source, target, 8192)\n"
        "    print('copying', flush=True)\n"
        "    time.sleep(60)\n"
        "os.copy_file_range = slow\n"
        f"sys.argv = ['sparkify', 'run', {str(lake)!r}, '--warehouse', {URL!r},"
        " '--publish', 'public.duckdb']\n"
        "cli.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == "copying\n"
        yield running


@pytest.mark.long
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_a_killed_copy_leaves_the_old_one(
    lake: Path, stopped_copy: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    """The load is in the warehouse, and the next run copies it and tidies up."""
    begun = time.monotonic()
    stopped_copy.send_signal(number)
    _, err = stopped_copy.communicate()
    assert time.monotonic() - begun < 5
    if number is signal.SIGTERM:
        assert stopped_copy.returncode == 143
        assert "was published" in err
        assert left() == {"w.duckdb", "public.duckdb"}
    assert len(star(COPY)["songplays"]) == 1
    assert len(star(URL)["songplays"]) == 2
    assert run(lake) is None
    assert star(COPY) == star(URL)
    assert left() == {"w.duckdb", "public.duckdb"}
