"""UNLOAD writes Parquet to S3 as the manual says (r_UNLOAD)."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from redshift_connector.error import ProgrammingError

from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import Target

SETUP = (
    "CREATE TABLE t (a INT, b VARCHAR(16), c TIMESTAMP, d DOUBLE PRECISION, e BIGINT, f BOOLEAN)",
    "INSERT INTO t VALUES (2, 'it''s é', '2018-11-15 00:30:26.796', 1.5, 7, true), "
    "(1, '', NULL, NULL, NULL, NULL)",
)


@pytest.fixture
def cursor(redshift: Any) -> Any:
    """A cursor on a database with a table t."""
    redshift.autocommit = True
    made = redshift.cursor()
    for statement in SETUP:
        made.execute(statement)
    return made


def unload(cursor: Any, target: Target, url: str, select: str, words: str) -> None:
    """Send an UNLOAD of a query."""
    text = select.replace("'", "''")
    cursor.execute(
        f"UNLOAD ('{text}') TO '{url}' IAM_ROLE '{target.iam_role}' FORMAT AS PARQUET"
        f" {words} PARALLEL OFF"
    )


def read(s3: Bucket, tmp_path: Any) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every object below the test's prefix, by its name."""
    rows = {}
    for key in s3.held():
        path = tmp_path / "one.parquet"
        path.write_bytes(s3.client.get_object(Bucket=s3.name, Key=key)["Body"].read())
        with duckdb.connect() as connection:
            rows[key.removeprefix(s3.prefix)] = connection.sql(f"FROM '{path}'").fetchall()
    return rows


def test_rows_and_types(cursor: Any, target: Target, s3: Bucket, tmp_path: Any) -> None:
    """What is read back is what was selected, in its order; a quote is doubled in the query."""
    unload(cursor, target, s3.url("t/"), "SELECT * FROM t WHERE b <> 'a''b' ORDER BY a", "")
    cursor.execute("SELECT * FROM t ORDER BY a")
    expected = [tuple(row) for row in cursor.fetchall()]
    assert read(s3, tmp_path) == {"t/000.parquet": expected}


def test_what_is_there_stays_unless_it_may_go(
    cursor: Any, target: Target, s3: Bucket, tmp_path: Any
) -> None:
    """By itself it fails over files; ALLOWOVERWRITE leaves others, CLEANPATH removes them."""
    unload(cursor, target, s3.url("t/old"), "SELECT a FROM t WHERE a = 1", "")
    unload(cursor, target, s3.url("t/"), "SELECT a FROM t WHERE a = 1", "ALLOWOVERWRITE")
    with pytest.raises(ProgrammingError, match="not empty"):
        unload(cursor, target, s3.url("t/"), "SELECT a FROM t", "")
    assert set(read(s3, tmp_path)) == {"t/old000.parquet", "t/000.parquet"}
    unload(cursor, target, s3.url("t/"), "SELECT a FROM t WHERE a = 2", "CLEANPATH")
    assert read(s3, tmp_path) == {"t/000.parquet": [(2,)]}


def test_a_key_encrypts_the_file(cursor: Any, target: Target, s3: Bucket) -> None:
    """KMS_KEY_ID and ENCRYPTED go together; of the file S3 tells the key."""
    unload(cursor, target, s3.url("t/"), "SELECT a FROM t", "KMS_KEY_ID '0a-1b' ENCRYPTED")
    head = s3.client.head_object(Bucket=s3.name, Key=f"{s3.prefix}t/000.parquet")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "0a-1b")
    for words in ("ENCRYPTED", "KMS_KEY_ID '0a-1b'"):
        with pytest.raises(ProgrammingError, match="not in the manual"):
            unload(cursor, target, s3.url("t/"), "SELECT a FROM t", words)


def test_an_unknown_role_is_refused(cursor: Any, s3: Bucket, target: Target) -> None:
    """UNLOAD goes to S3 as a role of the cluster's."""
    other = Target(target.url, f"{target.iam_role}-other", target.ssl, target.schema)
    with pytest.raises(ProgrammingError, match="not authorized"):
        unload(cursor, other, s3.url("t/"), "SELECT a FROM t", "")
