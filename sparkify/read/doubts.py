"""Where the lines of an object are that did not become rows."""

from bisect import bisect_right
from collections.abc import Mapping, Set

from sparkify.read import pieces
from sparkify.read.pieces import Region
from sparkify.read.spool import Entry
from sparkify.read.syntax import BLANK


def positions(entry: Entry, in_file: list[int]) -> set[int]:
    """Of sorted positions in a file, those of an object's lines."""
    first, last = entry.first, entry.first + (entry.lines or 0)
    return set(in_file[bisect_right(in_file, first) : bisect_right(in_file, last)])


def regions(
    entry: Entry, malformed: Set[int], failed: Mapping[bytes, str], most: int
) -> list[Region]:
    """The parts to parse strictly: lines by position or by text.

    None if they are more than `most` bytes.
    """
    if not malformed and not failed:
        return []
    position, offset, start, run, size = entry.first, 0, (0, 0), list[bytes](), 0
    found = list[Region]()
    with entry.open() as file:
        for number, line in enumerate(file, 1):
            filled = not pieces.is_blank(line)
            position += filled
            doubtful = position in malformed or (failed and line.strip(BLANK) in failed)
            if doubtful if filled else run:
                start = start if run else (number, offset)
                run.append(line)
                size += len(line)
                if size > most:
                    return []
            elif run:
                found.append(Region(*start, b"".join(run)))
                run = []
            offset += len(line)
    return [*found, Region(*start, b"".join(run))] if run else found
