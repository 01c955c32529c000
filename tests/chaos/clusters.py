"""On a cluster: statements fail, connections are lost, S3 spoils parts, runs are killed."""

import signal
from dataclasses import replace

from tests.chaos import forks, shortages
from tests.chaos.forks import Running
from tests.chaos.signals import SOON
from tests.chaos.sites import Site
from tests.factory import event, lines, song

#: how a statement is struck: an error that may pass, one that stays, a lost connection
STRIKES = ("conflict", "error", "dropped before", "dropped after")
ROOM = (4, 8, 12, 16, 20, 24, 28, 32)  # KB, for the rows and the parts made of them
CODES = {
    "slow down": (0, 4),
    "error": (0, 4),
    "cut": (0, 4),
    "reset": (0, 4),
    "gone": (0, 1, 2, 4),
    "forbidden": (0, 1),  # after COMMIT it is the parts alone that stay
}


def strike(site: Site, nth: int, how: str) -> None:
    """Let the n-th statement fail, or lose its connection."""
    with site.trial(f"{how} at statement {nth}", (0, 1, 4)) as ends:
        match how.split():
            case ["dropped", "before" | "after" as when]:
                site.cluster.faults.drop(nth=nth, when=when)
            case ["conflict"]:
                site.cluster.faults.fail(nth=nth)
            case _:
                site.cluster.faults.fail(nth=nth, message="no such luck", detail="")
        ends.append(site.run())


def spoil(site: Site, nth: int, fault: str) -> None:
    """Spoil one request to S3: a part's, the manifest's, the cluster's own, a removal."""
    with site.trial(f"{fault} at request {nth}", CODES[fault]) as ends:
        site.plan.asked.clear()
        site.plan.fault, site.plan.nth = fault, nth
        ends.append(site.run())


def interrupt(site: Site, number: signal.Signals, seconds: float) -> None:
    """Send a signal so long after the first statement: what it staged goes with it."""
    with site.trial(f"{number.name} after {seconds:.4f} s", (0, 128 + number)) as ends:
        running = Running(site.job())
        took = running.signal(number, seconds)
        ends.append(running.end())
        assert not site.left(), f"{site.left()} is left: {ends}"
        assert took < SOON, f"{number.name} took {took:.1f} s"


def starve(site: Site, size: int) -> bool:
    """Make parts on a disk with so many KB of room; False if no such disk can be made."""
    with shortages.disk(size) as small:
        if small is None:
            return False
        with site.trial(f"{size} KB of temporary files", shortages.ENDS) as ends:
            environment = {**site.environment, "TMPDIR": str(small)}
            ends.append(forks.run(replace(site.job(), environment=environment)))
        return True


def race(site: Site, count: int, lakes: int) -> None:
    """Runs over one lake or several, on a cluster where nothing is yet: one makes the schema."""
    names = [f"race-{nth}" for nth in range(lakes)]
    for nth, name in enumerate(names):
        plays = lines([event(itemInSession=nth), event(userId="7")])
        site.bucket.put(f"{name}/log_data/a.json", plays)
        site.bucket.put(f"{name}/song_data/a.json", lines([song()]))
    jobs = [site.job(names[nth % lakes]) for nth in range(count)]
    try:
        site.cluster.reset()
        runs = [Running(job) for job in jobs]
        ends = [run.end() for run in runs]
        assert {ended.code for ended in ends} == {0}, ends
        found = site.picture()
        site.cluster.reset()
        ends = [forks.run(job) for job in jobs[:lakes]]
        assert site.picture() == found, f"{count} runs over {lakes} lakes: {ends}"
    finally:
        site.pictures.clear()


def kill(site: Site, seconds: float) -> None:
    """SIGKILL so long after the first statement."""
    with site.trial(f"killed after {seconds:.4f} s", (0, -9)) as ends:
        running = Running(site.job())
        running.kill(seconds)
        ends.append(running.end())
