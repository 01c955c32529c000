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
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from sparkify.errors import SparkifyError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

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


class Results(io.FileIO):
    """The bytes of stdout. After a failure it writes to /dev/null, so that it fails only once."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write bytes.

        Raises:
            OutputError: they could not be written.
            BrokenPipeError: the reader of the pipe has ended.
        """
        try:
            return super().write(data)
        except OSError as error:
            discard(self.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputError(f"cannot write to stdout: {error.strerror}") from error


class Messages(io.FileIO):
    """The bytes of stderr. What cannot be written is dropped."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write bytes, or drop them."""
        size = memoryview(data).nbytes
        with suppress(OSError):
            return super().write(data) or size
        return size


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
        sys.stdout = text_stream(sys.stdout, Results, 1, "replace")
    if sys.stderr is sys.__stderr__:
        sys.stderr = text_stream(sys.stderr, Messages, 2, "backslashreplace")


def text_stream(
    stream: TextIO | None, kind: type[Results | Messages], number: int, errors: str
) -> TextIO:
    """A stream that takes the one's part; None: it was closed when the process started."""
    if stream is None:
        return nowhere("w")
    raw = kind(number, "wb", closefd=False)
    is_terminal = raw.isatty()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=errors,
        line_buffering=is_terminal or kind is Messages,
    )


def nowhere(mode: Literal["r", "w"]) -> TextIO:
    """A stream without content, in place of one that is closed."""
    return Path(os.devnull).open(mode, encoding="utf-8")


def discard(number: int) -> None:
    """Let a descriptor write to /dev/null from now on."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)
