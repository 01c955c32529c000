"""Every error that Sparkify expects, and the exit code each becomes.

    SparkifyError                 1  it failed: the message names the thing and what to do
    ├── UsageError                2  wrong option, setting, URL, or a place that is not there
    ├── TooManyRejects            3  more records refused than allowed: nothing was published
    ├── TryAgain                  4  network, throttling, serialisation, object changed while read
    └── WarehouseBusy             5  another process holds the warehouse

Third-party errors are translated where they arise: in `lake` for the file system and S3, in
`warehouses` for the engines. Whatever else escapes is a bug and keeps its traceback.
"""

from typing import Any


class SparkifyError(Exception):
    """An expected failure; its text is one line for the person who called."""

    exit_code = 1


class UsageError(SparkifyError):
    """The call or its settings cannot be right, whatever the data."""

    exit_code = 2


class TooManyRejects(SparkifyError):
    """More records were refused than `max_rejects` allows; nothing was published.

    Attributes:
        rejects: the refused records, as rows of the table `rejects`, which has none of them.
    """

    exit_code = 3

    def __init__(self, message: str, rejects: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.rejects = rejects


class TryAgain(SparkifyError):
    """It failed for a reason that may pass by itself."""

    exit_code = 4


class WarehouseBusy(SparkifyError):
    """Another process holds the warehouse, and still did when `lock_timeout` ran out."""

    exit_code = 5


def first_line(error: BaseException) -> str:
    """The first line of an error's text, which has the cause; the rest is for debugging."""
    return str(error).partition("\n")[0]
