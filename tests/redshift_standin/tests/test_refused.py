"""What Redshift's manual does not have is refused; the message says by whom and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from redshift_connector.error import ProgrammingError

SETUP = (
    "CREATE TABLE t (a INT, b VARCHAR(16), c TIMESTAMP)",
    "CREATE TABLE s (a INT, b VARCHAR(16), c TIMESTAMP)",
    "CREATE VIEW v AS SELECT a FROM t",
)
#: (page of the manual, statement): PostgreSQL runs most of them, Redshift none.
REFUSED = (
    ("c_unsupported-postgresql-features", "CREATE INDEX i ON t (a)"),
    ("c_unsupported-postgresql-features", "CREATE SEQUENCE q"),
    ("c_unsupported-postgresql-features", "CREATE TABLE x (a INT CHECK (a > 0))"),
    ("c_unsupported-postgresql-features", "CREATE TABLE x (a INT, CHECK (a > 0))"),
    ("c_unsupported-postgresql-features", "CREATE TABLE x (a INT) INHERITS (t)"),
    ("c_unsupported-postgresql-features", "CREATE TABLE x (a INT) PARTITION BY RANGE (a)"),
    ("c_unsupported-postgresql-features", "CREATE TABLE x (a INT) TABLESPACE fast"),
    ("c_unsupported-postgresql-features", "SELECT ARRAY[1, 2] FROM t"),
    ("c_unsupported-postgresql-features", "SELECT (ARRAY[1, 2])[1] FROM t"),
    ("c_unsupported-postgresql-features", "SELECT * FROM (VALUES (1), (2)) AS x (a)"),
    ("c_unsupported-postgresql-features", "SELECT 1 FROM t WHERE (a, b) = (1, 'x')"),
    ("c_unsupported-postgresql-datatypes", "CREATE TABLE x (a SERIAL)"),
    ("c_unsupported-postgresql-datatypes", "CREATE TABLE x (a BIGSERIAL)"),
    ("c_unsupported-postgresql-datatypes", "CREATE TABLE x (a UUID)"),
    ("c_unsupported-postgresql-datatypes", "CREATE TABLE x (a JSONB)"),
    ("c_unsupported-postgresql-datatypes", "CREATE TABLE x (a INT[])"),
    ("c_unsupported-postgresql-datatypes", "CREATE TABLE x (a MONEY)"),
    ("c_unsupported-postgresql-datatypes", "CREATE TABLE x (a BYTEA)"),
    ("c_unsupported-postgresql-datatypes", "SELECT a::uuid FROM t"),
    ("c_unsupported-postgresql-datatypes", "SELECT b::json FROM t"),
    ("c_unsupported-postgresql-functions", "SELECT string_agg(b, ',') FROM t"),
    ("c_unsupported-postgresql-functions", "SELECT array_agg(a) FROM t"),
    ("c_unsupported-postgresql-functions", "SELECT every(a > 1) FROM t"),
    ("c_unsupported-postgresql-functions", "SELECT a FROM t, generate_series(1, 3) AS g (n)"),
    ("c_unsupported-postgresql-functions", "SELECT format('%s', b) FROM t"),
    ("c_unsupported-postgresql-functions", "SELECT clock_timestamp() FROM t"),
    ("c_unsupported-postgresql-functions", "SELECT pg_sleep(1)"),
    ("c_unsupported-postgresql-functions", "SELECT nextval('q')"),
    ("c_unsupported-postgresql-functions", "SELECT b IS DISTINCT FROM 'x' FROM t"),
    ("c_unsupported-postgresql-functions", "SELECT pg_advisory_lock(1)"),
    ("c_unsupported-postgresql-functions", "SELECT regexp_matches(b, 'x') FROM t"),
    ("c_unsupported-postgresql-functions", "SELECT md6(b) FROM t"),
    ("c_SQL_functions_leader_node_only", "SELECT now(), a FROM t"),
    ("c_SQL_functions_leader_node_only", "SELECT current_timestamp, a FROM t"),
    ("c_SQL_functions_leader_node_only", "SELECT age(c) FROM t"),
    ("c_SQL_functions_leader_node_only", "SELECT current_schema(), a FROM t"),
    ("r_SELECT_list", "SELECT DISTINCT ON (a) a, b FROM t"),
    ("r_SELECT_synopsis", "SELECT a FROM t FOR UPDATE"),
    ("r_SELECT_synopsis", "SELECT a FROM t FETCH FIRST 1 ROW ONLY"),
    ("r_SELECT_synopsis", "SELECT a FROM t TABLESAMPLE BERNOULLI (10)"),
    ("r_FROM_clause30", "SELECT q.a FROM t, LATERAL (SELECT t.a) AS q"),
    ("c_Aggregate_Functions", "SELECT count(*) FILTER (WHERE a > 1) FROM t"),
    ("r_correlated_subqueries", "SELECT (SELECT s.b FROM s WHERE s.a = t.a LIMIT 1) FROM t"),
    ("pattern-matching-conditions-posix", "SELECT 1 FROM t WHERE b ~* 'x'"),
    ("r_OPERATOR_SYMBOLS", "SELECT b -> 'x' FROM t"),
    ("r_OPERATOR_SYMBOLS", "SELECT b @> 'x' FROM t"),
    ("r_INSERT_30", "INSERT INTO t (a) VALUES (1) RETURNING a"),
    ("r_INSERT_30", "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING"),
    ("r_INSERT_30", "WITH x AS (SELECT 1) INSERT INTO t (a) SELECT * FROM x"),
    ("r_INSERT_30", "WITH x AS (INSERT INTO t (a) VALUES (1)) SELECT 1"),
    ("r_UPDATE", "UPDATE t SET a = 1 RETURNING a"),
    ("r_DELETE", "DELETE FROM t RETURNING a"),
    (
        "r_MERGE",
        "MERGE INTO t USING (SELECT * FROM s) x ON t.a = x.a WHEN MATCHED THEN DELETE "
        "WHEN NOT MATCHED THEN INSERT VALUES (x.a, x.b, x.c)",
    ),
    (
        "r_MERGE",
        "MERGE INTO t AS y USING s ON y.a = s.a WHEN MATCHED THEN DELETE "
        "WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b, s.c)",
    ),
    ("r_MERGE", "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE"),
    (
        "r_MERGE",
        "MERGE INTO t USING s ON t.a > s.a WHEN MATCHED THEN DELETE "
        "WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b, s.c)",
    ),
    (
        "r_MERGE",
        "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED AND s.a > 1 THEN DELETE "
        "WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b, s.c)",
    ),
    (
        "r_MERGE",
        "MERGE INTO t USING t ON t.a = t.a WHEN MATCHED THEN DELETE "
        "WHEN NOT MATCHED THEN INSERT VALUES (1, 'x', NULL)",
    ),
    ("r_BEGIN", "SAVEPOINT x"),
    ("r_ROLLBACK", "ROLLBACK TO SAVEPOINT x"),
    ("r_BEGIN", "BEGIN ISOLATION LEVEL SNAPSHOT"),
    ("r_LOCK", "LOCK TABLE t IN SHARE MODE"),
    ("r_LOCK", "LOCK TABLE t NOWAIT"),
    ("r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN a TYPE BIGINT"),
    ("r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN a SET NOT NULL"),
    ("r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN a SET DEFAULT 1"),
    ("r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT, ADD COLUMN y INT"),
    ("r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT NOT NULL"),
    ("r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(32)"),
    ("r_ALTER_TABLE_APPEND", "ALTER TABLE t APPEND FROM s"),
    ("r_VACUUM_command", "VACUUM t"),
    ("r_CREATE_TABLE_NEW", "CREATE TABLE x (a VARCHAR(65536))"),
    ("r_CREATE_TABLE_NEW", "CREATE TABLE x (a DECIMAL(39))"),
    ("r_CREATE_TABLE_NEW", "CREATE TABLE x (a INT) DISTSTYLE KEY"),
    ("r_CREATE_TABLE_NEW", "CREATE TABLE x (a INT DISTKEY) DISTSTYLE ALL"),
    ("r_CREATE_TABLE_NEW", "CREATE TABLE x (a INT) SORTKEY (z)"),
    ("r_CREATE_TABLE_NEW", "CREATE TABLE x (a INT ENCODE snappy)"),
    ("r_CREATE_TABLE_NEW", "CREATE TABLE x (a INT UNIQUE DEFERRABLE)"),
    ("r_CREATE_TABLE_NEW", "CREATE UNLOGGED TABLE x (a INT)"),
    ("r_CREATE_TABLE_NEW", "CREATE TABLE x (xmin INT)"),
    ("r_DROP_TABLE", "DROP TABLE t CONCURRENTLY"),
    ("r_TRUNCATE", "TRUNCATE t, s"),
    ("r_SET", "SET work_mem TO '64MB'"),
    ("r_COPY", "COPY t FROM STDIN"),
    ("r_COPY", "COPY t FROM 's3://x/y' JSON 'auto'"),
    ("r_COPY", "COPY t FROM 's3://x/y' IAM_ROLE default JSON 'auto' JOBS 3"),
    ("copy-parameters-data-load", "COPY t FROM 's3://x/y' IAM_ROLE default JSON MAXERROR 100001"),
    ("r_UNLOAD", "UNLOAD ('SELECT a FROM t') TO 's3://x/y' FORMAT PARQUET PARALLEL OFF"),
    ("r_UNLOAD", "UNLOAD (SELECT a FROM t) TO 's3://x/y' IAM_ROLE default FORMAT PARQUET"),
    ("r_UNLOAD", "UNLOAD ('DELETE FROM t') TO 's3://x/y' IAM_ROLE default PARQUET PARALLEL OFF"),
    (
        "r_UNLOAD",
        "UNLOAD ('SELECT a FROM t LIMIT 1') TO 's3://x/y' IAM_ROLE default PARQUET PARALLEL OFF",
    ),
    ("r_UNLOAD", "UNLOAD ('SELECT a FROM t') TO 's3://x/y' IAM_ROLE default PARQUET GZIP"),
    (
        "r_UNLOAD",
        "UNLOAD ('SELECT a FROM t') TO 's3://x/y' IAM_ROLE default PARQUET PARALLEL OFF "
        "CLEANPATH ALLOWOVERWRITE",
    ),
    ("r_UNLOAD", "UNLOAD ('SELECT md6(b) FROM t') TO 's3://x/y' IAM_ROLE default PARQUET"),
    ("r_UNLOAD", "UNLOAD ('SELECT a FROM t') TO 's3://x/y' IAM_ROLE default PARQUET JOBS 3"),
    ("c_SQL_commands", "DO $$ BEGIN END $$"),
    ("c_SQL_commands", "LISTEN x"),
    ("c_SQL_commands", "REINDEX TABLE t"),
    ("c_SQL_commands", "CLUSTER t"),
)


@pytest.fixture(scope="module")
def tables(lasting: Any) -> Any:
    """A connection to a database with tables t and s and a view v."""
    for statement in SETUP:
        lasting.cursor().execute(statement)
    lasting.commit()
    return lasting


@pytest.fixture
def prepared(tables: Any) -> Iterator[Any]:
    """A cursor in a transaction over these tables; what the test does is rolled back."""
    cursor = tables.cursor()
    cursor.execute("SELECT 1")
    yield cursor
    tables.rollback()


@pytest.mark.parametrize(("page", "statement"), REFUSED, ids=[f"{p} {s[:60]}" for p, s in REFUSED])
def test_refused(prepared: Any, page: str, statement: str) -> None:
    """A statement outside the manual's grammar is an error."""
    with pytest.raises(ProgrammingError):
        prepared.execute(statement)


@pytest.mark.parametrize(
    "word", ("column", "offset", "raw", "tag", "user", "system", "open", "new", "percent", "lzo")
)
@pytest.mark.parametrize(
    "statement",
    (
        "CREATE TABLE x ({} INT)",
        "SELECT t.{0} FROM t",
        "SELECT a AS {} FROM t",
        "INSERT INTO t ({}) VALUES (1)",
    ),
)
def test_reserved_words(prepared: Any, word: str, statement: str) -> None:
    """A reserved word is no name unless it is quoted (r_pg_keywords)."""
    with pytest.raises(ProgrammingError):
        prepared.execute(statement.format(word))


def test_says_who_refuses(prepared: Any, standin_server: object) -> None:
    """A refusal says whether the manual or the stand-in lacks the thing."""
    if standin_server is None:
        pytest.skip("these are the stand-in's words")
    cases = {
        "SELECT string_agg(b, ',') FROM t": "not in the manual",
        "CREATE INDEX i ON t (a)": "not in the manual",
        "UNLOAD ('SELECT 1') TO 's3://x' IAM_ROLE default CSV": "the stand-in lacks it",
        "SELECT soundex(b) FROM t": "the stand-in lacks it",
        "CREATE TABLE x (a SUPER)": "the stand-in lacks it",
    }
    for statement, words in cases.items():
        with pytest.raises(ProgrammingError, match=words):
            prepared.execute(statement)
        prepared.execute("ROLLBACK")


def test_there_are_enough_of_them() -> None:
    """Sixty refusals at least, no two alike, each with the page of the manual that it is from."""
    assert len({statement for _, statement in REFUSED}) == len(REFUSED) >= 60
    assert all(re.fullmatch(r"[A-Za-z][\w-]+", page) for page, _ in REFUSED)


def test_failed_transaction(prepared: Any) -> None:
    """After an error a transaction takes nothing but its end."""
    with pytest.raises(ProgrammingError):
        prepared.execute("CREATE INDEX i ON t (a)")
    with pytest.raises(ProgrammingError, match="aborted"):
        prepared.execute("SELECT 1")


def test_views_cannot_be_locked(prepared: Any) -> None:
    """LOCK takes tables, not views (r_LOCK)."""
    with pytest.raises(ProgrammingError):
        prepared.execute("LOCK v")


def test_bound_group_expression(prepared: Any) -> None:
    """GROUP BY an expression with a bound parameter fails: the two parameters differ."""
    with pytest.raises(ProgrammingError):
        prepared.execute("SELECT a + %s FROM t GROUP BY a + %s", (1, 1))
