"""The bytes of objects: decompression, encodings, and how many lines there are."""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO

from sparkify.lake.objects import Unreadable
from sparkify.read.syntax import BLANK

BLOCK = 2 << 20  # bytes; a block without a newline shows a line that is longer
GZIP = b"\x1f\x8b"
UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{", b"[\0", b"\0[")
FILLED = re.compile(rb"\n[^\n]")
BLANKS = BLANK.replace(b"\n", b"")
WINDOW = 4096  # bytes that are looked at
IN_MEMORY = 8 << 20  # bytes; a small object that unpacks to more is unpacked into a file
#: bytes that any object may unpack to; to more only by less than RATIO: JSON reaches 5 to 30
UNPACKED = 256 << 20
RATIO = 100
MOST = 16 << 30  # bytes that no object may exceed, unpacked
LFS = b"version https://git-lfs.github.com/spec/"


def decompressed(content: bytes, spill: Path) -> bytes | Path:
    """A small object's bytes, decompressed if they are gzip, whatever its name.

    If they unpack to too much for the memory, they are written to `spill`, and this is returned.

    Raises:
        Unreadable: it is damaged as a whole, or unpacks to too much.
    """
    if content.startswith(GZIP):
        unpacked = bytearray()
        source = unpacked_blocks(BytesIO(content), len(content))
        for block in source:
            unpacked += block
            if len(unpacked) > IN_MEMORY:
                with spill.open("wb") as out:
                    out.write(unpacked)
                    out.writelines(source)
                return spill
        content = bytes(unpacked)
    refuse_utf_16(content)
    refuse_lfs_pointer(content)
    return content


def unpack(packed: Path, target: Path) -> None:
    """Decompress a large file.

    Raises:
        Unreadable: it is damaged, or unpacks to too much.
    """
    with packed.open("rb") as source, target.open("wb") as out:
        out.writelines(unpacked_blocks(source, packed.stat().st_size))


def unpacked_blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The decompressed bytes of a gzip file, block by block.

    Raises:
        Unreadable: it is damaged, or unpacks to too much for its size.
    """
    allowed, total = min(max(UNPACKED, RATIO * size), MOST), 0
    try:
        with gzip.open(file) as source:
            while block := source.read(BLOCK):
                total += len(block)
                if total > allowed:
                    raise Unreadable(
                        "object_too_large",
                        f"the object of {size:,} bytes unpacks to more than {allowed:,}",
                    )
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise corrupt(error) from None


def corrupt(error: Exception) -> Unreadable:
    """The error for an object whose compression is damaged."""
    return Unreadable("object_gzip", f"the gzip data is damaged: {error}")


def refuse_utf_16(head: bytes | bytearray) -> None:
    """Raise if text starts as UTF-16 does, and is UTF-16 as far as its NUL bytes tell.

    One half of the bytes of JSON in UTF-16 is mostly NUL, the other hardly ever.
    """
    if not head.startswith(UTF_16):
        return
    few, many = sorted(head[half:WINDOW:2].count(0) for half in (0, 1))
    if len(head) == len(UTF_16[0]) or (many * 8 >= min(len(head), WINDOW) // 2 and few * 8 <= many):
        raise Unreadable("object_utf16", "the object is UTF-16 and must be UTF-8")


def refuse_lfs_pointer(content: bytes) -> None:
    """Raise if Git LFS has left a pointer in a file's place."""
    if content.startswith(LFS):
        raise Unreadable(
            "object_lfs_pointer",
            "the object is a Git LFS pointer, not the data:"
            " fetch the data with `git lfs pull`, and run again",
        )


def blocks(file: BufferedReader) -> Iterator[bytearray]:
    """A file, block by block, all in the same memory: new memory takes twice the time."""
    block = bytearray(BLOCK)
    with memoryview(block) as view:
        while filled := file.readinto(view):
            yield block if filled == BLOCK else block[:filled]


def count_lines(blocks: Iterable[bytes | bytearray]) -> int | None:
    """How many lines there are in blocks of text; None if a line may be too long to scan.

    >>> count_lines([b'{}\\n{}\\n', b'{}'])
    3
    """
    lines, last = 0, b"\n"
    for index, block in enumerate(blocks):
        if index == 0:
            refuse_utf_16(block)
        newlines = block.count(b"\n")
        if not newlines and len(block) >= BLOCK:
            return None
        lines += newlines
        last = bytes(block[-1:]) or last
    return lines + (last != b"\n")


def count_filled(blocks: Iterable[bytes | bytearray]) -> int:
    """How many lines there are in blocks of text that are not blank.

    >>> count_filled([b'{}\\n \\n', b'\\n{', b'}'])
    2
    """
    filled, before = 0, b"\n"
    for block in blocks:
        text = before + block.translate(None, BLANKS)
        filled += sum(1 for _ in FILLED.finditer(text))
        before = text[-1:]
    return filled


def plain_lines(data: bytes) -> int | None:
    """How many lines a small object has; None unless every line starts a record.

    >>> plain_lines(b'{}\\n{}'), plain_lines(b'{\\n}'), plain_lines(b'{}\\n\\n{}')
    (2, None, None)
    """
    lines = count_lines(data[start : start + BLOCK] for start in range(0, len(data), BLOCK))
    starts = data.count(b"\n{") + data.startswith(b"{")
    return lines if lines == starts else None
