"""What a strict reader makes of bytes: where each record starts, and why one is none.

A line that holds one whole JSON object is a record, whatever stands around it. Other lines are
read together, up to the next such line: a record over many lines, several in a row, or damage.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any, NamedTuple

import orjson

MAX_RECORD = 4 << 20  # bytes
TOO_DEEP = "depth limit exceeded"  # as orjson says it
BOM = b"\xef\xbb\xbf"
BLANK = b" \t\r\n\v\f"  # what DuckDB's reader passes over as well
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # in JSON, so that a backslash stands in a text


class Fault(NamedTuple):
    """Why something was refused."""

    code: str
    reason: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A piece of an object: its place, its bytes, and its fault if it is no JSON object."""

    line: int  # from 1, where it starts
    offset: int  # bytes, from 0
    raw: bytes
    fault: Fault | None = None


class Region(NamedTuple):
    """Consecutive lines of an object: the number of the first, where it starts, the bytes."""

    line: int
    offset: int
    data: bytes

    def filled(self) -> int:
        """How many of its lines are not blank."""
        return sum(not is_blank(line) for line in lines_of(self.data))


def parse(raw: bytes) -> Any:
    """The value of strict JSON.

    Raises:
        ValueError: it is not JSON, with the reason.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "infinity" not in error.msg:  # 1e400 is JSON, whatever a double can hold
            raise ValueError(error.msg) from None
    try:
        # as float, since Python's whole numbers end at 4,300 digits, and those of JSON do not
        return json.loads(raw, parse_constant=refuse_constant, parse_int=float)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def refuse_constant(name: str) -> None:
    """Refuse NaN and Infinity, which Python takes and JSON does not know."""
    raise ValueError(f"{name} is no JSON")


def judge(raw: bytes) -> Fault | None:
    """What is wrong with one piece, in itself; None if it is a JSON object."""
    if len(raw) > MAX_RECORD:
        return Fault("too_large", f"the record is over {MAX_RECORD >> 20} MB")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return Fault("not_utf8", f"byte {error.start} of the record is not UTF-8")
    try:
        value = parse(raw)
    except ValueError as error:
        return malformed(text, str(error))
    if not isinstance(value, dict):
        return Fault("not_object", f"a record is a JSON object, this is {kind_of(value)}")
    if NUL.search(raw):
        return Fault("nul", "a text holds a NUL character")
    return None


def malformed(text: str, message: str) -> Fault:
    """The fault of text that is not JSON, by what the parser said of it."""
    if "surrogate" in message:
        return Fault("lone_surrogate", "a text holds half of a surrogate pair")
    if message.startswith(TOO_DEEP):
        return Fault("too_deep", "the record is nested more than 1,000 deep")
    try:
        json.loads(text, parse_int=float)
    except (ValueError, RecursionError) as error:
        message = str(error)
    return Fault("malformed", f"not JSON: {message}")


def kind_of(value: object) -> str:
    """What JSON calls a value."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def whole(line: bytes) -> bool:
    """Whether a line holds exactly one JSON object."""
    line = line.strip(BLANK)
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    try:
        return isinstance(parse(line), dict)
    except ValueError:
        return False


def split(region: Region) -> Iterator[tuple[int, int, bytes]]:
    """The pieces of a region: line, offset and bytes of each, blank lines left out."""
    line, offset, data = region
    if offset == 0 and data.startswith(BOM):
        offset, data = len(BOM), data[len(BOM) :]
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


def lines_of(data: bytes) -> Iterator[bytes]:
    """The lines of bytes, each with its newline."""
    return iter(BytesIO(data))


def is_blank(line: bytes) -> bool:
    """Whether there is nothing on a line."""
    return line[0] in BLANK and not line.strip(BLANK)  # next to no line gets to the strip


def located(line: int, offset: int, text: bytes) -> tuple[int, int, bytes]:
    """A piece without the blanks around it, at the place where it really starts."""
    lead = len(text) - len(text.lstrip(BLANK))
    return line + text.count(b"\n", 0, lead), offset + lead, text.strip(BLANK)


def split_run(place: tuple[int, int], data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The pieces of lines of which none is a whole record: values one after the other."""
    line, offset = place
    text = Text(data.decode("utf-8", "surrogateescape"))
    start = 0
    while start < len(text):
        end = piece_end(text, start)
        piece = text[start:end].encode("utf-8", "surrogateescape")
        if piece.strip(BLANK):
            yield located(line, offset, piece)
        line += piece.count(b"\n")
        offset += len(piece)
        start = end


DECODER = json.JSONDecoder(parse_int=float)  # see `parse`
SPACE = re.compile(r"[ \t\r\n\v\f]*")
GOES_ON = re.compile(r"[ \t\r\v\f]*(?:[\n{]|\Z)")
PRETTY = re.compile(r"\{[ \t\r]*\n")
CLOSING = re.compile(r"^\}.*(?:\n|\Z)|^(?=\{)", re.MULTILINE)


class Text(str):
    """Lines of which none is a whole record; looked at in a time that grows as they do."""

    __slots__ = ("__dict__",)

    def count(self, *_: object) -> int:
        """Nothing: the decoder counts the lines before each error, and nobody asks for them."""
        return 0

    @cached_property
    def closings(self) -> list[tuple[int, int]]:
        """Where a record that was printed over many lines may end: that line's start and end."""
        return [match.span() for match in CLOSING.finditer(self)]

    def line_end(self, start: int) -> int:
        """Where the line ends that something stands in."""
        return self.find("\n", start) + 1 or len(self)


def piece_end(text: Text, start: int) -> int:
    """Where the piece that starts at `start` ends: after one value, or after the damage."""
    start = SPACE.match(text, start).end()  # type: ignore[union-attr]
    try:
        _, end = DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return damage_end(text, start)
    return end if GOES_ON.match(text, end) else text.line_end(end)


def damage_end(text: Text, start: int) -> int:
    """Where damage ends: with its line, or with a damaged record that was printed over many."""
    end = text.line_end(start)
    if PRETTY.match(text, start):
        following = bisect_left(text.closings, (end, 0))
        if following < len(text.closings):
            return text.closings[following][1]
    return end
