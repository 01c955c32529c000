"""Stopping in the middle, but never in the middle of a COMMIT.

The command line owns the signals (`console`), the run owns the COMMIT; they meet here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, TypeVar


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
WHOLE: set[CodeType] = set()
Tidies = TypeVar("Tidies", bound=Callable[..., Any])


def whole(function: Tidies) -> Tidies:
    """Mark a function as one that tidies up: a signal to stop waits until it has returned."""
    WHOLE.add(function.__code__)
    return function


def tidying(frame: FrameType | None) -> bool:
    """Whether a frame is of a function that tidies up, or was called by one."""
    while frame and frame.f_code not in WHOLE:
        frame = frame.f_back
    return frame is not None


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


@contextmanager
def critical() -> Iterator[None]:
    """A section that a signal does not cut."""
    yield
