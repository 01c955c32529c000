"""What tests of several folders share, beside factory.py."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]  # of the checkout

#: for tests with a `warehouse` that hold on either engine by the same code, and by golden files
redshift_is_long = pytest.mark.parametrize(
    "warehouse", ["duckdb", pytest.param("redshift", marks=pytest.mark.long)], indirect=True
)
