"""How a command ends and what it says: errors as one line, signals, progress bars."""

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from sparkify.errors import RejectedRecord, SparkifyError, TooManyRejects
from sparkify.process.stopping import STOP, Interrupted, Stop, stop, tidying

NUMBERS = signal.SIGINT, signal.SIGTERM
MOMENT, PATIENCE = 0.01, 1.5  # seconds


class Signals:
    """Turns SIGINT and SIGTERM into `Interrupted`, and remembers which one came.

    It has to be remembered: a query that is under way answers with an error of its own. What is
    raised while something tidies up would be lost, or leave it undone: then it comes a moment
    later, unless that lasts.
    """

    def __init__(self) -> None:
        vars(STOP).update(vars(Stop()))
        self.received: signal.Signals | None = None
        self.came = 0.0
        for number in NUMBERS:
            signal.signal(number, self.handle)
        signal.signal(signal.SIGALRM, self.again)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        self.received, self.came = signal.Signals(number), time.monotonic()
        self.again(number, frame)

    def again(self, number: int, frame: FrameType | None) -> None:
        """Stop here, or a moment later."""
        if tidying(frame) and time.monotonic() < self.came + PATIENCE:
            self.later()
        else:
            stop()

    def later(self) -> None:
        """Come again in a moment."""
        signal.setitimer(signal.ITIMER_REAL, MOMENT)

    def ignore(self) -> None:
        """All is done: what comes now comes too late."""
        for number in (*NUMBERS, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def nothing_swallowed(signals: Signals) -> Iterator[None]:
    """Let a signal come again that came in a destructor: Python ignores what is raised there."""
    before = sys.unraisablehook

    def again(ignored: "sys.UnraisableHookArgs") -> None:
        if isinstance(ignored.exc_value, Interrupted):
            signals.later()
        else:
            before(ignored)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


def guarded(work: Callable[[], object]) -> None:
    """Run something; expected errors are one line and an exit code."""
    signals = Signals()
    try:
        try:
            with nothing_swallowed(signals):
                work()
        finally:
            signals.ignore()
    except (Exception, Interrupted) as error:
        if signals.received:
            stopped(signals.received)
        sys.exit(ended(error))


def stopped(by: signal.Signals) -> NoReturn:
    """End at once, after saying what was published; all that was open has been closed."""
    done = f"load {STOP.published} was" if STOP.published else "nothing was"
    complain(f"stopped by {by.name}: {done} published", 128 + by)
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(128 + by)  # else a thread that waits for an answer of S3 would be waited for


def ended(error: BaseException) -> int:
    """The exit code of an expected error, after its line; any other is raised again."""
    match error:
        case TooManyRejects():
            return complain(f"{error}{kept(error.rejects)}", error.exit_code)
        case SparkifyError():
            return complain(str(error), error.exit_code)
        case MemoryError():
            return complain("there is not enough memory", 1)
        case BrokenPipeError():  # the reader of our output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
    raise error


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Let a library look as if it were not installed, unless it is in use.

    DuckDB imports pandas, where it is, to look at the first parameter: 0.4 s.
    """
    modules: dict[str, Any] = sys.modules
    hide = name not in modules
    if hide:
        modules[name] = None
    try:
        yield
    finally:
        if hide:
            del modules[name]


def kept(rejects: Sequence[RejectedRecord]) -> str:
    """Keep what a load refused that was then not published; says where."""
    if not rejects:  # only the cluster has them
        return ""
    path = Path("sparkify-rejects.ndjson")
    try:
        path.write_text(
            "".join(f"{json.dumps(row._asdict())}\n" for row in rejects), encoding="utf-8"
        )
    except OSError:
        return f"; the first is {rejects[0].uri}:{rejects[0].line_number}"
    return f"; they are in {path}"


def complain(text: str, code: int) -> int:
    """Print an error as one line."""
    print(one_line(text), file=sys.stderr)  # noqa: T201
    return code


def one_line(text: str) -> str:
    """What we say on stderr: a line, with our name before it."""
    return f"sparkify: {' '.join(text.split())}"


class OneLine(logging.Formatter):
    """What is logged, as one line; of an error that a library logs with a traceback, its cause."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        cause = record.exc_info[1] if record.exc_info else None
        text = record.getMessage()
        return one_line(text if cause is None else f"{text}: {cause}")


@contextmanager
def progress_bars() -> Iterator[Any]:
    """A function to report progress to, shown as a bar when stderr is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total)

        yield tell
