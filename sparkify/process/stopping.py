"""Stop a run when a signal comes, but never in the middle of a COMMIT or of cleaning up.

    critical()            a signal waits until the section has ended, at most PATIENCE seconds
    committing(load_id)   a signal waits for the answer to COMMIT, however long that takes

The command line owns the signals (`process.signals`). Without it, as in a library call, no signal
comes here: sections have no effect, and Ctrl-C raises KeyboardInterrupt as usual.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread

PATIENCE = 1.5  # seconds that a signal waits for critical sections


class Interrupted(BaseException):
    """A signal to stop: unwinds, so that transactions roll back and temporary files are removed."""


@dataclass
class Stop:
    """Whether this process is to stop, and whether it may stop now.

    Attributes:
        wanted: a signal to stop has come.
        pending: it has come, and `Interrupted` has not been raised yet.
        came: when the signal came, in seconds of `time.monotonic`.
        sections: how many critical sections the main thread is in, one inside the other.
        committing: a COMMIT is under way.
        published: the last load that was committed.
    """

    wanted: bool = False
    pending: bool = False
    came: float = 0.0
    sections: int = 0
    committing: bool = False
    published: str | None = None

    def reset(self) -> None:
        """Start as a new process does."""
        vars(self).update(vars(Stop()))

    def request(self) -> None:
        """Note that a signal to stop has come."""
        if not self.pending:
            self.came = time.monotonic()
        self.wanted = self.pending = True

    @property
    def patience(self) -> float:
        """Seconds that the signal still waits for critical sections."""
        return max(0.0, self.came + PATIENCE - time.monotonic())

    @property
    def must_wait(self) -> bool:
        """Whether a signal has to wait for what is under way."""
        return self.committing or (self.sections > 0 and self.patience > 0)

    def deliver(self) -> None:
        """Raise `Interrupted`, once for each signal, if one has come and need not wait."""
        if self.pending and not self.must_wait and in_main_thread():
            self.pending = False
            raise Interrupted


STOP = Stop()


def in_main_thread() -> bool:
    """Whether this is the thread that Python gives signals to."""
    return current_thread() is main_thread()


class Critical(ContextDecorator):
    """A section that a signal does not cut; see `critical`."""

    def __enter__(self) -> None:
        STOP.sections += in_main_thread()

    def __exit__(self, *error: object) -> None:
        STOP.sections -= in_main_thread()
        STOP.deliver()


def critical() -> Critical:
    """A section that a signal does not cut, as context manager or decorator.

    A signal that comes inside is raised as `Interrupted` when the outermost section ends. It waits
    at most PATIENCE seconds: after that it is raised inside. What a section makes and somebody has
    to remove is therefore made inside the `try` of which the `finally` removes it.
    """
    return Critical()


def complete(clean_up: Callable[[], None]) -> None:
    """Clean up, from the start again if Ctrl-C in a library call cuts it."""
    try:
        clean_up()
    except KeyboardInterrupt:
        clean_up()
        raise


@contextmanager
def committing(load_id: str) -> Iterator[None]:
    """A section that sends COMMIT: a signal waits for the answer, without a limit.

    Afterwards `STOP.published` is the load's id, unless COMMIT failed.
    """
    STOP.committing = True
    try:
        yield
        STOP.published = load_id
    finally:
        STOP.committing = False
        STOP.deliver()
