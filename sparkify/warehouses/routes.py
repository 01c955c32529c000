"""Routes: how rows get from a lake's objects into the staging tables.

    in place       DuckDB: the reader writes into the warehouse itself
    staged parts   Redshift: rows are read on this machine, uploaded as parts, and copied
    direct         Redshift: COPY straight from the lake's objects

A route receives what it needs: a way to send statements, settings, parts. It knows no warehouse.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from sparkify.lake.objects import Lake, LakeObject
from sparkify.process import scratch
from sparkify.read.forgotten import EVENTS, Forgotten
from sparkify.read.reader import Reader
from sparkify.read.results import Outcome
from sparkify.read.spool import batches, planned
from sparkify.read.sql import Rows, Scanner, Value
from sparkify.warehouses.executor import Executor

ASIDE = "events_aside"  # the table of `Aside`


@dataclass(frozen=True)
class Staging:
    """What a run's rows are staged under.

    Attributes:
        run_id: the run; names what it uploads.
        file_ids: unused ids of versions, one for each object.
        new_fields: what happens to fields that no column takes; see the setting.
        waiting: to be called now and then while a batch is read, before anything is sent for it.
        arrived: to be called with each object whose bytes have arrived, in any thread.
        forgotten: whose records are left out; None if nobody was forgotten.
    """

    run_id: str
    file_ids: Iterator[int]
    new_fields: str = "keep"
    waiting: Callable[[], None] = lambda: None
    arrived: Callable[[LakeObject], None] = lambda item: None
    forgotten: Forgotten | None = None


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
        scanner, as_sql = executor.scanner(), executor.as_sql
        if staging.forgotten is None:
            yield from read(scanner, lake, objects, staging, as_sql=as_sql)
            return
        aside = Aside(scanner)
        with closing(read(aside, lake, objects, staging, as_sql=as_sql)) as batches:
            for outcomes in batches:
                aside.release()
                yield outcomes
        aside.drop()


class Aside:
    """Has the reader fill a temporary table in place of the staging table of events.

    What was once in the database's file can be read there, even if it is deleted at once. So the
    rows of people who were forgotten must not get there.
    """

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        scanner.execute(f"CREATE OR REPLACE TEMPORARY TABLE {ASIDE} AS FROM {EVENTS} LIMIT 0")

    def execute(self, query: str, values: Mapping[str, Value] | None = None) -> Rows:
        """Run one statement; see `Scanner`."""
        return self.scanner.execute(query.replace(EVENTS, f"temp.{ASIDE}"), values)

    def release(self) -> None:
        """Move the rows of a batch to the staging table."""
        self.scanner.execute(f"INSERT INTO {EVENTS} FROM temp.{ASIDE}")
        self.scanner.execute(f"TRUNCATE temp.{ASIDE}")

    def drop(self) -> None:
        """Drop the table."""
        self.scanner.execute(f"DROP TABLE temp.{ASIDE}")


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
        reader = Reader(scanner, lake, new_fields=staging.new_fields, forgotten=staging.forgotten)
        yield from reader.read(planned(objects))
        return
    with scratch.folder() as directory:
        watched = Watched(lake.name, lake.locations, staging.arrived)
        found = batches(watched, objects, directory, staging.file_ids)
        how = (staging.waiting, staging.new_fields, staging.forgotten)
        yield from Reader(scanner, lake, *how).read(found)
