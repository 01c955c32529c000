"""Refused: a statement fails once, of each kind of run and at each place."""

from tests.chaos import forks
from tests.chaos.child import Strike
from tests.chaos.worlds import Work

#: exceptions of DuckDB's, and how a run ends for them: what may pass is tried again
ERRORS = {
    "TransactionException": (0, 4),
    "IOException": (0, 1),
    "OutOfMemoryException": (0, 1),
    "FatalException": (0, 1),
}


def fail(work: Work, nth: int, error: str) -> None:
    """Let the n-th statement fail: a clear error or none, and nothing half published."""
    with work.trial() as trial:
        ended = forks.run(trial.job(Strike(nth, error)))
        trial.settle(f"{work.name}, {error} at statement {nth}", ended, ERRORS[error])
