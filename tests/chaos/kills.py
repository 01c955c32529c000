"""Killed: at every statement, before and after it, and at random moments."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos import forks
from tests.chaos.child import Strike
from tests.chaos.forks import Ended
from tests.chaos.worlds import Trial, Work, picture, succeed

CHAIN = 10  # kills until a run is let through


@dataclass(frozen=True)
class Point:
    """A moment of a run: a statement's beginning or end, or so many seconds after the start."""

    work: Work
    strike: Strike
    seconds: float | None = None

    def __str__(self) -> str:
        place = f"{self.strike.when} statement {self.strike.nth}"
        at = place if self.seconds is None else f"after {self.seconds:.4f} s"
        return f"{self.work.name}, killed {at}"


def boundaries(works: list[Work]) -> list[Point]:
    """Before and after every statement of every kind of run."""
    return [
        Point(work, Strike(nth, when=when))
        for work in works
        for nth in range(1, work.statements + 1)
        for when in ("before", "after")
    ]


def groups(points: list[Point]) -> list[list[Point]]:
    """Points that one trial can pass one after the other, since nothing is published at them."""
    alone = [[p] for p in points if p.work.start is None or p.strike.nth >= p.work.commit]
    chained: dict[str, list[Point]] = {}
    for point in points:
        if [point] not in alone:
            chained.setdefault(point.work.name, []).append(point)
    found = [
        each[at : at + CHAIN] for each in chained.values() for at in range(0, len(each), CHAIN)
    ]
    return alone + found


def moments(works: list[Work], draw: random.Random) -> Iterator[Point]:
    """Any moment of any run, without end."""
    lasts = {work.name: duration(work) for work in works}
    while True:
        work = draw.choice(works)
        yield Point(work, Strike(), draw.uniform(0, lasts[work.name]))


def duration(work: Work) -> float:
    """How many seconds a kind of run takes."""
    with work.trial() as trial:
        begun = time.monotonic()
        succeed(trial)
        return time.monotonic() - begun


def survive(point: Point, *more: Point) -> None:
    """Kill a run: all is as before or as after, and a further run ends as one without faults.

    Args:
        more: of the same kind of run, and at which the further runs are killed, too.
    """
    with point.work.trial() as trial:
        ended = kill(trial, point)
        for each in more:
            if picture(trial.url) != point.work.before:
                break  # published: a further run has less to do, and settles it
            point, ended = each, kill(trial, each)
        sure = point.seconds is None and not more  # the schema may be there by now: less to do
        trial.settle(point, ended, (-9,) if sure else (-9, 0))


def kill(trial: Trial, point: Point) -> Ended:
    """Run until a point."""
    running = forks.Running(trial.job(point.strike))
    if point.seconds is not None:
        running.kill(point.seconds)
    return running.end()
