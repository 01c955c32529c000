"""The elements of a top-level array, each a piece of its own.

What is damaged costs as little as possible: an element ends where its brackets are closed, or
else before the next element that is whole. A comma too many is a piece, and so is the opening
bracket of an array that does not end.
"""

import re
from collections.abc import Generator

from sparkify.read.syntax import LEAD, Piece, Text

AFTER = re.compile(LEAD.pattern + rb"(?:[,\]{]|\Z)")  # what follows an element
COMMAS = re.compile(rb"[, \t\r\n\v\f]*,")
STOP = re.compile(rb"[,\[\]{]")
NEXT = re.compile(rb"[,\n](?:[ \t\r\x1e]|\xef\xbb\xbf)*(?=\{)")
END = (b"]", b"")


def elements(text: Text, start: int) -> Generator[Piece, None, int]:
    """The pieces of the array that opens at `start`; returns where it ends."""
    opening, sound = text.piece(start, start + 1), True
    position = text.skip(start + 1)
    while text.data[position : position + 1] not in END:
        if commas := COMMAS.match(text.data, position):
            end, sound = commas.end(), False
        else:
            end, sound = element_end(text, position)
        yield text.piece(position, end)
        position = text.skip(end)
        if text.data.startswith(b",", position):
            comma = text.piece(position, position + 1)
            position = text.skip(position + 1)
            if text.data[position : position + 1] in END:
                sound = False
                yield comma
    if position == len(text.data) and sound:
        yield opening
    return min(position + 1, len(text.data))


def element_end(text: Text, start: int) -> tuple[int, bool]:
    """Where the element ends that starts there, or damage; and whether it is an element."""
    end = text.value_end(start)
    if end is not None and AFTER.match(text.data, end):
        return end, True
    if end is None and text.data[start : start + 1] in (b"[", b"{"):
        return next_element(text, start), False
    return damage_end(text, start if end is None else end), False


def damage_end(text: Text, position: int) -> int:
    """Where the comma or the bracket is that ends what is no element."""
    while found := STOP.search(text.data, position):
        if found[0] in b",]":
            return found.start()
        position = text.value_end(found.start()) or found.end()
    return len(text.data)


def next_element(text: Text, position: int) -> int:
    """What is before the next element that is whole."""
    while True:
        while found := NEXT.search(text.data, position + 1):
            end = text.value_end(found.end())
            if end is not None and AFTER.match(text.data, end):
                return found.start()
            position = found.end() if end is None else end - 1
        position = max(position, len(text.data) - 1)
        if not text.more():
            return len(text.data)
