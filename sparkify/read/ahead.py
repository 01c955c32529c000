"""The next batch is prepared in a thread while one is read."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from sparkify.process.stopping import STOP
from sparkify.read.spool import Batch

PATIENCE = 1.0  # seconds to wait for the next batch until `waiting` is called


def ahead(batches: Iterator[Batch], waiting: Callable[[], None]) -> Generator[Batch]:
    """The same batches, each prepared in a thread while the one before it is read."""
    pool = ThreadPoolExecutor(1)
    try:
        coming = pool.submit(next, batches, None)
        while batch := awaited(coming, waiting):
            coming = pool.submit(next, batches, None)
            yield batch
    finally:
        # after a signal, do not wait for the thread: it may be waiting for an answer of S3
        pool.shutdown(wait=not STOP.wanted, cancel_futures=True)


def awaited(coming: Future[Batch | None], waiting: Callable[[], None]) -> Batch | None:
    """The next batch, as soon as it is there."""
    while not wait([coming], PATIENCE).done:
        waiting()
    return coming.result()
