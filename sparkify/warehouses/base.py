"""What a warehouse must do. All that differs between the engines lives in this package.

The line: where only the text of a statement differs, it is a `@compiles`; where the sequence of
operations does, it is a method here.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.schema import ExecutableDDLElement

from sparkify.errors import SparkifyError
from sparkify.lake.objects import Lake, LakeObject
from sparkify.masking import mask_url
from sparkify.process import stopping

if TYPE_CHECKING:
    pass

Statement = sa.SelectBase | sa.Insert | sa.Delete | sa.TextClause | ExecutableDDLElement


class Loaded(NamedTuple):
    """What a warehouse made of objects that it read by itself; `rejects`: rows of the books."""

    rows: int
    repaired: int
    rejects: list[dict[str, Any]]


class Warehouse(ABC):
    """An engine and its habits.

    Attributes:
        name: "duckdb" or "redshift".
        dialect: how its statements are written.
        copy: how rows get there: None, "staged" or "direct".
        engine: of SQLAlchemy; disposed of by `close` unless it was handed in.
    """

    name: str
    dialect: sa.Dialect
    copy: str | None = None

    def __init__(self, engine: sa.Engine, *, owned: bool) -> None:
        self.engine = engine
        self.owned = owned

    @property
    def url(self) -> str:
        """The warehouse's URL without secrets."""
        url = self.engine.url
        shown = url.set(drivername=self.name) if url.drivername.endswith("sparkify") else url
        return mask_url(shown.render_as_string(hide_password=True))

    def __enter__(self) -> "Warehouse":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @stopping.critical()
    def close(self) -> None:
        """Let go of the engine, unless it is somebody else's."""
        if self.owned:
            self.engine.dispose()

    def text(self, statement: Statement) -> str:
        """A statement as it is sent: its values are in it, none is a bound parameter."""
        compiled = statement.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True})
        return str(compiled).strip().replace("%%", "%")  # SQLAlchemy doubles each for some drivers

    def execute(self, connection: sa.Connection, statement: Statement) -> sa.CursorResult[Any]:
        """Send a statement, as `text` shows it."""
        return connection.exec_driver_sql(self.text(statement))

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turns the engine's errors into ours."""
        try:
            yield
        except Exception as error:
            if (ours := self.translate(error)) is not None:
                raise ours from error
            raise

    @abstractmethod
    def translate(self, error: Exception) -> SparkifyError | None:
        """Our error for one of the engine's; None for what is not expected."""

    @abstractmethod
    def writing(self, lock_timeout: float) -> AbstractContextManager[sa.Connection]:
        """A connection that nobody else writes beside, with no transaction begun.

        Raises:
            WarehouseBusy: somebody else writes, and still does after `lock_timeout` seconds.
        """

    @abstractmethod
    def reading(self, lock_timeout: float) -> AbstractContextManager[sa.Connection]:
        """A connection that cannot write."""

    @abstractmethod
    def begin(self, lock_timeout: float) -> list[Statement]:
        """What a load's transaction starts with."""

    @abstractmethod
    def sweep(self) -> None:
        """Remove what killed runs left beside the warehouse; only who holds it may."""

    def commit(self, transaction: sa.RootTransaction, load_id: str) -> None:
        """Commit a load, or raise; what it raises, the load is not there."""
        transaction.commit()

    def finish(self, connection: sa.Connection, changed: float) -> None:  # noqa: B027
        """Tidy up after a load that committed; `changed`: the share of plays that are new."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is something to connect to."""

    def require(self, lake: Lake) -> None:  # noqa: B027
        """Make sure, before anything else, that rows of a lake can get here.

        Raises:
            UsageError: they cannot, and what to do.
        """

    @abstractmethod
    def stage_texts(
        self, objects: Mapping[str, Sequence[LakeObject]], insert: Callable[[str], str]
    ) -> Iterator[str]:
        """What is sent to stage objects.

        Args:
            objects: by kind.
            insert: gives the reader's own statement for a kind.
        """

    @abstractmethod
    def reader(self, connection: sa.Connection) -> AbstractContextManager[Any]:
        """The DuckDB connection with the staging tables that the reader is to fill."""

    def take(  # noqa: B027 - only Redshift has a way to go
        self, connection: sa.Connection, room: Any, load_id: str, rows: dict[str, int]
    ) -> None:
        """Bring what the reader staged into the warehouse, if it is not there already.

        Args:
            connection: with the load's transaction.
            room: what `reader` gave.
            load_id: the load.
            rows: by kind, how many rows there are.
        """

    @abstractmethod
    def export(self, connection: sa.Connection, table: sa.Table, directory: str) -> str:
        """Write a table as Parquet below a directory, over what is there; return where.

        Raises:
            UsageError: the directory is none of this engine's.
            SparkifyError: it cannot be written to.
        """

    def load(
        self, connection: sa.Connection, load_id: str, kind: str, objects: Sequence[LakeObject]
    ) -> Loaded:
        """Stage objects of one kind without this machine; only where `copy` is "direct"."""
        raise NotImplementedError(f"{self.name} reads nothing by itself")

    @abstractmethod
    def insert_rows(
        self, connection: sa.Connection, target: sa.Table, rows: Sequence[dict[str, Any]]
    ) -> None:
        """Insert many rows at once, however many."""
