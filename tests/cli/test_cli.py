"""The command line: results on stdout, the rest on stderr, and an exit code for each end."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from sparkify import cli
from tests.factory import event, put, song

BAD = [b"not json"] * 20


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Sparkify = Callable[..., Ended]


@pytest.fixture
def sparkify(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Sparkify]:
    """Runs the command line in this process."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["sparkify", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        code = stop.value.code
        return Ended(code if isinstance(code, int) else 0, captured.out, captured.err)

    yield run
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGTERM, before[1])


@pytest.fixture
def full(lake: Path) -> Path:
    """A lake with something in it."""
    put(lake, "events", "a.json", event())
    put(lake, "songs", "a.json", song())
    return lake


def test_a_run_prints_its_report(sparkify: Sparkify, full: Path) -> None:
    """`run` needs no more than a lake; the warehouse is a file in the current folder."""
    ended = sparkify("run", full)
    assert (ended.code, ended.err) == (0, "")
    assert "songplays 1" in ended.out
    assert Path("sparkify.duckdb").is_file()


def test_json_is_one_object(sparkify: Sparkify, full: Path) -> None:
    """With `--json`, stdout is one JSON object and nothing else."""
    first = json.loads(sparkify("run", full, "--json").out)
    again = json.loads(sparkify("run", full, "--json").out)
    assert first["plays"] == {"total": 1, "matched": 1}
    assert (again["load_id"], again["rows"]) == (None, first["rows"])
    found = json.loads(sparkify("status", "--json").out)
    assert found["last_load"]["load_id"] == first["load_id"]
    assert json.loads(sparkify("plan", full, "--json").out)["files"]["unchanged"] == 2
    assert json.loads(sparkify("config", "--json").out)["unknown"] == []


def test_status_says_what_is_gone(sparkify: Sparkify, full: Path) -> None:
    """An object that the lake no longer lists is told of, and its rows are still there."""
    sparkify("run", full)
    (full / "log_data" / "a.json").unlink()
    found = json.loads(sparkify("status", "--json").out)
    assert (found["files"], found["missing"], found["rows"]["songplays"]) == (2, 1, 1)
    assert "1 of them no longer in the lake" in sparkify("status").out


def test_status_without_the_lake(sparkify: Sparkify, full: Path) -> None:
    """A lake that is gone as a whole is no error of `status`."""
    sparkify("run", full)
    full.rename(full.with_name("moved"))
    ended = sparkify("status")
    assert (ended.code, "cannot be listed" in ended.out) == (0, True)


def test_plan_prints_statements(sparkify: Sparkify, full: Path) -> None:
    """`plan --sql` is text that a database could run, each statement ended."""
    out = sparkify("plan", full, "--warehouse", "duckdb", "--sql").out
    assert "INSERT INTO songplays" in out
    assert out.rstrip().endswith(";")
    assert not Path("sparkify.duckdb").exists()


def test_simulate_makes_a_lake(sparkify: Sparkify, lake: Path) -> None:
    """`simulate` says what it made, and a run loads all of it."""
    ended = sparkify("simulate", lake, "--events", 500, "--songs", 50, "--days", 3, "--seed", 1)
    assert (ended.code, "500 events" in ended.out) == (0, True)
    report = json.loads(sparkify("run", lake, "--json").out)
    assert report["records"] == report["records"] | {"read": 550, "staged": 550, "rejected": 0}
    assert sparkify("simulate", lake).code == 2


@pytest.mark.long
def test_schema_is_shown_and_made_anew(sparkify: Sparkify, full: Path) -> None:
    """`schema` prints DDL or a diagram; `--reset` leaves the tables and no rows."""
    sparkify("run", full)
    assert "CREATE TABLE songplays" in sparkify("schema").out
    assert "DISTKEY (start_time)" in sparkify("schema", "--ddl", "redshift").out
    assert sparkify("schema", "--mermaid").out.startswith("erDiagram")
    assert sparkify("schema", "--reset", "--yes").code == 0
    assert json.loads(sparkify("status", "--json").out)["rows"]["songplays"] == 0
    assert json.loads(sparkify("run", full, "--json").out)["rows"]["songplays"] == 1


def no_source(lake: Path) -> list[object]:
    """Nothing says where the lake is."""
    return ["run"]


def no_folder(lake: Path) -> list[object]:
    """The folder is not there."""
    return ["run", "nowhere"]


def a_file_for_a_folder(lake: Path) -> list[object]:
    """The source is a file."""
    Path("file").touch()
    return ["run", "file"]


def no_option(lake: Path) -> list[object]:
    """An option that does not exist."""
    return ["run", lake, "--fast"]


def no_warehouse(lake: Path) -> list[object]:
    """A URL of a database that is no warehouse."""
    return ["run", lake, "--warehouse", "sqlite:///a.db"]


def a_schemas_name(lake: Path) -> list[object]:
    """A file whose database would have the name of a schema."""
    return ["run", lake, "--warehouse", "duckdb:///staging.duckdb"]


def no_url(lake: Path) -> list[object]:
    """A warehouse that is no URL."""
    return ["run", lake, "--warehouse", "warehouse"]


def no_threshold(lake: Path) -> list[object]:
    """A threshold that is no number."""
    return ["run", lake, "--max-rejects", "few"]


def no_seconds(lake: Path) -> list[object]:
    """A time that is no number."""
    return ["run", lake, "--lock-timeout", "-1"]


def no_config_file(lake: Path) -> list[object]:
    """A configuration file that is not there."""
    os.environ["SPARKIFY_CONFIG"] = "nowhere.cfg"
    return ["config"]


def no_status(lake: Path) -> list[object]:
    """A warehouse to read that is not there."""
    return ["status"]


def overlap(lake: Path) -> list[object]:
    """Songs and events in the same place."""
    return ["run", "--songs", lake, "--events", lake / "log_data"]


def empty_folder(lake: Path) -> list[object]:
    """A lake with neither songs nor events."""
    Path("empty").mkdir()
    return ["run", "empty"]


def empty_lake(lake: Path) -> list[object]:
    """A lake whose folders hold nothing."""
    Path("empty/log_data").mkdir(parents=True)
    return ["run", "empty"]


def no_database(lake: Path) -> list[object]:
    """A file that is no database."""
    Path("w.duckdb").write_text("this is no database" * 1000)
    return ["run", lake, "--warehouse", "duckdb:///w.duckdb"]


def no_such_place(lake: Path) -> list[object]:
    """A warehouse in a folder that is not there."""
    return ["run", lake, "--warehouse", "duckdb:///nowhere/w.duckdb"]


def of_another_project(lake: Path) -> list[object]:
    """A database whose alembic_version is not ours."""
    return ["run", with_revision(lake, "0000"), "--warehouse", "duckdb:///w.duckdb"]


def foreign(lake: Path) -> list[object]:
    """A database with a table of the same name that is not ours."""
    with duckdb.connect("w.duckdb") as connection:
        connection.execute("CREATE TABLE users (name VARCHAR)")
    return ["run", lake, "--warehouse", "duckdb:///w.duckdb"]


def with_revision(lake: Path, revision: str) -> Path:
    """The lake, beside a warehouse whose schema claims to be of another revision."""
    with duckdb.connect("w.duckdb") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR)")
        connection.execute("INSERT INTO alembic_version VALUES ($r)", {"r": revision})
    return lake


def too_many(lake: Path) -> list[object]:
    """More refused records than allowed."""
    put(lake, "events", "bad.json", *BAD)
    return ["run", lake]


@pytest.mark.parametrize(
    ("make", "code", "names"),
    [
        (no_source, 2, "source"),
        (no_folder, 2, "nowhere"),
        (a_file_for_a_folder, 2, "file"),
        (no_option, 2, "--fast"),
        (no_warehouse, 2, "sqlite"),
        (no_url, 2, "warehouse"),
        (a_schemas_name, 2, "staging.duckdb"),
        (no_threshold, 2, "max_rejects"),
        (no_seconds, 2, "lock_timeout"),
        (no_config_file, 2, "nowhere.cfg"),
        (no_status, 2, "sparkify.duckdb"),
        (overlap, 2, "overlap"),
        (empty_folder, 1, "song_data"),
        (empty_lake, 1, "empty"),
        (no_database, 1, "w.duckdb"),
        (no_such_place, 2, "nowhere"),
        (of_another_project, 1, "another project"),
        (foreign, 1, "w.duckdb"),
        (too_many, 3, "20 of 22"),
    ],
)
def test_an_expected_error_is_one_line(
    sparkify: Sparkify, full: Path, make: Callable[[Path], list[object]], code: int, names: str
) -> None:
    """Each has its exit code, names the thing, and shows no traceback."""
    ended = sparkify(*make(full))
    assert (ended.code, ended.out) == (code, "")
    assert names in ended.err
    assert "Traceback" not in ended.err
    if make is not no_option:  # a wrong option is shown with the usage
        assert ended.err.count("\n") == 1


def test_too_many_rejects_publish_nothing(sparkify: Sparkify, full: Path) -> None:
    """Above the threshold all is as before; a higher threshold lets the good records in."""
    put(full, "events", "bad.json", *BAD)
    assert sparkify("run", full).code == 3
    assert json.loads(sparkify("status", "--json").out)["loads"] == 0
    assert sparkify("run", full, "--max-rejects", "20").code == 0
    assert sparkify("run", full, "--full", "--max-rejects", "90%").code == 3
    assert sparkify("run", full, "--full", "--max-rejects", "91%").code == 0


@pytest.mark.long
def test_rejects_are_listed_filtered_and_taken_out(sparkify: Sparkify, full: Path) -> None:
    """Each refused record with its keys; by object, code or load; the raw ones into a file."""
    put(full, "events", "bad.json", b"not json", event(level="gold"), event(itemInSession=9))
    said = sparkify("run", full).err
    assert "2 records rejected in 1 objects" in said
    assert "malformed 1, not_allowed 1; `sparkify rejects`" in said
    found = json.loads(sparkify("rejects", "--json").out)
    assert [row["code"] for row in found] == ["malformed", "not_allowed"]
    keys = "load_id uri line_number byte_offset column_name code reason raw_text"
    assert list(found[0]) == keys.split()
    by_code = json.loads(sparkify("rejects", "--code", "not_allowed", "--json").out)
    assert [row["line_number"] for row in by_code] == [2]
    assert json.loads(sparkify("rejects", "--object", "a.json", "--json").out) == []
    assert len(json.loads(sparkify("rejects", "--load", found[0]["load_id"], "--json").out)) == 2
    shown = sparkify("rejects", "--out", "bad.txt").out
    assert "bad.json:1" in shown
    raw = Path("bad.txt").read_text().splitlines()
    assert (raw[0], json.loads(raw[1])["level"]) == ("not json", "gold")


def test_rejects_of_a_run_that_published_nothing_are_kept(sparkify: Sparkify, full: Path) -> None:
    """Above the threshold the rejects are in a file, and the error names it."""
    put(full, "events", "bad.json", *BAD)
    assert "sparkify-rejects.ndjson" in sparkify("run", full).err
    kept = [json.loads(line) for line in Path("sparkify-rejects.ndjson").read_text().splitlines()]
    assert [row["line_number"] for row in kept] == list(range(1, 21))


@pytest.mark.parametrize("command", [["run"], ["status"], ["schema", "--reset", "--yes"]])
def test_a_held_warehouse_is_waited_for(sparkify: Sparkify, full: Path, command: list[str]) -> None:
    """While another process holds the file a command waits, then names that process."""
    sparkify("run", full)
    code = (
        "import duckdb, sys; c = duckdb.connect('sparkify.duckdb');"
        " print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        os.environ["SPARKIFY_LOCK_TIMEOUT"] = "0.3"
        begun = time.monotonic()
        ended = sparkify(*command, *([full] if command == ["run"] else []))
        assert (ended.code, str(holder.pid) in ended.err) == (5, True)
        assert time.monotonic() - begun > 0.2
        holder.communicate()


@pytest.mark.long
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_a_signal_stops_a_run_that_waits(
    full: Path, sparkify: Sparkify, number: signal.Signals
) -> None:
    """A run that waits for the warehouse says so; a signal stops it at once."""
    sparkify("run", full)
    command = [sys.executable, "-m", "sparkify", "run", str(full)]
    with (
        duckdb.connect("sparkify.duckdb"),
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running,
    ):
        assert running.stderr
        assert f"held by process {os.getpid()}" in running.stderr.readline()
        begun = time.monotonic()
        running.send_signal(number)
        assert number.name in running.stderr.readline()
        assert running.wait() == 128 + number
        assert time.monotonic() - begun < 2


def test_the_module_and_the_script_are_the_same(full: Path) -> None:
    """`python -m sparkify` and `sparkify` are one program, quick to say its version."""
    script = Path(sys.executable).with_name("sparkify")
    for command in ([sys.executable, "-m", "sparkify"], [str(script)]):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("sparkify ")
    heavy = (
        "import sys, sparkify.cli; print([m for m in ('sqlalchemy', 'boto3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# ---------------------------------------------------------------------------- forget


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of those who were forgotten."""
    monkeypatch.setenv("SPARKIFY_FORGET_KEY", "s3cr3t-of-those-forgotten")


def test_forget_asks_or_takes_yes(sparkify: Sparkify, full: Path, key: None) -> None:
    """Without a terminal and without `--yes` it stops; with it, it tells how many rows went."""
    sparkify("run", full)
    ended = sparkify("forget", "49")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "sparkify: forget removes rows for good: without a terminal to ask, give --yes\n"
    )
    assert "would remove songplays 1, users 1" in sparkify("forget", "49", "--dry-run").out
    ended = sparkify("forget", "49", "--yes", "--json")
    assert json.loads(ended.out)["rows"]["event_rows"] == 1
    assert "forgotten before" in sparkify("forget", "49", "--yes").out
    assert "+ 1 forgotten" in sparkify("run", full, "--full").out


def test_forget_without_a_key_names_the_setting(sparkify: Sparkify, full: Path) -> None:
    """It is a mistake of the settings, not of the data."""
    sparkify("run", full)
    ended = sparkify("forget", "49", "--yes")
    assert (ended.code, ended.out) == (2, "")
    assert "set SPARKIFY_FORGET_KEY, or [FORGET] SECRET in dwh.cfg" in ended.err


@pytest.mark.long
def test_forget_asks_on_a_terminal(
    sparkify: Sparkify, full: Path, key: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows what would go first; any other answer than yes changes nothing."""
    sparkify("run", full)
    for answer, code, left in (("n", 1, 1), ("y", 0, 0)):
        stdin = io.StringIO(f"{answer}\n")
        with monkeypatch.context() as patched:
            patched.setattr(stdin, "isatty", lambda: True)
            patched.setattr(sys, "stdin", stdin)
            ended = sparkify("forget", "49")
        assert (ended.code, "would remove songplays 1" in ended.err) == (code, True)
        with duckdb.connect("sparkify.duckdb", read_only=True) as connection:
            assert connection.execute("SELECT count(*) FROM users").fetchall() == [(left,)]
