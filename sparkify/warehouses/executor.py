"""Sends statements to a warehouse, or shows them: one code path for runs and for plans.

A plan is a run with a `Recorder` in place of the connection, as Alembic has `as_sql`. Values that
are known only at run time stand in a plan as named placeholders, as `$load_id`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from sparkify.models.statements import Query, Statement
from sparkify.read.sql import DuckDBScanner, Rows, Scanner, Value, timed

LOAD_ID, RUN_ID = "$load_id", "$run_id"  # in a plan
USERS = "$users"  # in what is shown of a statement about people who are forgotten
Result = sa.CursorResult[Any]
Found = Iterable[Sequence[Any]]  # rows of a SELECT


class Executor:
    """Sends statements over a connection.

    Attributes:
        as_sql: whether statements are only shown, and nothing is read, uploaded or written.
        hidden: texts that are sent in place of placeholders such as `$users`, and not logged.
    """

    as_sql = False

    def __init__(self, connection: sa.Connection, dialect: sa.Dialect) -> None:
        self.connection = connection
        self.dialect = dialect
        self.hidden: dict[str, str] = {}

    @contextmanager
    def transaction(self) -> Iterator[sa.RootTransaction | None]:
        """A transaction, which is committed at the end of the block, or rolled back."""
        try:
            with self.connection.begin() as transaction:
                yield transaction
        except sa.exc.DBAPIError:
            self.roll_back()
            raise

    def roll_back(self) -> None:
        """End a transaction whose COMMIT failed: SQLAlchemy does not send ROLLBACK for it."""
        with suppress(Exception):
            if not self.connection.invalidated:
                driver(self.connection).rollback()
            self.connection.rollback()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A transaction that commits nothing."""
        with self.transaction() as transaction:
            yield
            if transaction is not None:
                transaction.rollback()

    def text(self, statement: Statement | sa.ColumnElement[Any]) -> str:
        """A statement as it is sent: its values are in it, none is a bound parameter."""
        compiled = statement.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True})
        return str(compiled).strip().replace("%%", "%")  # SQLAlchemy doubles each for some drivers

    def send(self, statement: Statement) -> Result:
        """Send a statement, as `text` shows it but for what is hidden."""
        shown = text = self.text(statement)
        for name, value in self.hidden.items():
            text = text.replace(name, value)
        try:
            with timed(shown):
                return self.connection.exec_driver_sql(text)
        except sa.exc.StatementError as error:
            error.statement = shown
            raise

    def execute(self, statement: Statement) -> None:
        """Send a statement that returns nothing."""
        self.send(statement)

    def rows(self, select: sa.SelectBase) -> Found:
        """The rows of a SELECT."""
        return self.send(select)

    def books(self, select: sa.SelectBase) -> Found:
        """The rows of a SELECT of the books, which a plan reads as well."""
        return self.rows(select)

    def scalar(self, select: Query) -> Any:
        """The only value of a SELECT of the books; None if there is no row."""
        return next((value for (value,) in self.books(select)), None)

    def one(self, select: Query) -> Sequence[Any]:
        """The only row of a SELECT; in a plan zeros."""
        return tuple(self.send(select).one())

    def counts(self, select: Query) -> Sequence[int]:
        """The only row of a SELECT of counts."""
        return tuple(map(int, self.one(select)))

    def scanner(self) -> Scanner:
        """DuckDB's own connection below SQLAlchemy's."""
        return DuckDBScanner(driver(self.connection))


class Recorder(Executor):
    """Keeps the texts of statements instead of sending them. Every answer is empty, or zeros.

    Attributes:
        texts: the statements so far, in order.
        reader: reads the books; None if there are none yet, so that their rows are none, too.
    """

    as_sql = True

    def __init__(self, dialect: sa.Dialect, reader: Executor | None = None) -> None:
        self.dialect = dialect
        self.reader = reader
        self.texts: list[str] = []

    @contextmanager
    def transaction(self) -> Iterator[sa.RootTransaction | None]:
        """Nothing is begun."""
        yield None

    def execute(self, statement: Statement) -> None:
        """Keep a statement."""
        self.texts.append(self.text(statement))

    def rows(self, select: sa.SelectBase) -> Found:
        """Keep a SELECT; no rows."""
        self.execute(select)
        return ()

    def books(self, select: sa.SelectBase) -> Found:
        """Keep a SELECT of the books; its rows."""
        self.execute(select)
        return self.reader.rows(select) if self.reader else ()

    def one(self, select: Query) -> Sequence[Any]:
        """Keep a SELECT; zeros."""
        self.execute(select)
        return [0] * len(select.selected_columns)

    def scanner(self) -> Scanner:
        """Keeps the reader's statements, too."""
        return RecordingScanner(self.texts)


class RecordingScanner:
    """Keeps DuckDB statements, with their placeholders, instead of running them."""

    def __init__(self, texts: list[str] | None = None) -> None:
        self.texts = [] if texts is None else texts

    def execute(self, query: str, values: Mapping[str, Value] | None = None) -> Rows:
        """Keep a statement; its answer is empty."""
        self.texts.append(query)
        return self

    def fetchall(self) -> list[Any]:
        """No rows."""
        return []


def driver(connection: sa.Connection) -> Any:
    """The driver's own connection below SQLAlchemy's."""
    return connection.connection.dbapi_connection
