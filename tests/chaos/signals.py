"""Signals: at any moment, inside COMMIT, while S3 does not answer."""

import signal

from tests.chaos import forks
from tests.chaos.buckets import Store
from tests.chaos.child import Strike
from tests.chaos.forks import Ended
from tests.chaos.worlds import Trial, Work, picture

NUMBERS = (signal.SIGINT, signal.SIGTERM)
SOON = 6.0  # seconds; two are meant, and the machines that test this are slow and busy


def stop(work: Work, number: signal.Signals, delay: float) -> Ended:
    """Send a signal some time after the first statement."""
    with work.trial() as trial:
        running = forks.Running(trial.job())
        took = running.signal(number, delay)
        ended = running.end()
        judge(trial, number, ended)
        assert took < SOON, f"{number.name} took {took:.1f} s"
        return ended


def judge(trial: Trial, number: signal.Signals, ended: Ended) -> None:
    """What it said is what is there; nothing else is left, and the next run completes it."""
    what = f"{trial.work.name}, {number.name}: {ended}"
    found, work = picture(trial.url), trial.work
    if ended.code:
        published = found == work.after
        *_, last = ended.said.splitlines()
        assert last.startswith(f"sparkify: stopped by {number.name}: "), what
        assert last.endswith("was published"), what
        assert ("nothing was" in last) != published, what
    assert not trial.left(), f"{what}: {trial.left()} is left"
    trial.settle(what, ended, (0, 128 + number))


def stop_committing(work: Work, number: signal.Signals) -> None:
    """Send a signal just before COMMIT is called: by the run itself, at that statement."""
    with work.trial() as trial:
        ended = forks.run(trial.job(Strike(work.commit, how=number.name)))
        judge(trial, number, ended)
        assert "load 2" in ended.said, ended  # as its id begins, with the year


def stop_stalled(store: Store, number: signal.Signals) -> None:
    """Send a signal when an object was asked for and does not come."""
    with store.work.trial() as trial:
        plan = store.plan
        plan.asked.clear()
        plan.fault, plan.nth, plan.ever = "stall", store.requests - 2, True
        try:
            running = forks.Running(trial.job())
            assert plan.stalled.wait(60)
            took = running.signal(number, 0)
        finally:
            plan.release()
        judge(trial, number, running.end())
        assert took < SOON, f"{number.name} took {took:.1f} s"
