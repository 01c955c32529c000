"""The stand-in's own services to tests: faults on order, the statements it heard, passwords."""

from __future__ import annotations

import time
from typing import Any

import pytest
from redshift_connector.error import Error, InterfaceError, OperationalError, ProgrammingError

from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.context import Form
from tests.redshift_standin.fixtures import LOST_SOCKETS, REGION, Target

pytestmark = [
    pytest.mark.filterwarnings(LOST_SOCKETS),
    pytest.mark.usefixtures("collect_lost_sockets"),
]
LOST = (InterfaceError, OperationalError, OSError)


@pytest.fixture
def cursor(redshift: Any, standin: StandIn) -> Any:
    """A cursor; table t exists and is empty, the log of statements too."""
    made = redshift.cursor()
    made.execute("CREATE TABLE t (a INT)")
    redshift.commit()
    standin.statements.clear()
    return made


def rows(target: Target) -> int:
    """The rows of t as another connection sees them."""
    connection = target.connect()
    made = connection.cursor()
    made.execute("SELECT COUNT(*) FROM t")
    (found,) = made.fetchone()
    connection.close()
    return int(found)


def test_statements(cursor: Any, standin: StandIn, redshift: Any) -> None:
    """Every statement is in the log, each time it is run, refused ones too."""
    for _ in range(2):
        cursor.execute("INSERT INTO t VALUES (%s)", (1,))
    with pytest.raises(ProgrammingError):
        cursor.execute("CREATE INDEX i ON t (a)")
    redshift.rollback()
    insert = "INSERT INTO t VALUES ($1)"
    begin = ["begin transaction"]
    assert standin.statements == [*begin, insert, insert, "CREATE INDEX i ON t (a)", "rollback"]


def test_fail_matching(cursor: Any, standin: StandIn, redshift: Any, target: Target) -> None:
    """The next statement that matches fails, once, and its transaction with it."""
    standin.faults.fail(matching="^insert")
    cursor.execute("SELECT 1")
    with pytest.raises(ProgrammingError, match="1023"):
        cursor.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(ProgrammingError, match="aborted"):
        cursor.execute("SELECT 1")
    redshift.rollback()
    cursor.execute("INSERT INTO t VALUES (1)")
    redshift.commit()
    assert rows(target) == 1
    assert standin.faults.pending == 0


def test_fail_nth(cursor: Any, standin: StandIn) -> None:
    """The n-th statement fails, with the code and message asked for."""
    standin.faults.fail(nth=3, code="57014", message="out of luck")
    cursor.execute("SELECT 1")
    with pytest.raises(ProgrammingError, match="out of luck"):
        cursor.execute("SELECT 1")


def test_drop(cursor: Any, standin: StandIn, target: Target) -> None:
    """The connection is dropped at the n-th statement, and nothing of its transaction stays."""
    standin.faults.drop(nth=3)
    cursor.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(LOST):
        cursor.execute("INSERT INTO t VALUES (2)")
    assert rows(target) == 0


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1)])
def test_drop_at_commit(
    cursor: Any, standin: StandIn, target: Target, when: Any, kept: int
) -> None:
    """The connection is dropped at COMMIT, before or after it has taken effect."""
    standin.faults.drop_at_commit(when)
    cursor.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(LOST):
        cursor.execute("COMMIT")
    assert rows(target) == kept


def test_lose_row(redshift: Any, standin: StandIn, s3: Bucket, target: Target) -> None:
    """COPY loads one row fewer than its files hold."""
    cursor = redshift.cursor()
    cursor.execute("CREATE TABLE t (a INT)")
    source = s3.put("data", '{"a": 1}{"a": 2}')
    copy = f"COPY t FROM '{source}' IAM_ROLE '{target.iam_role}' JSON 'auto'"
    standin.faults.lose_row()
    cursor.execute(copy)
    redshift.commit()
    assert rows(target) == 1
    cursor.execute(copy)
    redshift.commit()
    assert rows(target) == 3


def test_silence(standin: StandIn, target: Target) -> None:
    """A connection that sends nothing for long is dropped; one that speaks in time is not."""
    standin.limit_silence(0.3)
    connection = target.connect()
    for _ in range(3):
        time.sleep(0.2)
        connection.cursor().execute("SELECT 1")
    time.sleep(0.5)
    with pytest.raises(LOST):
        connection.cursor().execute("SELECT 1")


def test_password(standin: StandIn, target: Target) -> None:
    """A wrong password is refused; one that expired keeps new sessions out, not old ones."""
    with pytest.raises(Error, match="password authentication failed"):
        target.connect(password="s3cr3t-wrong")
    connection = target.connect()
    standin.set_password("s3cr3t, the next one")
    connection.cursor().execute("SELECT 1")
    with pytest.raises(Error, match="password authentication failed"):
        target.connect()
    target.connect(password="s3cr3t, the next one").close()
    connection.close()


def test_unknown_user_and_database(standin: StandIn, target: Target) -> None:
    """An unknown user or database is refused."""
    with pytest.raises(Error, match="authentication failed"):
        target.connect(user="nobody")
    with pytest.raises(Error, match="does not exist"):
        target.connect(database="nothing")


def test_reset(cursor: Any, standin: StandIn, redshift: Any, target: Target) -> None:
    """After reset() there are no tables, schemas, sessions, statements or faults."""
    cursor.execute("CREATE SCHEMA x")
    cursor.execute('CREATE TABLE x."a table" (a INT)')
    cursor.execute("CREATE VIEW v AS SELECT * FROM t")
    redshift.commit()
    cursor.execute("LOCK t")
    standin.faults.fail()
    standin.set_password("x")
    standin.reset()
    assert (standin.statements, standin.faults.pending) == ([], 0)
    with pytest.raises(LOST):
        cursor.execute("SELECT 1")
    connection = target.connect()
    made = connection.cursor()
    made.execute("SELECT nspname FROM pg_namespace WHERE nspname = 'x'")
    assert not made.fetchall()
    made.execute("CREATE TABLE t (a INT)")
    made.execute("CREATE TABLE v (a INT)")
    connection.close()


@pytest.mark.parametrize(
    ("form", "hidden"),
    [
        pytest.param("provisioned", set(), marks=pytest.mark.long),
        pytest.param("multi-az", {"stl_load_errors", "stv_slices"}, marks=pytest.mark.long),
        ("serverless", {"stl_load_errors", "stv_slices", "svv_table_info"}),
    ],
)
def test_forms(s3: Bucket, form: Form, hidden: set[str]) -> None:
    """What a form does not show is refused; what another one does not show is noted."""
    views = {"stl_load_errors", "stv_slices", "svv_table_info", "sys_load_error_detail"}
    with StandIn(s3_endpoint=s3.endpoint, region=REGION, form=form) as standin:
        connection = Target(standin.url(), "", ssl=False, schema=None).connect()
        connection.autocommit = True
        made = connection.cursor()
        for view in hidden:
            with pytest.raises(ProgrammingError, match="permission denied"):
                made.execute(f"SELECT * FROM {view}")
        for view in views - hidden:
            made.execute(f"SELECT * FROM {view}")
        connection.close()
        assert set(standin.elsewhere) == views - hidden - {"sys_load_error_detail"}
        standin.reset()
        assert standin.elsewhere == []
