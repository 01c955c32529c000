"""The console under adverse conditions: each command ends with one line and the right exit code."""

import logging
import os
import pty
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import duckdb
import pytest
import typer

from sparkify import cli, pipeline
from sparkify.process.output import printable
from tests.factory import event, put, song

ROOT = Path(__file__).parents[2]
SPARKIFY = [sys.executable, "-m", "sparkify"]
CLOSED_STDERR = ["sh", "-c", 'exec "$@" 2>&-', "sh"]
CLOSED_STDOUT = ["sh", "-c", 'exec "$@" >&-', "sh"]
CLOSED_ALL = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
Command = Callable[..., subprocess.CompletedProcess[str]]
NO_FOLDER = ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh"]
TO_FULL = ["sh", "-c", 'exec "$@" >/dev/full', "sh"]
ERRORS_TO_FULL = ["sh", "-c", 'exec "$@" 2>/dev/full', "sh"]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake whose song has a title in several scripts, and one record is bad."""
    put(tmp_path / "lake", "events", "a.json", event(song="Łódź ü 東"), b"not json")
    put(tmp_path / "lake", "songs", "a.json", song())
    return tmp_path / "lake"


def sparkify(
    *arguments: object,
    by: list[str] | None = None,
    environment: dict[str, str] | None = None,
    stdout: int | IO[str] = subprocess.PIPE,
    stderr: int | IO[str] = subprocess.PIPE,
    limit: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [*(by or []), *SPARKIFY, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        stdout=stdout,
        stderr=stderr,
        encoding="latin-1",
        errors="replace",
        timeout=100,
        check=False,
        preexec_fn=limit,
    )


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Runs the command in this process, which takes a second less."""
    with signals_as_before():

        def run(*arguments: object) -> subprocess.CompletedProcess[str]:
            monkeypatch.setattr(sys, "argv", ["sparkify", *map(str, arguments)])
            with pytest.raises(SystemExit) as end:
                cli.main()
            code = end.value.code if isinstance(end.value.code, int) else 0
            return subprocess.CompletedProcess(sys.argv, code, *capsys.readouterr())

        yield run


@contextmanager
def signals_as_before() -> Iterator[None]:
    """Take back what the command line does to signals and to the log."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGTERM, before[1])
    logging.getLogger("sparkify").setLevel(logging.NOTSET)


def loads() -> int:
    """How many loads the warehouse in the working folder has."""
    with duckdb.connect("sparkify.duckdb", read_only=True) as connection:
        return len(connection.execute("SELECT * FROM staging.loads").fetchall())


@pytest.mark.long
@pytest.mark.parametrize("by", [CLOSED_STDERR, CLOSED_STDOUT, CLOSED_ALL])
def test_closed_streams(lake: Path, by: list[str]) -> None:
    """A run does its job, and no message gets into a file that it opens."""
    done = sparkify("-v", "run", lake, by=by)
    assert done.returncode == 0
    assert loads() == 1


@pytest.mark.long
def test_a_closed_pipe_for_messages(lake: Path) -> None:
    """Nobody reads what is logged: a run does its job all the same."""
    read, write = os.pipe()
    os.close(read)
    assert sparkify("-v", "run", lake, stderr=write).returncode == 0
    os.close(write)
    assert loads() == 1
    assert sparkify("run", "nowhere", by=ERRORS_TO_FULL).returncode == 2


@pytest.mark.long
def test_a_closed_pipe_for_results(lake: Path) -> None:
    """The reader has seen enough: nothing more is said."""
    read, write = os.pipe()
    os.close(read)
    for command in (["run", lake], ["--help"]):
        done = sparkify(*command, stdout=write)
        assert (done.returncode, "Traceback" in done.stderr, "Errno" in done.stderr) == (
            1,
            False,
            False,
        )
    os.close(write)
    assert loads() == 1


@pytest.mark.long
def test_full_stdout(lake: Path) -> None:
    """One line, which says that the load was published nevertheless."""
    for command in (["-q", "run", lake], ["--help"]):
        done = sparkify(*command, by=TO_FULL)
        said = "sparkify: cannot write to stdout: No space left on device"
        assert done.returncode == 1
        assert done.stderr.startswith(said)
        assert done.stderr.count("\n") == 1
        assert ("was published" in done.stderr) == (command[-1] == lake)


def test_an_encoding_without_the_characters() -> None:
    """What it has is printed, the rest is replaced."""
    code = "from sparkify.cli.console import guarded; guarded(lambda: print('Łódź ü 東'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        encoding="latin-1",
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "?ód? ü ?\n", "")


@pytest.mark.long
def test_a_report_in_ascii(lake: Path) -> None:
    """A title in several scripts is no reason to fail."""
    pipeline.run(str(lake))
    done = sparkify("report", environment={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
def test_the_working_folder_was_removed(lake: Path) -> None:
    """One line says so where it is needed."""
    done = sparkify("run", lake, by=NO_FOLDER)
    said = "the working directory no longer exists; give an absolute path"
    expected = (2, "", f"sparkify: sparkify.duckdb: {said}\n")
    assert (done.returncode, done.stdout, done.stderr) == expected


@pytest.mark.long
def test_a_working_folder_is_not_needed_for_absolute_names(lake: Path) -> None:
    """A run does its job, though the folder was removed."""
    url = f"duckdb:///{lake.parent}/sparkify.duckdb"
    assert sparkify("-q", "run", lake, "--warehouse", url, by=NO_FOLDER).returncode == 0
    assert loads() == 1


@pytest.mark.long
def test_no_temporary_folder(lake: Path) -> None:
    """No file can be written anywhere: one line names TMPDIR."""
    done = sparkify("run", lake, limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    assert done.returncode == 1
    assert (done.stderr.count("\n"), "TMPDIR" in done.stderr) == (1, True)


def test_a_temporary_folder_with_a_quote(
    lake: Path, here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name gets into no statement as it is."""
    tmp = lake.parent / 'it\'s 100% "tmp"'
    tmp.mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp))
    monkeypatch.setattr("tempfile.tempdir", None)  # what it was is found again afterwards
    done = here("-q", "run", lake)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp.iterdir()) == []


def test_rejects_are_kept_for_their_owner(lake: Path, here: Command) -> None:
    """The file is private; one of another program is not replaced, and the error says so."""
    done = here("run", lake, "--max-rejects", 0)
    kept = Path("sparkify-rejects.ndjson")
    assert (done.returncode, "they are in sparkify-rejects.ndjson" in done.stderr) == (3, True)
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_text("mine\n")
    done = here("run", lake, "--max-rejects", 0)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "sparkify did not write it" in done.stderr
    assert kept.read_text() == "mine\n"


@pytest.mark.long
def test_escape_sequences_never_reach_a_terminal(lake: Path, here: Command) -> None:
    """Names of files, options and folders, in errors and in what is logged."""
    bad = "\x1b]0;title\x07\x9b31m\u202e"
    put(lake, "events", f"{bad}.json", *[b"not json"] * 3)
    (lake / "log_data" / f"{bad}.json.gz").write_bytes(b"\x1f\x8b damaged")
    for arguments in (
        ["run", bad],
        ["run", f"--{bad}"],
        ["-v", "run", lake, "--max-rejects", "90%"],
        ["run", lake, "--warehouse", f"duckdb:///{bad}/{bad}.duckdb"],
    ):
        done = here(*arguments)
        assert done.stderr
        assert not any(char in done.stderr for char in "\x1b\x07\x9b")


def test_printable() -> None:
    """What a terminal acts on is spelled out; text of all scripts and emoji stay."""
    kept = "Björk 東京 עברית 👩\u200d🎤 a\u00a0b"
    assert printable(kept) == kept
    assert printable("a\x1b[2J\x9b\u202e\n\udcff") == "a\\x1b[2J\\x9b\\u202e\\n\\udcff"
    assert printable("a\nb\tc", keep="\n") == "a\nb\\tc"


@pytest.mark.long
def test_progress_is_shown_on_a_terminal(lake: Path, here: Command) -> None:
    """And only there; if the terminal goes away, the run does its job."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    with subprocess.Popen(
        [*SPARKIFY, "run", str(lake)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    ) as running:
        os.close(theirs)
        shown = os.read(ours, 1)
        os.close(ours)
        assert running.stdout
        report = running.stdout.read()
    assert (running.returncode, shown, b"songplays" in report) == (0, b"\x1b", True)
    assert here("run", lake).stderr == ""


CALLED_FIRST = (
    "sparkify.config.load",
    "sparkify.simulate.simulate",
    "sparkify.cluster.spec.parse_network",
    "sparkify.analytics.verify",
)
#: what a command needs so that it calls one of them, beside a value for each required argument
BESIDE = {"ask": ["row-counts"], "forget": ["1", "--yes"]}


class SurpriseError(Exception):
    """What nobody expects."""


def surprise(*_: object, **__: object) -> None:
    """Fail as nobody expects, with a secret and an escape sequence in the message."""
    raise SurpriseError("broken\x1b[31m\nin redshift://me:s3cr3t@host/db")


def commands(group: object, *names: str) -> Iterator[list[str]]:
    """The arguments of every command, with a value for each that it requires."""
    if found := getattr(group, "commands", None):
        for name, command in found.items():
            yield from commands(command, *names, name)
        return
    needed = [p for p in getattr(group, "params") if p.required]  # noqa: B009 - typer's own class
    arguments = ("1" for p in needed if p.param_type_name == "argument")
    yield [*names, *BESIDE.get(names[-1], arguments)]


@pytest.fixture
def surprised(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What all commands call first fails."""
    for name in CALLED_FIRST:
        monkeypatch.setattr(name, surprise)
    with signals_as_before():
        yield


@pytest.mark.parametrize("arguments", list(commands(typer.main.get_command(cli.app))), ids=" ".join)
@pytest.mark.usefixtures("surprised")
def test_an_unexpected_error_is_one_line(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every command; with -v its traceback is shown, too."""
    said = (
        "sparkify: unexpected error: SurpriseError: broken\\x1b[31m in redshift://me:***@host/db;"
        " please report it with the output of `sparkify -v ...`\n"
    )
    for verbose in ([], ["-v"]):
        monkeypatch.setattr(sys, "argv", ["sparkify", *verbose, *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        assert (end.value.code, out) == (1, "")
        assert err.endswith(said)
        assert err.startswith("Traceback" if verbose else said)
        assert "s3cr3t" not in err


def test_a_broken_exception() -> None:
    """Even one that has no text."""
    code = """
from sparkify.cli.console import guarded

class Broken(Exception):
    def __str__(self):
        raise ValueError

def work():
    raise Broken

guarded(work)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "unexpected error: Broken; please" in done.stderr
