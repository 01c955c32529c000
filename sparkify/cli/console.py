"""How a command ends: every error is one line and an exit code.

Signals are handled in `process.signals`, streams in `process.output`, what is logged in
`cli.logs`, progress bars in `cli.progress`.
"""

import io
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol, TextIO, runtime_checkable

import typer

from sparkify.cli.logs import CHOSEN, json_line, one_line
from sparkify.errors import SparkifyError, TooManyRejects
from sparkify.masking import mask
from sparkify.process import output
from sparkify.process.files import write_file
from sparkify.process.output import printable
from sparkify.process.owned import has_json_lines
from sparkify.process.signals import Signals, never_swallowed
from sparkify.process.stopping import STOP, Interrupted

REJECTS = Path("sparkify-rejects.ndjson")
KEYS = {"uri", "line_number", "code", "reason"}  # of every row in it


@runtime_checkable
class UsageMistake(Protocol):
    """A wrong option or argument; typer does not export the class of its errors."""

    exit_code: int

    def show(self, file: TextIO) -> None:
        """Print the usage and what is wrong."""


def guarded(work: Callable[[], object]) -> int:
    """Run a command.

    Returns: its exit code; it is 0 if `work` gives none.

    Raises:
        SystemExit: it failed; one line on stderr says why.
    """
    output.protect()
    signals = Signals()
    try:
        try:
            with never_swallowed(signals):
                return result(work)
        finally:
            signals.ignore()
    except (Exception, Interrupted) as error:
        if signals.received:
            stopped(signals.received)
        sys.exit(ended(error))


def result(work: Callable[[], object]) -> int:
    """Do the work, and make sure that what it printed is written."""
    try:
        code = work()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    return code if isinstance(code, int) else 0


def stopped(by: signal.Signals) -> NoReturn:
    """End at once, after saying what was published; all that was open has been closed."""
    done = f"load {STOP.published} was" if STOP.published else "nothing was"
    complain(f"stopped by {by.name}: {done} published", 128 + by)
    with suppress(OSError, SparkifyError):
        sys.stdout.flush()
    os._exit(128 + by)  # else the process would wait for threads, which may wait for S3


def ended(error: BaseException) -> int:
    """The exit code of an error, after its line."""
    match error:
        case TooManyRejects():
            return complain(f"{error}{kept(error)}", error.exit_code)
        case output.OutputError() if STOP.published:
            return complain(f"{error}; load {STOP.published} was published", error.exit_code)
        case SparkifyError():
            return complain(str(error), error.exit_code)
        case UsageMistake():
            return explain(error)
        case typer.Abort():
            return complain("stopped: the answer was not yes", 1)
        case MemoryError():
            return complain("there is not enough memory", 1)
        case BrokenPipeError():  # the reader of our output has seen enough
            return 1
        case FileNotFoundError() if not has_working_folder():
            return complain("the working folder was removed; change to another folder", 1)
    return unexpected(error)


def unexpected(error: BaseException) -> int:
    """Say what failed, in one line; with -v, after its traceback."""
    if 0 < logging.getLogger("sparkify").level <= logging.INFO:
        say("".join(traceback.format_exception(error)).rstrip())
    try:
        text = mask(str(error))
    except Exception:  # a broken exception must not hide that there is one
        text = ""
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    report = "please report it with the output of `sparkify -v ...`"
    return complain(f"unexpected error: {what}; {report}", 1)


def explain(mistake: UsageMistake) -> int:
    """Print the usage and what is wrong with the options."""
    text = io.StringIO()
    mistake.show(text)
    if CHOSEN.as_json:
        return complain(text.getvalue(), mistake.exit_code)
    say(text.getvalue().rstrip())
    return mistake.exit_code


def has_working_folder() -> bool:
    """Whether the working folder still exists."""
    with suppress(OSError):
        return bool(Path.cwd())
    return False


def kept(error: TooManyRejects) -> str:
    """Keep what a load rejected that was then not published; says where."""
    if not error.rejects:  # only the cluster has them
        return ""
    lines = "".join(f"{json.dumps(row._asdict())}\n" for row in error.rejects)
    try:
        write_file(REJECTS, lines, private=True, ours=has_json_lines(KEYS))
    except SparkifyError as failed:
        first = error.rejects[0]
        return f"; the first is {first.uri}:{first.line_number} ({failed})"
    return f"; they are in {REJECTS}"


def complain(text: str, code: int) -> int:
    """Print an error as one line; returns the exit code."""
    if CHOSEN.as_json:
        write(json_line("error", text, exit_code=code))
    else:
        say(one_line(text))
    return code


def say(text: str) -> None:
    """Print lines on stderr, whatever state it is in, and without secrets."""
    write(json_line("error", text) if CHOSEN.as_json else printable(mask(text), keep="\n"))


def write(text: str) -> None:
    """Write to stderr, if that is possible."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
