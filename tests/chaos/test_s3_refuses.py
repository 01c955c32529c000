"""What S3 refuses or spoils is asked for again, or ends the run clearly."""

import signal
from collections.abc import Iterator

import pytest

from tests.chaos import buckets, signals
from tests.chaos.buckets import Store
from tests.redshift_standin.buckets import Bucket


@pytest.fixture(scope="module")
def store(s3_server: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A lake in S3 that has changed since it was loaded."""
    with buckets.store(tmp_path_factory.mktemp("s3"), s3_server, seed=1) as made:
        yield made


LATER = [pytest.param(f, marks=pytest.mark.long) for f in ("another etag", "cut", "forbidden")]


@pytest.mark.long
@pytest.mark.parametrize("fault", ["slow down", *LATER])
def test_a_request_is_spoilt(store: Store, fault: str) -> None:
    """The listing, or one object: an answer that may pass is asked for again."""
    listing = len(fault) % 2
    buckets.spoil(store, 4 if listing else store.requests, fault)


@pytest.mark.long
def test_a_signal_while_s3_says_nothing(store: Store) -> None:
    """Requests under way are not waited for."""
    signals.stop_stalled(store, signal.SIGINT)
