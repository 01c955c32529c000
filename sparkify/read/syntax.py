"""JSON as text: where values end, in a time that grows as the text does, and where pieces are.

Before a record there may be blanks, a byte order mark, and the record separator of RFC 7464.
"""

import json
import re
from array import array
from bisect import bisect_left
from functools import cached_property

BLANK = b" \t\r\n\v\f"  # what DuckDB's reader passes over as well
LEAD = re.compile(rb"(?:[ \t\r\n\v\f\x1e]|\xef\xbb\xbf)*")
SPACE = re.compile(r"[ \t\r\n\v\f\x1e\ufeff]*")
CLOSING = re.compile(r"^\}.*(?:\n|\Z)|^[\x1e\ufeff]*(?=\{)", re.MULTILINE)
DECODER = json.JSONDecoder(parse_int=float)  # see `records.parse`
#: what no value starts with, or an object without a key: all that its decoder would say of them
NO_VALUE = re.compile(r'[^{\["0-9tfnNI-]|\{[ \t\r\n]*(?=[^"} \t\r\n])')
#: a text, which ends with its line if it has no other end, or brackets
BRACKETS = re.compile(r'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"?|[\[{]+|[\]}]+')
OPENING = {"]": "[", "}": "{"}
WASTE = 4  # times the length of a text that is decoded in vain before brackets are matched

Piece = tuple[int, int, bytes]  # the line and the offset where it starts, and its bytes


class Text(str):
    """Lines of which none is a whole record, or an array."""

    __slots__ = ("__dict__",)
    wasted = 0  # characters that were decoded in vain
    failed = -1  # where that ended last

    def count(self, *_: object) -> int:
        """Nothing: the decoder counts the lines before each error, and nobody asks for them."""
        return 0

    @cached_property
    def closings(self) -> tuple["array[int]", "array[int]"]:
        """Where a record that was printed over many lines may end: those lines' starts and ends."""
        starts, ends = array("q"), array("q")
        for match in CLOSING.finditer(self):
            starts.append(match.start())
            ends.append(match.end())
        return starts, ends

    @cached_property
    def brackets(self) -> dict[int, int]:
        """The end of what each bracket opens; those that are never closed are left out."""
        found, still_open = dict[int, int](), list[int]()
        for match in BRACKETS.finditer(self):
            start, end = match.span()
            if self[start] in "[{":
                still_open.extend(range(start, end))
            elif self[start] != '"' and still_open:
                for position, sign in enumerate(match[0], start + 1):
                    if still_open and self[still_open[-1]] == OPENING[sign]:
                        found[still_open.pop()] = position
        return found

    def skip(self, start: int) -> int:
        """Where the blanks end that start there."""
        return SPACE.match(self, start).end()  # type: ignore[union-attr]

    def line_end(self, start: int) -> int:
        """Where the line ends that something stands in."""
        return self.find("\n", start) + 1 or len(self)

    def next_closing(self, start: int) -> int:
        """Where the next line ends that may end a record; the start if there is none."""
        starts, ends = self.closings
        following = bisect_left(starts, start)
        return ends[following] if following < len(ends) else start

    def value_end(self, start: int) -> int | None:
        """Where the value ends that starts there; None if it is damaged."""
        if NO_VALUE.match(self, start) or self.hopeless(start):
            return None
        try:
            _, end = DECODER.raw_decode(self, start)
        except json.JSONDecodeError as error:
            self.wasted += error.pos - start
            self.failed = max(self.failed, error.pos)
            return None
        except RecursionError:  # too deep to be a record, and still one piece
            self.wasted += len(self)
            return self.brackets.get(start)
        return end

    def hopeless(self, start: int) -> bool:
        """Whether to decode a value would be in vain; looked at only after enough damage."""
        if self.wasted <= WASTE * len(self) or self[start : start + 1] not in ("[", "{"):
            return False
        end = self.brackets.get(start)
        return end is None or start < self.failed < end  # it contains what failed before


class Walk:
    """A walk through a text that counts lines and bytes."""

    def __init__(self, text: Text, line: int, offset: int) -> None:
        self.text = text
        self.line = line
        self.offset = offset
        self.position = 0

    def to(self, position: int) -> bytes:
        """Go on to a position; the bytes on the way."""
        passed = encoded(self.text[self.position : position])
        self.line += passed.count(b"\n")
        self.offset += len(passed)
        self.position = position
        return passed

    def piece(self, start: int, end: int) -> Piece:
        """Go on to the end of a piece."""
        if start != self.position:
            self.to(start)
        line, offset = self.line, self.offset
        return located(line, offset, self.to(end))


def located(line: int, offset: int, text: bytes) -> Piece:
    """A piece without the blanks around it, at the place where it really starts."""
    lead = LEAD.match(text).end()  # type: ignore[union-attr]
    return line + text.count(b"\n", 0, lead), offset + lead, text[lead:].rstrip(BLANK)


def decoded(data: bytes) -> Text:
    """Bytes as text; those that are not UTF-8 come back by `encoded`."""
    return Text(data.decode("utf-8", "surrogateescape"))


def encoded(text: str) -> bytes:
    """Text as the bytes that it was."""
    return text.encode("utf-8", "surrogateescape")
