"""A caller's engine: a load over it is all or nothing, or is refused before anything is written."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sparkify import pipeline, warehouses
from sparkify.analytics import report
from sparkify.errors import SparkifyError, TooManyRejects, UsageError, WarehouseBusy
from tests.factory import event, put
from tests.redshift_standin import StandIn
from tests.support import redshift_is_long

Make = Callable[[str], sa.Engine]


def by_argument(url: str) -> sa.Engine:
    """The engine is made in AUTOCOMMIT mode."""
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)


def by_option(url: str) -> sa.Engine:
    """The engine is a variant in AUTOCOMMIT mode of another."""
    made = sa.create_engine(url, poolclass=sa.NullPool)
    return made.execution_options(isolation_level="AUTOCOMMIT")


def by_event(url: str) -> sa.Engine:
    """Every new connection is set to commit by itself, which SQLAlchemy is not told."""
    made = sa.create_engine(url, poolclass=sa.NullPool)

    @sa.event.listens_for(made, "connect")
    def _set(connection: Any, record: object) -> None:
        connection.autocommit = True

    return made


@pytest.mark.parametrize("make", [by_argument, by_option, by_event])
def test_an_engine_that_commits_by_itself_is_refused(
    lake: Path, new_warehouse: str, make: Make
) -> None:
    """Nothing is written, and one line says what to pass instead."""
    put(lake, "events", "a.json", event())
    engine = make(new_warehouse)
    with pytest.raises(UsageError, match=r"AUTOCOMMIT.*pass an engine"):
        pipeline.run(lake, engine)
    with pytest.raises(UsageError, match="AUTOCOMMIT"):
        pipeline.upgrade(engine)
    with engine.connect() as connection:
        assert not sa.inspect(connection).has_table("songplays")
    engine.dispose()


POOLS = [sa.NullPool, sa.StaticPool, sa.SingletonThreadPool, sa.QueuePool, sa.AssertionPool]


@pytest.mark.long
@pytest.mark.parametrize("pool", POOLS)
def test_a_load_is_all_or_nothing_over_any_pool(
    lake: Path, warehouse: str, pool: type[sa.Pool], request: pytest.FixtureRequest
) -> None:
    """A load that fails late leaves no row, and the next one succeeds over the same engine."""
    engine = sa.create_engine(warehouse, poolclass=pool)
    put(lake, "events", "a.json", event(), *[b"not json"] * 20)
    with pytest.raises(TooManyRejects):
        pipeline.run(lake, engine)
    if "redshift" in warehouse:
        cluster: StandIn = request.getfixturevalue("cluster")
        cluster.faults.fail("INSERT INTO songplays", code="XX000", message="no room")
        with pytest.raises(SparkifyError, match="no room"):
            pipeline.run(lake, engine, max_rejects=100)
    with engine.connect() as connection:
        for table in ("songplays", "staging.staging_events", "staging.rejects", "staging.loads"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
    assert pipeline.run(lake, engine, max_rejects=100).plays.total == 1
    engine.dispose()


@pytest.mark.long
@pytest.mark.parametrize(
    ("warehouse", "pool"),
    [
        ("duckdb", sa.StaticPool),
        ("redshift", sa.StaticPool),
        pytest.param("duckdb", sa.SingletonThreadPool, marks=pytest.mark.long),
        pytest.param("redshift", sa.SingletonThreadPool, marks=pytest.mark.long),
    ],
    indirect=["warehouse"],
)
def test_a_callers_transaction_is_left_alone(
    lake: Path, warehouse: str, pool: type[sa.Pool]
) -> None:
    """A run or a report over a connection with an open transaction stops, and it stays open."""
    put(lake, "events", "a.json", event())
    engine = sa.create_engine(warehouse, poolclass=pool)
    pipeline.run(lake, engine)
    put(lake, "events", "b.json", event(itemInSession=1))
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE mine (i INT)")
        for refused in (pipeline.run, pipeline.plan):
            with pytest.raises(UsageError, match="commit or roll back first"):
                refused(lake, engine)
        with pytest.raises(UsageError, match="commit or roll back first"):
            report(engine)
        connection.commit()
        assert connection.exec_driver_sql("SELECT count(*) FROM mine").scalar() == 0
    assert pipeline.run(lake, engine).plays.total == 2
    engine.dispose()


@redshift_is_long
def test_a_callers_failed_transaction_is_left_alone(lake: Path, warehouse: str) -> None:
    """A transaction that failed is open, too, until the caller rolls it back."""
    put(lake, "events", "a.json", event())
    engine = sa.create_engine(warehouse, poolclass=sa.StaticPool)
    with engine.connect() as connection:
        with contextlib.suppress(sa.exc.DBAPIError):
            connection.exec_driver_sql("SELECT * FROM missing_table")
        with pytest.raises(UsageError, match="commit or roll back first"):
            pipeline.run(lake, engine)
    assert pipeline.run(lake, engine).plays.total == 1
    engine.dispose()


def test_a_pool_without_a_free_connection(lake: Path, warehouse: str) -> None:
    """A run does not wait for a connection that only the caller can give back."""
    put(lake, "events", "a.json", event())
    one: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1}
    for pool, options in ((sa.QueuePool, one), (sa.AssertionPool, {})):
        engine = sa.create_engine(warehouse, poolclass=pool, **options)
        with engine.connect(), pytest.raises(WarehouseBusy, match="no free connection"):
            pipeline.run(lake, engine, lock_timeout=0.1)
        engine.dispose()


def test_an_engine_of_another_database_is_refused(lake: Path) -> None:
    """One line names the database that cannot be a warehouse."""
    put(lake, "events", "a.json", event())
    engine = sa.create_engine("sqlite://")
    for refused in (pipeline.run, pipeline.plan):
        with pytest.raises(UsageError, match=r"not a warehouse.*sqlite"):
            refused(lake, engine)
    with pytest.raises(UsageError, match=r"not a warehouse.*sqlite"):
        warehouses.connect(engine)
    engine.dispose()
