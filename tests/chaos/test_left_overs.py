"""What killed runs left is removed by the next run, and what a run that is alive has never is."""

from pathlib import Path

import pytest

from sparkify import pipeline, warehouses
from sparkify.config import load
from sparkify.errors import SparkifyError
from sparkify.process import scratch
from tests.chaos import forks
from tests.chaos.child import Strike
from tests.chaos.worlds import Trial, Work, succeed
from tests.factory import event, put
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import LOST_SOCKETS

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)


@pytest.mark.long
def test_what_a_killed_run_left_is_removed(works: list[Work]) -> None:
    """Its temporary folder, and what DuckDB spilled beside the file."""
    with works[1].trial() as trial:
        kill_while_it_reads(trial)
        spilled = trial.folder / "warehouse.duckdb.tmp"
        spilled.mkdir()
        (spilled / "duckdb_temp_storage-0.tmp").write_bytes(b"")
        succeed(trial)
        assert not trial.left()


def kill_while_it_reads(trial: Trial) -> None:
    """Kill runs one after the other, each at a later statement, until one leaves a folder."""
    for nth in range(1, trial.work.statements):
        forks.run(trial.job(Strike(nth)))
        if trial.left():
            return
    pytest.fail("no run left anything")


def test_what_is_alive_or_not_ours_stays(
    works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder in use, and one of whose owner nothing is known."""
    with works[1].trial() as trial:
        monkeypatch.setattr("tempfile.tempdir", str(trial.folder / "tmp"))
        (trial.folder / "tmp" / "sparkify-mine").mkdir()
        with scratch.folder() as alive:
            succeed(trial)
            assert alive.is_dir()
        assert trial.left() == ["sparkify-mine"]


@pytest.mark.long
def test_parts_of_a_run_that_is_alive_stay(lake: Path, cluster: StandIn, s3: Bucket) -> None:
    """What a run has uploaded is its own, until it has ended or been silent for ten minutes."""
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), cluster.url())
    ages = {"alive": 9, "silent": 11}
    with warehouses.connect(cluster.url(), load()) as other, other.writing(0) as connection:
        for name, minutes in ages.items():
            other.parts.put(f"{name}/0/part.parquet", b"")  # type: ignore[attr-defined]
            beat = f"INSERT INTO staging.runs (run_id, heartbeat) VALUES ('{name}',"
            connection.exec_driver_sql(f"{beat} dateadd(minute, -{minutes}, getdate()))")
        other.parts.put("unknown/0/part.parquet", b"")  # type: ignore[attr-defined]
        connection.commit()
    put(lake, "events", "b.json", event(itemInSession=1))
    pipeline.run(str(lake), cluster.url())
    assert [key.rsplit("/", 3)[1] for key in s3.held("parts")] == ["alive"]


def test_a_run_that_is_done_removes_its_own_parts(cluster: StandIn, s3: Bucket) -> None:
    """After COMMIT the lock is another run's, and so may be what is below the prefix."""
    url = cluster.url()
    with warehouses.connect(url, load()) as another, warehouses.connect(url, load()) as own:
        for run, name in ((another, "of-another"), (own, "own")):
            run.parts.put(name, b"")  # type: ignore[attr-defined]
        with own.writing(0) as connection:
            own.finish(connection, 0)
    assert [key.rpartition("/")[2] for key in s3.held("parts")] == ["of-another"]


def test_a_run_that_fails_takes_its_parts_with_it(lake: Path, cluster: StandIn, s3: Bucket) -> None:
    """Parts that were uploaded go when the load cannot be published."""
    put(lake, "events", "a.json", event())
    cluster.faults.fail("^INSERT INTO songplays", message="no such luck", code="22000")
    with pytest.raises(SparkifyError, match="no such luck"):
        pipeline.run(str(lake), cluster.url())
    assert s3.held("parts") == []
