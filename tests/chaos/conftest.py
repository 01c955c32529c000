"""What the tests under faults share."""

import pytest

from tests.chaos import worlds
from tests.chaos.worlds import Work


@pytest.fixture(scope="session")
def works(tmp_path_factory: pytest.TempPathFactory) -> list[Work]:
    """The kinds of run."""
    return worlds.works(tmp_path_factory.mktemp("works"), seed=1)
