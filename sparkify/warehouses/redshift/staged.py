"""The route of staged parts: rows are read on this machine, uploaded as parts, and copied.

The reader's rows go straight into Parquet files, which is what COPY reads: no table is filled in
between. The files are what the reader sees as the staging tables of its DuckDB database.
"""

import glob
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import sqlalchemy as sa
from sqlalchemy.schema import CreateSchema, CreateTable

from sparkify.lake.objects import Lake, LakeObject
from sparkify.models.base import STAGING, table
from sparkify.models.staging import KINDS
from sparkify.process import scratch, stopping
from sparkify.read.results import Outcome
from sparkify.read.sql import DuckDBScanner, Rows, literal
from sparkify.warehouses.duckdb.dialect import Dialect
from sparkify.warehouses.duckdb.local import any_order, limit_memory, no_progress_bar, shortage
from sparkify.warehouses.executor import Executor, RecordingScanner
from sparkify.warehouses.redshift.parts import PARQUET, Parts, as_json, check
from sparkify.warehouses.routes import Route, Staging, read

INSERT = re.compile(rf"INSERT INTO {STAGING}\.(\w+) \([^()]*\)\s+")
DELETE = re.compile(rf"DELETE FROM {STAGING}\.(\w+) WHERE ")
PARTS = "parts"  # the schema of what the staging tables are made of
#: Snappy is what UNLOAD writes; Zstandard takes as long. The limit keeps long texts within memory.
WRITTEN = "(FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE_BYTES '64MB'"
#: where a row of a part is: its file, and its number in there
PLACE = "part_file, file_row_number"


@dataclass(frozen=True)
class Staged(Route):
    """Rows are read into Parquet files, then uploaded and copied.

    COPY reads Parquet in the cluster's own region only. If the staging prefix is known to be in
    another one, the parts are written again as JSON, for which COPY can be told the region.

    Attributes:
        region: the cluster's; None if it is not known, and then taken for that of the prefix.
    """

    parts: Parts
    region: str | None
    name = "staged"

    def stage(
        self, executor: Executor, lake: Lake, objects: Sequence[LakeObject], staging: Staging
    ) -> Generator[list[Outcome]]:
        """See `Route.stage`; a batch is read before anything is sent to the cluster for it."""
        if executor.as_sql:
            batches = read(RecordingScanner(), lake, objects, staging, as_sql=True)
            for number, outcomes in enumerate(batches):
                if outcomes:
                    self.load(executor, (), outcomes, f"{staging.run_id}/{number}")
                yield outcomes
            return
        with (
            collector() as collected,
            closing(read(collected, lake, objects, staging, as_sql=False)) as batches,
        ):
            for number, outcomes in enumerate(batches):
                if any(outcome.staged for outcome in outcomes):
                    parts = collected.parts(table(KINDS[outcomes[0].kind]))
                    self.load(executor, parts, outcomes, f"{staging.run_id}/{number}")
                    for part in parts:
                        part.unlink()
                yield outcomes

    def load(
        self, executor: Executor, files: Iterable[Path], outcomes: Sequence[Outcome], name: str
    ) -> None:
        """Bring the rows of a batch into the cluster: parts, manifest, COPY, count."""
        target, form = table(KINDS[outcomes[0].kind]), PARQUET
        if self.region not in (None, self.parts.region):
            files, form = map(as_json, files), "ZSTD"
        loaded = self.parts.copy(executor, target, f"{name}/{target.name}", files, form)
        check(executor, target, loaded, sum(outcome.staged for outcome in outcomes))


class Collector(DuckDBScanner):
    """Runs the reader's statements, and keeps the rows of its INSERTs as Parquet files.

    The reader inserts the rows of a SELECT, counts them, and sometimes deletes some to read them
    again. So a staging table is a view of the files here, and a deleted row is a row of a table
    that says where it is. All that is asked of an INSERT is that it names its columns in the
    table's order.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
        super().__init__(connection)
        self.directory = directory
        self.inserts = 0
        # DuckDB would take the characters of a pattern in the folder's name as such
        self.files = f"{glob.escape(str(directory))}/{{}}/*/*.parquet"
        for schema in (STAGING, PARTS):
            connection.execute(str(CreateSchema(schema).compile(dialect=Dialect())))
        self.tables = {target.name: target for target in map(table, KINDS.values())}
        for target in self.tables.values():
            self.create(target)

    def create(self, target: sa.Table) -> None:
        """Make the view that stands for a staging table; a first file, without rows, types it."""
        run, name = self.connection.execute, target.name
        run(str(CreateTable(target).compile(dialect=Dialect())))
        self.write(name, f"FROM {target.fullname}")
        run(f"DROP TABLE {target.fullname}")
        run(f"CREATE TABLE {PARTS}.{name}_deleted (part_file VARCHAR, file_row_number BIGINT)")
        run(
            f"CREATE VIEW {PARTS}.{name} AS FROM read_parquet({literal(self.files.format(name))},"
            " filename = 'part_file', file_row_number = true, hive_partitioning = false)"
            f" ANTI JOIN {PARTS}.{name}_deleted USING ({PLACE})"
        )
        run(f"CREATE VIEW {target.fullname} AS SELECT {columns(target)} FROM {PARTS}.{name}")

    def run(self, query: str) -> Rows:
        """Run one statement; see `Scanner`."""
        if found := INSERT.match(query):
            return self.insert(self.tables[found[1]], query[found.end() :])
        if found := DELETE.match(query):
            name = found[1]
            rows = f"SELECT {PLACE} FROM {PARTS}.{name} WHERE {query[found.end() :]}"
            return super().run(f"INSERT INTO {PARTS}.{name}_deleted {rows}")
        return super().run(query)

    def insert(self, target: sa.Table, select: str) -> Rows:
        """Write the rows of a SELECT, each value of its column's type, which COPY asks for."""
        types = ((c.name, c.type.compile(dialect=Dialect())) for c in target.columns)
        typed = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in types)
        return self.write(target.name, f"SELECT {typed} FROM ({select})")

    def write(self, name: str, select: str) -> Rows:
        """Write the rows of a SELECT as new parts of a table: a file for each of DuckDB's threads.

        They have about the same size, and the loads that take long have several, which a cluster's
        slices read at once. A file of 128 MB or more is read by several, too.
        """
        folder = self.directory / name / f"{self.inserts:05}"
        folder.parent.mkdir(exist_ok=True)
        each = f"PER_THREAD_OUTPUT, FILENAME_PATTERN '{name}-{self.inserts:05}-{{i}}')"
        self.inserts += 1
        return super().run(f"COPY ({select}) TO {literal(folder)} {WRITTEN}, {each}")

    def parts(self, target: sa.Table) -> list[Path]:
        """The files of a table that have rows, without those that were deleted."""
        name, run = target.name, self.connection.execute
        deleted = run(f"SELECT DISTINCT part_file FROM {PARTS}.{name}_deleted").fetchall()
        for (file,) in deleted:
            kept = Path(file).with_suffix(".kept")
            rows = f"SELECT {columns(target)} FROM {PARTS}.{name} WHERE part_file = {literal(file)}"
            run(f"COPY ({rows}) TO {literal(kept)} {WRITTEN})")
            kept.replace(file)
            run(f"DELETE FROM {PARTS}.{name}_deleted WHERE part_file = {literal(file)}")
        counted = f"FROM parquet_file_metadata({literal(self.files.format(name))})"
        found = run(f"SELECT file_name, num_rows {counted} ORDER BY 1").fetchall()
        return [Path(file) for file, rows in found if rows]


def columns(target: sa.Table) -> str:
    """The names of a table's columns."""
    return ", ".join(column.name for column in target.columns)


@contextmanager
def collector() -> Iterator[Collector]:
    """A DuckDB database for one load, whose staging tables are Parquet files."""
    with scratch.folder() as directory, shortages(str(directory)):
        local = duckdb.connect(f"{directory}/staged.duckdb")
        try:
            limit_memory(local)
            any_order(local)  # else DuckDB cannot limit a row group's bytes
            with no_progress_bar(local):
                yield Collector(local, directory)
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
