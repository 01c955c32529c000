"""The ledger: what a listing has that the warehouse does not know, and the other way round."""

from pathlib import Path
from typing import NamedTuple

import pytest

from sparkify.lake.folder import Folder
from sparkify.lake.objects import Lake, LakeObject, Listing
from sparkify.load.ledger import Difference

LAKE = Lake("lake", {"songs": Folder("/lake/song_data"), "events": Folder("/lake/log_data")})


class Known(NamedTuple):
    """A row of the ledger."""

    uri: str
    kind: str = "events"
    etag: str = "1"
    size: int = 10
    records: int | None = 5


def listed(name: str, etag: str = "1", size: int = 10) -> LakeObject:
    """An event log of the lake."""
    uri = f"/lake/log_data/{name}"
    return LakeObject(uri, "events", etag, size, key=uri)


def known(name: str, etag: str = "1", size: int = 10, records: int | None = 5) -> Known:
    """What the warehouse knows of an event log of the lake."""
    return Known(f"/lake/log_data/{name}", etag=etag, size=size, records=records)


def compare(objects: list[LakeObject], ledger: list[Known], ignored: int = 0) -> Difference:
    """The difference between a listing of the lake and a ledger."""
    return Difference.of(Listing(objects, ignored), ledger, LAKE)


def names(objects: list[LakeObject]) -> list[str]:
    """The names of objects."""
    return [Path(item.uri).name for item in objects]


def test_everything_is_new_to_an_empty_warehouse() -> None:
    """Without a ledger every object is read, and this is the first load."""
    found = compare([listed("a"), listed("b")], [], ignored=3)
    assert found.first
    assert names(found.read) == ["a", "b"]
    assert (found.known, found.missing, found.uncounted) == (set(), [], set())
    assert (found.files.new, found.files.ignored) == (2, 3)


def test_what_is_known_is_not_read_again() -> None:
    """An object with the etag and the size that the ledger has is unchanged."""
    found = compare([listed("a"), listed("b")], [known("a")])
    assert not found.first
    assert names(found.read) == ["b"]
    assert (found.files.new, found.files.unchanged) == (1, 1)


@pytest.mark.parametrize(("etag", "size"), [("2", 10), ("1", 11)])
def test_another_etag_or_size_is_another_object(etag: str, size: int) -> None:
    """An object whose etag or size differs is read, and its former rows are known of."""
    found = compare([listed("a", etag, size)], [known("a")])
    assert found.read == [listed("a", etag, size)]
    assert found.known == {listed("a").uri}
    assert (found.files.new, found.files.changed, found.files.unchanged) == (0, 1, 0)


def test_an_object_that_is_no_longer_listed_is_missing() -> None:
    """A known object below the lake's folders that is not listed is missing, as it was known."""
    found = compare([listed("b")], [known("a", etag="7", size=70)])
    assert [(item.uri, item.etag, item.size) for item in found.missing] == [
        ("/lake/log_data/a", "7", 70)
    ]
    assert (found.files.new, found.files.missing) == (1, 1)


@pytest.mark.parametrize(
    "uri", ["/other/log_data/a", "/lake/log_data2/a", "/lake/a", "s3://lake/log_data/a"]
)
def test_objects_of_other_lakes_are_ignored(uri: str) -> None:
    """What the warehouse knows from elsewhere is neither missing nor new."""
    found = compare([listed("b")], [Known(uri, records=None)])
    assert (found.missing, found.uncounted, found.files.missing) == ([], set(), 0)
    assert not found.first


def test_objects_that_were_copied_have_no_count() -> None:
    """Of changed and missing objects those are named whose rows cannot be told apart."""
    ledger = [
        known("same", records=None),
        known("changed", records=None),
        known("gone", records=None),
        known("counted"),
    ]
    found = compare([listed("same"), listed("changed", etag="2")], ledger)
    assert found.uncounted == {"/lake/log_data/changed", "/lake/log_data/gone"}


def test_the_counts_add_up() -> None:
    """New, changed and unchanged objects together are those that are listed."""
    objects = [listed("new"), listed("changed", etag="2"), listed("same")]
    files = compare(objects, [known("changed"), known("same"), known("gone")]).files
    assert (files.new, files.changed, files.unchanged, files.missing) == (1, 1, 1, 1)
