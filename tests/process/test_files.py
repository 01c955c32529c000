"""A file or a folder that is written appears complete or not at all, and never destroys others'."""

import json
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sparkify.errors import SparkifyError
from sparkify.process import beside, owned
from sparkify.process.files import new_file, new_folder, recover, write_file

ROOT = Path(__file__).parents[2]
PAGE = owned.starts_with(b"<!-- sparkify")
ROWS = owned.has_json_lines({"uri", "code"})


def mode(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def left(folder: Path) -> list[str]:
    """The names of temporary files and folders of ours."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".sparkify")]


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    """Text or bytes; nothing else is left in the folder."""
    write_file(tmp_path / "a", "é")
    assert (tmp_path / "a").read_bytes() == "é".encode()
    write_file(tmp_path / "a", b"new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "new")]


def test_permissions(tmp_path: Path) -> None:
    """A new file has those of the umask, one that exists keeps its own, a private one is 0600."""
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "new", "")
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o640
    (tmp_path / "new").chmod(0o664)
    write_file(tmp_path / "new", "x")
    assert mode(tmp_path / "new") == 0o664
    write_file(tmp_path / "new", "x", private=True)
    write_file(tmp_path / "private", "x", private=True)
    assert mode(tmp_path / "new") == mode(tmp_path / "private") == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that it points to is written, also if it does not exist yet."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to("inner/target")
    for content in ("first", "second"):
        write_file(tmp_path / "link", content)
        assert (tmp_path / "inner" / "target").read_text() == content
    assert (tmp_path / "link").is_symlink()
    assert left(tmp_path) == left(tmp_path / "inner") == []


def test_devices_and_pipes_are_written_directly(tmp_path: Path) -> None:
    """/dev/null stays a device, and the reader of a named pipe gets the content."""
    write_file(Path(os.devnull), "x", ours=PAGE)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    os.mkfifo(tmp_path / "pipe")
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_file(tmp_path / "pipe", "through")
    reader.join()
    assert got == ["through"]


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_stdout_goes_where_the_shell_sent_it(tmp_path: Path, name: str) -> None:
    """Into a pipe or a file, in the order of what else is printed."""
    code = (
        "from pathlib import Path; from sparkify.process.files import write_file;"
        f"print('before'); write_file(Path({name!r}), 'written\\n'); print('after')"
    )
    command, wanted = [sys.executable, "-c", code], "before\nwritten\nafter\n"
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == wanted
    with (tmp_path / "out").open("w") as out:
        subprocess.run(command, cwd=ROOT, stdout=out, check=True)
    assert (tmp_path / "out").read_text() == wanted


@pytest.mark.parametrize(
    ("test", "content", "is_ours"),
    [
        (PAGE, "<!-- sparkify 1 -->", True),
        (PAGE, "<html>", False),
        (PAGE, "", True),
        (ROWS, '{"uri": "a", "code": "b", "x": 1}\n', True),
        (ROWS, '{"uri": "a"}\n', False),
        (ROWS, "[1]\n", False),
        (ROWS, "\xff no JSON", False),
    ],
)
def test_a_foreign_file_stays(
    tmp_path: Path, test: owned.IsOurs, content: str, is_ours: bool
) -> None:
    """A file that we did not write is replaced only if forced; an empty one always."""
    path = tmp_path / "file"
    path.write_text(content, encoding="latin-1")
    if not is_ours:
        with pytest.raises(SparkifyError, match="sparkify did not write it"):
            write_file(path, "new", ours=test)
        assert path.read_text(encoding="latin-1") == content
    write_file(path, "new", ours=test, force=not is_ours)
    assert path.read_text() == "new"


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """A folder, below a file, below nothing, a loop of links: one line that names the target."""
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for name in (".", "file/below", "nothing/below", "loop", "n" * 300):
        with pytest.raises(SparkifyError, match="cannot be written: ") as failed:
            write_file(tmp_path / name, "x")
        assert str(tmp_path / name) in str(failed.value)
    (tmp_path / "file").write_text("kept")
    with pytest.raises(ZeroDivisionError), new_file(tmp_path / "file") as file:
        file.write(b"half")
        1 / 0  # noqa: B018 - it is to fail
    assert (tmp_path / "file").read_text() == "kept"
    assert left(tmp_path) == []


def test_the_longest_name(tmp_path: Path) -> None:
    """A name may be as long as the file system allows."""
    write_file(tmp_path / ("n" * 255), "x")
    assert left(tmp_path) == []


def test_a_full_disk(tmp_path: Path) -> None:
    """What was there stays, and the temporary file is removed."""
    target = tmp_path / "file"
    target.write_text("old")
    code = (
        "import resource; from pathlib import Path; from sparkify.process.files import *;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        f"write_file(Path({str(target)!r}), 'x' * 100_000)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "SparkifyError" in done.stderr
    assert f"{target} cannot be written: File too large; free some disk space" in done.stderr
    assert (target.read_text(), left(tmp_path)) == ("old", [])
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_left_overs_of_others_stay(tmp_path: Path) -> None:
    """Only what has our pattern, belongs to us and is held by nobody is removed."""
    target = tmp_path / "file"
    dead, held = beside.Beside(target), beside.Beside(target)
    dead.path.touch()
    held.make_file(0o600)
    link = beside.Beside(target)
    link.path.symlink_to(tmp_path / "precious")
    names = ["precious", ".sparkify-x.new", f"{beside.prefix(target)}mine.new", "file.tmp"]
    for name in names:
        (tmp_path / name).touch()
    other = beside.Beside(tmp_path / "another")
    other.path.touch()
    write_file(target, "x")
    kept = {"file", *names, held.path.name, link.path.name, other.path.name}
    assert {path.name for path in tmp_path.iterdir()} == kept
    held.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_left_overs_of_another_user_stay(tmp_path: Path) -> None:
    """Even root leaves them alone."""
    foreign = beside.Beside(tmp_path / "file")
    foreign.path.touch()
    os.chown(foreign.path, 65534, 65534)
    write_file(tmp_path / "file", "x")
    assert foreign.path.exists()


def fill(folder: Path, *names: str) -> None:
    """Put files into a folder."""
    for name in names:
        (folder / name).write_text(name)


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_is_replaced_as_one(
    tmp_path: Path, can_exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of the former set do not remain; a failure leaves the former set."""
    if not can_exchange:
        monkeypatch.setattr(beside, "exchange", lambda one, other: False)
    target = tmp_path / "above" / "set"
    with new_folder(target) as folder:
        fill(folder, "a", "b")
    target.chmod(0o750)
    with new_folder(target) as folder:
        fill(folder, "b", "c")
        assert names(target) == ["a", "b"]
    assert (names(target), mode(target)) == (["b", "c"], 0o750)
    with pytest.raises(ZeroDivisionError), new_folder(target) as folder:
        1 / 0  # noqa: B018 - it is to fail
    assert (names(target), left(target.parent)) == (["b", "c"], [])


def test_a_foreign_folder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with other files in it, a file, the working folder; an empty folder is replaced."""
    ours = owned.holds_only(lambda name: name.endswith(".parquet"))
    target = tmp_path / "set"
    target.mkdir()
    with new_folder(target, ours=ours) as folder:
        fill(folder, "a.parquet")
    fill(target, "notes.txt")
    with pytest.raises(SparkifyError, match="did not write it"), new_folder(target, ours=ours):
        pass
    assert names(target) == ["a.parquet", "notes.txt"]
    with new_folder(target, ours=ours, force=True) as folder:
        fill(folder, "b.parquet")
    fill(tmp_path, "file")
    with pytest.raises(SparkifyError, match="not a folder"), new_folder(tmp_path / "file"):
        pass
    monkeypatch.chdir(target)
    with pytest.raises(SparkifyError, match="working folder"), new_folder(Path()):
        pass
    assert names(target) == ["b.parquet"]


def test_a_folder_that_a_kill_took_away_comes_back(tmp_path: Path) -> None:
    """Between two renames the target is missing: the next write, or `recover`, puts it back."""
    target = tmp_path / "set"
    with new_folder(target) as folder:
        fill(folder, "a")
    target.rename(beside.Beside(target).path.with_suffix(".old"))
    recover(target)
    assert (names(target), left(tmp_path)) == (["a"], [])


WRITER = """
import itertools, sys
from pathlib import Path
from sparkify.process import beside
from sparkify.process.files import new_folder, write_file

target, kind = Path(sys.argv[1]), sys.argv[2]
if kind == "steps":
    beside.exchange = lambda one, other: False
for number in itertools.count():
    text = f"{number}\\n" * 2000
    if kind == "file":
        write_file(target, text)
    else:
        with new_folder(target) as folder:
            for name in "abc":
                (folder / name).write_text(text)
    if number == 0:
        print("written", flush=True)
"""


@pytest.mark.parametrize(
    ("kind", "kills"),
    [
        *((kind, 3) for kind in ("file", "folder", "steps")),
        *(pytest.param(kind, 15, marks=pytest.mark.long) for kind in ("file", "folder", "steps")),
    ],
)
def test_killed_at_any_moment(tmp_path: Path, kind: str, kills: int) -> None:
    """The target is complete, from one write, and the next write removes what the killed one left.

    Without an exchange of names the folder may be missing, and `recover` puts it back.
    """
    draw, target = random.Random(kind), tmp_path / "target"
    for _ in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(target), kind], cwd=ROOT, stdout=subprocess.PIPE
        ) as running:
            assert running.stdout
            running.stdout.readline()
            time.sleep(draw.uniform(0, 0.02))
            running.send_signal(signal.SIGKILL)
        if kind == "steps":
            recover(target)
        parts = [target] if kind == "file" else [target / name for name in "abc"]
        lines = [path.read_text().splitlines() for path in parts]
        assert {len(each) for each in lines} == {2000}
        assert len({line for each in lines for line in each}) == 1
    if kind == "file":
        write_file(target, "last")
    else:
        with new_folder(target):
            pass
    assert names(tmp_path) == ["target"]


def test_rows_are_recognised_by_their_keys(tmp_path: Path) -> None:
    """Also a first line that is longer than others."""
    path = tmp_path / "rows"
    path.write_text(json.dumps({"uri": "a" * 70_000, "code": "b"}))
    assert ROWS(path)
