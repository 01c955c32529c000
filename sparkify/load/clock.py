"""Where the time of a run goes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sparkify.report import Seconds


@dataclass
class Clock:
    """Adds up the seconds of each step."""

    started: float = field(default_factory=time.perf_counter)
    steps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is done inside, as part of a step."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.steps[name] = self.steps.get(name, 0.0) + time.perf_counter() - begin

    def seconds(self) -> Seconds:
        """The seconds of each step so far, and of all."""
        total = time.perf_counter() - self.started
        return Seconds(**{k: round(v, 4) for k, v in {**self.steps, "total": total}.items()})
