"""DuckDB statements with values: `$name` placeholders that are filled in as literals.

Parameters of the driver would do as well, but with the first of them DuckDB imports pandas, where
it is installed, and that takes 0.4 s.
"""

import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger(__name__)

Value = str | int | bool | Path | Sequence[str] | Sequence[int] | Sequence[Sequence[str]]
PLACEHOLDER = re.compile(r"\$(\w+)")


class Rows(Protocol):
    """The rows that a statement returned."""

    def fetchall(self) -> list[Any]:
        """All of them, as tuples."""


class Scanner(Protocol):
    """As much of a DuckDB connection as reading takes."""

    def execute(self, query: str, values: Mapping[str, Value] | None = None) -> Rows:
        """Run one statement, with `values` in place of its `$name` placeholders."""


class DuckDBScanner:
    """Runs statements over a connection of DuckDB's own."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection") -> None:
        self.connection = connection

    def execute(self, query: str, values: Mapping[str, Value] | None = None) -> Rows:
        """Run one statement; see `Scanner`. Its values are not logged."""
        with timed(query):
            return self.run(fill(query, values) if values else query)

    def run(self, query: str) -> Rows:
        """Run one statement as it is."""
        return self.connection.execute(query)


@contextmanager
def timed(statement: str) -> Iterator[None]:
    """Log a statement with the seconds that it takes, also if it fails."""
    begin = time.perf_counter()
    try:
        yield
    finally:
        logger.debug("%.3f s: %s", time.perf_counter() - begin, statement)


@contextmanager
def in_order(scanner: Scanner) -> Iterator[None]:
    """Let DuckDB return rows in the order in which it reads them."""
    setting = "preserve_insertion_order"
    ((before,),) = scanner.execute(f"SELECT current_setting('{setting}')").fetchall()
    scanner.execute(f"SET {setting} = true")
    yield
    if not before:  # after an error nothing can be set, and the connection is given up
        scanner.execute(f"SET {setting} = false")


def fill(query: str, values: Mapping[str, Value]) -> str:
    """A statement with the literals of values in place of its placeholders.

    >>> fill("SELECT $name, $files, $seen", {"name": "it's", "files": ["$name"], "seen": True})
    "SELECT 'it''s', ['$name'], true"
    """
    return PLACEHOLDER.sub(lambda found: literal(values[found[1]]), query)


def literal(value: Value) -> str:
    """A value as DuckDB writes it in SQL."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str() | Path():
            text = str(value).replace("'", "''")
            return f"'{text}'"
    return f"[{', '.join(map(literal, value))}]"
