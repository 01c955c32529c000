"""What an engine has to do: connect, lock, commit, translate errors, insert rows, export."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Self

import sqlalchemy as sa

from sparkify.errors import SparkifyError, UsageError
from sparkify.masking import mask_url
from sparkify.models.statements import Column, Statement
from sparkify.process import stopping
from sparkify.settings import DEFAULT_WAREHOUSE
from sparkify.warehouses.executor import Executor, Recorder, Result
from sparkify.warehouses.routes import Route

TableRow = Mapping[str, object]  # a row to insert, by column


class Warehouse(ABC):
    """An engine and its habits.

    Attributes:
        name: "duckdb" or "redshift".
        dialect: writes its statements.
        route: how rows get into its staging tables.
        engine: SQLAlchemy's; disposed of by `close` unless it is the caller's.
        owned: whether it is not the caller's.
    """

    name: str
    dialect: sa.Dialect

    def __init__(self, engine: sa.Engine, route: Route, *, owned: bool) -> None:
        self.engine = engine
        self.route = route
        self.owned = owned

    @property
    def url(self) -> str:
        """The warehouse's URL without secrets."""
        url = self.engine.url
        shown = url.set(drivername=self.name) if url.drivername.endswith("sparkify") else url
        return mask_url(shown.render_as_string(hide_password=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Dispose of the engine, unless it is the caller's."""
        with stopping.critical():
            if self.owned:
                self.engine.dispose()

    def executor(self, connection: sa.Connection) -> Executor:
        """Sends statements over a connection."""
        return Executor(connection, self.dialect)

    def recorder(self, reader: Executor | None = None) -> Recorder:
        """Shows statements instead; `reader` reads the books."""
        return Recorder(self.dialect, reader)

    def text(self, statement: Statement) -> str:
        """A statement as it is sent."""
        return self.recorder().text(statement)

    def execute(self, connection: sa.Connection, statement: Statement) -> Result:
        """Send one statement over a connection."""
        return self.executor(connection).send(statement)

    @property
    @abstractmethod
    def bare(self) -> bool:
        """Whether it is only the name of an engine, which a plan can use."""

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Translate the engine's errors into ours."""
        try:
            yield
        except Exception as error:
            cause = error.__cause__
            if cause is not None and not isinstance(cause, Exception):
                raise cause from None  # a signal: DuckDB answers it with an error of its own
            if (ours := self.translate(error)) is not None:
                raise ours from error
            raise

    def require_url(self) -> None:
        """Check that this is more than a bare name, which only a plan can use.

        Raises:
            UsageError: it is a bare name, as "duckdb"; nothing would be kept.
        """
        if self.bare:
            raise UsageError(
                f'"{self.name}" is not a warehouse but the name of an engine, which only a plan'
                f" can use: give a URL like {DEFAULT_WAREHOUSE}"
            )

    @abstractmethod
    def translate(self, error: Exception) -> SparkifyError | None:
        """Our error for one of the engine's; None for an unexpected one."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is something to connect to."""

    @abstractmethod
    def writing(self, lock_timeout: float) -> AbstractContextManager[sa.Connection]:
        """A connection for a run, with no transaction begun.

        Raises:
            WarehouseBusy: another process writes, and still does after `lock_timeout` seconds.
            UsageError: the engine is the caller's, and a load over it would not be all or nothing.
        """

    @abstractmethod
    def reading(self, lock_timeout: float) -> AbstractContextManager[sa.Connection]:
        """A connection that only reads."""

    @abstractmethod
    def lock(self, executor: Executor, lock_timeout: float) -> None:
        """Keep other runs from publishing, as the first thing in a publication's transaction."""

    def lock_ids(self, executor: Executor) -> None:  # noqa: B027
        """Keep other runs from reserving file_ids until the end of the transaction."""

    def keep_alive(self, executor: Executor, run_id: str) -> None:  # noqa: B027
        """Say that a run is alive, and keep its session open; called often while it stages."""

    @abstractmethod
    def ago(self, minutes: int) -> Column:
        """The time some minutes ago, in UTC, by the server's clock."""

    @abstractmethod
    def is_dead(self, heartbeat: Column) -> sa.ColumnElement[bool]:
        """Whether a run that may not have ended is no longer alive, by its last heartbeat."""

    @abstractmethod
    def sweep(self, executor: Executor) -> None:
        """Remove what killed runs left beside the warehouse."""

    def commit(self, transaction: sa.RootTransaction, load_id: str) -> None:
        """Commit the load. If this raises, nothing was committed."""
        transaction.commit()

    def finish(self, connection: sa.Connection, changed: float) -> None:  # noqa: B027
        """Tidy up after a load that committed; `changed` is the share of plays that are new."""

    def scrub(self, connection: sa.Connection) -> None:  # noqa: B027
        """See that rows that were deleted cannot be read any more, as far as it is ours to do."""

    @abstractmethod
    def insert_rows(
        self, executor: Executor, target: sa.Table, rows: Sequence[TableRow], name: str
    ) -> None:
        """Insert any number of rows into a table of the books.

        Args:
            name: of what is uploaded for that, if anything: the run's id and a name of its own.
        """

    @abstractmethod
    def export(
        self, connection: sa.Connection, tables: Sequence[sa.Table], directory: str, *, force: bool
    ) -> list[str]:
        """Write tables as Parquet below a directory, in place of an earlier export.

        Args:
            force: also replace a folder that has other files.

        Returns:
            One location for each table.

        Raises:
            UsageError: the directory is not one of this engine's.
            SparkifyError: it cannot be written, or has other files.
        """
