"""Builds the star anew from what is published, without reading a lake."""

from contextlib import nullcontext

from sparkify.load.ids import new_id
from sparkify.load.publication import Publication
from sparkify.load.publisher import Publisher
from sparkify.load.retrying import again
from sparkify.load.staged import Staged
from sparkify.warehouses.base import Warehouse
from sparkify.warehouses.executor import Executor


def rebuild(warehouse: Warehouse, executor: Executor, lock_timeout: float) -> None:
    """Build every star table anew, in one transaction; no load is recorded.

    Args:
        executor: sends statements over a connection on which no transaction is open.
        lock_timeout: seconds to wait for a run that publishes.

    Raises:
        SparkifyError: as for a run; nothing has changed then.
    """

    def attempt() -> None:
        load_id = new_id()
        publication = Publication(load_id, [], first=True)
        with warehouse.errors(), executor.transaction():
            warehouse.lock(executor, lock_timeout)
            publisher = Publisher(
                warehouse, executor, publication, load_id, lambda step: nullcontext(), no_progress
            )
            publisher.publish(Staged(), [])

    again(attempt)


def no_progress(step: str, done: int, total: int) -> None:
    """Show nothing."""
