"""Locks, isolation and time limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from redshift_connector.error import ProgrammingError

from tests.redshift_standin import StandIn
from tests.redshift_standin.fixtures import PASSWORD, Target


@pytest.fixture
def other(target: Target, redshift: Any) -> Iterator[Any]:
    """A second connection; table t exists and is empty."""
    redshift.cursor().execute("CREATE TABLE t (a INT)")
    redshift.commit()
    connection = target.connect()
    yield connection
    connection.close()


def in_background(call: Any) -> tuple[threading.Thread, list[Any]]:
    """Run it in a thread; the list gets its result."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    return thread, results


def count(connection: Any) -> int:
    """The number of rows of t."""
    cursor = connection.cursor()
    cursor.execute("SELECT COUNT(*) FROM t")
    (rows,) = cursor.fetchone()
    return int(rows)


def test_lock_keeps_readers_out(redshift: Any, other: Any) -> None:
    """LOCK keeps readers waiting until the transaction ends (r_LOCK)."""
    redshift.cursor().execute("LOCK t")
    thread, results = in_background(lambda: count(other))
    redshift.cursor().execute("INSERT INTO t VALUES (1)")
    thread.join(0.3)
    assert thread.is_alive()
    redshift.commit()
    thread.join(10)
    assert results


def test_lock_first_sees_the_newest(redshift: Any, other: Any) -> None:
    """A transaction whose first statement is LOCK reads what its predecessor committed."""
    redshift.cursor().execute("LOCK TABLE t")
    thread, results = in_background(lambda: (other.cursor().execute("LOCK t"), count(other)))
    redshift.cursor().execute("INSERT INTO t VALUES (1)")
    redshift.commit()
    thread.join(10)
    assert [result[1] for result in results] == [1]


def test_statement_timeout_ends_a_wait(redshift: Any, other: Any) -> None:
    """statement_timeout, in milliseconds, limits the wait for a lock (r_statement_timeout)."""
    redshift.cursor().execute("LOCK t")
    cursor = other.cursor()
    cursor.execute("SET statement_timeout TO 200")
    started = time.monotonic()
    with pytest.raises(ProgrammingError, match=r"57014|cancel"):
        cursor.execute("LOCK t")
    assert time.monotonic() - started < 5
    other.rollback()
    redshift.rollback()
    cursor.execute("SET statement_timeout TO 0")
    cursor.execute("LOCK t")


def test_readers_see_the_committed(redshift: Any, other: Any) -> None:
    """A write that is not committed keeps no reader waiting and is not seen (r_LOCK)."""
    redshift.cursor().execute("INSERT INTO t VALUES (1)")
    assert count(other) == 0
    redshift.commit()
    other.rollback()
    assert count(other) == 1


def test_one_writer_a_table(redshift: Any, other: Any) -> None:
    """A second transaction that writes to the table waits for the first (c_write_readwrite)."""
    redshift.cursor().execute("INSERT INTO t VALUES (1)")
    insert = "INSERT INTO t VALUES (2)"
    thread, results = in_background(lambda: (other.cursor().execute(insert), other.commit()))
    thread.join(0.3)
    assert thread.is_alive()
    redshift.commit()
    thread.join(10)
    assert results
    assert count(redshift) == 2


def test_second_update_sees_the_first(redshift: Any, other: Any) -> None:
    """An UPDATE that waited works on what the first one committed (c_write_readwrite)."""
    redshift.cursor().execute("INSERT INTO t VALUES (1)")
    redshift.commit()
    update = "UPDATE t SET a = a + 1"
    redshift.cursor().execute(update)
    thread, results = in_background(lambda: (other.cursor().execute(update), other.commit()))
    thread.join(0.3)
    assert thread.is_alive()
    redshift.commit()
    thread.join(10)
    cursor = redshift.cursor()
    cursor.execute("SELECT a FROM t")
    assert (bool(results), cursor.fetchone()) == (True, [3])


def test_snapshot_conflict(redshift: Any, other: Any) -> None:
    """To change rows that another transaction changed since one's snapshot is error 1023."""
    redshift.cursor().execute("INSERT INTO t VALUES (1)")
    redshift.commit()
    assert count(other) == 1
    redshift.cursor().execute("UPDATE t SET a = 2")
    redshift.commit()
    with pytest.raises(ProgrammingError, match="1023") as caught:
        other.cursor().execute("UPDATE t SET a = 3")
    assert "Serializable isolation violation" in str(caught.value)


def test_serializable() -> None:
    """On a SERIALIZABLE database, crossed reads and writes are error 1023 (c_serial_isolation)."""
    with StandIn(isolation="serializable", password=PASSWORD) as standin:
        target = Target(standin.url(), "", ssl=False, schema=None)
        one, two = target.connect(), target.connect()
        one.cursor().execute("CREATE TABLE t (a INT)")
        one.cursor().execute("CREATE TABLE u (a INT)")
        one.commit()
        count(one)
        two.cursor().execute("INSERT INTO t VALUES (1)")
        two.cursor().execute("SELECT * FROM u")
        with pytest.raises(ProgrammingError, match="1023"):
            one.cursor().execute("INSERT INTO u VALUES (1)")
            one.commit()
            two.commit()
        one.rollback()
        one.cursor().execute("SELECT isolation_level FROM stv_db_isolation_level")
        for connection in (one, two):
            connection.close()


@pytest.mark.parametrize(
    "statement",
    ("VACUUM", "ALTER TABLE t APPEND FROM t", "ALTER TABLE t ALTER COLUMN a ENCODE zstd"),
)
def test_not_in_a_transaction(redshift: Any, other: Any, statement: str) -> None:
    """VACUUM, ALTER TABLE APPEND and ALTER COLUMN do not run in a transaction block."""
    redshift.cursor().execute("SELECT 1")
    with pytest.raises(ProgrammingError, match="transaction block"):
        redshift.cursor().execute(statement)
