"""Starts jobs as forks of a server that has everything imported, and waits for their ends."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.chaos.child import Job, work

ROOT = Path(__file__).parents[2]
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pytest", "pandas", "tests.chaos.child"])  # DuckDB looks for pandas
LONGEST = 120.0  # seconds until a job counts as one that hangs


class Ended(NamedTuple):
    """How a job ended.

    Attributes:
        code: the exit code, less than 0 for a signal that killed it.
        statements: how many there were.
        commit: which of them was the COMMIT of the publication.
        said: on stdout and stderr.
    """

    code: int
    statements: int
    commit: int
    said: str


class Running:
    """A job that was started."""

    def __init__(self, job: Job) -> None:
        with importable():
            self.heard, tell = CONTEXT.Pipe(duplex=False)
            self.process = CONTEXT.Process(target=work, args=(job, tell), daemon=True)
            self.process.start()
        tell.close()
        self.said = job.folder / f"said-{self.process.pid}"
        self.told = 0, 0

    def hear(self, patience: float) -> bool:
        """Wait for what the job tells next; False: it tells nothing more."""
        with suppress(EOFError):
            if self.heard.poll(patience):
                self.told = self.heard.recv()
                return True
        return False

    def kill(self, delay: float) -> None:
        """SIGKILL so many seconds after the first statement, if it still runs."""
        self.hear(LONGEST)
        self.process.join(delay)
        self.process.kill()

    def signal(self, number: int, delay: float) -> float:
        """Send a signal so long after the first statement; how many seconds it took to end."""
        self.hear(LONGEST)
        self.process.join(delay)
        begun = time.monotonic()
        with suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, number)
        self.process.join(LONGEST)
        return time.monotonic() - begun

    def end(self) -> Ended:
        """Wait for the end."""
        self.process.join(LONGEST)
        while self.hear(0):
            pass
        code, said = self.process.exitcode, self.said.read_text()
        if code is None:
            self.process.kill()
            raise TimeoutError(f"still running after {LONGEST} s: {said}")
        self.said.unlink()
        self.process.close()
        self.heard.close()
        return Ended(code, *self.told, said)


def run(job: Job) -> Ended:
    """Run a job to its end."""
    return Running(job).end()


@contextmanager
def importable() -> Iterator[None]:
    """The server starts with the first job, wherever that is: let it find this package."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), before]))
    try:
        yield
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before
