"""Raced: several runs are started together on one warehouse."""

from dataclasses import replace

from tests.chaos.forks import Running
from tests.chaos.worlds import Picture, Trial, Work, picture, succeed


def race(works: list[Work], count: int) -> None:
    """Runs over one lake or several: all end well, and as if one had run after the other."""
    right = in_turn(works)
    with works[0].trial() as trial:
        runs = [Running(of(trial, works[nth % len(works)]).job()) for nth in range(count)]
        for run in runs:
            ended = run.end()
            assert ended.code == 0, ended
        assert picture(trial.url) == right, f"{count} runs over {len(works)} lakes"
        assert not trial.left()


def in_turn(works: list[Work]) -> Picture:
    """What is there after runs in turn."""
    with works[0].trial() as trial:
        for work in works:
            succeed(of(trial, work))
        return picture(trial.url)


def of(trial: Trial, work: Work) -> Trial:
    """A run over another lake, into the same warehouse."""
    return replace(trial, work=work)
