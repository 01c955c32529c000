"""DuckDB: embedded, one file, which one process writes or many read."""

import glob
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from sparkify.errors import SparkifyError, UsageError, WarehouseBusy, first_line
from sparkify.models.statements import Column
from sparkify.process import scratch, stopping
from sparkify.settings import DEFAULT_WAREHOUSE
from sparkify.warehouses import guests
from sparkify.warehouses.base import TableRow, Warehouse
from sparkify.warehouses.duckdb.dialect import Dialect, engine
from sparkify.warehouses.duckdb.export import export_tables
from sparkify.warehouses.duckdb.faults import absolute, check_path, translate
from sparkify.warehouses.duckdb.gate import entered, gate
from sparkify.warehouses.duckdb.local import (
    NEW,
    any_order,
    create_file,
    give_up,
    in_transaction,
    limit_memory,
    no_progress_bar,
)
from sparkify.warehouses.duckdb.rewriting import rewrite
from sparkify.warehouses.executor import Executor, driver
from sparkify.warehouses.routes import InPlace

logger = logging.getLogger(__name__)

POLL = 0.1  # seconds between two tries to open a file that another process holds
MEMORY = ":memory:"


class DuckDB(Warehouse):
    """A DuckDB database."""

    name = "duckdb"
    dialect = Dialect()

    @classmethod
    def connect(cls, warehouse: str | sa.Engine) -> "DuckDB":
        """The database of a URL or of the caller's engine.

        Raises:
            UsageError: the URL is that of a database in memory, or of no possible file.
        """
        if isinstance(warehouse, sa.Engine):
            return cls(warehouse, InPlace(), owned=False)
        if warehouse == cls.name:
            return cls(engine("duckdb:///:memory:"), InPlace(), owned=True)
        found = cls(engine(warehouse), InPlace(), owned=True)
        if found.in_memory:
            raise UsageError(
                f"{found.url} is in memory, and nothing would be kept: give a file's URL like"
                f" {DEFAULT_WAREHOUSE}, or from Python an Engine"
            )
        return found

    def exists(self) -> bool:
        """Whether the file exists, or the database is the caller's."""
        return not self.owned or Path(self.path).is_file()

    @property
    def in_memory(self) -> bool:
        """Whether there is no file."""
        return (self.engine.url.database or MEMORY).startswith(MEMORY)

    @property
    def bare(self) -> bool:
        """See `Warehouse.bare`."""
        return self.owned and self.in_memory

    @property
    def path(self) -> str:
        """The database's file; what it is called in memory."""
        return MEMORY if self.in_memory else str(absolute(self.engine.url.database or MEMORY))

    def translate(self, error: Exception) -> SparkifyError | None:
        """See `Warehouse.translate`."""
        return translate(self.path, error)

    @contextmanager
    def writing(self, lock_timeout: float) -> Iterator[sa.Connection]:
        """See `Warehouse.writing`. A second run in this process waits as one in another does."""
        deadline = time.monotonic() + lock_timeout
        with self.errors(), self.alone(deadline), self.opened(self.engine, deadline) as connection:
            self.check_writable(connection)
            if self.owned:
                any_order(driver(connection))
                if "memory_limit" not in self.engine.url.query:
                    limit_memory(driver(connection))
            yield connection

    @contextmanager
    def alone(self, deadline: float) -> Iterator[None]:
        """Keep other runs of this process out, and readers of the same file."""
        with ExitStack() as gates:
            if not self.owned:
                shared = gate(("engine", id(self.engine.pool)))
                gates.enter_context(shared.entered(self.url, deadline, writes=True))
            else:
                self.make()
            if not self.in_memory:
                gates.enter_context(entered(Path(self.path), deadline, writes=True))
            yield

    def check_writable(self, connection: sa.Connection) -> None:
        """Check, before anything is written, that a load can be written, and as a whole."""
        if not self.owned:
            guests.check_transactions(connection, self.url, in_transaction)
        read_only = "SELECT readonly FROM duckdb_databases() WHERE database_name ="
        ((found,),) = driver(connection).execute(f"{read_only} current_database()").fetchall()
        if found:
            raise UsageError(f"{self.url} is opened read-only; leave access_mode out")

    def make(self) -> None:
        """Create an empty database as a whole: DuckDB cannot open a half-written one."""
        self.require_url()
        check_path(Path(self.path))
        target = Path(self.path).resolve()
        if target.exists() or str(self.engine.url.query.get("access_mode")).lower() == "read_only":
            return
        with scratch.shortages(target.parent):
            create_file(target)

    def sweep(self, executor: Executor) -> None:
        """See `Warehouse.sweep`: who holds the file is the only one to spill."""
        path = Path(self.path)
        spilled = Path(f"{path}.tmp").glob("duckdb_temp_*")
        for left in (*spilled, *path.parent.glob(f".{glob.escape(path.name)}-*{NEW}")):
            left.unlink(missing_ok=True)

    @contextmanager
    def reading(self, lock_timeout: float) -> Iterator[sa.Connection]:
        """See `Warehouse.reading`."""
        deadline = time.monotonic() + lock_timeout
        if not self.owned:
            with self.errors(), self.opened(self.engine, deadline) as connection:
                yield connection
            return
        self.require_url()
        check_path(Path(self.path))
        if not self.exists():
            raise UsageError(f"not found: {self.path}; `sparkify run` creates it")
        reader = engine(self.engine.url, read_only=True)
        with (
            self.errors(),
            entered(Path(self.path), deadline, writes=False),
            self.opened(reader, deadline) as connection,
        ):
            yield connection

    @contextmanager
    def opened(self, engine: sa.Engine, deadline: float) -> Iterator[sa.Connection]:
        """A connection, retried until the deadline while another process holds the file."""
        connection = self.wait_for(partial(self.open, engine), deadline)
        try:
            with no_progress_bar(driver(connection)):
                try:
                    yield connection
                except BaseException:
                    give_up(connection)  # before anything is sent: a query may still be running
                    raise
        finally:
            with stopping.critical():
                connection.close()

    def open(self, engine: sa.Engine) -> sa.Connection:
        """A connection, on which no transaction is open."""
        if not self.owned:
            return guests.connect(engine, self.url, in_transaction)
        try:
            return engine.connect()
        except sa.exc.DBAPIError as error:
            if self.translate(error) is not None or error.orig is None:
                raise
            raise UsageError(f"{self.url} cannot be opened: {first_line(error.orig)}") from error

    def wait_for(self, connect: Callable[[], sa.Connection], deadline: float) -> sa.Connection:
        """Connect, or try again while the file is held; log it once."""
        tell = logger.warning
        while True:
            try:
                return connect()
            except Exception as error:
                ours = self.translate(error)
                if not isinstance(ours, WarehouseBusy) or time.monotonic() + POLL > deadline:
                    raise
                tell("%s; waiting", str(ours).partition(";")[0])
                tell = logger.debug
                time.sleep(POLL)

    def lock(self, executor: Executor, lock_timeout: float) -> None:
        """Nothing to send: the file's lock keeps all others out."""

    def ago(self, minutes: int) -> Column:
        """See `Warehouse.ago`."""
        return sa.literal_column(f"make_timestamp_ms(epoch_ms(now()) - {minutes * 60_000})")

    def is_dead(self, heartbeat: Column) -> sa.ColumnElement[bool]:
        """See `Warehouse.is_dead`: who holds the file is the only run that is alive."""
        return sa.true()

    def scrub(self, connection: sa.Connection) -> None:
        """See `Warehouse.scrub`: the file is written anew, and the connection closed."""
        if not self.in_memory:
            rewrite(connection, Path(self.path), owned=self.owned)

    def export(
        self, connection: sa.Connection, tables: Sequence[sa.Table], directory: str, *, force: bool
    ) -> list[str]:
        """See `Warehouse.export`."""
        return export_tables(self.executor(connection).scanner(), tables, directory, force=force)

    def insert_rows(
        self, executor: Executor, target: sa.Table, rows: Sequence[TableRow], name: str
    ) -> None:
        """Insert rows from a file of JSON lines: executemany takes 1.7 s for 5,000."""
        if not rows:
            return
        types = {c.name: c.type.compile(self.dialect) for c in target.columns}
        columns = ", ".join(types)
        query = (
            f"INSERT INTO {target.fullname} ({columns}) SELECT {columns} FROM"
            f" read_json($rows, format='newline_delimited', columns={types})"
        )
        with scratch.folder() as directory:
            path = directory / "rows.json"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(f"{json.dumps(row, default=str)}\n" for row in rows)
            executor.scanner().execute(query, {"rows": path})
