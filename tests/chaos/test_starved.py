"""Without room, memory, files or rights a run says so in one line, and the warehouse is intact."""

import pytest

from tests.chaos import shortages
from tests.chaos.worlds import Work


@pytest.mark.long
@pytest.mark.parametrize("size", [8, pytest.param(20, marks=pytest.mark.long)])
def test_no_file_may_grow(works: list[Work], size: int) -> None:
    """While staging, while committing, while making the file: as on a full disk."""
    shortages.file_size(works[0], size * shortages.KB)


@pytest.mark.long
@pytest.mark.parametrize("place", [".", pytest.param("tmp", marks=pytest.mark.long)])
def test_a_disk_is_full(works: list[Work], place: str) -> None:
    """The disk of the warehouse, or that of temporary files."""
    if not shortages.room(works[1], 16, place):
        pytest.skip("only root can make a small disk")


@pytest.mark.long
def test_memory_is_short(works: list[Work]) -> None:
    """DuckDB may use less memory than it needs."""
    shortages.memory(works[1], "4MB")


@pytest.mark.long
def test_files_cannot_be_opened(works: list[Work]) -> None:
    """There are too few file descriptors."""
    shortages.open_files(works[1], 10)


@pytest.mark.long
@pytest.mark.parametrize("kind", [pytest.param(0, marks=pytest.mark.long), 1])
def test_a_warehouse_is_read_only(works: list[Work], kind: int) -> None:
    """Its folder, where it is not there yet; or its file."""
    shortages.read_only(works[kind])
