"""Runs the queries of a folder, and compares their rows with those that are expected.

    NAME.sql   one query
    NAME.csv   its expected rows, with a header

Queries run read-only. The order of the rows matters only if a query has an ORDER BY. Floats may
differ by `TOLERANCE`; NULL and an empty text are both an empty field.
"""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
import sqlglot
from sqlglot import exp

from sparkify.analytics import expected
from sparkify.analytics.asking import reading
from sparkify.analytics.expected import Table
from sparkify.errors import SparkifyError, TryAgain, UsageError, WarehouseBusy, first_line
from sparkify.process.files import write_file
from sparkify.report import Json
from sparkify.warehouses.base import Warehouse

SHOWN = 10  # lines of a difference that people see
WRITES = (exp.Into, exp.Command, exp.DML, exp.DDL)


@dataclass(frozen=True)
class Outcome:
    """What became of one query.

    Attributes:
        name: The name of its files, without the ending.
        status: "ok", "different", "missing" if there is no CSV, "failed" if the query could not
            be run or the CSV not be read, or "accepted" if the CSV was written.
        message: What is wrong, in a line.
        missing: Expected rows that the query did not return, as lines of CSV.
        unexpected: Rows that were not expected, as lines of CSV.
    """

    name: str
    status: str
    message: str = ""
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield the outcome as people read it."""
        yield f"{self.status:<9}  {self.name}{self.message and ': '}{self.message}"
        for sign, rows in (("-", self.missing), ("+", self.unexpected)):
            yield from (f"  {sign} {row}" for row in rows[:SHOWN])
            if len(rows) > SHOWN:
                yield f"  {sign} and {len(rows) - SHOWN:,} more"


@dataclass(frozen=True)
class Verification:
    """What became of all queries of a folder.

    Attributes:
        warehouse: The warehouse's URL, without secrets.
        outcomes: One for each query, by name.
    """

    warehouse: str
    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        """Whether every query returned what is expected, or that was accepted."""
        return all(each.status in ("ok", "accepted") for each in self.outcomes)

    def to_dict(self) -> Json:
        """Return the outcomes as JSON values."""
        outcomes = [asdict(each) for each in self.outcomes]
        return {"warehouse": self.warehouse, "ok": self.ok, "queries": outcomes}

    def __str__(self) -> str:
        good = sum(each.status in ("ok", "accepted") for each in self.outcomes)
        lines = [line for each in self.outcomes for line in each.lines()]
        return "\n".join([*lines, f"{good} of {len(self.outcomes)} queries are as expected"])


def verify(
    directory: str | os.PathLike[str],
    warehouse: str | sa.Engine | None = None,
    *,
    accept: bool = False,
) -> Verification:
    """Run a folder's queries read-only, and compare their rows with what is expected.

    In a test: `found = verify("queries", url); assert found.ok, str(found)`.

    Args:
        directory: A folder with NAME.sql and NAME.csv files.
        warehouse: As for `ask`.
        accept: Write what a query returns where it differs from its CSV, or there is none.

    Raises:
        UsageError: There is no such folder, or no query in it, or a CSV without a query.
        SparkifyError: The warehouse cannot be read, or a file cannot be read or written.
    """
    folder = Path(directory)
    queries = queries_of(folder)
    with reading(warehouse) as (source, connection):
        outcomes = [verified(source, connection, path, accept=accept) for path in queries]
        return Verification(source.url, tuple(outcomes))


def queries_of(folder: Path) -> list[Path]:
    """Return the .sql files of a folder."""
    if not folder.is_dir():
        raise UsageError(f"no such folder: {folder}")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".sql")
    if not found:
        raise UsageError(f"{folder} has no .sql files")
    names = {path.stem for path in found}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".csv" and path.stem not in names:
            raise UsageError(f"{path} has no query: {path.stem}.sql is missing")
    return found


def verified(source: Warehouse, connection: sa.Connection, path: Path, *, accept: bool) -> Outcome:
    """Run one query and compare its rows."""
    csv = path.with_suffix(".csv")
    try:
        text = read(path)
        ordered = has_order(text, source.name)
        found = rows_of(source, connection, text)
        if not csv.is_file() and not accept:
            message = f"there is no {csv.name}; --accept writes it"
            return Outcome(path.stem, "missing", message)
        wanted = expected.parse(read(csv)) if csv.is_file() else None
    except (TryAgain, WarehouseBusy):
        raise
    except SparkifyError as error:
        return Outcome(path.stem, "failed", str(error))
    outcome = compared(path.stem, wanted, found, ordered=ordered)
    if outcome.status != "ok" and accept:
        write_file(csv, expected.text(found))
        return Outcome(path.stem, "accepted", f"{csv.name} written")
    return outcome


def read(path: Path) -> str:
    """Read a file of text."""
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise SparkifyError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SparkifyError(f"{path} is not UTF-8 text") from error


def is_statement(parsed: exp.Expr | None) -> bool:
    """Return whether there is more than a semicolon or a comment."""
    return parsed is not None and not isinstance(parsed, exp.Semicolon)


def has_order(text: str, engine: str) -> bool:
    """Return whether the rows of a query have an order.

    Raises:
        UsageError: The text is not one query, or one that writes.
    """
    try:
        statements = [*filter(is_statement, sqlglot.parse(text, dialect=engine))]
    except sqlglot.errors.SqlglotError as error:
        raise UsageError(f"not a valid query: {first_line(error)}") from error
    if len(statements) != 1:
        raise UsageError(f"must be one query, not {len(statements)}")
    query = statements[0]
    if not isinstance(query, exp.Query) or query.find(*WRITES):
        raise UsageError("must be a query: a SELECT that writes nothing")
    return query.args.get("order") is not None


def rows_of(source: Warehouse, connection: sa.Connection, text: str) -> Table:
    """Run a query; its transaction ends with it.

    Raises:
        SparkifyError: It fails.
    """
    try:
        with source.errors():
            try:
                result = connection.exec_driver_sql(text)
                return Table(tuple(result.keys()), [tuple(row) for row in result])
            finally:
                connection.rollback()
    except sa.exc.DBAPIError as error:
        raise SparkifyError(f"the query failed: {first_line(error.orig or error)}") from error


def compared(name: str, wanted: Table | None, found: Table, *, ordered: bool) -> Outcome:
    """Compare the expected rows with those that were found."""
    if wanted is None:
        return Outcome(name, "missing")
    if [each.lower() for each in wanted.columns] != [each.lower() for each in found.columns]:
        columns = f"{', '.join(wanted.columns)}, found {', '.join(found.columns)}"
        return Outcome(name, "different", f"expected the columns {columns}")
    missing, unexpected = expected.difference(wanted, found)
    if missing or unexpected:
        numbers = f"{len(missing):,} expected rows missing, {len(unexpected):,} not expected"
        lines = (tuple(map(expected.line, rows)) for rows in (missing, unexpected))
        return Outcome(name, "different", numbers, *lines)
    if ordered and (number := expected.out_of_order(wanted, found)):
        message = (
            f"the rows are in another order, from row {number} on; rows with equal values in ORDER"
            " BY have no fixed order"
        )
        return Outcome(name, "different", message)
    return Outcome(name, "ok")
