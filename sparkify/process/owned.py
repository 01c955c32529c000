"""Whether a file or a folder may be replaced: it is writable, and it is one that we wrote.

starts_with, has_json_lines, holds_only: tests by which an export, a page or a list of rejects is
recognised as ours, for the argument `ours` of what is in `process.files`.
"""

import json
import os
from collections.abc import Callable, Set
from contextlib import suppress
from pathlib import Path

from sparkify.errors import SparkifyError
from sparkify.process import beside

IsOurs = Callable[[Path], bool]  # whether an existing file or folder may be replaced
HEAD = 1024 * 1024  # bytes of a line that is looked at


def starts_with(marker: bytes) -> IsOurs:
    """A test for `ours`: files that begin with a marker."""

    def begins(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(len(marker)) == marker

    return begins


def has_json_lines(keys: Set[str]) -> IsOurs:
    """A test for `ours`: files that begin with a JSON object of at least these keys in a line."""

    def begins(path: Path) -> bool:
        with path.open("rb") as file:
            line = file.readline(HEAD)
        try:
            row = json.loads(line)
        except ValueError:
            return False
        return isinstance(row, dict) and keys <= row.keys()

    return begins


def holds_only(is_ours: Callable[[str], bool]) -> IsOurs:
    """A test for `ours`: folders in which every entry's name passes a test."""
    return lambda path: all(is_ours(entry.name) for entry in path.iterdir())


def checked_file(target: Path, name: Path, ours: IsOurs | None) -> os.stat_result | None:
    """What the file to replace is like, None if there is none.

    Raises:
        SparkifyError: it may not be replaced.
    """
    if target.is_dir():
        raise SparkifyError(f"{name} cannot be written: it is a folder")
    beside.sweep(target)
    try:
        found = target.stat()
    except FileNotFoundError:
        return None
    if not os.access(target, os.W_OK):
        raise SparkifyError(f"{name} cannot be written: it is read-only")
    if found.st_size and ours is not None and not ours(target):
        raise SparkifyError(foreign(name))
    return found


def checked_folder(target: Path, name: Path, ours: IsOurs | None) -> os.stat_result | None:
    """What the folder to replace is like, None if there is none.

    Raises:
        SparkifyError: it may not be replaced.
    """
    if not os.path.lexists(target):
        return None
    if not target.is_dir():
        raise SparkifyError(f"{name} cannot be written: it is not a folder")
    with suppress(FileNotFoundError):  # the working folder may have been removed
        if Path.cwd().is_relative_to(target):
            raise SparkifyError(f"{name} is or holds the working folder; name a folder inside it")
    if any(target.iterdir()) and ours is not None and not ours(target):
        raise SparkifyError(foreign(name))
    return target.stat()


def foreign(name: Path) -> str:
    """What to say of a file or folder that is not ours."""
    return f"{name} exists, and sparkify did not write it; choose another name, or move it away"
