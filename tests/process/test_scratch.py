"""Temporary folders: removed at the end, or after a kill by the next run; others' are never."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sparkify.errors import SparkifyError
from sparkify.process import scratch

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, with a name that has to be quoted."""
    found = tmp_path / "it's [a] 100% tmp"
    found.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(found))
    return found


def dead(tmp: Path) -> Path:
    """A folder as a killed run leaves it."""
    code = (
        "import os, signal, sys, tempfile; from sparkify.process import scratch;"
        "tempfile.tempdir = sys.argv[1]; made = scratch.Scratch(); made.make();"
        "(made.path / 'inside').mkdir(); (made.path / 'inside' / 'file').touch();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    (path,) = tmp.glob("sparkify-*")
    return path


def test_a_folder_is_private_and_removed(tmp: Path) -> None:
    """Nobody else can look into it, and nothing of it is left, whatever was put inside."""
    with scratch.folder() as path:
        assert (path.parent, stat.S_IMODE(path.stat().st_mode)) == (tmp, 0o700)
        (path / "a").mkdir()
        (path / "a" / "b").touch()
        (path / "link").symlink_to("/")
        scratch.sweep()
        assert path.is_dir()
    assert list(tmp.iterdir()) == []


def test_a_folder_in_which_a_thread_still_writes_is_removed(tmp: Path) -> None:
    """As DuckDB's do for a moment, after Ctrl-C has ended their query."""
    begun = threading.Event()

    def write(path: Path) -> None:
        for number in range(100):
            with suppress(OSError):  # the folder is gone
                (path / str(number)).mkdir()
                (path / str(number) / "part").touch()
            begun.set()
            time.sleep(0.001)

    with scratch.folder() as path:
        for number in range(3000):  # so that to remove it takes a moment
            (path / f"part-{number}").touch()
        thread = threading.Thread(target=write, args=[path])
        thread.start()
        begun.wait()
    thread.join()
    assert list(tmp.iterdir()) == []


def test_ctrl_c_in_a_library_call_does_not_cut_the_removal(tmp: Path) -> None:
    """It is raised when the folder is gone."""

    def interrupt(path: Path) -> None:
        with suppress(OSError):  # it is gone already
            while len(os.listdir(path)) > 2000:  # noqa: PTH208
                pass
        os.kill(os.getpid(), signal.SIGINT)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        with scratch.folder() as path:
            for number in range(3000):
                (path / f"part-{number}").touch()
            thread = threading.Thread(target=interrupt, args=[path])
            thread.start()
        thread.join()
        time.sleep(0.1)  # for a signal that came too late
    signal.signal(signal.SIGINT, handler)
    assert list(tmp.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp: Path) -> None:
    """By the next run."""
    dead(tmp)
    scratch.sweep()
    assert list(tmp.iterdir()) == []


def test_a_removal_that_was_killed_can_be_completed(tmp: Path) -> None:
    """The marker goes last."""
    path = dead(tmp)
    (path / "inside" / "file").unlink()
    scratch.sweep()
    assert not path.exists()


def without_marker(path: Path) -> None:
    """Its name alone proves nothing."""
    (path / scratch.MARKER).unlink()


def another_marker(path: Path) -> None:
    """The marker does not say what ours says."""
    (path / scratch.MARKER).write_text("mine\n")


def marker_is_a_link(path: Path) -> None:
    """The marker is a link to a file that says so."""
    (path / scratch.MARKER).rename(path / "real")
    (path / scratch.MARKER).symlink_to("real")


def marker_is_a_pipe(path: Path) -> None:
    """The marker is a pipe, which must not be waited for."""
    (path / scratch.MARKER).unlink()
    os.mkfifo(path / scratch.MARKER)


def another_mode(path: Path) -> None:
    """Others may look into it, which they may not into ours."""
    path.chmod(0o755)


def another_owner(path: Path) -> None:
    """It belongs to another user."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(path, 65534, 65534)


def a_link(path: Path) -> None:
    """It is a link to a folder that looks like ours."""
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def an_old_lock(path: Path) -> None:
    """A lock file beside it, as former versions had, proves nothing."""
    (path / scratch.MARKER).unlink()
    path.with_name(f"{path.name}.lock").touch()


@pytest.mark.parametrize(
    "make",
    [
        without_marker,
        another_marker,
        marker_is_a_link,
        marker_is_a_pipe,
        another_mode,
        another_owner,
        a_link,
        an_old_lock,
    ],
)
def test_what_is_not_ours_stays(tmp: Path, make: Callable[[Path], None]) -> None:
    """With all that is inside."""
    path = dead(tmp)
    make(path)
    scratch.sweep()
    assert (path / "inside" / "file").exists()


def test_no_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to do."""
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/nowhere"])
    monkeypatch.setenv("TMPDIR", "/nowhere")
    for use in (scratch.sweep, scratch.folder().__enter__):
        with pytest.raises(SparkifyError, match="not even /nowhere; name one in TMPDIR"):
            use()


def test_a_full_disk(tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left if not even the marker can be written."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SparkifyError, match="free some disk space"), scratch.folder():
        pass
    assert list(tmp.iterdir()) == []
