"""Routes: how rows get from a lake's objects into the staging tables.

    in place       DuckDB: the reader writes into the warehouse itself
    staged parts   Redshift: rows are read on this machine, uploaded as parts, and copied
    direct         Redshift: COPY straight from the lake's objects

A route receives what it needs: a way to send statements, settings, parts. It knows no warehouse.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from sparkify.lake.objects import Lake, LakeObject
from sparkify.process import scratch
from sparkify.read.reader import Reader
from sparkify.read.results import Outcome
from sparkify.read.spool import batches, planned
from sparkify.read.sql import Scanner
from sparkify.warehouses.executor import Executor


@dataclass(frozen=True)
class Staging:
    """What a run's rows are staged under.

    Attributes:
        run_id: the run; names what it uploads.
        file_ids: unused ids of versions, one for each object.
        new_fields: what happens to fields that no column takes; see the setting.
        waiting: to be called now and then while a batch is read, before anything is sent for it.
        arrived: to be called with each object whose bytes have arrived, in any thread.
    """

    run_id: str
    file_ids: Iterator[int]
    new_fields: str = "keep"
    waiting: Callable[[], None] = lambda: None
    arrived: Callable[[LakeObject], None] = lambda item: None


class Route(ABC):
    """One of the routes.

    Attributes:
        name: what a report calls it; None for the only route of an engine.
    """

    name: ClassVar[str | None] = None

    def check(self, lake: Lake) -> None:  # noqa: B027 - most routes take every lake
        """Check, before anything is done, that rows of a lake can take this route.

        Raises:
            UsageError: they cannot; the message says what to do.
        """

    @abstractmethod
    def stage(
        self, executor: Executor, lake: Lake, objects: Sequence[LakeObject], staging: Staging
    ) -> Generator[list[Outcome]]:
        """Read objects into the staging tables, batch by batch.

        The caller commits after each batch, before it asks for the next one.

        Yields:
            What became of the objects of a batch, whose rows are staged by then.
        """


class InPlace(Route):
    """The reader writes straight into the staging tables."""

    def stage(
        self, executor: Executor, lake: Lake, objects: Sequence[LakeObject], staging: Staging
    ) -> Generator[list[Outcome]]:
        """See `Route.stage`."""
        return read(executor.scanner(), lake, objects, staging, as_sql=executor.as_sql)


@dataclass(frozen=True)
class Watched(Lake):
    """A lake that tells of each object whose bytes have arrived."""

    arrived: Callable[[LakeObject], None]

    def fetch(self, objects: Sequence[LakeObject]) -> Iterator[tuple[LakeObject, bytes | Path]]:
        """See `Lake.fetch`."""
        for item, content in super().fetch(objects):
            self.arrived(item)
            yield item, content


def read(
    scanner: Scanner, lake: Lake, objects: Sequence[LakeObject], staging: Staging, *, as_sql: bool
) -> Generator[list[Outcome]]:
    """Read objects into the staging tables of a DuckDB connection.

    Args:
        as_sql: send the statements only, and open no object.
    """
    if as_sql:
        yield from Reader(scanner, lake, new_fields=staging.new_fields).read(planned(objects))
        return
    with scratch.folder() as directory:
        watched = Watched(lake.name, lake.locations, staging.arrived)
        found = batches(watched, objects, directory, staging.file_ids)
        yield from Reader(scanner, lake, staging.waiting, staging.new_fields).read(found)
