"""The signals of the command line: SIGINT and SIGTERM raise `Interrupted` when that does no harm.

Only the command line uses this. A program that calls the library keeps its own handlers.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sparkify.process.stopping import STOP, Interrupted

NUMBERS = signal.SIGINT, signal.SIGTERM
MOMENT = 0.01  # seconds; a timer of 0 would never come


class Signals:
    """The handlers of SIGINT and SIGTERM.

    Attributes:
        received: the last signal that came. A query that it interrupts may answer with an error of
            its own, and this says what the cause was.
    """

    def __init__(self) -> None:
        STOP.reset()
        self.received: signal.Signals | None = None
        for number in NUMBERS:
            signal.signal(number, self.handle)
        signal.signal(signal.SIGALRM, self.remind)

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal: stop now, or when the critical sections have ended or taken too long."""
        self.received = signal.Signals(number)
        STOP.request()
        if STOP.must_wait:
            signal.setitimer(signal.ITIMER_REAL, STOP.patience + MOMENT)
        STOP.deliver()

    def remind(self, _number: int, _frame: FrameType | None) -> None:
        """Handle the timer: stop now, unless a COMMIT is under way or it is done already."""
        STOP.deliver()

    def repeat(self) -> None:
        """Let the signal come again in a moment."""
        STOP.pending = True
        signal.setitimer(signal.ITIMER_REAL, MOMENT)

    def ignore(self) -> None:
        """Ignore further signals: the work is done."""
        for number in (*NUMBERS, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def never_swallowed(signals: Signals) -> Iterator[None]:
    """Repeat a signal that was raised in a destructor, where Python ignores exceptions."""
    before = sys.unraisablehook

    def again(ignored: "sys.UnraisableHookArgs") -> None:
        if isinstance(ignored.exc_value, Interrupted):
            signals.repeat()
        else:
            before(ignored)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before
