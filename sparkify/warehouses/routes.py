"""Routes: how rows get from a lake's objects into the staging tables.

    in place       DuckDB: the reader writes into the warehouse itself
    staged parts   Redshift: rows are read on this machine, uploaded as parts, and copied
    direct         Redshift: COPY straight from the lake's objects

A route receives what it needs: a way to send statements, settings, parts. It knows no warehouse.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import ClassVar

from sparkify.lake.objects import Lake, LakeObject
from sparkify.process import scratch
from sparkify.read.reader import Reader
from sparkify.read.results import Outcome
from sparkify.read.spool import batches, planned
from sparkify.read.sql import Scanner
from sparkify.warehouses.executor import Executor


class Route(ABC):
    """One of the routes.

    Attributes:
        name: what a report calls it; None for the only route of an engine.
        by_object: whether the rows of each object are known, so that they can be replaced.
    """

    name: ClassVar[str | None] = None
    by_object: ClassVar[bool] = True

    def check(self, lake: Lake) -> None:  # noqa: B027 - most routes take every lake
        """Check, before anything is done, that rows of a lake can take this route.

        Raises:
            UsageError: they cannot; the message says what to do.
        """

    @abstractmethod
    def stage(
        self, executor: Executor, lake: Lake, objects: Sequence[LakeObject], load_id: str
    ) -> Generator[Outcome]:
        """Read objects into the staging tables; their rows are there when the iteration ends.

        Yields:
            What became of each object, or of each batch of objects that was copied as one.
        """


class InPlace(Route):
    """The reader writes straight into the staging tables."""

    def stage(
        self, executor: Executor, lake: Lake, objects: Sequence[LakeObject], load_id: str
    ) -> Generator[Outcome]:
        """See `Route.stage`."""
        return read(executor.scanner(), lake, objects, load_id, as_sql=executor.as_sql)


def read(
    scanner: Scanner, lake: Lake, objects: Sequence[LakeObject], load_id: str, *, as_sql: bool
) -> Generator[Outcome]:
    """Read objects into the staging tables of a DuckDB connection.

    Args:
        as_sql: send the statements only, and open no object.
    """
    if as_sql:
        yield from Reader(scanner, lake, load_id).read(planned(objects))
        return
    with scratch.folder() as directory:
        yield from Reader(scanner, lake, load_id).read(batches(lake, objects, directory))
