"""FORMAT AS PARQUET: the rows of a Parquet object, in the order of its columns.

Facts from copy-usage_notes-copy-from-columnar: the file's n-th column goes into the n-th column of
the COPY, whatever their names; there are as many of them; nothing is rejected row by row. The
manual does not list which Parquet type goes into which column. What people's clusters answered:
the width of a number must be that of the column (an `int32` without annotation is no SMALLINT, an
INT64 no INTEGER), a DOUBLE is no DECIMAL, and times in nanoseconds are loaded wrongly.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from .addresses import Address
from .copy_options import CopyOptions
from .errors import lacks
from .field_values import Column, convert
from .json_rows import BadValueError
from .protocol import SqlError

TEXTS = ("varchar", "bpchar")
#: A column's type as an error names it, and the Parquet types that go into it: the physical type
#: with its annotation (converted type, "" for none).
TYPES = {
    "bool": ("BOOLEAN", ["BOOLEAN"]),
    "int2": ("SMALLINT", ["INT32 INT_16"]),
    "int4": ("INTEGER", ["INT32", "INT32 INT_32"]),
    "int8": ("BIGINT", ["INT64", "INT64 INT_64"]),
    "float4": ("REAL", ["FLOAT"]),
    "float8": ("DOUBLE PRECISION", ["DOUBLE"]),
    "varchar": ("VARCHAR", ["BYTE_ARRAY UTF8"]),
    "bpchar": ("CHAR", ["BYTE_ARRAY UTF8"]),
    "date": ("DATE", ["INT32 DATE"]),
    "timestamp": ("TIMESTAMP", ["INT96", "INT64 TIMESTAMP_MICROS", "INT64 TIMESTAMP_MILLIS"]),
    "numeric": ("DECIMAL", []),
}
COMPRESSED = (".gz", ".snappy", ".bz2")
LEVELS = "SELECT name, type, converted_type, precision, scale, num_children FROM parquet_schema(?)"
ROWS_AT_ONCE = 10_000
TOO_LONG = 1204  # the code of COPY's error log


def values(
    address: Address, data: bytes, columns: list[Column], copy: CopyOptions
) -> Iterator[list[str | None]]:
    """The rows of an object as the texts that PostgreSQL's COPY takes. Raises SqlError."""
    if address.key.endswith(COMPRESSED):
        raise lacks(f"COPY ... PARQUET of a compressed file ({address})")
    try:
        with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
            path = Path(folder) / "one.parquet"
            path.write_bytes(data)
            connection.execute("SET TimeZone = 'UTC'")  # a TIMESTAMP has the time in UTC
            names = _check_schema(connection, path, address, columns)
            texts = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in names)
            found = connection.execute(f"SELECT {texts} FROM read_parquet(?)", [str(path)])
            while rows := found.fetchmany(ROWS_AT_ONCE):
                for row in rows:
                    yield _row(row, columns, copy, address)
    except duckdb.Error as error:
        raise _error(15001, f"{error}, File name: {address}") from error


def _check_schema(
    connection: duckdb.DuckDBPyConnection, path: Path, address: Address, columns: list[Column]
) -> list[str]:
    """The names of the file's columns, which have to fit those of the COPY."""
    top, *levels = connection.execute(LEVELS, [str(path)]).fetchall()
    if top[-1] != len(columns):
        raise _error(
            15007,
            "Unmatched number of columns between table and file. "
            f"Table columns: {len(columns)}, Data columns: {top[-1]}, File name: {address}",
        )
    if any(level[-1] for level in levels):
        raise lacks("COPY ... PARQUET of nested columns")
    for column, (name, kind, annotation, precision, scale, _) in zip(columns, levels, strict=True):
        if column.type not in TYPES:
            raise lacks(f"COPY ... PARQUET into a column of type {column.type}")
        shown, fitting = TYPES[column.type]
        found = " ".join(filter(None, (kind, annotation)))
        if column.type == "numeric":
            fits = (annotation, precision, scale) == ("DECIMAL", column.precision, column.scale)
        else:
            fits = found in fitting
        if not fits:
            raise _error(
                15007,
                f"File '{address}' has an incompatible Parquet schema for column '{column.name}'. "
                f"Column type: {shown}, Parquet schema: {found} {name}",
            )
    return [level[0].replace('"', '""') for level in levels]


def _row(
    row: tuple[str | None, ...], columns: list[Column], copy: CopyOptions, address: Address
) -> list[str | None]:
    texts = list(row)
    for place, (value, column) in enumerate(zip(row, columns, strict=True)):
        if value is None and column.not_null:
            raise _error(15001, f"NULL in column {column.name}, File name: {address}")
        if value is not None and column.type in TEXTS:
            try:
                texts[place] = convert(value, column, copy)
            except BadValueError as bad:
                raise _unfit(bad, value, column, address) from bad
    return texts


def _unfit(bad: BadValueError, value: str, column: Column, address: Address) -> SqlError:
    if bad.code != TOO_LONG:
        return _error(15001, f"{bad.reason} in column {column.name}, File name: {address}")
    return _error(
        15001,
        f"The length of the data column {column.name} is longer than the length defined in the "
        f"table. Table: {column.octets}, Data: {len(value.encode())}, File name: {address}",
    )


def _error(code: int, context: str) -> SqlError:
    detail = f"error:  Spectrum Scan Error code:  {code} context:  {context}"
    return SqlError("XX000", "Spectrum Scan Error", detail)
