"""The route of staged parts: rows are read on this machine, uploaded as parts, and copied."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import sqlalchemy as sa
from sqlalchemy.schema import CreateSchema, CreateTable

from sparkify.lake.objects import Lake, LakeObject
from sparkify.models.base import STAGING, table
from sparkify.models.staging import KINDS
from sparkify.process import scratch, stopping
from sparkify.read.results import Outcome
from sparkify.read.sql import DuckDBScanner
from sparkify.warehouses.duckdb.dialect import Dialect
from sparkify.warehouses.duckdb.local import limit_memory, no_progress_bar, shortage
from sparkify.warehouses.executor import Executor, RecordingScanner
from sparkify.warehouses.redshift.copier import Copier, check
from sparkify.warehouses.redshift.parts import export
from sparkify.warehouses.routes import Route, read

SLICES = sa.select(sa.func.count()).select_from(sa.table("stv_slices"))


@dataclass(frozen=True)
class Staged(Route):
    """Rows are read into a DuckDB of the run's own, then uploaded and copied.

    Attributes:
        slices: how many parts the cluster reads at once; None asks the cluster.
    """

    copier: Copier
    slices: int | None
    name = "staged"

    def stage(
        self, executor: Executor, lake: Lake, objects: Sequence[LakeObject], load_id: str
    ) -> Generator[Outcome]:
        """See `Route.stage`; nothing is sent to the cluster before everything has been read."""
        rows = dict.fromkeys(KINDS, 0)
        if executor.as_sql:
            yield from read(RecordingScanner(), lake, objects, load_id, as_sql=True)
            for kind in sorted({item.kind for item in objects}, key=list(KINDS).index):
                self.load(executor, None, kind, 0, load_id)
            return
        with local_database() as local:
            for outcome in read(DuckDBScanner(local), lake, objects, load_id, as_sql=False):
                rows[outcome.kind] += outcome.staged
                yield outcome
            for kind, count in rows.items():
                if count:
                    self.load(executor, local, kind, count, load_id)

    def load(
        self,
        executor: Executor,
        local: duckdb.DuckDBPyConnection | None,
        kind: str,
        rows: int,
        load_id: str,
    ) -> None:
        """Bring rows of one kind into the cluster: parts, manifest, COPY, count."""
        staging = table(KINDS[kind])
        (slices,) = executor.counts(SLICES) if self.slices is None else (self.slices,)
        with scratch.folder() as directory:
            files = [] if local is None else export(local, staging, directory, slices)
            name = f"{load_id}/{staging.name}"
            loaded = self.copier.copy(executor, staging, name, files, "ZSTD")
        check(executor, staging, loaded, rows)


@contextmanager
def local_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB database for one load, with the staging tables."""
    with scratch.folder() as directory, shortages(str(directory)):
        local = duckdb.connect(f"{directory}/staged.duckdb")
        try:
            limit_memory(local)
            local.execute(str(CreateSchema(STAGING).compile(dialect=Dialect())))
            for model in KINDS.values():
                local.execute(str(CreateTable(table(model)).compile(dialect=Dialect())))
            with no_progress_bar(local):
                yield local
        finally:
            with stopping.critical():
                local.interrupt()  # a query that a signal ended would be waited for otherwise
                local.close()


@contextmanager
def shortages(name: str) -> Iterator[None]:
    """Translate what DuckDB itself runs out of."""
    try:
        yield
    except duckdb.Error as error:
        if (ours := shortage(name, error)) is not None:
            raise ours from error
        raise
