"""The spool: small objects in one bundle, each line with its object's number; large ones alone."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparkify.lake.objects import LakeObject, Unreadable
from sparkify.read import content
from sparkify.read.content import count_lines, decompressed, plain_lines
from sparkify.read.spool import Batch, Entry, untagged

A, B = b'{"a": 1}\n', b'{"b": 2}\n'


@pytest.fixture
def batch(tmp_path: Path) -> Iterator[Batch]:
    """A batch with no objects in it."""
    with Batch("events", tmp_path / "batch") as made:
        yield made


def fill(batch: Batch, *contents: bytes | Path) -> bool:
    """Put objects into a batch; whether there is no room for more."""
    return batch.fill(
        (LakeObject(f"{number}.json", "events", "", 10, ""), content)
        for number, content in enumerate(contents)
    )


def read(entry: Entry) -> bytes:
    """All bytes of an object."""
    with entry.open() as file:
        return file.read()


def test_small_objects_are_one_file(batch: Batch) -> None:
    """Each line in the bundle has its object's number as its first key, and is JSON as before."""
    assert not fill(batch, A + B, B)
    assert batch.files() == [str(batch.bundle)]
    lines = batch.bundle.read_bytes().splitlines(keepends=True)
    numbers = [next(iter(json.loads(line).values())) for line in lines]
    assert numbers == [0, 0, 1]
    first, second = batch.entries
    assert [untagged(first, line) for line in lines[:2]] == [A, B]
    assert untagged(second, lines[2]) == B


def test_each_object_knows_its_lines_of_the_bundle(batch: Batch) -> None:
    """An entry says how many lines it has and how many stand before it."""
    fill(batch, A * 2, B * 3)
    assert [(entry.first, entry.lines) for entry in batch.entries] == [(0, 2), (2, 3)]
    assert [batch.lines_beside(entry) for entry in batch.entries] == [5, 5]


def test_a_last_line_without_newline_gets_one(batch: Batch) -> None:
    """The next object's first record is on a line of its own."""
    fill(batch, A.rstrip(), B.rstrip())
    assert len(batch.bundle.read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{\n"a": 1\n}\n', id="a record over many lines"),
        pytest.param(A + b"\n" + A, id="a blank line"),
        pytest.param(b"not json\n" + A, id="a line that starts no record"),
        pytest.param(b"  " + A, id="a blank before a record"),
        pytest.param(b"\xef\xbb\xbf" + A, id="a byte order mark"),
    ],
)
def test_other_layouts_are_not_in_the_bundle(batch: Batch, content: bytes) -> None:
    """A small object of which not every line starts a record is kept aside for a closer look."""
    fill(batch, content, B)
    assert batch.entries[0].lines in (None, 0)
    assert read(batch.entries[0]) == content
    assert len(batch.bundle.read_bytes().splitlines()) == 1


def test_a_large_object_is_scanned_in_place(batch: Batch, tmp_path: Path) -> None:
    """A large object is linked under its number, whatever its name has in it."""
    large = tmp_path / "[a-z]*?'.json"
    large.write_bytes(A * 3)
    fill(batch, A, large)
    entry = batch.entries[1]
    assert batch.files() == [str(batch.bundle), str(batch.directory / "1.json")]
    assert (entry.lines, batch.lines_beside(entry), read(entry)) == (3, 3, A * 3)
    assert untagged(entry, A) == A


def test_a_large_object_is_unpacked(batch: Batch, tmp_path: Path) -> None:
    """A large gzip file is unpacked into the batch's folder, and the original stays."""
    large = tmp_path / "large.json"
    large.write_bytes(gzip.compress(A * 3))
    fill(batch, large)
    assert read(batch.entries[0]) == A * 3
    assert not (batch.directory / "0.json").is_symlink()


@pytest.mark.parametrize("size", [10, 10**6])
def test_blank_lines_are_left_out_of_the_count(batch: Batch, tmp_path: Path, size: int) -> None:
    """DuckDB passes over blank lines, so a large object is counted again without them."""
    large = tmp_path / "large.json"
    large.write_bytes(A + b"\n \t\r\n" + b" " * size + b"\n" + B)
    fill(batch, large)
    (entry,) = batch.entries
    assert entry.lines == 5
    entry.leave_out_blank_lines()
    assert entry.lines == 2


def test_a_batch_is_full_at_a_size(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch takes objects until it holds enough, and leaves the rest to the next one."""
    monkeypatch.setattr("sparkify.read.spool.BATCH", 100)  # bytes, with the numbers
    assert fill(batch, A * 3, B * 3, A)
    assert len(batch.entries) == 2


def test_a_batch_removes_its_folder(batch: Batch, tmp_path: Path) -> None:
    """Nothing of a batch is left, and large objects, which it only links to, stay."""
    large = tmp_path / "large.json"
    large.write_bytes(A)
    with batch:
        fill(batch, A, large)
    assert not batch.directory.exists()
    assert large.read_bytes() == A


DAMAGED = {
    "truncated gzip": (gzip.compress(A * 50)[:-9], "object_gzip"),
    "not gzip": (b"\x1f\x8b not gzip", "object_gzip"),
    "UTF-16": (A.decode().encode("utf-16"), "object_utf16"),
    "UTF-16, little-endian": (A.decode().encode("utf-16-le"), "object_utf16"),
    "UTF-16, big-endian": (A.decode().encode("utf-16-be"), "object_utf16"),
    "UTF-16 in gzip": (gzip.compress(A.decode().encode("utf-16")), "object_utf16"),
}


@pytest.mark.parametrize("case", DAMAGED)
@pytest.mark.parametrize("large", [False, True])
def test_a_damaged_object_is_set_aside(
    batch: Batch, tmp_path: Path, case: str, large: bool
) -> None:
    """An object that is damaged as a whole takes its number, and its neighbours are read."""
    content, code = DAMAGED[case]
    path = tmp_path / "damaged.json"
    path.write_bytes(content)
    fill(batch, A, path if large else content, B)
    ((item, number, error),) = batch.damaged
    assert (item.uri, number, error.code) == ("1.json", 1, code)
    assert [entry.number for entry in batch.entries] == [0, 2]
    assert len(batch.bundle.read_bytes().splitlines()) == 2


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    """Bytes are unpacked if they are gzip, and left alone if they are not."""
    spill = tmp_path / "spill"
    assert decompressed(gzip.compress(A), spill) == decompressed(A, spill) == A
    with pytest.raises(Unreadable, match="gzip"):
        decompressed(gzip.compress(A)[:-1], spill)
    assert not spill.exists()


@pytest.mark.parametrize(
    ("blocks", "lines"),
    [
        ([], 0),
        ([b"a\nb\n"], 2),
        ([b"a\nb"], 2),
        ([b"a", b"b\n", b"c"], 2),
        ([b"x" * content.BLOCK], None),
        ([b"\n" + b"x" * (content.BLOCK - 1), b"x" * content.BLOCK], None),
        ([b"\n" + b"x" * (content.BLOCK - 1), b"\n"], 2),
    ],
)
def test_lines_are_counted_over_blocks(blocks: list[bytes], lines: int | None) -> None:
    """Lines are counted whatever the blocks; a block without newline means: too long to scan."""
    assert count_lines(blocks) == lines


@pytest.mark.parametrize(
    ("data", "lines"), [(A + B, 2), (A + B.rstrip(), 2), (b"", 0), (b"{\n}\n", None)]
)
def test_plain_lines_each_start_a_record(data: bytes, lines: int | None) -> None:
    """A small object is plain if each of its lines starts with a brace."""
    assert plain_lines(data) == lines
