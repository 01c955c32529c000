"""Tries many faults, as many of each sort as asked for: `scripts/chaos --help`."""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos import (
    buckets,
    clusters,
    commands,
    kills,
    races,
    refusals,
    shortages,
    signals,
    sites,
    worlds,
)
from tests.chaos.machine import BOUNDS, Faults
from tests.redshift_standin.buckets import local_bucket
from tests.redshift_standin.fixtures import REGION

Trial = Callable[[], object]
say = partial(print, flush=True)
MANY = 40  # trials of the sorts that are many runs each
SHM = Path("/dev/shm")  # where nobody waits for a disk


class Folder:
    """Where trials are made, and what they share.

    Attributes:
        draw: gives what is random, by the seed.
        points: how many of each sort there are to be, at most.
    """

    def __init__(self, root: Path, seed: int, points: int) -> None:
        self.root, self.seed, self.points = root, seed, points
        self.draw = random.Random(seed)
        self.works = worlds.works(root, seed)

    def some(self, trials: Iterable[Trial]) -> list[Trial]:
        """As many as asked for, in any order."""
        found = list(trials)
        return self.draw.sample(found, min(len(found), self.points))


@contextmanager
def killed(folder: Folder) -> Iterator[list[Trial]]:
    """Before and after each statement, then at random moments."""
    found = kills.boundaries(folder.works)
    found = folder.draw.sample(found, min(len(found), folder.points))
    rest = islice(kills.moments(folder.works, folder.draw), folder.points - len(found))
    yield [
        partial(kills.survive, *group) for group in (*kills.groups(found), *zip(rest, strict=True))
    ]


@contextmanager
def cut_short(folder: Folder) -> Iterator[list[Trial]]:
    """Kills of export, report, reset, simulate and upgrade at random moments."""
    found = commands.commands(folder.root / "commands")
    yield list(islice(commands.kills(found, folder.draw), -(-folder.points // commands.CHAIN)))


@contextmanager
def refused(folder: Folder) -> Iterator[list[Trial]]:
    """Each statement fails once, in each way."""
    yield folder.some(
        partial(refusals.fail, work, nth, error)
        for work in folder.works
        for nth in range(1, work.statements + 1)
        for error in refusals.ERRORS
    )


@contextmanager
def spoilt(folder: Folder) -> Iterator[list[Trial]]:
    """Each request to S3 is answered wrongly once, in each way."""
    with (
        local_bucket("lake", REGION) as bucket,
        buckets.store(folder.root, bucket, folder.seed) as store,
    ):
        numbers = range(1, store.requests + 1)
        spoil = partial(buckets.spoil, store)
        yield folder.some(partial(spoil, n, fault) for fault in buckets.CODES for n in numbers)


@contextmanager
def starved(folder: Folder) -> Iterator[list[Trial]]:
    """Each shortage, of each kind of run."""
    yield folder.some(chain.from_iterable(map(shortages.everything, folder.works)))


@contextmanager
def signalled(folder: Folder) -> Iterator[list[Trial]]:
    """Signals at random moments, and inside COMMIT."""
    draw = folder.draw
    lots: list[Trial] = []
    for _ in range(folder.points):
        work, number = draw.choice(folder.works), draw.choice(signals.NUMBERS)
        lots.append(partial(signals.stop, work, number, draw.uniform(0, 0.5)))
    inside: list[Trial] = [
        partial(signals.stop_committing, w, n) for w in folder.works for n in signals.NUMBERS
    ]
    yield [*inside, *lots][: folder.points]


@contextmanager
def raced(folder: Folder) -> Iterator[list[Trial]]:
    """Two and eight runs together, over one lake and over two."""
    kinds = [partial(races.race, folder.works[:lakes], n) for n in (2, 8) for lakes in (1, 2)]
    yield [kinds[nth % len(kinds)] for nth in range(min(folder.points, MANY))]


@contextmanager
def clustered(folder: Folder) -> Iterator[list[Trial]]:
    """On a cluster: each statement, each request to S3, random moments, runs together."""
    with (
        local_bucket("site", REGION) as bucket,  # all servers of a process know all buckets
        sites.site(folder.root / "site", bucket) as site,
    ):
        trials: list[Trial] = [partial(clusters.starve, site, size) for size in clusters.ROOM]
        trials += (partial(clusters.race, site, n, lakes) for n in (2, 8) for lakes in (1, 2))
        for nth in range(1, site.statements + 1):
            trials += (partial(clusters.strike, site, nth, how) for how in clusters.STRIKES)
        for nth in range(1, site.requests + 1):
            trials += (partial(clusters.spoil, site, nth, fault) for fault in clusters.CODES)
        ends: list[Callable[[float], object]] = [partial(clusters.kill, site)]
        ends += (partial(clusters.interrupt, site, number) for number in signals.NUMBERS)
        trials += (partial(end, folder.draw.uniform(0, 1)) for end in ends for _ in range(MANY))
        yield folder.some(trials)


@contextmanager
def sequences(folder: Folder) -> Iterator[list[Trial]]:
    """Random sequences of changes, runs and faults; one trial is one sequence."""
    bounds = settings(BOUNDS, max_examples=1, stateful_step_count=12, derandomize=False)
    for_seed = partial(run_state_machine_as_test, settings=bounds)
    yield [
        partial(for_seed, seed(folder.draw.random())(Faults))
        for _ in range(min(folder.points, MANY))
    ]


SORTS = {
    each.__name__: each
    for each in (
        killed,
        cut_short,
        refused,
        spoilt,
        starved,
        signalled,
        raced,
        clustered,
        sequences,
    )
}


def count(trial: Trial) -> int:
    """How many points a trial has: one, but kills follow one another."""
    chained = isinstance(trial, partial) and trial.func.__name__ in ("survive", "cut_short")
    return len(trial.args) if isinstance(trial, partial) and chained else 1


def tried(name: str, folder: Folder) -> int:
    """Make the trials of one sort; how many failed."""
    failed, begun = 0, time.monotonic()
    with SORTS[name](folder) as trials:
        for trial in trials:
            try:
                trial()
            except Exception as error:
                failed += 1
                say(f"{name}: {type(error).__name__}: {error}", *getattr(error, "__notes__", ()))
        ends = "all ended equal" if not failed else f"{failed} DID NOT END EQUAL"
        points = sum(map(count, trials))
        say(f"{name:<10}{points:>6} points, {ends}, {time.monotonic() - begun:.0f} s")
    return failed


def main() -> None:
    """Try all sorts, or those that are named."""
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("sorts", nargs="*", metavar="SORT", help=f"of {', '.join(SORTS)}; all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--points", type=int, default=1000, help="of each sort, at most")
    asked = parser.parse_args()
    say(f"seed {asked.seed}")
    with TemporaryDirectory(dir=SHM if SHM.is_dir() else None) as root:
        folder = Folder(Path(root), asked.seed, asked.points)
        failed = sum(tried(name, folder) for name in asked.sorts or SORTS)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
