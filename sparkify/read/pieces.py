"""Where the records of an object start.

A line that holds one whole JSON object is a record, whatever stands around it. Other lines are
read together, up to the next such line: a record over many lines, several in a row, or damage.
If the first byte of an object, blanks aside, is `[`, the elements of this array are its records.

Lines are read one by one, and arrays in parts, so that an object of any size takes little memory.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, NamedTuple

from sparkify.read.arrays import elements
from sparkify.read.records import MAX_RECORD, parse
from sparkify.read.syntax import BLANK, LEAD, MAX_LINE, Piece, Text, located

GOES_ON = re.compile(rb"(?:[ \t\r\v\f\x1e]|\xef\xbb\xbf)*(?:[\n{]|\Z)")
HEAD = 1 << 16  # bytes, of which the first that is not blank tells an array
RUN = MAX_RECORD  # bytes; a run of lines ends soon after, where a record may end
PRETTY = re.compile(rb"\{[ \t\r]*\n")


class Region(NamedTuple):
    """Consecutive lines of an object: the number of the first, where it starts, the bytes."""

    line: int
    offset: int
    data: bytes

    def filled(self) -> int:
        """How many of its lines are not blank."""
        return sum(not is_blank(line) for line in lines_of(self.data))


def lines_of(data: bytes) -> Iterator[bytes]:
    """The lines of bytes, each with its newline."""
    return iter(BytesIO(data))


def is_blank(line: bytes) -> bool:
    """Whether there is nothing on a line."""
    return line[0] in BLANK and not line.strip(BLANK)  # next to no line gets to the strip


def is_array(data: bytes) -> bool:
    r"""Whether an object is a top-level array, by its first byte that is not blank.

    >>> is_array(b'\n [{}]'), is_array(b'{}\n[{}]')
    (True, False)
    """
    start = LEAD.match(data).end()  # type: ignore[union-attr]
    return data[start : start + 1] == b"["


def whole(line: bytes) -> bool:
    """Whether a line holds exactly one JSON object."""
    if not line.startswith(b"{"):
        line = line[LEAD.match(line).end() :]  # type: ignore[union-attr]
    line = line.rstrip(BLANK)
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    if len(line) > MAX_RECORD:  # its values could take 30 times its bytes
        return Text.of(line, 1, 0).value_end(0) == len(line)
    try:
        return isinstance(parse(line), dict)
    except ValueError:
        return False


def first_text(file: BinaryIO) -> bytes:
    """The first part of a file in which something stands."""
    return next((block for block in iter(lambda: file.read(HEAD), b"") if block.strip()), b"")


def split_object(file: BinaryIO) -> Iterator[Piece]:
    """The pieces of a whole object: of the arrays at its start, then of its lines."""
    array = is_array(first_text(file))
    file.seek(0)
    text, position = Text(file), 0
    if array:
        position = text.skip(0)
    while text.data[position : position + 1] == b"[":
        position = yield from elements(text, position)
        position = text.skip(position)
    text.count(position)
    file.seek(text.offset + position)
    yield from split_lines(file, text.line, text.offset + position)


def split(region: Region) -> Iterator[Piece]:
    """The pieces of a region, blank lines left out."""
    yield from split_lines(BytesIO(region.data), region.line, region.offset)


def split_lines(file: BinaryIO, line: int, offset: int) -> Iterator[Piece]:
    """The pieces of lines, of which the first has this number and offset."""
    run, started = bytearray(), (line, offset)
    for text, size in sized_lines(file):
        alone = size > len(text) or (len(text) > 0 and whole(text))
        if run and (alone or (len(run) >= RUN and text.startswith(b"{"))):
            yield from split_run(started, bytes(run))
            run.clear()
        if alone and text:
            yield located(line, offset, text) if size == len(text) else (line, offset, text)
        elif text and (run or not is_blank(text)):
            started = started if run else (line, offset)
            run += text
        line += 1
        offset += size
        if len(run) >= RUN and (text.startswith(b"}") or len(run) >= RUN + MAX_LINE):
            yield from split_run(started, bytes(run))
            run.clear()
    yield from split_run(started, bytes(run))


def sized_lines(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Lines and their sizes; of one over MAX_LINE as much as shows it, nothing if it is blank.

    If there is no newline at all, carriage returns end the lines, as on the first Macs.
    """
    start = file.tell()
    while text := file.readline(MAX_LINE):
        if text.endswith(b"\n"):
            yield text, len(text)
        elif len(text) < MAX_LINE:  # the last line
            alone = len(text) == file.tell() - start
            parts = text.splitlines(keepends=True) if alone else [text]
            yield from ((part, len(part)) for part in parts)
        else:
            yield long_line(file, text)


def long_line(file: BinaryIO, start: bytes) -> tuple[bytes, int]:
    """The line that goes on behind a start of MAX_LINE bytes."""
    size, blank = len(start), not start.strip(BLANK)
    while part := file.readline(HEAD):
        size += len(part)
        blank = blank and not part.strip(BLANK)
        if part.endswith(b"\n"):
            break
    return b"" if blank else start[: MAX_RECORD + 1], size


def split_run(place: tuple[int, int], data: bytes) -> Iterator[Piece]:
    """The pieces of lines of which none is a whole record: values one after the other."""
    text, start = Text.of(data, *place), 0
    while (start := text.skip(start)) < len(data):
        end = piece_end(text, start)
        yield text.piece(start, end)
        start = end


def piece_end(text: Text, start: int) -> int:
    """Where the piece that starts at `start` ends: after one value, or after the damage."""
    end = text.value_end(start)
    if end is None:
        return damage_end(text, start)
    return end if GOES_ON.match(text.data, end) else text.line_end(end)


def damage_end(text: Text, start: int) -> int:
    """Where damage ends: with its line, or with a damaged record that was printed over many."""
    end = text.line_end(start)
    return text.next_closing(end) if PRETTY.match(text.data, start) else end
