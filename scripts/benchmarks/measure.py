"""Whole processes, timed in turn, so that a machine's bad minute hits all of them alike."""

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Contender:
    """A command that competes; `before` makes the state that it starts from, untimed."""

    name: str
    command: Sequence[str]
    before: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Cost:
    """What one process took: seconds from its start to its end, peak memory in MiB."""

    seconds: float
    peak: float


@dataclass(frozen=True)
class Figure:
    """What was measured, and the budget it is held against."""

    budget: str
    value: float
    limit: float
    unit: str
    how: str

    @property
    def holds(self) -> bool:
        """Whether the budget is met."""
        return self.value <= self.limit


def run(contender: Contender) -> Cost:
    """Run a contender once.

    Raises:
        SystemExit: it failed; with what it said.
    """
    contender.before()
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(contender.command, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{contender.name} failed:\n{said.read().decode()}")
    return Cost(seconds, usage.ru_maxrss / 1024)


def in_turn(contenders: Sequence[Contender], rounds: int) -> list[Cost]:
    """The median seconds and the highest peak of each contender, over rounds of all."""
    costs = [[run(contender) for contender in contenders] for _ in range(rounds)]
    return [
        Cost(statistics.median(c.seconds for c in own), max(c.peak for c in own))
        for own in zip(*costs, strict=True)
    ]


def told(command: Sequence[str]) -> dict[str, Any]:
    """What a program tells of itself as JSON."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def told_in_turn(commands: Sequence[Sequence[str]], rounds: int) -> list[dict[str, Any]]:
    """Of each program the answer with the median seconds, over rounds of all."""
    answers = [[told(command) for command in commands] for _ in range(rounds)]
    return [
        sorted(own, key=lambda answer: float(answer["seconds"]))[rounds // 2]
        for own in zip(*answers, strict=True)
    ]
