"""Stopping in the middle, but never in the middle of a COMMIT.

The command line owns the signals (`console`), the run owns the COMMIT; they meet here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Interrupted(BaseException):
    """A signal to stop: unwinds, so that transactions roll back and temporary files go."""


@dataclass
class Stop:
    """Where this process stands.

    Attributes:
        wanted: a signal to stop has come.
        committing: a COMMIT is under way, and the signal waits for its answer.
        published: the last load that was committed.
    """

    wanted: bool = False
    committing: bool = False
    published: str | None = None


STOP = Stop()


@contextmanager
def committing(load_id: str) -> Iterator[None]:
    """While inside, a signal to stop waits; afterwards it is known what it did not undo."""
    STOP.committing = True
    try:
        yield
        STOP.published = load_id
    finally:
        STOP.committing = False
        if STOP.wanted:
            raise Interrupted


def stop() -> None:
    """Stop here, or as soon as COMMIT has answered."""
    STOP.wanted = True
    if not STOP.committing:
        raise Interrupted
