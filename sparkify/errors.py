"""Every error that Sparkify expects, and the exit code of each.

    SparkifyError                 1  it failed: the message names the thing and what to do
    ├── UsageError                2  invalid option, setting or URL; folder or bucket not found
    ├── TooManyRejects            3  more rejects than allowed: nothing was published
    ├── TryAgain                  4  network, throttling, serialisation, object changed while read
    ├── WarehouseBusy             5  another process holds the warehouse
    └── Stale                     6  the newest event or load is older than `status --max-age`

Errors of other libraries are translated where they arise: in `lake` for the file system and S3, in
`warehouses` for the engines. Any other exception is a bug.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sparkify.masking import mask


class RejectedRecord(NamedTuple):
    """A record that was not loaded: where it is, and why. None means unknown.

    Attributes:
        uri: the object.
        line_number: the line where the record starts, from 1; None for an object as a whole.
        byte_offset: the byte where the record starts, from 0, in the decompressed object.
        column_name: the column whose rule the record breaks.
        code: the kind of fault, for programs.
        reason: the fault, for people.
        raw_text: the start of the record, printable, at most 4,096 bytes.
    """

    code: str
    reason: str
    uri: str | None = None
    line_number: int | None = None
    byte_offset: int | None = None
    column_name: str | None = None
    raw_text: str | None = None


class SparkifyError(Exception):
    """An expected failure; its text is one line for the person who called, without secrets."""

    exit_code = 1

    def __init__(self, message: str = "", *more: object) -> None:
        super().__init__(mask(str(message)), *more)


class UsageError(SparkifyError):
    """The call or its settings are invalid, whatever the data."""

    exit_code = 2


class TooManyRejects(SparkifyError):
    """More records were rejected than `max_rejects` allows; nothing was published.

    Attributes:
        rejects: the rejected records; the warehouse does not keep them.
    """

    exit_code = 3

    def __init__(self, message: str, rejects: Sequence[RejectedRecord] = ()) -> None:
        super().__init__(message, rejects)
        self.rejects = rejects

    def __str__(self) -> str:
        return str(self.args[0])


class TryAgain(SparkifyError):
    """It failed for a reason that may pass by itself: the network, throttling, a conflict."""

    exit_code = 4


class WarehouseBusy(SparkifyError):
    """Another process holds the warehouse, and still did after `lock_timeout` seconds."""

    exit_code = 5


class Stale(SparkifyError):
    """The warehouse has no event, or no load, that is recent enough."""

    exit_code = 6


def first_line(error: BaseException) -> str:
    """The first line of an error's text, which has the cause; the rest is for debugging."""
    return str(error).partition("\n")[0]
