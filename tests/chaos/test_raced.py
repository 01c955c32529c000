"""Runs that are started together end as if one had run after the other."""

from pathlib import Path

import pytest

from sparkify import pipeline, warehouses
from sparkify.config import load
from tests.chaos import races
from tests.chaos.worlds import Work
from tests.factory import event, put, rows
from tests.redshift_standin import StandIn
from tests.redshift_standin.fixtures import LOST_SOCKETS

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)


@pytest.mark.long
@pytest.mark.parametrize(("count", "lakes"), [(2, 1), (8, 2)])
def test_runs_on_one_file(works: list[Work], count: int, lakes: int) -> None:
    """Two and eight runs make one DuckDB file, over the same lake and over different ones."""
    races.race(works[:lakes], count)


def test_an_analyst_goes_on_reading(lake: Path, cluster: StandIn) -> None:
    """On a cluster a reader's transaction sees the old state until its end; no run waits for it."""
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), cluster.url())
    put(lake, "events", "b.json", event(itemInSession=1))
    count = "SELECT count(*) FROM songplays"
    with warehouses.connect(cluster.url(), load()) as opened, opened.reading(0) as reader:
        assert reader.exec_driver_sql(count).scalar() == 1
        pipeline.run(str(lake), cluster.url(), lock_timeout=5)
        assert reader.exec_driver_sql(count).scalar() == 1
    assert rows(cluster.url(), count) == [(2,)]
