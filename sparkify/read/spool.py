"""What one statement of the reader scans: large files in place, small objects in one bundle.

DuckDB takes 0.2 ms to open a file, so 15,000 small ones are copied together. Each line gets its
object's number, as a first key of its own. Large files are linked under a plain name, their
number, so that no name of the lake is ever taken for a pattern.
"""

import itertools
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from sparkify.lake.fetching import take
from sparkify.lake.objects import Lake, LakeObject, Unreadable, by_kind
from sparkify.models.staging import KINDS
from sparkify.process.stopping import STOP
from sparkify.read.conditions import NUMBER, OBJECT
from sparkify.read.content import (
    BLOCK,
    GZIP,
    blocks,
    count_filled,
    count_lines,
    decompressed,
    plain_lines,
    unpack,
)
from sparkify.read.pieces import first_text, is_array

BATCH = 64 << 20  # bytes of small objects in one bundle
SCAN = 2 << 30  # bytes of large objects that one statement scans


@dataclass(slots=True)
class Entry:
    """One object in a batch.

    Attributes:
        item: the object.
        number: the file_id of the version that is read.
        content: its bytes, decompressed, or the path of a file that has them.
        lines: how many lines it has; None if it cannot be scanned line by line.
        first: the lines before it in the bundle.
    """

    item: LakeObject
    number: int
    content: bytes | Path
    lines: int | None
    first: int = 0

    def leave_out_blank_lines(self) -> None:
        """Count the lines again without blank ones, which DuckDB skips."""
        if self.lines and isinstance(self.content, Path):
            with self.content.open("rb") as lines:
                self.lines = count_filled(blocks(lines))

    def open(self) -> BinaryIO:
        """Its bytes, decompressed, as a file."""
        return BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")


@dataclass
class Batch:
    """Objects of one kind that are scanned together; `directory` is removed with it.

    Attributes:
        numbers: the file_ids of the objects to come.
    """

    kind: str
    directory: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)
    entries: list[Entry] = field(default_factory=list)
    damaged: list[tuple[LakeObject, int, Unreadable]] = field(default_factory=list)
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
        """The file that has an object's lines."""
        if isinstance(entry.content, bytes):
            return self.bundle
        return self.directory / f"{entry.number}.json"

    def fill(self, contents: Iterator[tuple[LakeObject, bytes | Path]]) -> bool:
        """Take objects until there is enough for one statement; False if none are left."""
        self.directory.mkdir()
        with self.bundle.open("wb") as bundle:
            for item, content in contents:
                number = next(self.numbers)
                try:
                    entry = self.opened(item, number, content)
                except Unreadable as error:
                    self.damaged.append((item, number, error))
                    continue
                self.entries.append(entry)
                if isinstance(entry.content, bytes):
                    self.small += bundle.write(self.tagged(entry))
                else:
                    self.large += entry.content.stat().st_size
                if self.small >= BATCH or self.large >= SCAN:
                    return True
        return False

    def opened(self, item: LakeObject, number: int, content: bytes | Path) -> Entry:
        """The entry of an object, decompressed and counted."""
        if isinstance(content, bytes) and is_line(content):
            return Entry(item, number, content, 1)
        link = self.directory / f"{number}.json"
        try:
            data = self.placed(content, link)
            if isinstance(data, bytes):
                return Entry(item, number, data, None if is_array(data) else plain_lines(data))
            with link.open("rb") as file:
                lines = count_lines(blocks(file))
                file.seek(0)
                array = is_array(first_text(file))
        except Unreadable:
            link.unlink(missing_ok=True)  # what was unpacked so far
            raise
        return Entry(item, number, link, None if array else lines)

    def placed(self, content: bytes | Path, link: Path) -> bytes | Path:
        """An object's bytes, decompressed, or `link` if they are now a file there."""
        if isinstance(content, bytes):
            return decompressed(content, link)
        with content.open("rb") as file:
            head = file.read(len(GZIP))
        if head == GZIP:
            unpack(content, link)
        else:
            take(content, link)
        return link

    def tagged(self, entry: Entry) -> bytes:
        """The object's lines as they are in the bundle, each with its number."""
        assert isinstance(entry.content, bytes)
        if not entry.lines:
            return b""
        entry.first = self.bundled
        self.bundled += entry.lines
        tag = tag_of(entry)
        if entry.lines == 1:
            end = b"" if entry.content.endswith(b"\n") else b"\n"
            return b"".join((tag, entry.content[1:], end))
        data = entry.content.replace(b"\n{", b"\n" + tag)
        data = tag + data[1:] if data.startswith(b"{") else data
        return data if data.endswith(b"\n") else data + b"\n"

    def files(self) -> list[str]:
        """The files that one statement scans."""
        own = [self.bundle] if self.small else []
        own += [e.content for e in self.entries if isinstance(e.content, Path) and e.lines]
        return [str(path) for path in own]

    def lines_beside(self, entry: Entry) -> int:
        """How many lines are in the file that has an object's lines."""
        return self.bundled if isinstance(entry.content, bytes) else entry.lines or 0


class Unopened(Batch):
    """Objects that a plan shows the statements for, and does not open."""

    def __exit__(self, *error: object) -> None:
        """Nothing to remove."""

    def files(self) -> list[str]:
        """No files, but a statement is sent."""
        return ["$files"]


def batches(
    lake: Lake, objects: Sequence[LakeObject], directory: Path, numbers: Iterator[int]
) -> Iterator[Batch]:
    """The objects' bytes in batches; events first, whose scan hides the opening of songs.

    Args:
        numbers: file_ids, one for each object.
    """
    for kind in reversed(KINDS):
        fetched = lake.fetch([item for item in objects if item.kind == kind])
        contents = itertools.takewhile(lambda _: not STOP.wanted, fetched)
        for index in itertools.count():
            batch = Batch(kind, directory / f"{kind}-{index}", numbers)
            more = batch.fill(contents)
            yield batch
            if not more:
                break


def planned(objects: Sequence[LakeObject]) -> Iterator[Batch]:
    """The batches of a plan: one of each kind, whose objects are not opened."""
    chosen = by_kind(objects)
    for kind in reversed(KINDS):
        entries = [Entry(item, n, b"", 0) for n, item in enumerate(chosen.get(kind, ()))]
        yield Unopened(kind, Path("$files"), entries=entries)


def is_line(content: bytes) -> bool:
    """Whether a small object is one line that starts a record, as nearly every song is."""
    return (
        content.startswith(b"{")
        and content[1:2] > b"\0"  # or it may be UTF-16
        and content.find(b"\n", 0, -1) < 0
        and len(content) < BLOCK
    )


def tag_of(entry: Entry) -> bytes:
    """The start of a small object's lines in the bundle."""
    return b'{"%s":%d,' % (OBJECT.encode(), entry.number)


def untagged(entry: Entry, line: bytes) -> bytes:
    """A line that was scanned, as it is in its object."""
    return line if isinstance(entry.content, Path) else line.replace(tag_of(entry), b"{", 1)


def verified_line(entry: Entry, number: int, raw: bytes) -> bytes:
    """A record that was parsed strictly, as one line with its object's and its own number."""
    rest = raw.replace(b"\n", b" ").replace(b"\r", b" ")[1:].lstrip()
    comma = b"" if rest.startswith(b"}") else b","
    keys = b'{"%s":%d,"%s":%d' % (OBJECT.encode(), entry.number, NUMBER.encode(), number)
    return keys + comma + rest + b"\n"
