"""Loaded warehouses for the analysts' tests: the real sample, and a simulated lake."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from sparkify import pipeline
from sparkify.simulate import simulate
from tests.support import ROOT
from tests.support.plain import Plain

SAMPLE = ROOT.parent / "shared" / "lake"


@dataclass(frozen=True)
class Loaded:
    """A lake, the warehouse that it was loaded into, and what is true of it."""

    lake: Path
    url: str
    plain: Plain


def load(lake: Path, folder: Path) -> Loaded:
    """Load a lake into a DuckDB file that nobody writes to afterwards."""
    url = f"duckdb:///{folder}/answers.duckdb"
    pipeline.run(str(lake), url)
    return Loaded(lake, url, Plain(lake))


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A simulated lake of forty days."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder / "lake", events=2_500, songs=100, users=40, days=40, seed=7)
    return load(folder / "lake", folder)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The real sample, where it is there."""
    if not SAMPLE.is_dir():
        pytest.skip(f"the real sample is not at {SAMPLE}")
    return load(SAMPLE, tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="session", params=["real", "simulated"])
def loaded(request: pytest.FixtureRequest) -> Loaded:
    """Each lake in turn."""
    found: Loaded = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of a DuckDB file that is not there yet."""
    return f"duckdb:///{tmp_path}/analysts.duckdb"
