"""DuckDB: embedded, one file, which one process writes or many read."""

import glob
import json
import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import duckdb
import sqlalchemy as sa

from sparkify.errors import SparkifyError, TryAgain, UsageError, WarehouseBusy, first_line
from sparkify.models.base import STAGING
from sparkify.process import scratch, stopping
from sparkify.warehouses.base import TableRow, Warehouse
from sparkify.warehouses.duckdb.dialect import Dialect, engine
from sparkify.warehouses.duckdb.local import NEW, create_file, limit_memory, shortage
from sparkify.warehouses.executor import Executor, driver
from sparkify.warehouses.routes import InPlace

logger = logging.getLogger(__name__)

POLL = 0.1  # seconds between two tries to open a file that another process holds
HELD = re.compile(r"lock on file.*?(?:held in .* \(PID (\d+)\)|$)", re.DOTALL)


class DuckDB(Warehouse):
    """A DuckDB database."""

    name = "duckdb"
    dialect = Dialect()
    in_process: ClassVar[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)

    @classmethod
    def connect(cls, warehouse: str | sa.Engine) -> "DuckDB":
        """The database of a URL or of the caller's engine."""
        if isinstance(warehouse, sa.Engine):
            return cls(warehouse, InPlace(), owned=False)
        if warehouse == cls.name:
            return cls(engine("duckdb:///:memory:"), InPlace(), owned=True)
        found = cls(engine(warehouse), InPlace(), owned=True)
        if Path(found.path).stem.lower() == STAGING:
            raise UsageError(
                f"{found.path}: DuckDB names a database after its file, and {STAGING!r} is the name"
                " of a schema inside; choose another name"
            )
        return found

    def exists(self) -> bool:
        """Whether the file exists, or the database is the caller's."""
        return not self.owned or Path(self.path).is_file()

    @property
    def in_memory(self) -> bool:
        """Whether there is no file."""
        return self.engine.url.database in (None, "", ":memory:")

    @property
    def has_limit(self) -> bool:
        """Whether the caller decides how much memory a load may take."""
        return not self.owned or self.in_memory or "memory_limit" in self.engine.url.query

    @property
    def path(self) -> str:
        """The database's file; a unique name for one in memory."""
        if self.in_memory:
            return f":memory:{id(self.engine)}"
        return str(Path(str(self.engine.url.database)).expanduser().absolute())

    def translate(self, error: Exception) -> SparkifyError | None:
        """Our error for one of DuckDB's; see `Warehouse.translate`."""
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        text = first_line(cause) if cause else ""
        match cause:
            case duckdb.IOException() if held := HELD.search(str(cause)):
                holder = f"process {held[1]}" if held[1] else "another process"
                return WarehouseBusy(f"{self.path} is held by {holder}; wait for it or stop it")
            case duckdb.IOException() if "not a valid DuckDB" in text:
                return SparkifyError(f"{self.path} is not a DuckDB database")
            case duckdb.TransactionException() if "commit: could not" in text.lower():
                return SparkifyError(f"{self.path}: {text}")
            case duckdb.TransactionException():
                return TryAgain(f"{self.path}: {text}")
            case duckdb.ConnectionException():
                return SparkifyError(f"{self.path} cannot be opened: {text}")
            case duckdb.OutOfMemoryException():
                more = "?memory_limit=8GB in its URL gives it more"
                return SparkifyError(f"{self.path}: {text}; {more}")
        return shortage(self.path, cause)

    @contextmanager
    def writing(self, lock_timeout: float) -> Iterator[sa.Connection]:
        """See `Warehouse.writing`. A second run in this process waits as one in another does."""
        deadline = time.monotonic() + lock_timeout
        lock = self.in_process[self.path]
        if not lock.acquire(timeout=lock_timeout):
            raise WarehouseBusy(f"{self.path} is held by another run of this process")
        try:
            with self.errors():
                self.make()
            with self.errors(), self.opened(self.engine, deadline) as connection:
                if not self.has_limit:
                    limit_memory(driver(connection))
                yield connection
        finally:
            lock.release()

    def make(self) -> None:
        """Create an empty database as a whole: DuckDB cannot open a half-written one."""
        path = Path(self.path)
        if not self.owned or self.in_memory or path.exists() or not path.parent.is_dir():
            return
        with scratch.folder() as folder:
            duckdb.connect(folder / "new.duckdb").close()
            content = (folder / "new.duckdb").read_bytes()
        with scratch.shortages(path.parent):
            create_file(path, content)

    def sweep(self) -> None:
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
        if not self.exists():
            raise UsageError(f"not found: {self.path}; `sparkify run` creates it")
        with (
            self.errors(),
            self.opened(engine(self.engine.url, read_only=True), deadline) as connection,
        ):
            yield connection

    @contextmanager
    def opened(self, engine: sa.Engine, deadline: float) -> Iterator[sa.Connection]:
        """A connection, retried until the deadline while another process holds the file."""
        connection = self.wait_for(engine.connect, deadline)
        try:
            yield connection
        except BaseException:
            give_up(connection)
            raise
        finally:
            with stopping.critical():
                connection.close()

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

    def export(self, connection: sa.Connection, table: sa.Table, directory: str) -> str:
        """See `Warehouse.export`: one file."""
        if "://" in directory:
            raise UsageError(f"DuckDB exports to a folder, not to {directory}")
        target = Path(directory) / f"{table.name}.parquet"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SparkifyError(f"{directory} cannot be written: {error.strerror}") from error
        sorted_ = ", ".join(column.name for column in table.primary_key.columns)
        driver(connection).execute(
            f"COPY (FROM {table.fullname} ORDER BY {sorted_}) TO $target"
            " (FORMAT parquet, COMPRESSION zstd)",
            {"target": str(target)},
        )
        return str(target)

    def insert_rows(
        self, executor: Executor, target: sa.Table, rows: Sequence[TableRow], load_id: str
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


def give_up(connection: sa.Connection) -> None:
    """Roll back, so that what an interrupted statement left does not outlive the connection."""
    with stopping.critical():
        # a query that a signal ended goes on in DuckDB's threads, and ROLLBACK would wait for it
        driver(connection).interrupt()
        connection.rollback()
