"""DuckDB: embedded, one file, one process that writes or many that read."""

import datetime
import glob
import json
import logging
import os
import re
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import duckdb_sqlalchemy
import sqlalchemy as sa
from sqlalchemy.dialects import registry

from sparkify.errors import SparkifyError, TryAgain, UsageError, WarehouseBusy, first_line
from sparkify.lake.objects import LakeObject
from sparkify.models import STAGING
from sparkify.process import scratch, stopping
from sparkify.warehouses.base import Statement, Warehouse

logger = logging.getLogger(__name__)

NEW = ".new"  # ends the name of a database that is being made
MEMORY_A_THREAD = 512  # MiB that a load may take
POLL = 0.1  # seconds between two tries to open a file that another process holds
HELD = re.compile(r"lock on file.*?(?:held in .* \(PID (\d+)\)|$)", re.DOTALL)


class Dialect(duckdb_sqlalchemy.Dialect):
    """DuckDB's dialect: schemas by their plain names, and INSERT before WITH as on Redshift."""

    supports_statement_cache = True
    cte_follows_insert = True

    def get_schema_names(self, connection: sa.Connection, **kw: Any) -> list[str]:
        """The current database's schemas; as `database.schema` Alembic would not know them."""
        database = connection.exec_driver_sql("SELECT current_database()").scalar()
        own = f"{self.identifier_preparer.quote(str(database))}."
        names = super().get_schema_names(connection, **kw)
        return [name.removeprefix(own) for name in names if name.startswith(own)]


DRIVER = "duckdb+sparkify"
registry.register("duckdb.sparkify", __name__, "Dialect")


class DuckDB(Warehouse):
    """A DuckDB database."""

    name = "duckdb"
    dialect = Dialect()
    in_process: ClassVar[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)

    @classmethod
    def connect(cls, warehouse: str | sa.Engine) -> "DuckDB":
        """The database of a URL or of the caller's engine."""
        if isinstance(warehouse, sa.Engine):
            return cls(warehouse, owned=False)
        if warehouse == cls.name:
            return cls(engine("duckdb:///:memory:"), owned=True)
        found = cls(engine(warehouse), owned=True)
        if Path(found.path).stem.lower() == STAGING:
            raise UsageError(
                f"{found.path}: DuckDB names a database after its file, and this is the name of a"
                f" schema inside; choose another"
            )
        return found

    def exists(self) -> bool:
        """Whether the file is there, or the database is the caller's."""
        return not self.owned or Path(self.path).is_file()

    @property
    def in_memory(self) -> bool:
        """Whether there is no file."""
        return self.engine.url.database in (None, "", ":memory:")

    @property
    def has_limit(self) -> bool:
        """Whether somebody else says how much memory a load may take."""
        return not self.owned or self.in_memory or "memory_limit" in self.engine.url.query

    @property
    def path(self) -> str:
        """The database's file; for one in memory, a name of its own."""
        if self.in_memory:
            return f":memory:{id(self.engine)}"
        return str(Path(str(self.engine.url.database)).absolute())

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
        """Put an empty database there, whole: cut off while DuckDB makes it, none could open it."""
        path = Path(self.path)
        if not self.owned or self.in_memory or path.exists() or not path.parent.is_dir():
            return
        with scratch.folder() as folder:
            duckdb.connect(folder / "new.duckdb").close()
            content = (folder / "new.duckdb").read_bytes()
        with scratch.shortages(path.parent):
            appear(path, content)

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
            raise UsageError(f"{self.path} is not there; `sparkify run` makes it")
        with (
            self.errors(),
            self.opened(engine(self.engine.url, read_only=True), deadline) as connection,
        ):
            yield connection

    @contextmanager
    def opened(self, engine: sa.Engine, deadline: float) -> Iterator[sa.Connection]:
        """A connection, tried for until the deadline while another process holds the file."""
        connection = self.wait_for(engine.connect, deadline)
        try:
            yield connection
        except BaseException:
            give_up(connection)
            raise
        finally:
            with stopping.critical():  # the pool logs a traceback of what is raised inside
                connection.close()

    def wait_for(self, connect: Callable[[], sa.Connection], deadline: float) -> sa.Connection:
        """Connect, or try again while the file is held; says so once."""
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

    def begin(self, lock_timeout: float) -> list[Statement]:
        """Nothing: the file's lock keeps all others out."""
        return []

    def stage_texts(
        self, objects: Mapping[str, Sequence[LakeObject]], insert: Callable[[str], str]
    ) -> Iterator[str]:
        """The reader's statements: they write into the warehouse itself."""
        return map(insert, objects)

    @contextmanager
    def reader(self, connection: sa.Connection) -> Iterator[Any]:
        """The connection itself: what is read goes straight into the staging tables."""
        yield driver(connection)

    def export(self, connection: sa.Connection, table: sa.Table, directory: str) -> str:
        """See `Warehouse.export`: one file, which is whole or not there."""
        if "://" in directory:
            raise UsageError(f"{directory} is no folder, and DuckDB exports to one")
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
        self, connection: sa.Connection, target: sa.Table, rows: Sequence[dict[str, Any]]
    ) -> None:
        """Insert rows as one JSON parameter: executemany takes 1.7 s for 5,000."""
        types = {c.name: c.type.compile(self.dialect) for c in target.columns}
        columns = ", ".join(types)
        driver(connection).execute(
            f"INSERT INTO {target.fullname} ({columns}) SELECT {columns} FROM"
            " (SELECT unnest(from_json($rows, $types), recursive := true))",
            {"rows": json.dumps(list(rows), default=as_json), "types": json.dumps([types])},
        )


def limit_memory(connection: Any) -> None:
    """Let a load take some memory for each thread, and not most of the machine's.

    More of it makes no load faster; what does not fit goes to the disk.
    """
    ((threads,),) = connection.execute("SELECT current_setting('threads')").fetchall()
    connection.execute(f"SET memory_limit = '{max(2, threads) * MEMORY_A_THREAD}MiB'")


@stopping.critical()
def give_up(connection: sa.Connection) -> None:
    """Roll back, so that what an interrupted statement left does not outlive the connection."""
    # a query that a signal ended goes on in DuckDB's threads, and ROLLBACK would wait for it
    driver(connection).interrupt()
    connection.rollback()


@stopping.critical()
def appear(path: Path, content: bytes) -> None:
    """Put a file there, all at once, unless another run was quicker."""
    new = path.with_name(f".{path.name}-{secrets.token_hex(4)}{NEW}")
    try:
        new.write_bytes(content)
        with suppress(OSError):  # it is there by now, or there are no links here
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)


def shortage(name: str, error: BaseException | None) -> SparkifyError | None:
    """The error for what DuckDB lacks to go on: room, memory, a sound file."""
    match error:
        case duckdb.IOException() | duckdb.OutOfMemoryException() | duckdb.FatalException():
            return SparkifyError(f"{name}: {first_line(error)}")
    return None


def engine(warehouse: str | sa.URL, **options: object) -> sa.Engine:
    """An engine that keeps no connection: an idle one would keep the file's lock."""
    url = sa.make_url(warehouse).set(drivername=DRIVER)
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args=options)


def as_json(value: object) -> str:
    """A value that JSON has no type for, as text that DuckDB casts back."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    raise TypeError(f"{type(value).__name__} in a row of the books")


def driver(connection: sa.Connection) -> Any:
    """DuckDB's own connection below SQLAlchemy's."""
    return connection.connection.dbapi_connection
