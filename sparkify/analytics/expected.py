"""Rows of a query beside rows of a CSV file: what differs, and in which order they are."""

import csv
import datetime
import io
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from sparkify.analytics.questions import Row
from sparkify.errors import SparkifyError

TOLERANCE = 1e-6  # of a float, relative to its size
SMALLEST = 1e-9  # differences of floats that never count

Cell = str | float | None  # None is an empty field
Cells = tuple[Cell, ...]  # a row


@dataclass(frozen=True)
class Table:
    """Rows with the names of their columns."""

    columns: tuple[str, ...]
    rows: list[Row]


def written(value: object) -> str:
    """Return a value as a field of CSV.

    >>> [written(value) for value in (None, True, 0.1, datetime.datetime(2018, 11, 2, 9, 1))]
    ['', 'true', '0.1', '2018-11-02 09:01:00']
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime.datetime():
            return value.isoformat(" ")
        case bytes():
            return value.hex()
    return str(value)


def line(row: Row) -> str:
    """Return a row as a line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([written(value) for value in row])
    return text.getvalue()


def text(table: Table) -> str:
    """Return a table as the text of a CSV file."""
    return "".join(f"{line(row)}\n" for row in (table.columns, *table.rows))


def parse(content: str) -> Table:
    """Read the text of a CSV file; every field is text.

    Raises:
        SparkifyError: It has no header, or a row with more or fewer fields.
    """
    try:
        header, *rows = list(csv.reader(io.StringIO(content, newline=""), strict=True)) or [[]]
    except csv.Error as error:
        raise SparkifyError(f"the CSV file is not valid: {error}") from error
    if len(header) == 1:
        rows = [row or [""] for row in rows]  # an empty line is an empty field
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise SparkifyError(
                f"the CSV file is not valid: row {number} has {len(row)} fields, and the header"
                f" {len(header)}"
            )
    if not header:
        raise SparkifyError("the CSV file is empty: its first line must name the columns")
    return Table(tuple(header), [tuple(row) for row in rows])


def like(field: str, kind: type) -> Cell:
    """Return a field of a CSV file as the values of its column are.

    >>> like("26.0", int), like("26.5", int), like("26", float), like("", int)
    ('26', '26.5', 26.0, None)
    """
    if not field:
        return None
    try:
        if kind is float:
            return float(field)
        if kind is int:
            number = Decimal(field)
            return str(int(number)) if number == int(number) else field
        if kind is datetime.datetime:
            return datetime.datetime.fromisoformat(field).isoformat(" ")
    except (ValueError, ArithmeticError):
        return field
    return field.lower() if kind is bool else field


def simple(value: object) -> object:
    """Return a decimal number as an integer if it is one, or else as a float."""
    if not isinstance(value, Decimal):
        return value
    return int(value) if value.is_finite() and value == int(value) else float(value)


def kinds(rows: Sequence[Row], width: int) -> list[type]:
    """Return the type of each column's values; `str` if it has none."""
    found: list[type] = [str] * width
    for row in rows:
        for index, value in enumerate(row):
            if value is not None and found[index] is not float:
                found[index] = type(value)
    return found


def cells(wanted: Table, found: Table) -> tuple[list[Cells], list[Cells]]:
    """Return the rows of both tables so that they can be compared."""
    rows = [tuple(map(simple, row)) for row in found.rows]
    types = kinds(rows, len(found.columns))
    mine = [tuple(like(*each) for each in zip(row, types, strict=True)) for row in wanted.rows]
    return mine, [
        tuple(
            float(value)
            if kind is float and isinstance(value, int | float)
            else written(value) or None
            for value, kind in zip(row, types, strict=True)
        )
        for row in rows
    ]


def close(one: Iterable[Cell], other: Iterable[Cell]) -> bool:
    """Return whether two rows are equal, floats within the tolerance."""
    return all(
        a == b or (isinstance(a, float) and isinstance(b, float) and same_number(a, b))
        for a, b in zip(one, other, strict=True)
    )


def same_number(a: float, b: float) -> bool:
    """Return whether two floats are equal within the tolerance."""
    both_nan = math.isnan(a) and math.isnan(b)
    return both_nan or math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=SMALLEST)


def difference(wanted: Table, found: Table) -> tuple[list[Row], list[Row]]:
    """Return the rows of each table that the other one lacks, whatever the order.

    Equal rows are paired first. What is left is compared one by one, but only with rows that have
    the same values in all columns that are not floats.
    """
    mine, theirs = cells(wanted, found)
    common = Counter(mine) & Counter(theirs)
    left = [unpaired(rows, Counter(common)) for rows in (mine, theirs)]
    near = defaultdict(list)
    for index in left[1]:
        near[exact(theirs[index])].append(index)
    missing = []
    for index in left[0]:
        rows = near[exact(mine[index])]
        pair = next((each for each in rows if close(mine[index], theirs[each])), None)
        if pair is None:
            missing.append(wanted.rows[index])
        else:
            rows.remove(pair)
    return missing, [found.rows[index] for index in sorted(chain(*near.values()))]


def exact(row: Cells) -> Cells:
    """Return the values of a row that are not floats, the others as None."""
    return tuple(None if isinstance(value, float) else value for value in row)


def unpaired(rows: list[Cells], common: Counter[Cells]) -> list[int]:
    """Return the indices of rows that are not among those that both tables have."""
    left = []
    for index, row in enumerate(rows):
        if common[row]:
            common[row] -= 1
        else:
            left.append(index)
    return left


def out_of_order(wanted: Table, found: Table) -> int | None:
    """Return the number of the first row, from 1, that is not where it is expected."""
    pairs = zip(*cells(wanted, found), strict=True)
    return next((n for n, (a, b) in enumerate(pairs, start=1) if not close(a, b)), None)
