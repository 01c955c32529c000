"""Writes the files of a simulated lake: one per song, and one log per day."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from random import Random

from sparkify.simulate import songs as song_files
from sparkify.simulate.audience import Event
from sparkify.simulate.songs import Tune

_HEARD = 10_000  # only the first songs of the catalogue are ever played
_LINES = 10_000  # written at a time


def write_songs(root: Path, songs: int, events: int, seed: int) -> tuple[list[Tune], int]:
    """Write the song files of the catalogue, and make the songs that are played.

    Args:
        root: The folder `song_data`.
        songs: The number of song files.
        events: The number of events: with few events, few songs are played.
        seed: The seed of the lake.

    Returns:
        The songs that are played, first those of the catalogue and then the others, each in the
        order of their popularity; and the number of bytes written.
    """
    random = Random(f"{seed}-songs")
    root.mkdir(parents=True)
    size = 0
    tunes: list[Tune] = []
    names: set[tuple[str, str]] = set()
    for index, song in enumerate(song_files.catalogue(songs, random)):
        size += song_files.write(song, index, root, random)
        names.add(song.names)
        if index < _HEARD:
            tunes.append(song_files.in_catalogue(song, random))
    others = min(events, 3 * _HEARD) + len(tunes)
    tunes += song_files.not_in_catalogue(others, names, random)
    return tunes, size


def write_logs(root: Path, days: Iterable[tuple[date, list[Event]]]) -> list[int]:
    """Write the log files.

    Args:
        root: The folder `log_data`.
        days: The days with their events.

    Returns:
        The bytes written for each day that has events; the other days have no file.
    """
    root.mkdir(parents=True)
    return [write_day(root, day, events) for day, events in days if events]


def write_day(root: Path, day: date, events: list[Event]) -> int:
    """Write one log file; as in real ones, the last line has no line end.

    Returns:
        The number of bytes written.
    """
    path = root / f"{day:%Y/%m/%Y-%m-%d}-events.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for first in range(0, len(events), _LINES):
            lines = "\n".join([line for _, line in events[first : first + _LINES]])
            file.write(f"\n{lines}".encode("ascii") if first else lines.encode("ascii"))
        return file.tell()
