"""What two transactions at once may do, SNAPSHOT and SERIALIZABLE (c_serial_isolation)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from redshift_connector.error import ProgrammingError

from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.context import Isolation
from tests.redshift_standin.fixtures import ROLE, Servers

SNAPSHOT, SERIALIZABLE = "snapshot", "serializable"
BOTH = pytest.mark.parametrize("isolation", [SNAPSHOT, SERIALIZABLE])
SETUP = (
    "CREATE TABLE t (a INT, b INT)",
    "INSERT INTO t VALUES (1, 0), (2, 0)",
    "CREATE TABLE u (a INT, b INT)",
    "INSERT INTO u VALUES (1, 0), (2, 0)",
)


@dataclass
class Session:
    """A client; its transaction begins with its first statement."""

    connection: Any

    def run(self, sql: str) -> list[list[Any]]:
        """Send a statement; its rows."""
        cursor = self.connection.cursor()
        cursor.execute(sql)
        return [list(row) for row in cursor.fetchall()] if cursor.description else []

    def try_all(self, *statements: str) -> str:
        """Send statements and COMMIT; the error that stopped it, or nothing."""
        try:
            for sql in statements:
                self.run(sql)
            self.connection.commit()
        except ProgrammingError as error:
            self.connection.rollback()
            return str(error)
        return ""


@pytest.fixture
def pair(isolation: Isolation, servers: Servers) -> Iterator[tuple[Session, Session]]:
    """Two sessions of a database of this isolation level, with tables t and u."""
    target = servers(isolation)
    one, two = Session(target.connect()), Session(target.connect())
    assert one.try_all(*SETUP) == ""
    yield one, two
    for session in (one, two):
        session.connection.close()


Pair = tuple[Session, Session]


@BOTH
def test_crossed_reads_and_writes(pair: Pair, isolation: str) -> None:
    """No order of them gives the same: SERIALIZABLE stops the last, whatever the rows, and
    lets it try again."""
    one, two = pair
    one.run("SELECT * FROM t WHERE a = 1")
    two.run("INSERT INTO t VALUES (7, 0)")
    two.run("SELECT * FROM u WHERE a = 1")
    assert two.try_all() == ""
    stopped = one.try_all("INSERT INTO u VALUES (8, 0)")
    assert ("1023" in stopped) == (isolation == SERIALIZABLE)
    assert one.try_all("SELECT * FROM t", "INSERT INTO u VALUES (9, 0)") == ""


@BOTH
def test_the_same_row(pair: Pair, isolation: str) -> None:
    """A row that was changed since the snapshot is not changed by either level."""
    one, two = pair
    one.run("SELECT COUNT(*) FROM u")
    assert two.try_all("UPDATE t SET b = 1 WHERE a = 1") == ""
    assert "1023" in one.try_all("UPDATE t SET b = 2 WHERE a = 1")
    assert one.run("SELECT b FROM t ORDER BY a") == [[1], [0]]


@BOTH
@pytest.mark.parametrize("change", ["UPDATE t SET b = 7", "DELETE FROM t"])
def test_other_rows_of_the_table(pair: Pair, isolation: str, change: str) -> None:
    """SNAPSHOT lets two change different rows of a table (AWS's announcement of 17 May 2022);
    to SERIALIZABLE a table is one thing."""
    one, two = pair
    one.run("SELECT COUNT(*) FROM t")
    assert two.try_all(f"{change} WHERE a = 1") == ""
    stopped = one.try_all(f"{change} WHERE a = 2")
    assert ("1023" in stopped) == (isolation == SERIALIZABLE)


@BOTH
def test_two_that_only_append(pair: Pair, isolation: str, s3: Bucket) -> None:
    """INSERT and COPY read nothing of the table: both append, whatever both read elsewhere."""
    one, two = pair
    source = s3.put("data", {"a": 5, "b": 5})
    copy = f"COPY t FROM '{source}' IAM_ROLE '{ROLE}' JSON 'auto'"
    for session in pair:
        session.run("SELECT COUNT(*) FROM u")
    assert two.try_all("INSERT INTO t VALUES (3, 0)", copy) == ""
    assert one.try_all(copy, "INSERT INTO t VALUES (4, 0)") == ""
    assert one.run("SELECT COUNT(*) FROM t") == [[6]]


@BOTH
def test_readers_and_a_writer(pair: Pair, isolation: str) -> None:
    """Who only reads is never stopped, nor does a reader stop a writer."""
    one, two = pair
    for table in ("t", "u"):
        assert one.run(f"SELECT COUNT(*) FROM {table}") == [[2]]
        assert two.try_all("DELETE FROM t", "INSERT INTO u SELECT 3, 0") == ""
        assert one.run(f"SELECT COUNT(*) FROM {table}") == [[2]]
        assert one.try_all() == ""
        assert two.try_all("INSERT INTO t VALUES (1, 0), (2, 0)", "DELETE FROM u WHERE a = 3") == ""


@BOTH
def test_lock_first(pair: Pair, isolation: str) -> None:
    """After a LOCK, the first statement, everything that was committed is seen, and nothing in
    the tables that all lock can conflict."""
    one, two = pair
    append = "INSERT INTO t SELECT MAX(a) + 1, 0 FROM t"
    assert two.try_all("LOCK t", append) == ""
    assert one.try_all("LOCK t", append) == ""
    assert one.run("SELECT MAX(a) FROM t") == [[4]]


@BOTH
def test_lock_after_the_snapshot(pair: Pair, isolation: str) -> None:
    """A LOCK after something was read keeps the old snapshot: SERIALIZABLE stops who reads and
    writes what another changed, SNAPSHOT lets it write from what is out of date."""
    one, two = pair
    append = "INSERT INTO t SELECT MAX(a) + 1, 0 FROM t"
    one.run("SELECT COUNT(*) FROM u")
    assert two.try_all("LOCK t", append) == ""
    stopped = one.try_all("LOCK t", append)
    assert ("1023" in stopped) == (isolation == SERIALIZABLE)
    doubled = [[3]] if stopped else [[3], [3]]
    assert one.run("SELECT a FROM t WHERE a > 2") == doubled


@BOTH
def test_the_database_tells(pair: Pair, isolation: str) -> None:
    """STV_DB_ISOLATION_LEVEL has the level."""
    ((level,),) = pair[0].run("SELECT TRIM(isolation_level) FROM stv_db_isolation_level")
    assert isolation in level.lower()
