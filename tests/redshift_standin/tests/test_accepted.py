"""What Redshift's manual has is run, with Redshift's meaning."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.redshift_standin.context import Form

SETUP = (
    "CREATE TABLE t (a INT, b VARCHAR(16), c TIMESTAMP)",
    "CREATE TABLE s (a INT, b VARCHAR(16), c TIMESTAMP)",
    "INSERT INTO t VALUES (1, 'x', '2018-11-15 00:30:26.796'), (2, 'y', NULL), (4, 'x', NULL)",
)
TS = "TIMESTAMP '2018-11-15 00:30:26.796'"
#: (page of the manual, query, the rows it gives)
QUERIES: tuple[tuple[str, str, list[list[Any]]], ...] = (
    ("r_EXTRACT_function", f"SELECT EXTRACT(hour FROM {TS})", [[0]]),
    ("r_EXTRACT_function", f"SELECT EXTRACT(ms FROM {TS})", [[796]]),
    ("r_EXTRACT_function", f"SELECT EXTRACT(second FROM {TS})", [[26]]),
    ("r_EXTRACT_function", f"SELECT EXTRACT(epoch FROM {TS})", [[1542241826]]),
    ("r_EXTRACT_function", f"SELECT EXTRACT(dow FROM {TS})", [[4]]),
    ("r_EXTRACT_function", f"SELECT EXTRACT(week FROM {TS})", [[46]]),
    ("r_EXTRACT_function", "SELECT EXTRACT(ms FROM TIME '18:25:33.123456')", [[123]]),
    (
        "r_Dateparts_for_datetime_functions",
        "SELECT EXTRACT(decade FROM TIMESTAMP '2000-02-16')",
        [[201]],
    ),
    ("r_DATE_PART_function", f"SELECT DATE_PART(second, {TS})", [[26.796]]),
    ("r_DATE_PART_function", f"SELECT DATE_PART('dayofweek', {TS})", [[4.0]]),
    (
        "r_DATEADD_function",
        f"SELECT DATEADD(ms, 4, {TS})",
        [[datetime(2018, 11, 15, 0, 30, 26, 800000)]],
    ),
    ("r_DATEADD_function", "SELECT DATEADD(month, 1, '2018-01-31')", [[datetime(2018, 2, 28)]]),
    ("r_DATEDIFF_function", "SELECT DATEDIFF(day, '2018-01-01', '2018-01-03')", [[2]]),
    ("r_DATEDIFF_function", "SELECT DATEDIFF(year, '2017-12-31', '2018-01-01')", [[1]]),
    ("r_DATE_TRUNC", f"SELECT DATE_TRUNC('day', {TS})", [[datetime(2018, 11, 15)]]),
    ("r_TRUNC_date", f"SELECT TRUNC({TS})", [[date(2018, 11, 15)]]),
    ("r_LAST_DAY", "SELECT LAST_DAY('2018-02-03'::timestamp)", [[date(2018, 2, 28)]]),
    (
        "r_interval_literals",
        "SELECT DATE '2018-01-01' + INTERVAL '1 day'",
        [[datetime(2018, 1, 2)]],
    ),
    ("r_GETDATE", "SELECT GETDATE() > '2018-01-01'", [[True]]),
    ("r_SYSDATE", "SELECT SYSDATE > '2018-01-01'", [[True]]),
    ("r_AVG", "SELECT AVG(a) FROM t", [[2]]),
    ("r_AVG", "SELECT AVG(a::decimal(5, 2)) FROM t", [[Decimal("2.3333333333333333")]]),
    (
        "r_COUNT",
        "SELECT COUNT(*), COUNT(DISTINCT b), APPROXIMATE COUNT(DISTINCT b) FROM t",
        [[3, 2, 2]],
    ),
    ("r_LISTAGG", "SELECT LISTAGG(a, ',') WITHIN GROUP (ORDER BY a DESC) FROM t", [["4,2,1"]]),
    ("r_LISTAGG", "SELECT LISTAGG(DISTINCT b) FROM t", [["xy"]]),
    ("r_CONCAT", "SELECT CONCAT('a', NULL), 'a' || 'b'", [[None, "ab"]]),
    ("r_LEN", "SELECT LEN('é'), OCTET_LENGTH('é')", [[1, 2]]),
    ("r_CHARINDEX", "SELECT CHARINDEX('b', 'abc')", [[2]]),
    ("r_MD5", "SELECT MD5('a' || '|')", [["93d5e5ca331bf91422ad249e13ec13d4"]]),
    ("SHA2", "SELECT LEFT(SHA2('a', 256), 8)", [["ca978112"]]),
    ("r_NVL_function", "SELECT NVL(NULL, 2), COALESCE(NULL, 3), NVL2(1, 'y', 'n')", [[2, 3, "y"]]),
    ("r_CAST_function", "SELECT CAST('12' AS INT), '1.5'::decimal(3, 1)", [[12, Decimal("1.5")]]),
    ("r_Numeric_types201", "SELECT CAST('1.41' AS NUMERIC), '2.9'::decimal", [[1, 3]]),
    ("r_Numeric_types201", "SELECT 1 / CAST(SQRT(2) AS NUMERIC) FROM t LIMIT 1", [[1]]),
    (
        "r_DECODE_expression",
        "SELECT DECODE(b, 'x', 1, NULL, 2, 3) FROM t ORDER BY a LIMIT 2",
        [[1], [3]],
    ),
    ("r_CASE_function", "SELECT CASE WHEN a > 1 THEN 'big' END FROM t WHERE a = 2", [["big"]]),
    ("r_ROUND", "SELECT ROUND(2.345::float8, 2)", [[2.35]]),
    ("IS_VALID_JSON", "SELECT IS_VALID_JSON('{\"a\": 1}'), IS_VALID_JSON('{')", [[True, False]]),
    (
        "JSON_EXTRACT_PATH_TEXT",
        "SELECT JSON_EXTRACT_PATH_TEXT('{\"a\": {\"b\": 7}}', 'a', 'b')",
        [["7"]],
    ),
    ("r_SELECT_list", "SELECT TOP 1 a FROM t ORDER BY a DESC", [[4]]),
    ("r_SELECT_list", "SELECT a * 2 AS d, d + 1 FROM t WHERE d = 4", [[4, 5]]),
    ("r_UNION", "SELECT a FROM t MINUS SELECT 1 EXCEPT SELECT 2", [[4]]),
    ("r_WITH_clause", "WITH x AS (SELECT a FROM t) SELECT max(a) FROM x", [[4]]),
    (
        "c_Window_functions",
        "SELECT a, ROW_NUMBER() OVER (PARTITION BY b ORDER BY a) FROM t ORDER BY 1",
        [[1, 1], [2, 1], [4, 2]],
    ),
    (
        "c_Window_functions",
        "SELECT a, RANK() OVER (ORDER BY c NULLS FIRST, a) FROM t ORDER BY 2 LIMIT 1",
        [[2, 1]],
    ),
    ("r_in_condition", "SELECT a FROM t WHERE a IN (SELECT 1) AND b LIKE 'x%'", [[1]]),
    ("pattern-matching-conditions-posix", "SELECT a FROM t WHERE b ~ '^y$'", [[2]]),
    ("r_patternmatching_condition_like", r"SELECT a FROM t WHERE b || '_' LIKE 'y\\_'", [[2]]),
    ("r_patternmatching_condition_like", r"SELECT LEN('\\'), LEN('\\d') FROM t LIMIT 1", [[1, 2]]),
    ("r_ORDER_BY_clause", "SELECT c FROM t ORDER BY c NULLS FIRST LIMIT 1 OFFSET 0", [[None]]),
    ("r_GROUP_BY_clause", "SELECT b, COUNT(*) FROM t GROUP BY b HAVING COUNT(*) > 1", [["x", 2]]),
    ("r_names", 'SELECT "A" FROM T WHERE "B" = \'y\'', [[2]]),
    ("r_pg_keywords", 'SELECT a AS "column" FROM t WHERE a = 1', [[1]]),
    ("r_STV_SLICES", "SELECT COUNT(*) > 0 FROM stv_slices", [[True]]),
    ("c_SQL_functions_leader_node_only", "SELECT current_schema() IS NOT NULL", [[True]]),
    ("r_VERSION", "SELECT version() LIKE '%Redshift%'", [[True]]),
    ("PG_LAST_COPY_COUNT", "SELECT pg_last_copy_count()", [[0]]),
)
#: (page of the manual, statement): run outside a transaction block
COMMANDS = (
    ("r_CREATE_TABLE_NEW", "CREATE TABLE IF NOT EXISTS t (a INT)"),
    ("r_CREATE_TABLE_NEW", "CREATE TABLE x (LIKE t INCLUDING DEFAULTS)"),
    (
        "r_CREATE_TABLE_NEW",
        "CREATE TABLE x (a BIGINT IDENTITY(0, 1) ENCODE az64, b CHARACTER VARYING(MAX) DEFAULT 'x' "
        "ENCODE zstd, c TIMESTAMP WITHOUT TIME ZONE NOT NULL, PRIMARY KEY (a)) BACKUP NO "
        "DISTSTYLE KEY DISTKEY (b) COMPOUND SORTKEY (c, a)",
    ),
    ("r_CREATE_TABLE_NEW", "CREATE TABLE x (a INT REFERENCES t (a), b INT UNIQUE) DISTSTYLE ALL"),
    ("r_CREATE_TABLE_AS", "CREATE TEMP TABLE x DISTSTYLE EVEN AS SELECT a, b || 'z' AS d FROM t"),
    ("r_CREATE_TABLE_AS", "CREATE TABLE #x AS (SELECT 1 AS a)"),
    ("r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN d VARCHAR(3) DEFAULT 'x' ENCODE lzo NOT NULL"),
    ("r_ALTER_TABLE", "ALTER TABLE t DROP COLUMN c"),
    ("r_ALTER_TABLE", "ALTER TABLE t RENAME COLUMN c TO d"),
    ("r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(64)"),
    ("r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN b ENCODE zstd"),
    ("r_ALTER_TABLE", "ALTER TABLE t ALTER DISTSTYLE KEY DISTKEY a"),
    ("r_ALTER_TABLE", "ALTER TABLE t ALTER COMPOUND SORTKEY (a, b)"),
    ("r_ALTER_TABLE", "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)"),
    ("r_ALTER_TABLE", "ALTER TABLE t RENAME TO u"),
    ("r_ALTER_TABLE_APPEND", "ALTER TABLE s APPEND FROM t"),
    ("r_CREATE_SCHEMA", "CREATE SCHEMA IF NOT EXISTS public"),
    ("r_CREATE_VIEW", "CREATE OR REPLACE VIEW v AS SELECT a, LEN(b) AS n FROM t"),
    ("r_COMMENT", "COMMENT ON COLUMN t.a IS 'it''s a number'"),
    ("r_DROP_TABLE", "DROP TABLE IF EXISTS t, nothing CASCADE"),
    ("r_TRUNCATE", "TRUNCATE TABLE t"),
    ("r_ANALYZE", "ANALYZE t (a) ALL COLUMNS"),
    ("r_VACUUM_command", "VACUUM DELETE ONLY t TO 90 PERCENT"),
    ("r_DELETE", "DELETE FROM t USING s WHERE t.a = s.a"),
    ("r_UPDATE", "UPDATE t SET b = s.b FROM s WHERE t.a = s.a"),
    ("r_INSERT_30", "INSERT INTO t WITH x AS (SELECT 9 AS a) SELECT a, 'z', SYSDATE FROM x"),
    ("r_INSERT_30", "INSERT INTO t (a, b) VALUES (5, DEFAULT), (6, NULL)"),
    (
        "r_MERGE",
        "MERGE INTO t USING s AS y ON t.a = y.a WHEN MATCHED THEN UPDATE SET b = y.b "
        "WHEN NOT MATCHED THEN INSERT (a, b) VALUES (y.a, y.b)",
    ),
    ("r_MERGE", "MERGE INTO t USING s ON t.a = s.a REMOVE DUPLICATES"),
    ("r_EXPLAIN", "EXPLAIN SELECT * FROM t"),
    ("r_SET", "SET statement_timeout TO 1000"),
    ("r_SET", "SET query_group TO 'x'"),
    ("r_SHOW", "SHOW search_path"),
    ("r_LOCK", "LOCK TABLE t, s"),
    ("r_BEGIN", "BEGIN READ WRITE"),
    ("r_BEGIN", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE"),
)


@pytest.fixture
def cursor(redshift: Any) -> Any:
    """A cursor, committing every statement, on a database with tables t and s."""
    redshift.autocommit = True
    made = redshift.cursor()
    for statement in SETUP:
        made.execute(statement)
    return made


@pytest.mark.parametrize(
    ("page", "query", "rows"), QUERIES, ids=[f"{p} {q[:60]}" for p, q, _ in QUERIES]
)
def test_query(cursor: Any, form: Form, page: str, query: str, rows: list[list[Any]]) -> None:
    """A query of the manual's grammar gives what the manual says."""
    if "stv_" in query and form != "provisioned":
        pytest.skip("not every cluster shows STV_ tables")
    cursor.execute(query)
    assert list(cursor.fetchall()) == rows


@pytest.mark.parametrize(
    ("page", "statement"), COMMANDS, ids=[f"{p} {s[:60]}" for p, s in COMMANDS]
)
def test_command(cursor: Any, page: str, statement: str) -> None:
    """A command of the manual's grammar runs."""
    cursor.execute(statement)


def test_there_are_enough_of_them() -> None:
    """Forty at least, no two alike, each with the page of the manual that it is from."""
    cases = [*((page, query) for page, query, _ in QUERIES), *COMMANDS]
    assert len({text for _, text in cases}) == len(cases) >= 40
    assert all(re.fullmatch(r"[A-Za-z][\w-]+", page) for page, _ in cases)


def test_keys_are_not_enforced(cursor: Any) -> None:
    """Keys are declared and not enforced (t_Defining_constraints)."""
    cursor.execute("CREATE TABLE k (a INT PRIMARY KEY, b INT UNIQUE REFERENCES t (a))")
    cursor.execute("INSERT INTO k VALUES (1, 77), (1, 77)")
    cursor.execute("SELECT COUNT(*) FROM k")
    assert cursor.fetchone() == [2]


#: counts of keys that the planner takes for unique, and of expressions that it does not
BELIEVED = (
    "SELECT COUNT(DISTINCT a) FROM k",
    "SELECT COUNT(*) FROM (SELECT DISTINCT a FROM k AS x WHERE a > 0)",
    "SELECT COUNT(*) FROM (SELECT a, COUNT(*) FROM k GROUP BY a)",
    "SELECT COUNT(*) FROM (SELECT 1 FROM p GROUP BY p.b, p.a)",
)
COUNTED = (
    "SELECT COUNT(DISTINCT GREATEST(a, a)) FROM k",
    "SELECT COUNT(*) FROM (SELECT DISTINCT a FROM p)",
    "SELECT COUNT(*) FROM (SELECT 1 FROM p GROUP BY GREATEST(b, b), GREATEST(a, a))",
)
KEYED = [*((query, 3) for query in BELIEVED), *((query, 2) for query in COUNTED)]


@pytest.mark.parametrize(("query", "count"), KEYED, ids=[query for query, _ in KEYED])
def test_keys_are_believed(cursor: Any, query: str, count: int) -> None:
    """Of a declared key, each row counts as distinct (t_Defining_constraints)."""
    cursor.execute("CREATE TABLE k (a INT PRIMARY KEY, b INT)")
    cursor.execute("CREATE TABLE p (a INT, b INT, PRIMARY KEY (a, b))")
    for table in ("k", "p"):
        cursor.execute(f"INSERT INTO {table} VALUES (1, 2), (1, 2), (3, 4)")
    cursor.execute(query)
    assert cursor.fetchone() == [count]


def test_not_null_is_enforced(cursor: Any) -> None:
    """NOT NULL is enforced, a primary key's columns have it (r_CREATE_TABLE_NEW)."""
    cursor.execute("CREATE TABLE k (a INT NOT NULL, b INT PRIMARY KEY)")
    for row in ("NULL, 1", "1, NULL"):
        with pytest.raises(Exception, match="null value"):
            cursor.execute(f"INSERT INTO k VALUES ({row})")


def test_varchar_counts_bytes(cursor: Any) -> None:
    """VARCHAR(n) holds n bytes, TEXT holds 256 (r_Character_types)."""
    cursor.execute("CREATE TABLE k (a VARCHAR(3), b TEXT)")
    cursor.execute("INSERT INTO k VALUES ('éa', %s)", ("x" * 256,))
    for values in (("éé", "x"), ("x", "x" * 257)):
        with pytest.raises(Exception, match=r"(?i)value too long"):
            cursor.execute("INSERT INTO k VALUES (%s, %s)", values)


def test_trailing_blank(cursor: Any, standin: object) -> None:
    """A text that ends in a blank is refused, and the message says whose rule that is."""
    with pytest.raises(Exception, match="rule of the stand-in"):
        cursor.execute("CREATE TEMP TABLE k AS SELECT 'a ' AS a")
    cursor.execute("CREATE TABLE k (a VARCHAR(3))")
    with pytest.raises(Exception, match="rule of the stand-in"):
        cursor.execute("INSERT INTO k VALUES ('a ')")


def test_identity_has_gaps(cursor: Any, standin: object) -> None:
    """IDENTITY values are unique and not consecutive (r_CREATE_TABLE_NEW)."""
    cursor.execute("CREATE TABLE k (a BIGINT IDENTITY(1, 1), b INT)")
    cursor.execute("INSERT INTO k (b) VALUES (7), (8), (9)")
    cursor.execute("SELECT a FROM k ORDER BY a")
    assert [row[0] for row in cursor.fetchall()] == [1, 3, 5]


def test_truncate_commits(redshift: Any) -> None:
    """TRUNCATE commits the transaction it is in (r_TRUNCATE)."""
    cursor = redshift.cursor()
    cursor.execute("CREATE TABLE k (a INT)")
    cursor.execute("INSERT INTO k VALUES (1)")
    cursor.execute("TRUNCATE k")
    redshift.rollback()
    cursor.execute("SELECT COUNT(*) FROM k")
    assert cursor.fetchone() == [0]


def test_merge_refuses_two_matches(cursor: Any) -> None:
    """A target row may match one source row (r_MERGE)."""
    cursor.execute("INSERT INTO s VALUES (1, 'p', NULL), (1, 'q', NULL)")
    with pytest.raises(Exception, match="multiple matches"):
        cursor.execute(
            "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = s.b "
            "WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b, s.c)"
        )


def test_merge_remove_duplicates(cursor: Any) -> None:
    """REMOVE DUPLICATES puts the source's rows, each once, in place of those they match."""
    cursor.execute("INSERT INTO s VALUES (1, 'p', NULL), (1, 'p', NULL), (9, 'q', NULL)")
    cursor.execute("MERGE INTO t USING s ON t.a = s.a REMOVE DUPLICATES")
    cursor.execute("SELECT a, b FROM t ORDER BY a")
    assert list(cursor.fetchall()) == [[1, "p"], [2, "y"], [4, "x"], [9, "q"]]


def test_bound_values(cursor: Any) -> None:
    """Values are bound on the server's side, NULL among them."""
    rows = [(1, "a", None), (2, None, datetime(2018, 1, 1, 0, 0, 0, 5000))]
    cursor.execute("CREATE TABLE k (a BIGINT, b VARCHAR(4), c TIMESTAMP)")
    cursor.executemany("INSERT INTO k VALUES (%s, %s, %s)", rows)
    cursor.execute("SELECT * FROM k WHERE a = %s OR a = %s ORDER BY a", (1, 2))
    assert [tuple(row) for row in cursor.fetchall()] == rows


def test_table_info(cursor: Any, form: Form) -> None:
    """SVV_TABLE_INFO and PG_TABLE_DEF show a table's layout."""
    if form == "serverless":
        pytest.skip("SVV_TABLE_INFO is for superusers")
    cursor.execute(
        "CREATE TABLE k (a INT ENCODE az64, b INT ENCODE raw) DISTKEY (b) SORTKEY (b, a)"
    )
    cursor.execute("INSERT INTO k VALUES (1, 2)")
    cursor.execute(
        'SELECT diststyle, sortkey1, sortkey_num, tbl_rows FROM svv_table_info WHERE "table" = %s',
        ("k",),
    )
    assert cursor.fetchone() == ["KEY(b)", "b", 2, 1]
    cursor.execute(
        'SELECT "column", encoding, distkey, sortkey FROM pg_table_def '
        "WHERE tablename = 'k' ORDER BY 1"
    )
    assert list(cursor.fetchall()) == [["a", "az64", False, 2], ["b", "raw", True, 1]]


def test_alter_table_append_moves_rows(cursor: Any) -> None:
    """ALTER TABLE APPEND moves rows: the source is empty afterwards (r_ALTER_TABLE_APPEND)."""
    cursor.execute("ALTER TABLE s APPEND FROM t")
    cursor.execute("SELECT (SELECT COUNT(*) FROM s), (SELECT COUNT(*) FROM t)")
    assert cursor.fetchone() == [3, 0]
