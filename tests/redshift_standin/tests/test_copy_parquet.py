"""COPY reads Parquet from S3 as the manual says (copy-usage_notes-copy-from-columnar)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from redshift_connector.error import ProgrammingError

from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import Target
from tests.redshift_standin.tests.test_copy import logged

Copy = Callable[..., list[list[Any]]]
MANIFEST = "FORMAT AS PARQUET MANIFEST"


@pytest.fixture
def parquet(s3: Bucket, tmp_path: Path) -> Callable[..., str]:
    """A function that writes the rows of a DuckDB query as a Parquet object; its URL."""

    def write(key: str, query: str, words: str = "COMPRESSION snappy") -> str:
        path = tmp_path / "one.parquet"
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, {words})")
        return s3.put(key, path.read_bytes())

    return write


@pytest.fixture
def copy(redshift: Any, target: Target) -> Copy:
    """A function that makes table t, copies into it and gives its rows in order."""

    def run(columns: str, source: str, options: str = "PARQUET", names: str = "") -> Any:
        cursor = redshift.cursor()
        cursor.execute(f"CREATE TABLE IF NOT EXISTS t ({columns})")
        redshift.commit()
        cursor.execute(f"COPY t {names} FROM '{source}' IAM_ROLE '{target.iam_role}' {options}")
        redshift.commit()
        cursor.execute("SELECT * FROM t ORDER BY 1")
        return [list(row) for row in cursor.fetchall()]

    return run


@pytest.fixture
def refuse(copy: Copy, redshift: Any) -> Callable[..., str]:
    """A function that copies in vain and gives the error's text; nothing was loaded."""

    def run(columns: str, source: str, options: str = "PARQUET", names: str = "") -> str:
        with pytest.raises(ProgrammingError) as caught:
            copy(columns, source, options, names)
        redshift.rollback()
        cursor = redshift.cursor()
        cursor.execute("SELECT COUNT(*), pg_last_copy_count() FROM t")
        assert cursor.fetchone()[0] == 0
        return str(caught.value)

    return run


@pytest.mark.parametrize("codec", ["snappy", "zstd", "gzip", "uncompressed"])
def test_manifest(parquet: Any, copy: Copy, s3: Bucket, redshift: Any, codec: str) -> None:
    """Every object of the manifest is loaded, in any codec, and the rows are counted."""
    words = f"COMPRESSION {codec}"
    one = parquet("one", "SELECT range::INTEGER AS a FROM range(3)", words)
    two = parquet("two", "SELECT 7::INTEGER AS a", words)
    parquet("three", "SELECT 8::INTEGER AS a", words)
    assert copy("a INT", s3.manifest("m", one, two, sizes=True), MANIFEST) == [[0], [1], [2], [7]]
    cursor = redshift.cursor()
    cursor.execute("SELECT pg_last_copy_count()")
    assert cursor.fetchone() == [4]


def test_prefix(parquet: Any, copy: Copy, s3: Bucket) -> None:
    """Without a manifest every object under the prefix is loaded; one without rows is fine."""
    parquet("data/1", "SELECT 1::INTEGER AS a")
    parquet("data/2", "SELECT 2::INTEGER AS a LIMIT 0")
    assert copy("a INT", s3.url("data/"), "FORMAT PARQUET") == [[1]]


TYPES = (
    ("SMALLINT", "7::SMALLINT", 7),
    ("INT", "7::INTEGER", 7),
    ("BIGINT", "7::BIGINT", 7),
    ("REAL", "1.5::FLOAT", 1.5),
    ("DOUBLE PRECISION", "1.1::DOUBLE", 1.1),
    ("BOOLEAN", "true", True),
    ("DECIMAL(10, 2)", "1.25::DECIMAL(10, 2)", Decimal("1.25")),
    ("DATE", "DATE '2018-11-15'", date(2018, 11, 15)),
    (
        "TIMESTAMP",
        "TIMESTAMP '2018-11-15 00:30:26.796123'",
        datetime(2018, 11, 15, 0, 30, 26, 796123),
    ),
    (
        "TIMESTAMP",
        "TIMESTAMPTZ '2018-11-15 00:30:26.796+01'",
        datetime(2018, 11, 14, 23, 30, 26, 796000),
    ),
    ("VARCHAR(32)", r"'it''s' || chr(9) || '\N é' || chr(10) || '🎵'", "it's\t\\N é\n🎵"),
    ("VARCHAR(4)", "''", ""),
    ("VARCHAR(4)", "NULL::VARCHAR", None),
    ("BIGINT", "NULL::BIGINT", None),
)


@pytest.mark.parametrize(("column", "value", "loaded"), TYPES)
def test_types(parquet: Any, copy: Copy, column: str, value: str, loaded: Any) -> None:
    """A value of the column's own type is loaded as it is; an empty text stays empty."""
    assert copy(f"a {column}", parquet("one", f"SELECT {value} AS a")) == [[loaded]]


def test_int96(copy: Copy, s3: Bucket) -> None:
    """A time may also be an INT96, as UNLOAD writes it."""
    moment = datetime(2018, 11, 15, 0, 30, 26, 796000)
    file = BytesIO()
    pq.write_table(pa.table({"a": [moment]}), file, use_deprecated_int96_timestamps=True)
    assert copy("a TIMESTAMP", s3.put("one", file.getvalue())) == [[moment]]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("INT", "7::BIGINT"),
        ("BIGINT", "7::INTEGER"),
        ("SMALLINT", "7::INTEGER"),
        ("BIGINT", "7::UBIGINT"),
        ("BIGINT", "'7'"),
        ("BIGINT", "TIMESTAMP '2018-11-15 00:30:26'"),
        ("BIGINT", "7::DECIMAL(18, 0)"),
        ("DOUBLE PRECISION", "1.5::FLOAT"),
        ("DECIMAL(10, 2)", "1.5::DOUBLE"),
        ("DECIMAL(10, 2)", "1.5::DECIMAL(10, 3)"),
        ("DATE", "'2018-11-15'"),
        ("TIMESTAMP", "DATE '2018-11-15'"),
        ("TIMESTAMP", "'2018-11-15 00:30:26'"),
        ("TIMESTAMP", "TIMESTAMP_NS '2018-11-15 00:30:26'"),
        ("TIMESTAMP", "1542241826796::BIGINT"),
        ("VARCHAR(8)", "7::BIGINT"),
        ("BOOLEAN", "'true'"),
    ],
)
def test_nothing_is_converted(
    parquet: Any, refuse: Callable[..., str], column: str, value: str
) -> None:
    """A value of another type than the column's is an error, also if it is narrower."""
    told = refuse(f"a {column}", parquet("one", f"SELECT {value} AS a"))
    assert "incompatible Parquet schema for column" in told


def test_columns_go_by_their_order(parquet: Any, copy: Copy, refuse: Callable[..., str]) -> None:
    """The n-th column of the file goes into the n-th of the table, whatever their names."""
    assert copy("a INT, b INT", parquet("one", "SELECT 1::INT AS b, 2::INT AS a")) == [[1, 2]]


def test_column_list(parquet: Any, copy: Copy) -> None:
    """With a list of columns the file has those; the others get their default."""
    source = parquet("one", "SELECT 'x' AS b, 1::INT AS a")
    columns = "a INT, b VARCHAR(4), c INT DEFAULT 5"
    assert copy(columns, source, names="(b, a)") == [[1, "x", 5]]


@pytest.mark.parametrize("select", ["1::INT AS a", "1::INT AS a, 2::INT AS b, 3::INT AS c"])
def test_another_number_of_columns(parquet: Any, refuse: Callable[..., str], select: str) -> None:
    """A file with fewer or more columns is an error."""
    assert "Unmatched number of columns" in refuse("a INT, b INT", parquet("x", f"SELECT {select}"))


def test_length_in_bytes(parquet: Any, copy: Copy, refuse: Callable[..., str]) -> None:
    """A text longer than its column, in bytes, is an error; one of its length is not."""
    told = refuse("a VARCHAR(3)", parquet("one", "SELECT 'éé' AS a"))
    assert "longer than the length defined in the table. Table: 3, Data: 4" in told
    assert copy("a VARCHAR(3)", parquet("two", "SELECT 'éé'[:1] || 'x' AS a")) == [["éx"]]


def test_trailing_blank(parquet: Any, refuse: Callable[..., str], standin: StandIn) -> None:
    """A text that ends in a blank fails the COPY, by the stand-in's own rule."""
    assert "rule of the stand-in" in refuse("a VARCHAR(3)", parquet("one", "SELECT 'x ' AS a"))


def test_not_null(parquet: Any, refuse: Callable[..., str]) -> None:
    """A NULL for a NOT NULL column is an error."""
    source = parquet("one", "SELECT 1::INT AS a, NULL::INT AS b")
    refuse("a INT, b INT NOT NULL", source)


@pytest.mark.parametrize(
    "words",
    [
        "MAXERROR 10",
        "IGNOREALLERRORS",
        "REGION 'us-west-2'",
        "GZIP",
        "ZSTD",
        "TIMEFORMAT 'auto'",
        "DATEFORMAT 'auto'",
        "ACCEPTANYDATE",
        "BLANKSASNULL",
        "EMPTYASNULL",
        "TRIMBLANKS",
        "TRUNCATECOLUMNS",
        "ROUNDEC",
        "COMPUPDATE OFF",
        "NOLOAD",
        "ENCODING UTF8",
        "IGNOREHEADER 1",
        "DELIMITER '|'",
        "JSON 'auto'",
    ],
)
def test_refused_options(parquet: Any, refuse: Callable[..., str], words: str) -> None:
    """Options that columnar formats do not take are errors."""
    refuse("a INT", parquet("one", "SELECT 1::INT AS a"), f"FORMAT AS PARQUET {words}")


def test_taken_options(parquet: Any, copy: Copy) -> None:
    """STATUPDATE and EXPLICIT_IDS are taken."""
    source = parquet("one", "SELECT 1::INT AS a")
    assert copy("a INT", source, "FORMAT AS PARQUET STATUPDATE OFF EXPLICIT_IDS") == [[1]]


def test_only_a_role(parquet: Any, redshift: Any, target: Target) -> None:
    """Keys are no authorization for a columnar format; CREDENTIALS may name a role."""
    source = parquet("one", "SELECT 1::INT AS a")
    cursor = redshift.cursor()
    cursor.execute("CREATE TABLE t (a INT)")
    redshift.commit()
    with pytest.raises(ProgrammingError, match="IAM_ROLE"):
        cursor.execute(
            f"COPY t FROM '{source}' ACCESS_KEY_ID 'x' SECRET_ACCESS_KEY 'y' FORMAT PARQUET"
        )
    redshift.rollback()
    role = f"aws_iam_role={target.iam_role}"
    cursor.execute(f"COPY t FROM '{source}' CREDENTIALS '{role}' FORMAT PARQUET")


def test_manifest_without_sizes(parquet: Any, refuse: Callable[..., str], s3: Bucket) -> None:
    """A manifest of columnar files has to tell their sizes."""
    one = parquet("one", "SELECT 1::INT AS a")
    assert "'meta'" in refuse("a INT", s3.manifest("m", one), MANIFEST)


@pytest.mark.parametrize("change", [-1, 1])
def test_manifest_with_a_wrong_size(
    parquet: Any, refuse: Callable[..., str], s3: Bucket, change: int
) -> None:
    """A size that is not the file's is an error."""
    one = parquet("one", "SELECT 1::INT AS a")
    size = s3.client.head_object(Bucket=s3.name, Key=f"{s3.prefix}one")["ContentLength"]
    entry = {"url": one, "mandatory": True, "meta": {"content_length": size + change}}
    refuse("a INT", s3.put("m", {"entries": [entry]}), MANIFEST)


def test_not_parquet(refuse: Callable[..., str], s3: Bucket) -> None:
    """An object that is no Parquet is an error."""
    refuse("a INT", s3.put("one", {"a": 1}))


def test_the_second_file_fails(
    parquet: Any, refuse: Callable[..., str], s3: Bucket, redshift: Any
) -> None:
    """What was read before an error is not counted, and the log says that the load failed."""
    one = parquet("one", "SELECT 1::INT AS a")
    two = parquet("two", "SELECT 'x' AS a")
    refuse("a INT", s3.manifest("m", one, two, sizes=True), MANIFEST)
    history = "SELECT TRIM(status), loaded_rows FROM sys_load_history"
    assert logged(redshift, f"{history} WHERE session_id = pg_backend_pid()") == [["failed", 0]]


def test_rolls_back(parquet: Any, redshift: Any, target: Target) -> None:
    """COPY belongs to its transaction."""
    source = parquet("one", "SELECT 1::INT AS a")
    cursor = redshift.cursor()
    cursor.execute("CREATE TABLE t (a INT)")
    redshift.commit()
    cursor.execute(f"COPY t FROM '{source}' IAM_ROLE '{target.iam_role}' FORMAT AS PARQUET")
    redshift.rollback()
    cursor.execute("SELECT COUNT(*) FROM t")
    assert cursor.fetchone() == [0]


def test_what_unload_wrote(redshift: Any, copy: Copy, s3: Bucket, target: Target) -> None:
    """COPY reads what UNLOAD wrote."""
    redshift.autocommit = True
    cursor = redshift.cursor()
    cursor.execute("CREATE TABLE s (a BIGINT, b VARCHAR(8), c TIMESTAMP, d DOUBLE PRECISION)")
    cursor.execute(
        "INSERT INTO s VALUES (1, 'é', '2018-11-15 00:30:26.796', 1.5), (2, '', NULL, 0)"
    )
    cursor.execute(
        f"UNLOAD ('SELECT * FROM s') TO '{s3.url('out/')}' IAM_ROLE '{target.iam_role}'"
        " FORMAT AS PARQUET PARALLEL OFF"
    )
    cursor.execute("SELECT * FROM s ORDER BY a")
    expected = [list(row) for row in cursor.fetchall()]
    columns = "a BIGINT, b VARCHAR(8), c TIMESTAMP, d DOUBLE PRECISION"
    assert copy(columns, s3.url("out/")) == expected
