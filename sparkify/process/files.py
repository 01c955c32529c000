"""Writing files and folders so that each appears complete or not at all.

    write_file(path, content)   a file, from text or bytes
    new_file(path)              a file, written piece by piece, or by another library under its name
    new_beside(path, mode)      a file that another library writes, with others of its own beside it
    new_folder(path)            a set of files, which appears as one

The content goes to a temporary name beside the target (`process.beside`), is flushed to the disk,
and takes the target's name by a rename. Killed at any moment, the target is what it was, or
complete.

A folder that exists is exchanged with the new one in one step (renameat2 on Linux, on its usual
file systems). Where that is not supported, as on NFS, it is renamed away first: readers may find no
folder for some microseconds, and after a kill in just that moment the next write, or `recover`,
puts the old folder back. A version folder behind a symbolic link would not need that, but people
who copy or archive an export expect files where the link is.
"""

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sparkify.errors import SparkifyError
from sparkify.process import beside, owned
from sparkify.process.owned import IsOurs
from sparkify.process.scratch import FULL
from sparkify.process.stopping import critical

MOST_LINKS = 40


def write_file(
    path: Path,
    content: str | bytes,
    *,
    private: bool = False,
    ours: IsOurs | None = None,
    force: bool = False,
) -> None:
    """Write a file; see `new_file`. Text is written as UTF-8."""
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    with new_file(path, private=private, ours=ours, force=force) as file:
        file.write(data)


@contextmanager
def new_file(
    path: Path, *, private: bool = False, ours: IsOurs | None = None, force: bool = False
) -> Iterator[BinaryIO]:
    """A file to write, which replaces the one at `path` when the block ends without an error.

    A symbolic link is followed. An existing file keeps its permissions. Devices, pipes and
    /dev/stdout are written directly.

    Args:
        path: the target.
        private: it holds people's records: only its owner may read it (mode 0600).
        ours: whether the file at `path`, if there is one that is not empty, may be replaced.
        force: replace it in any case.

    Yields:
        The file. Its `name` may be given to a library that writes over it by name (DuckDB's COPY
        with USE_TMP_FILE false), unless it is a device or a pipe.

    Raises:
        SparkifyError: it cannot be written, or the file there is not ours.
    """
    with failures(path):
        if (stream := opened_stream(path)) is not None:
            with stream:
                yield stream
            return
        target = Path(os.path.realpath(path))
        found = owned.checked_file(target, path, None if force else ours)
        with completed_file(target, found, private=private) as file:
            yield file


@contextmanager
def completed_file(
    target: Path, found: os.stat_result | None, *, private: bool
) -> Iterator[BinaryIO]:
    """A file beside the target, which takes its name at the end; `found`: what is there before."""
    with beside.Beside(target) as new:
        new.make_file(0o600 if private or found else 0o666)
        with new.path.open("r+b", buffering=0) as raw, io.BufferedWriter(raw) as file:
            yield file
        if found:
            beside.be_like(new.path, found)
        if private:
            new.path.chmod(0o600)
        beside.sync(new.path)
        new.take_place(new.path)


@contextmanager
def new_beside(target: Path, mode: int) -> Iterator[Path]:
    """The path of a file to write, in an empty private folder, which takes the target's name.

    Args:
        target: where it appears at the end; a symbolic link is replaced.
        mode: its permissions, if there is no file yet.

    Raises:
        SparkifyError: it cannot be written.
    """
    with failures(target):
        beside.sweep(target)
        with beside.Beside(target) as new:
            new.make_folder(0o700)
            made = new.path / target.name
            yield made
            made.chmod(mode)
            with suppress(FileNotFoundError):
                beside.be_like(made, target.stat())
            beside.sync(made)
            new.take_place(made)


# long because its parameters are documented here
@contextmanager
def new_folder(path: Path, *, ours: IsOurs | None = None, force: bool = False) -> Iterator[Path]:
    """An empty folder to fill, which replaces the one at `path` when the block ends without error.

    Args:
        path: the target; folders above it are made. A symbolic link is followed.
        ours: whether the folder at `path`, if there is one that is not empty, may be replaced.
        force: replace it in any case.

    Yields:
        The folder to fill.

    Raises:
        SparkifyError: it cannot be written, the folder there is not ours, or is the working folder.
    """
    with failures(path):
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.sweep(target)
        found = owned.checked_folder(target, path, None if force else ours)
        with beside.Beside(target) as new:
            new.make_folder(0o700 if found else 0o777)
            yield new.path
            if found:
                beside.be_like(new.path, found)
            beside.sync_all(new.path)
            with critical():
                beside.swap(new, target)
                beside.sync(target.parent)


def recover(path: Path) -> None:
    """Put back the folder that a killed `new_folder` had renamed away, if it is missing."""
    beside.sweep(Path(os.path.realpath(path)))


@contextmanager
def failures(path: Path) -> Iterator[None]:
    """Turn errors of the file system into one line that names the target."""
    try:
        yield
    except (ConnectionError, TimeoutError):  # of a pipe's reader, or of where the content is from
        raise
    except OSError as error:
        hint = "; free some disk space" if error.errno in FULL else ""
        raise SparkifyError(f"{path} cannot be written: {error.strerror}{hint}") from error


def opened_stream(path: Path) -> BinaryIO | None:
    """A device, a pipe or one of this process's own descriptors, to write to; None for others."""
    for _ in range(MOST_LINKS):
        if (parent := os.path.realpath(path.parent)) == f"/proc/{os.getpid()}/fd":
            for own in filter(None, (sys.stdout, sys.stderr)):
                own.flush()  # what was written before comes before
            return os.fdopen(os.dup(int(path.name)), "wb")
        if not path.is_symlink():
            break
        path = Path(parent, path.readlink())
    with suppress(FileNotFoundError):
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            return os.fdopen(os.open(path, os.O_WRONLY), "wb")
    return None
