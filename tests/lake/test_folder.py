"""Folders: what a file holds, and that every folder is listed once."""

import os
import time
from pathlib import Path
from threading import Thread

import pytest

from sparkify.lake.folder import Folder, content
from tests.factory import event, put


@pytest.mark.parametrize("size", [0, 3, 4, 100])
def test_a_file_is_read_to_its_end(size: int) -> None:
    """However few bytes the system hands over at once; of more than expected, enough to tell."""
    reading, writing = os.pipe()

    def write() -> None:
        for part in (b"ab", b"cd"):
            os.write(writing, part)
            time.sleep(0.05)
        os.close(writing)

    thread = Thread(target=write)
    thread.start()
    found = content(reading, size)
    thread.join()
    os.close(reading)
    assert found == b"abcd" if size >= 4 else len(found) > size


def test_links_are_followed_once(lake: Path, tmp_path: Path) -> None:
    """A folder has its own name before that of a link; links in a circle come to an end."""
    put(lake, "events", "a/one.json", event())
    put(lake, "events", "a/b/two.json", event())
    put(tmp_path / "other", "events", "c/three.json", event())
    root = lake / "log_data"
    (root / "a/up").symlink_to(root)
    (root / "0").symlink_to(root / "a/b")
    (root / "c").symlink_to(tmp_path / "other/log_data/c")
    (root / "d").symlink_to(tmp_path / "other")
    (tmp_path / "other/log_data/c/back").symlink_to(lake)
    (root / "self").symlink_to(root / "self")
    names = {item if isinstance(item, str) else item.uri for item in Folder(str(root)).scan("")}
    found = ("a/one.json", "a/b/two.json", "c/three.json", "self")
    assert names == {str(root / name) for name in found}
