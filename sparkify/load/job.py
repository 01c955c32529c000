"""What a run is to do, and with what: the same for all of its steps."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sparkify.lake.objects import Lake
from sparkify.load.choice import Choice
from sparkify.load.tombstones import forgotten
from sparkify.read.forgotten import Forgotten
from sparkify.report import Seconds
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse
from sparkify.warehouses.executor import Executor

#: called with the step, how much of it is done, and of how much
Progress = Callable[[str, int, int], None]


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


@dataclass
class Job:
    """What a run is to do, and with what.

    Attributes:
        full: replace all rows by a load of the whole lake.
        prune: also remove the rows of objects that no longer exist.
        progress: see `Progress`.
    """

    settings: Settings
    lake: Lake
    warehouse: Warehouse
    choice: Choice
    full: bool = False
    prune: bool = False
    progress: Progress = lambda what, done, total: None
    clock: Clock = field(default_factory=Clock)

    def forgotten(self, executor: Executor) -> Forgotten | None:
        """Whose records are left out, by the warehouse's books; None if nobody was forgotten."""
        return forgotten(executor, self.settings, warehouse=self.warehouse.url)
