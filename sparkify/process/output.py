"""What this process prints: text that is safe for a terminal, and streams that may fail.

`protect` is for the command line, once, before it prints anything:
- stdin, stdout or stderr that are closed become /dev/null. Else the next file that is opened, such
  as the warehouse, would get the number of stderr, and messages would be written into it.
- What cannot be written to stderr is dropped: messages never make a command fail.
- What cannot be written to stdout is one error. Characters that its encoding lacks become "?".
"""

import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TextIO

from sparkify.errors import SparkifyError

JOINERS = "\u200c\u200d"  # join emoji, and letters of some scripts
UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, formats such as right-to-left, surrogates, ends


def printable(text: str, keep: str = "") -> str:
    """Text that does nothing to a terminal but show: escape sequences and the like are spelled out.

    Args:
        text: any text, such as one with the name of a file.
        keep: characters to leave as they are, such as the newline.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(char if char in keep or is_safe(char) else escaped(char) for char in text)


def is_safe(char: str) -> bool:
    """Whether a terminal shows a character, or nothing, and does not act on it."""
    return char in JOINERS or unicodedata.category(char) not in UNSAFE


def escaped(char: str) -> str:
    """A character as in a Python literal."""
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


class OutputError(SparkifyError):
    """Results could not be written to stdout."""


class Results(io.TextIOWrapper):
    """Stdout. After a failure it writes to /dev/null, so that it fails only once."""

    def write(self, text: str, /) -> int:
        """Write text.

        Raises:
            OutputError: it could not be written.
            BrokenPipeError: the reader of the pipe has ended.
        """
        with self.failures():
            return super().write(text)

    def flush(self) -> None:
        """Write what is buffered; see `write`."""
        with self.failures():
            super().flush()

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turn errors of the file system into ours."""
        try:
            yield
        except OSError as error:
            discard(self.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputError(f"cannot write to stdout: {error.strerror}") from error


class Messages(io.TextIOWrapper):
    """Stderr. What cannot be written is dropped."""

    def write(self, text: str, /) -> int:
        """Write text, or drop it."""
        with suppress(OSError):
            super().write(text)
        return len(text)


def protect() -> None:
    """Make stdin, stdout and stderr usable; those that somebody replaced stay as they are."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = nowhere("r")
    if sys.stdout is sys.__stdout__:
        sys.stdout = results(sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = messages(sys.stderr)


def results(stream: TextIO | None) -> TextIO:
    """What takes the part of stdout; None: it was closed when the process started."""
    if stream is None:
        return nowhere("w")
    raw = io.FileIO(1, "wb", closefd=False)
    at_once = raw.isatty()
    buffer = io.BufferedWriter(raw)
    return Results(buffer, encoding=stream.encoding, errors="replace", line_buffering=at_once)


def messages(stream: TextIO | None) -> TextIO:
    """What takes the part of stderr; without a buffer, in which a dropped message would stay."""
    if stream is None:
        return nowhere("w")
    raw = io.FileIO(2, "wb", closefd=False)
    how = "backslashreplace"
    return Messages(raw, encoding=stream.encoding, errors=how, write_through=True)


def nowhere(mode: Literal["r", "w"]) -> TextIO:
    """A stream without content, in place of one that is closed."""
    return Path(os.devnull).open(mode, encoding="utf-8")


def discard(number: int) -> None:
    """Let a descriptor write to /dev/null from now on."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)
