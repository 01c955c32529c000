"""Where the records of an object start.

A line that holds one whole JSON object is a record, whatever stands around it. Other lines are
read together, up to the next such line: a record over many lines, several in a row, or damage.
If the first byte of an object, blanks aside, is `[`, the elements of this array are its records.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from sparkify.read.arrays import elements
from sparkify.read.records import parse
from sparkify.read.syntax import BLANK, LEAD, Piece, Text, Walk, decoded, encoded, located

GOES_ON = re.compile(r"[ \t\r\v\f\x1e\ufeff]*(?:[\n{]|\Z)")
PRETTY = re.compile(r"\{[ \t\r]*\n")


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
    try:
        return isinstance(parse(line), dict)
    except ValueError:
        return False


def split_object(data: bytes) -> Iterator[Piece]:
    """The pieces of a whole object: of the arrays at its start, then of its lines."""
    if not is_array(data):
        yield from split(Region(1, 0, data))
        return
    text = decoded(data)
    walk = Walk(text, 1, 0)
    position = text.skip(0)
    while text[position : position + 1] == "[":
        end = yield from elements(text, walk, position)
        position = text.skip(end)
    walk.to(position)
    yield from split(Region(walk.line, walk.offset, encoded(text[position:])))


def split(region: Region) -> Iterator[Piece]:
    """The pieces of a region, blank lines left out."""
    line, offset, data = region
    run: list[bytes] = []
    started = (line, offset)
    for text in data.splitlines(keepends=True) if b"\n" not in data else lines_of(data):
        if whole(text):
            yield from split_run(started, b"".join(run))
            run = []
            yield located(line, offset, text)
        else:
            if not run:
                started = (line, offset)
            run.append(text)
        line += 1
        offset += len(text)
    yield from split_run(started, b"".join(run))


def split_run(place: tuple[int, int], data: bytes) -> Iterator[Piece]:
    """The pieces of lines of which none is a whole record: values one after the other."""
    text = decoded(data)
    walk = Walk(text, *place)
    start = 0
    while start < len(text):
        end = piece_end(text, start)
        piece = walk.piece(start, end)
        if piece[2]:
            yield piece
        start = end


def piece_end(text: Text, start: int) -> int:
    """Where the piece that starts at `start` ends: after one value, or after the damage."""
    start = text.skip(start)
    end = text.value_end(start)
    if end is None:
        return damage_end(text, start)
    return end if GOES_ON.match(text, end) else text.line_end(end)


def damage_end(text: Text, start: int) -> int:
    """Where damage ends: with its line, or with a damaged record that was printed over many."""
    end = text.line_end(start)
    return text.next_closing(end) if PRETTY.match(text, start) else end
