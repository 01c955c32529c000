"""The elements of a top-level array, each a piece of its own.

What is damaged costs as little as possible: an element ends where its brackets are closed, or
else before the next element that is whole. A comma too many is a piece, and so is the opening
bracket of an array that does not end.
"""

import re
from collections.abc import Generator

from sparkify.read.syntax import Piece, Text, Walk

AFTER = re.compile(r"[ \t\r\n\v\f\x1e\ufeff]*(?:[,\]{]|\Z)")  # what follows an element
COMMAS = re.compile(r"[, \t\r\n\v\f]*,")
STOP = re.compile(r"[,\[\]{]")
NEXT = re.compile(r"[,\n][ \t\r\x1e\ufeff]*(?=\{)")


def elements(text: Text, walk: Walk, start: int) -> Generator[Piece, None, int]:
    """The pieces of the array that opens at `start`; returns where it ends."""
    opening = walk.piece(start, start + 1)
    position, sound = text.skip(start + 1), True
    while position < len(text) and text[position] != "]":
        end = comma_end(text, position)
        if end is None:
            end, sound = element_end(text, position)
        else:
            sound = False
        yield walk.piece(position, end)
        position = text.skip(end)
        following = text.skip(position + 1)
        if text[position : position + 1] == "," and text[following : following + 1] not in "]":
            position = following
    if position == len(text) and sound:
        yield opening
    return min(position + 1, len(text))


def comma_end(text: Text, position: int) -> int | None:
    """Where commas end that stand in an element's place; None if there are none."""
    found = COMMAS.match(text, position)
    return found.end() if found else None


def element_end(text: Text, start: int) -> tuple[int, bool]:
    """Where the element ends that starts there, or damage; and whether it is an element."""
    end = text.value_end(start)
    if end is not None and AFTER.match(text, end):
        return end, True
    if end is None and text[start] in "[{":
        end = text.brackets.get(start)
        if end is None:
            return next_element(text, start), False
    return damage_end(text, start if end is None else end), False


def damage_end(text: Text, start: int) -> int:
    """Where the comma or the bracket is that ends what is no element."""
    while found := STOP.search(text, start):
        if found[0] in ",]":
            return found.start()
        start = text.brackets.get(found.start(), found.end())
    return len(text)


def next_element(text: Text, start: int) -> int:
    """What is before the next element that is whole."""
    for found in NEXT.finditer(text, start + 1):
        end = text.value_end(found.end())
        if end is not None and AFTER.match(text, end):
            return found.start()
    return len(text)
