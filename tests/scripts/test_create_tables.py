"""The seeds' script that drops the tables and creates them anew, but asks first."""

import io
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from sparkify import config, warehouses
from sparkify.cli.schema import reset_schema
from sparkify.errors import SparkifyError
from sparkify.models import schema
from tests.support import ROOT

SCRIPT = ROOT / "scripts" / "create_tables.py"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A warehouse with two users."""
    url = f"duckdb:///{tmp_path / 'w.duckdb'}"
    with warehouses.connect(url) as opened, opened.writing(1) as connection:
        schema.upgrade(connection)
        connection.execute(sa.text("INSERT INTO users (user_id) VALUES (1), (2)"))
        connection.commit()
    return url


def users(url: str) -> int:
    """How many users a warehouse has."""
    with duckdb.connect(url.removeprefix("duckdb:///")) as connection:
        found = connection.sql("SELECT count(*) FROM users").fetchone()
    return int(found[0]) if found else 0


ANSWERS = [([], "n\n", 1, 2), ([], "", 1, 2), ([], "y\n", 0, 0), (["--yes"], "", 0, 0)]


@pytest.fixture
def run_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[object, str]]]:
    """Runs a script in this process: its exit code, and what it said."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(script: Path, *arguments: str, answer: str = "") -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", [str(script), *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(script), run_name="__main__")
        return end.value.code, "".join(capsys.readouterr())

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("arguments", "answer", "code", "left"), ANSWERS)
def test_tables_are_dropped_after_a_yes(
    url: str,
    run_script: Callable[..., tuple[object, str]],
    arguments: list[str],
    answer: str,
    code: int,
    left: int,
) -> None:
    """The script says which rows would be lost, and drops nothing without a yes."""
    ended, said = run_script(SCRIPT, "--warehouse", url, *arguments, answer=answer)
    assert (ended or 0, users(url)) == (code, left)
    assert "would lose these rows: users 2" in said


@pytest.mark.long
@pytest.mark.parametrize(("arguments", "answer", "code", "left"), ANSWERS)
def test_tables_are_dropped_by_the_command_after_a_yes(
    url: str, tmp_path: Path, arguments: list[str], answer: str, code: int, left: int
) -> None:
    """The same in a process of its own, as people run it."""
    done = subprocess.run(
        [sys.executable, SCRIPT, "--warehouse", url, *arguments],
        input=answer,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, users(url)) == (code, left)
    assert "would lose these rows: users 2" in done.stderr


def test_an_empty_warehouse_is_not_asked_about(tmp_path: Path) -> None:
    """Where there is nothing to lose, the schema is made without a question."""
    settings = config.load({"warehouse": f"duckdb:///{tmp_path / 'w.duckdb'}"}, {})
    for _ in range(2):
        assert "has the schema, and no rows" in reset_schema(settings, ask=True)


def test_tables_of_others_are_not_dropped(tmp_path: Path) -> None:
    """Tables of these names that Sparkify did not make stay, whatever the answer."""
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.sql("CREATE TABLE users (id INT)")
        connection.sql("INSERT INTO users VALUES (1)")
    settings = config.load({"warehouse": f"duckdb:///{path}"}, {})
    with pytest.raises(SparkifyError, match="other tables with these names"):
        reset_schema(settings, ask=False)
    assert users(str(path)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "etl",
        *(
            pytest.param(f"{verb}_cluster", marks=pytest.mark.long)
            for verb in ("create", "check", "delete")
        ),
    ],
)
def test_the_seeds_scripts_are_commands(name: str, tmp_path: Path) -> None:
    """Each of the seeds' scripts is a command of the same job, and takes its options."""
    done = subprocess.run(
        [sys.executable, SCRIPT.with_name(f"{name}.py"), "--help"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage" in done.stdout
