"""Starved: of room, of memory, of file descriptors, of the right to write."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos import forks
from tests.chaos.worlds import Trial, Work

KB = 1024
SIZES = [size * KB for size in (4, 8, 12, 16, 20, 24, 28, 32, 40, 64, 256, 1024)]
FILES = (8, 10, 12, 14, 16, 20, 24, 32)
MEMORY = ("1MB", "2MB", "4MB", "8MB", "16MB")
ROOM = (8, 16, 32, 64, 128, 256, 1024)  # KB, beside the warehouse
ENDS = (0, 1)  # enough after all, or told so
ABORTED = -6  # DuckDB's own end where it has no file left to open its log with


def file_size(work: Work, size: int) -> None:
    """No file may be larger, wherever it is: as on a disk that is full from there on."""
    with work.trial() as trial:
        ended = forks.run(trial.job(limits={"RLIMIT_FSIZE": size}))
        trial.settle(f"files of {size:,} bytes", ended, ENDS)


def open_files(work: Work, count: int) -> None:
    """Few files may be open."""
    with work.trial() as trial:
        ended = forks.run(trial.job(limits={"RLIMIT_NOFILE": count}))
        trial.settle(f"{count} open files", ended, (*ENDS, ABORTED))


def memory(work: Work, limit: str) -> None:
    """DuckDB may use little memory."""
    with work.trial() as trial:
        ended = forks.run(replace(trial, query=f"memory_limit={limit}").job())
        trial.settle(f"memory of {limit}", ended, ENDS)


def room(work: Work, size: int, place: str) -> bool:
    """A disk with so many KB of room for the warehouse (".") or for temporary files ("tmp").

    Returns: whether there was one: only root can make it.
    """
    with work.trial() as trial, disk(size + taken(work, place)) as small:
        if small is None:
            return False
        job = trial.job()
        if place == "tmp":
            job = replace(job, environment={**job.environment, "TMPDIR": str(small)})
            trial.settle(f"{size} KB of temporary files", forks.run(job), ENDS)
            return True
        for path in trial.folder.glob("warehouse*"):
            shutil.copy(path, small)
        there = Trial(work, small)
        ended = forks.run(replace(there.job(), folder=trial.folder, environment=job.environment))
        for path in small.iterdir():  # the next run has the room
            shutil.copy(path, trial.folder)
        trial.settle(f"{size} KB for the warehouse", ended, ENDS)
    return True


def taken(work: Work, place: str) -> int:
    """How many KB a disk has to have for what is there before."""
    return -(-work.start.stat().st_size // KB) if work.start and place == "." else 0


@contextmanager
def disk(size: int) -> Iterator[Path | None]:
    """A folder that is a disk of so many KB; None if it cannot be made."""
    with TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", folder]
        if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def read_only(work: Work) -> None:
    """The warehouse's folder and file may not be written to."""
    with work.trial() as trial:
        job = trial.job(powerless=True)
        file = trial.folder / "warehouse.duckdb"
        if file.exists():
            file.chmod(0o444)
        else:
            trial.folder.chmod(0o555)
        elsewhere = replace(job, folder=trial.folder / "tmp")
        ended = forks.run(elsewhere)
        trial.folder.chmod(0o755)
        if file.exists():
            file.chmod(0o644)
        trial.settle("a read-only warehouse", ended, (1,))


def everything(work: Work) -> Iterator[Callable[[], object]]:
    """A trial of each shortage."""
    yield from (partial(file_size, work, size) for size in SIZES)
    yield from (partial(open_files, work, count) for count in FILES)
    yield from (partial(memory, work, limit) for limit in MEMORY)
    yield from (partial(room, work, size, place) for size in ROOM for place in (".", "tmp"))
    yield partial(read_only, work)
