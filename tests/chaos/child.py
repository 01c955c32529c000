"""What runs in a forked process: the real command line, with something that strikes it.

The forks come from a server that has imported all of Sparkify, so that a trial costs a run and
not a start of Python.
"""

import ctypes
import importlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import alembic.command
import alembic.migration
import duckdb

from sparkify import cli, pipeline
from sparkify.process.stopping import STOP
from sparkify.warehouses import dialect_of

PRELOADED = (alembic.command, alembic.migration, pipeline, dialect_of("duckdb"))
LATER = (  # what a run imports when it comes to it, and a fork would import each time
    "boto3.docs",
    "boto3.s3.inject",
    "botocore.retries.standard",
    "pydantic.type_adapter",
    "redshift_connector",
    "sparkify.warehouses.redshift.staged",
    "sparkify.warehouses.redshift.warehouse",
    "urllib3",
)
for module in LATER:
    importlib.import_module(module)
SETTINGS = ("SPARKIFY_", "AWS_")  # of the environment
STATEMENTS = {"execute", "executemany", "begin", "commit", "rollback"}


@dataclass(frozen=True)
class Strike:
    """Something that happens at the n-th statement, from 1; 0: never.

    Attributes:
        how: "kill", the name of a signal, or that of one of DuckDB's exceptions.
        when: "before" or "after" the statement.
    """

    nth: int = 0
    how: str = "kill"
    when: str = "before"


@dataclass(frozen=True)
class Job:
    """A command to run, where, and under what.

    Attributes:
        arguments: of `sparkify`.
        folder: where it runs; what it says goes to a file `said-…` there.
        limits: of `setrlimit`, by the names that `resource` has for them.
        powerless: permissions hold for root too.
    """

    arguments: tuple[str, ...]
    folder: Path
    strike: Strike = Strike()
    environment: dict[str, str] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    powerless: bool = False


class Counter:
    """Counts statements over all connections, and strikes."""

    def __init__(self, strike: Strike, began: Callable[[], None]) -> None:
        self.strike, self.began = strike, began
        self.count = self.committed = 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A method that sends a statement, counted."""

        def counted(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.count == 1:
                self.began()
            if call.__name__ == "commit" and STOP.committing:
                self.committed = self.count
            now = self.count == self.strike.nth
            if now and self.strike.when == "before":
                now = False
                self.hit()
            try:
                return call(*arguments, **named)
            finally:
                if now:
                    self.hit()

        return counted

    def hit(self) -> None:
        """Strike."""
        if self.strike.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.strike.how in signal.Signals.__members__:
            os.kill(os.getpid(), signal.Signals[self.strike.how])
            return
        raise getattr(duckdb, self.strike.how)(f"{self.strike.how}: struck")


class Watched:
    """A connection of DuckDB's own whose statements are counted."""

    def __init__(self, real: Any, counter: Counter) -> None:
        self.real, self.counter = real, counter

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        if name == "cursor":
            return lambda: Watched(found(), self.counter)
        return self.counter.around(found) if name in STATEMENTS else found


def watch(counter: Counter) -> None:
    """Have the statements of all connections to files counted."""
    connect = duckdb.connect

    def watched(database: str, *arguments: Any, **named: Any) -> Any:
        made = connect(database, *arguments, **named)
        return made if database == ":memory:" else Watched(made, counter)

    setattr(duckdb, "connect", watched)  # noqa: B010 - mypy allows no plain assignment


def drop_capabilities() -> None:
    """Give up what makes root more than an owner of files."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # the third version of the call, this process
    assert ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()) == 0


def work(job: Job, answer: "Connection[Any, Any]") -> None:
    """Run a job's command as this process; tell of its first statement, last how many they were."""
    os.chdir(job.folder)
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        del os.environ[name]
    os.environ.update(job.environment)
    said = os.open(f"said-{os.getpid()}", os.O_WRONLY | os.O_CREAT, 0o644)
    os.dup2(said, 1)
    os.dup2(said, 2)
    counter = Counter(job.strike, lambda: answer.send((0, 0)))
    watch(counter)
    for name, limit in job.limits.items():
        resource.setrlimit(getattr(resource, name), (limit, limit))
    if job.powerless:
        drop_capabilities()
    sys.argv = ["sparkify", *job.arguments]
    try:
        cli.main()
    finally:
        answer.send((counter.count, counter.committed))
