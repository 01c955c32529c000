"""On a cluster, too, all is as before or as after, and the next run completes it."""

import signal
from collections.abc import Iterator

import pytest

from tests.chaos import clusters, sites
from tests.chaos.sites import Site
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import LOST_SOCKETS

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)


@pytest.fixture(scope="module")
def site(s3_server: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A cluster with a lake that changes."""
    with sites.site(tmp_path_factory.mktemp("site") / "site", s3_server) as made:
        yield made


@pytest.mark.long
@pytest.mark.parametrize(("how", "part"), [("error", 0.5), ("dropped before", 0.6)])
def test_a_statement_is_struck(site: Site, how: str, part: float) -> None:
    """It fails, or its connection is lost."""
    clusters.strike(site, round(part * site.statements), how)


@pytest.mark.long
@pytest.mark.parametrize(("fault", "part"), [("reset", 0.5), ("forbidden", 1)])
def test_a_request_is_spoilt(site: Site, fault: str, part: float) -> None:
    """While parts are written, while they are removed."""
    clusters.spoil(site, round(part * site.requests), fault)


@pytest.mark.long
def test_a_kill(site: Site) -> None:
    """The cluster rolls back, and what is left in S3 is swept."""
    clusters.kill(site, 0.3)


@pytest.mark.long
def test_a_disk_is_full(site: Site) -> None:
    """There is no room for the parts."""
    if not clusters.starve(site, 16):
        pytest.skip("only root can make a small disk")


@pytest.mark.long
def test_a_signal(site: Site) -> None:
    """The parts that the run staged go with it."""
    clusters.interrupt(site, signal.SIGTERM, 0.3)


@pytest.mark.long
def test_runs_together(site: Site) -> None:
    """One makes the schema, and every object is loaded once."""
    clusters.race(site, count=2, lakes=2)
