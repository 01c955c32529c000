"""What one statement of the reader scans: large files in place, small objects in one bundle.

DuckDB takes 0.2 ms to open a file, so 15,000 small ones are copied together; each line is given
its object's number by a first key of its own. Large files are linked under a plain name, their
number, so that no name of the lake is ever taken for a pattern.
"""

import gzip
import json
import shutil
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from sparkify.lake.objects import LARGE, LakeObject, Unreadable
from sparkify.read.records import is_blank
from sparkify.read.select import NUMBER, OBJECT

BATCH = 64 << 20  # bytes of small objects in one bundle
SCAN = 2 << 30  # bytes of large objects that one statement scans
BLOCK = 2 << 20  # a line at least this long fills a block, so the blocks without newline tell
GZIP = b"\x1f\x8b"
UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{")


@dataclass(slots=True)
class Entry:
    """One object in a batch.

    Attributes:
        item: the object.
        number: its number in the batch.
        content: its bytes, decompressed, or the path of a file that has them.
        lines: how many lines it has; None when it is not to be scanned as lines.
        first: the lines before it in the bundle.
    """

    item: LakeObject
    number: int
    content: bytes | Path
    lines: int | None
    first: int = 0

    def leave_out_blank_lines(self) -> None:
        """Count the lines anew, but for blank ones, which DuckDB passes over."""
        if self.lines and isinstance(self.content, Path):
            with self.content.open("rb") as lines:
                self.lines = sum(1 for line in lines if not is_blank(line))

    def read(self) -> bytes:
        """All its bytes, decompressed."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()


@dataclass
class Batch:
    """Objects of one kind that are scanned together; `directory` is its own and is removed."""

    kind: str
    directory: Path
    entries: list[Entry] = field(default_factory=list)
    damaged: list[tuple[LakeObject, Unreadable]] = field(default_factory=list)
    bundled: int = 0
    small: int = 0
    large: int = 0

    def __enter__(self) -> "Batch":
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def bundle(self) -> Path:
        """The file of the small objects."""
        return self.directory / "bundle.json"

    def file(self, entry: Entry) -> Path:
        """The file that holds an object's lines."""
        if isinstance(entry.content, bytes):
            return self.bundle
        return self.directory / f"{entry.number}.json"

    def fill(self, contents: Iterator[tuple[LakeObject, bytes | Path]]) -> bool:
        """Take objects until there is enough for one statement; False when none are left."""
        self.directory.mkdir()
        with self.bundle.open("wb") as bundle:
            for item, content in contents:
                try:
                    entry = self.opened(item, content)
                except Unreadable as error:
                    self.damaged.append((item, error))
                    continue
                self.entries.append(entry)
                if isinstance(entry.content, bytes):
                    self.small += bundle.write(self.tagged(entry))
                else:
                    self.large += item.size
                if self.small >= BATCH or self.large >= SCAN:
                    return True
        return False

    def opened(self, item: LakeObject, content: bytes | Path) -> Entry:
        """An object, decompressed and counted."""
        number = len(self.entries) + len(self.damaged)
        if isinstance(content, bytes):
            data = decompressed(content)
            return Entry(item, number, data, plain_lines(data))
        link = self.directory / f"{number}.json"
        with content.open("rb") as file:
            head = file.read(len(GZIP))
        if head == GZIP:
            unpack(content, link)
        else:
            link.symlink_to(content)
        with link.open("rb") as file:
            lines = count_lines(blocks(file))
        return Entry(item, number, link, lines)

    def tagged(self, entry: Entry) -> bytes:
        """The object's lines as they stand in the bundle, each with its number."""
        assert isinstance(entry.content, bytes)
        if not entry.lines:
            return b""
        entry.first = self.bundled
        self.bundled += entry.lines
        tag = tag_of(entry)
        data = entry.content.replace(b"\n{", b"\n" + tag)
        data = tag + data[1:] if data.startswith(b"{") else data
        return data if data.endswith(b"\n") else data + b"\n"

    def files(self) -> list[str]:
        """What one statement scans."""
        own = [self.bundle] if self.small else []
        own += [e.content for e in self.entries if isinstance(e.content, Path) and e.lines]
        return [str(path) for path in own]

    def lines_beside(self, entry: Entry) -> int:
        """How many lines are in the file that holds an object's."""
        return self.bundled if isinstance(entry.content, bytes) else entry.lines or 0

    def uris(self) -> str:
        """The objects' numbers and uris, as the JSON text that a statement takes."""
        return json.dumps([{"object": e.number, "uri": e.item.uri} for e in self.entries])


def decompressed(content: bytes) -> bytes:
    """An object's bytes, whatever its name says of compression.

    Raises:
        Unreadable: it is damaged as a whole.
    """
    if content.startswith(GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise corrupt(error) from None
    refuse_utf_16(content)
    return content


def unpack(packed: Path, target: Path) -> None:
    """Decompress a large file."""
    try:
        with gzip.open(packed) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, LARGE)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise corrupt(error) from None


def corrupt(error: Exception) -> Unreadable:
    """The reject of an object whose compression is damaged."""
    return Unreadable("object_gzip", f"the gzip data is damaged: {error}")


def refuse_utf_16(head: bytes | bytearray) -> None:
    """Raise if text starts as UTF-16 does."""
    if head.startswith(UTF_16):
        raise Unreadable("object_utf16", "the object is UTF-16 and has to be UTF-8")


def blocks(file: BufferedReader) -> Iterator[bytearray]:
    """A file, block by block, each in the same memory: half of the time of new memory for each."""
    room = bytearray(BLOCK)
    with memoryview(room) as view:
        while filled := file.readinto(view):
            yield room if filled == BLOCK else room[:filled]


def count_lines(blocks: Iterable[bytes | bytearray]) -> int | None:
    """How many lines blocks of text hold; None if a line may be too long to scan.

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


def plain_lines(data: bytes) -> int | None:
    """How many lines a small object has; None unless each one starts a record.

    >>> plain_lines(b'{}\\n{}'), plain_lines(b'{\\n}'), plain_lines(b'{}\\n\\n{}')
    (2, None, None)
    """
    lines = count_lines([data])
    starts = data.count(b"\n{") + data.startswith(b"{")
    return lines if lines == starts else None


def tag_of(entry: Entry) -> bytes:
    """What a line of a small object starts with in the bundle."""
    return b'{"%s":%d,' % (OBJECT.encode(), entry.number)


def untagged(entry: Entry, line: bytes) -> bytes:
    """A line of a file that was scanned, as it stands in its object."""
    return line if isinstance(entry.content, Path) else line.replace(tag_of(entry), b"{", 1)


def verified_line(entry: Entry, number: int, raw: bytes) -> bytes:
    """A record that was looked at strictly, as one line with its object's and its own number."""
    rest = raw.replace(b"\n", b" ").replace(b"\r", b" ")[1:].lstrip()
    comma = b"" if rest.startswith(b"}") else b","
    keys = b'{"%s":%d,"%s":%d' % (OBJECT.encode(), entry.number, NUMBER.encode(), number)
    return keys + comma + rest + b"\n"
