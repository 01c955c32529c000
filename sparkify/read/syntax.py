"""JSON as bytes: where values end, in a time that grows as the text does.

Before a value there may be blanks, a byte order mark, and the record separator of RFC 7464.
"""

import re
from io import BytesIO
from typing import BinaryIO

from sparkify.read.records import MAX_RECORD

BLANK = b" \t\r\n\v\f"  # what DuckDB's reader passes over as well
LEAD = re.compile(rb"(?:[ \t\r\n\v\f\x1e]|\xef\xbb\xbf)*+")
#: a value without brackets
PLAIN = re.compile(
    rb'"(?:[^"\\\x00-\x1f]++|\\[^\n])*+"|-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?|true|false|null'
)
#: texts, which end with their line if they have no other end, and all else up to the next
#: brackets; then those that open, or those that close
STEP = re.compile(
    rb'(?:[^"\[\]{}]++|"(?:[^"\\\n]++|\\[^\n])*+"?+)*+(?:([\[{]++)|([\]}]++)|\Z)', re.DOTALL
)
CLOSING = re.compile(rb"^\}.*(?:\n|\Z)|^(?:\x1e|\xef\xbb\xbf)*(?=\{)", re.MULTILINE)
OPENING = bytes.maketrans(b"]}", b"[{")
DEEPEST = 100_000  # brackets that may be open at once
MAX_LINE = 64 << 20  # bytes; a line up to here may be several records, a longer one is too large
READ = 8 << 20  # bytes of a file that are read at once

Piece = tuple[int, int, bytes]  # the line and the offset where it starts, and its bytes


class Text:
    """A part of a file that moves on, and counts lines and bytes.

    Attributes:
        data: the part; positions are in it.
        offset: where it starts in the file.
        line: that of the position `counted`.
        hopeless: the offsets of brackets that are known to have no end.
    """

    def __init__(self, file: BinaryIO, line: int = 1, offset: int = 0) -> None:
        self.file = file
        self.line, self.offset = line, offset
        self.data = b""
        self.counted = 0
        self.hopeless = set[int]()
        self.ended = False  # whether all of the file was read
        self.closings = True  # whether there may be any

    @classmethod
    def of(cls, data: bytes, line: int, offset: int) -> "Text":
        """A text that is all there."""
        text = cls(BytesIO(), line, offset)
        text.data, text.ended = data, True
        return text

    def more(self) -> bool:
        """Read on; False at the end of the file, or if there is too much already."""
        if self.ended or len(self.data) > MAX_LINE:
            return False
        block = self.file.read(READ)
        self.data += block
        self.ended = not block
        return not self.ended

    def skip(self, position: int) -> int:
        """Where the blanks end that start there; what is before may be dropped to read on."""
        while True:
            position = LEAD.match(self.data, position).end()  # type: ignore[union-attr]
            if self.ended or len(self.data) - position > MAX_RECORD:
                return position
            self.count(position)
            self.data, self.offset = self.data[position:], self.offset + position
            position = self.counted = 0
            self.more()

    def count(self, position: int) -> None:
        """Count lines as far as a position."""
        self.line += self.data.count(b"\n", self.counted, position)
        self.counted = position

    def piece(self, start: int, end: int) -> Piece:
        """What stands there, without the blanks behind it."""
        self.count(start)
        return self.line, self.offset + start, self.data[start:end].rstrip(BLANK)

    def line_end(self, position: int) -> int:
        """Where the line ends that something stands in."""
        return self.data.find(b"\n", position) + 1 or len(self.data)

    def next_closing(self, position: int) -> int:
        """Where the next line ends that may end a record printed over many lines."""
        found = CLOSING.search(self.data, position) if self.closings else None
        self.closings = found is not None
        return found.end() if found else position

    def value_end(self, start: int) -> int | None:
        """Where the value ends that starts there, if its brackets match; None if there is none."""
        if self.offset + start in self.hopeless:
            return None
        if self.data[start : start + 1] not in (b"[", b"{"):
            plain = PLAIN.match(self.data, start)
            return plain.end() if plain else None
        return self.brackets_end(start)

    def brackets_end(self, start: int) -> int | None:
        """Where the bracket is closed that opens there; None if it is not."""
        opened, places, position = bytearray(), list[int](), start
        while len(opened) <= DEEPEST:
            step = STEP.match(self.data, position)
            assert step
            opening, closing = step.groups()
            end = step.end()
            if opening:
                opened += opening[: DEEPEST + 1]
                last = self.offset + end
                places += range(last - len(opening), last)[: DEEPEST + 1]
            elif closing:
                count = min(len(closing), len(opened))
                if closing[:count].translate(OPENING) != opened[: -count - 1 : -1]:
                    break
                if count == len(opened):
                    return end - len(closing) + count
                del opened[-count:], places[-count:]
            elif not self.more():
                break
            else:
                continue
            position = end
        self.hopeless = set(places)
        return None


def located(line: int, offset: int, text: bytes) -> Piece:
    """A piece without the blanks around it, at the place where it really starts."""
    lead = LEAD.match(text).end()  # type: ignore[union-attr]
    return line + text.count(b"\n", 0, lead), offset + lead, text[lead:].rstrip(BLANK)
