"""Killed anywhere, a warehouse is as before or as after, and the next run completes it."""

import random

import pytest

from tests.chaos import kills, refusals
from tests.chaos.worlds import Work


@pytest.fixture(scope="session")
def draw() -> random.Random:
    """The same draws at every run of the suite."""
    return random.Random(1)


@pytest.mark.parametrize(
    ("kind", "stride"),
    [(1, 60), *(pytest.param(kind, 22, marks=pytest.mark.long) for kind in range(4))],
)
def test_a_kill_at_any_statement(works: list[Work], kind: int, stride: int) -> None:
    """SIGKILL before and after statements of each kind of run, again and again; last, COMMIT."""
    points = kills.boundaries([works[kind]])
    commit = 2 * works[kind].commit - 1  # the point after it
    before = points[kind * 3 : commit : stride]
    kills.survive(*before, points[commit])


@pytest.mark.long
def test_a_kill_at_any_moment(works: list[Work], draw: random.Random) -> None:
    """SIGKILL at random moments of a run."""
    moments = kills.moments(works, draw)
    for _ in range(2):
        kills.survive(next(moments))


@pytest.mark.long
@pytest.mark.parametrize("error", refusals.ERRORS)
def test_a_statement_that_fails(works: list[Work], draw: random.Random, error: str) -> None:
    """An error of DuckDB's at any statement is one line, and nothing is half published."""
    work = draw.choice(works)
    refusals.fail(work, draw.randint(1, work.statements), error)


def test_a_statement_that_fails_after_commit(works: list[Work]) -> None:
    """The last ROLLBACK has nothing to roll back: what it says is a line, and all is published."""
    refusals.fail(works[3], works[3].statements, "FatalException")
