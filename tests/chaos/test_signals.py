"""A signal stops a run soon, says what was published, and leaves nothing behind."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chaos import signals
from tests.chaos.forks import ROOT
from tests.chaos.worlds import Work

LONG = """
import sqlalchemy as sa
from sparkify import warehouses
from sparkify.cli.console import guarded

def work():
    with warehouses.connect("duckdb:///a.duckdb") as opened, opened.writing(0) as connection:
        print("begun", flush=True)
        connection.execute(sa.text("SELECT max(hash(range)) FROM range(1000000000000)"))

guarded(work)
"""


#: what goes the same way for both signals is tested with both by the long tests
NUMBERS = [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_query_that_takes_long_is_interrupted(tmp_path: Path, number: signal.Signals) -> None:
    """One long task of DuckDB's, in which it looks for no signal, ends all the same."""
    with subprocess.Popen(
        [sys.executable, "-c", LONG],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == "begun\n"
        time.sleep(0.1)  # into the query, which gives no sign of having begun
        begun = time.monotonic()
        running.send_signal(number)
        try:
            _, said = running.communicate(timeout=60)
        finally:
            running.kill()
    assert (running.returncode, said) == (
        128 + number,
        f"sparkify: stopped by {number.name}: nothing was published\n",
    )
    assert time.monotonic() - begun < signals.SOON


def python(code: str, *arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a folder; its temporary files go into `tmp` there, if that exists."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


TIDYING = """
import os, sys, time
import sqlalchemy as sa
from sparkify.process import scratch
from sparkify import warehouses
from sparkify.cli.console import guarded

def come(*_):
    os.kill(os.getpid(), int(sys.argv[1]))
    time.sleep(0)

class Closing:
    __del__ = come

def destructor():
    Closing()

def folder():
    sys.addaudithook(lambda name, _: come() if name == "shutil.rmtree" else None)
    with scratch.folder() as made:
        (made / "inside").mkdir()

def connection():
    sa.event.listen(sa.pool.Pool, "reset", come)
    with warehouses.connect("duckdb:///a.duckdb") as opened, opened.writing(0):
        pass

def work():
    globals()[sys.argv[2]]()
    time.sleep(60)

guarded(work)
"""


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "what",
    ["connection", *(pytest.param(w, marks=pytest.mark.long) for w in ("destructor", "folder"))],
)
def test_a_signal_while_something_tidies_up(
    tmp_path: Path, what: str, number: signal.Signals
) -> None:
    """Nothing is left undone or told that is no news, and the signal counts all the same."""
    (tmp_path / "tmp").mkdir()
    done = python(TIDYING, int(number), what, folder=tmp_path)
    said = f"sparkify: stopped by {number.name}: nothing was published\n"
    assert (done.returncode, done.stderr) == (128 + number, said)
    assert not list((tmp_path / "tmp").iterdir())


SECTIONS = """
import os, sys, threading, time
from sparkify.cli.console import guarded
from sparkify.process import stopping

def come():
    os.kill(os.getpid(), int(sys.argv[1]))

@stopping.critical()
def inner():
    come()
    time.sleep(0.1)
    print("inner ended", flush=True)

def nested():
    with stopping.critical():
        inner()
        print("outer ended", flush=True)
    print("after", flush=True)

def twice():
    try:
        nested()
    finally:
        with stopping.critical():
            print("cleaned up", flush=True)
        print("and went on", flush=True)

def late():
    with stopping.critical():
        come()
        time.sleep(30)

def committing():
    with stopping.critical(), stopping.committing("1"):
        come()
        time.sleep(stopping.PATIENCE + 0.5)
        print("committed", flush=True)

def failing():
    with stopping.committing("1"):
        come()
        raise RuntimeError("COMMIT failed")

def threads():
    held = threading.Thread(target=thread)
    held.start()
    come()
    print("not held", flush=True)

@stopping.critical()
def thread():
    time.sleep(0.3)

def work():
    globals()[sys.argv[2]]()
    time.sleep(60)

guarded(work)
"""


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    ("what", "out", "published", "seconds"),
    [
        ("nested", "inner ended\nouter ended\n", "nothing was", (0, 1.4)),
        ("twice", "inner ended\nouter ended\ncleaned up\nand went on\n", "nothing was", (0, 1.4)),
        ("late", "", "nothing was", (1.5, 4)),
        ("committing", "committed\n", "load 1 was", (2, 5)),
        ("failing", "", "nothing was", (0, 1.4)),
        ("threads", "", "nothing was", (0, 1.4)),
    ],
)
def test_a_signal_in_a_section(
    tmp_path: Path,
    what: str,
    out: str,
    published: str,
    seconds: tuple[float, float],
    number: signal.Signals,
) -> None:
    """It waits for the outermost section, not for ever, and always for COMMIT; it is raised once.

    Sections of other threads do not count.
    """
    begun = time.monotonic()
    done = python(SECTIONS, int(number), what, folder=tmp_path)
    assert done.stderr == f"sparkify: stopped by {number.name}: {published} published\n"
    assert (done.returncode, done.stdout) == (128 + number, out)
    assert time.monotonic() - begun > seconds[0]
    assert time.monotonic() - begun < seconds[1] + signals.SOON  # Python has to start


LIBRARY = """
import os, signal
from sparkify.process import stopping

try:
    with stopping.critical(), stopping.committing("1"):
        os.kill(os.getpid(), signal.SIGINT)
        print("not raised")
except KeyboardInterrupt:
    print("raised", stopping.STOP.wanted, stopping.STOP.published)
"""


def test_a_library_call_leaves_signals_alone(tmp_path: Path) -> None:
    """Without the command line Ctrl-C raises KeyboardInterrupt at once, as in any program."""
    assert python(LIBRARY, folder=tmp_path).stdout == "raised False None\n"


TOO_LATE = """
import os, sys
from sparkify.cli.console import guarded

guarded(lambda: print("done"))
os.kill(os.getpid(), int(sys.argv[1]))
"""


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_after_the_end(tmp_path: Path, number: signal.Signals) -> None:
    """When all is done there is nothing to stop, and the exit code says what was done."""
    done = python(TOO_LATE, int(number), folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.parametrize(
    ("number", "count"),
    [
        (signal.SIGINT, 1),
        *(pytest.param(number, 4, marks=pytest.mark.long) for number in signals.NUMBERS),
    ],
)
def test_a_signal_at_any_moment(works: list[Work], number: signal.Signals, count: int) -> None:
    """What the run says was published is what is there, and no temporary file is left."""
    draw = random.Random(int(number))
    for work in draw.sample(works, count):
        signals.stop(work, number, draw.uniform(0, 0.4))


@pytest.mark.long
def test_a_signal_while_it_commits(works: list[Work]) -> None:
    """COMMIT is never interrupted: the run then says that the load was published."""
    signals.stop_committing(works[1], signal.SIGTERM)
