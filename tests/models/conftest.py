"""The tests of the schema begin with warehouses that have none."""

import pytest

from tests.redshift_standin import StandIn


@pytest.fixture
def duckdb_url(new_url: str) -> str:
    """The URL of a DuckDB file that is not there yet."""
    return new_url


@pytest.fixture
def cluster(new_cluster: StandIn) -> StandIn:
    """A cluster without a schema."""
    return new_cluster
