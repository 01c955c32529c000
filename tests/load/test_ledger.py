"""The ledger: what a listing has that the warehouse does not know, and the other way round."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from sparkify.errors import SparkifyError
from sparkify.lake.folder import Folder
from sparkify.lake.objects import Lake, LakeObject, Listing
from sparkify.lake.part import Part
from sparkify.load.ledger import Difference

LAKE = Lake("lake", {"songs": Folder("/lake/song_data"), "events": Folder("/lake/log_data")})


class Known(NamedTuple):
    """A row of the ledger."""

    uri: str
    kind: str = "events"
    etag: str = "1"
    size: int = 10
    records: int | None = 5
    file_id: int = 1


def listed(name: str, etag: str = "1", size: int = 10) -> LakeObject:
    """An event log of the lake."""
    uri = f"/lake/log_data/{name}"
    return LakeObject(uri, "events", etag, size, key=uri)


def known(name: str, etag: str = "1", size: int = 10, records: int | None = 5) -> Known:
    """What the warehouse knows of an event log of the lake."""
    return Known(f"/lake/log_data/{name}", etag=etag, size=size, records=records)


def compare(
    objects: list[LakeObject],
    ledger: list[Known],
    ignored: int = 0,
    *,
    lake: Lake = LAKE,
    prune: bool = False,
    again: Collection[int] = (),
) -> Difference:
    """The difference between a listing of the lake and a ledger."""
    return Difference.of(Listing(objects, ignored), ledger, lake, prune=prune, again=again)


def names(objects: Iterable[LakeObject]) -> list[str]:
    """The names of objects."""
    return [Path(item.uri).name for item in objects]


def test_everything_is_new_to_an_empty_warehouse() -> None:
    """Without a ledger every object is read, and this is the first load."""
    found = compare([listed("a"), listed("b")], [], ignored=3)
    assert found.first
    assert names(found.read.values()) == ["a", "b"]
    assert (found.known, found.missing, found.batched) == ({}, [], set())
    assert (found.files.new, found.files.ignored) == (2, 3)


def test_what_is_known_is_not_read_again() -> None:
    """An object with the etag and the size that the ledger has is unchanged."""
    found = compare([listed("a"), listed("b")], [known("a")])
    assert not found.first
    assert names(found.read.values()) == ["b"]
    assert (found.files.new, found.files.unchanged) == (1, 1)


@pytest.mark.parametrize(("etag", "size"), [("2", 10), ("1", 11)])
def test_another_etag_or_size_is_another_object(etag: str, size: int) -> None:
    """An object whose etag or size differs is read, and its former rows are known of."""
    found = compare([listed("a", etag, size)], [known("a")])
    assert list(found.read.values()) == [listed("a", etag, size)]
    assert found.known == {listed("a").uri: 1}
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
    assert (found.missing, found.batched, found.files.missing) == ([], set(), 0)
    assert not found.first


def batch(*names: str, file_id: int = 7) -> list[Known]:
    """Objects that were copied together."""
    return [known(name, records=None)._replace(file_id=file_id) for name in names]


def test_a_batch_is_read_again_as_a_whole() -> None:
    """The rows of a batch can only be replaced together: what has not changed is read as well."""
    ledger = [*batch("changed", "same"), *batch("other", file_id=8), known("counted")]
    objects = [listed(name) for name in ("same", "other", "counted")]
    found = compare([listed("changed", etag="2"), *objects], ledger)
    assert sorted(names(found.read.values())) == ["changed", "same"]
    assert found.batched == {listed("changed").uri, listed("same").uri}
    assert found.known == dict.fromkeys(found.batched, 7)
    assert (found.files.changed, found.files.unchanged) == (1, 3)
    found.check()


def test_a_batch_that_has_lost_an_object_is_not_read_again() -> None:
    """Its rows would be lost, so the run stops and names it; unless they are to be removed."""
    objects, ledger = (
        [listed("changed", etag="2"), listed("same")],
        batch("changed", "same", "gone"),
    )
    with pytest.raises(SparkifyError, match="/lake/log_data/gone no longer exists"):
        compare(objects, ledger).check()
    found = compare(objects, ledger, prune=True)
    found.check()
    assert sorted(names(found.read.values())) == ["changed", "same"]
    assert names(found.missing) == ["gone"]


def test_what_is_left_of_a_batch_is_read_again_when_an_object_is_removed() -> None:
    """With --prune, the other objects of the batch are read again."""
    assert not compare([listed("same")], batch("same", "gone")).read
    found = compare([listed("same")], batch("same", "gone"), prune=True)
    assert names(found.read.values()) == ["same"]


@pytest.mark.parametrize("prune", [False, True])
def test_a_batch_is_not_read_in_part(prune: bool) -> None:
    """If a run does not look at another object of the batch, it stops and names that object."""
    part = Part.of(LAKE, "/lake", ["log_data/changed", "log_data/gone"])
    ledger = batch("changed", "gone", "other") if prune else batch("changed", "other")
    found = compare([listed("changed", etag="2")], ledger, lake=part, prune=prune)
    with pytest.raises(SparkifyError, match="/lake/log_data/other was copied together"):
        found.check()
    narrow = Lake("days", {"events": Folder("/lake/log_data/days")})
    inside = listed("days/a", etag="2")
    with pytest.raises(SparkifyError, match="/lake/log_data/other was copied together"):
        compare([inside], batch("days/a", "other"), lake=narrow).check()


def test_a_version_is_read_again_on_request() -> None:
    """Also if its object is unchanged, and with its whole batch; not if that is elsewhere."""
    ledger = [*batch("a", "b"), known("c"), Known("/other/log_data/a", records=None, file_id=9)]
    objects = [listed(name) for name in "abc"]
    found = compare(objects, ledger, again=[7, 9])
    found.check()
    assert sorted(names(found.read.values())) == ["a", "b"]
    assert sorted(names(compare(objects, ledger, again=[1]).read.values())) == ["c"]
    assert (found.files.changed, found.files.unchanged) == (0, 3)


@pytest.mark.parametrize(("most", "left"), [(1, ["new"]), (2, ["changed", "same"]), (3, None)])
def test_a_batch_is_read_as_a_whole_or_not_at_all(most: int, left: list[str] | None) -> None:
    """A limit leaves it out, unless there is room for all of it."""
    objects = [listed("changed", etag="2"), listed("same"), listed("new")]
    found = compare(objects, batch("changed", "same"))
    found.cut(most)
    assert sorted(names(found.read.values())) == (left or ["changed", "new", "same"])
    assert found.known.keys() == {each.uri for each in objects[:2]} & found.read.keys()
    files = found.files
    assert (files.new, files.changed, files.unchanged) == {1: (1, 0, 1), 2: (0, 1, 1)}.get(
        most, (1, 1, 1)
    )


def test_the_counts_add_up() -> None:
    """New, changed and unchanged objects together are those that are listed."""
    objects = [listed("new"), listed("changed", etag="2"), listed("same")]
    files = compare(objects, [known("changed"), known("same"), known("gone")]).files
    assert (files.new, files.changed, files.unchanged, files.missing) == (1, 1, 1, 1)
