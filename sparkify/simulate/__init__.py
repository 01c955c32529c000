"""The event simulator: a lake of the real shape, of any size, the same for the same arguments.

People open sessions, go from page to page by a Markov chain and play songs, most of which the
lake's own catalogue lacks. Everything is drawn from `random.Random(text)`, which is the same on
every machine. One day's events are in memory at a time.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from random import Random

from sparkify.simulate import pages
from sparkify.simulate import songs as song_files
from sparkify.simulate.audience import Audience, Event
from sparkify.simulate.songs import Tune

_HEARD = 10_000  # songs of the catalogue that are played at all: its first ones
_LINES = 10_000  # written at a time


@dataclass(frozen=True)
class Simulated:
    """What was written.

    Attributes:
        directory: The lake's root.
        songs: Song files.
        events: Event records.
        plays: Those of page NextSong.
        matched: Plays of a song of the catalogue, by title and artist name after repair.
        users: Users who could log in; some may never have come.
        days: Log files: a day without events has none.
        bytes: The size of all files.
    """

    directory: Path
    songs: int
    events: int
    plays: int
    matched: int
    users: int
    days: int
    bytes: int

    def __str__(self) -> str:
        return (
            f"{self.directory}: {self.events:,} events of {self.users:,} users on {self.days:,} "
            f"days, {self.plays:,} of them plays; {self.songs:,} songs; {self.bytes:,} bytes"
        )


def simulate(
    directory: Path,
    *,
    events: int = 10_000,
    songs: int = 1_000,
    users: int = 100,
    days: int = 30,
    seed: int = 0,
    matched: float = 0.05,
    start: date = date(2018, 11, 1),
) -> Simulated:
    """Write a simulated lake: song_data and log_data.

    Args:
        directory: The lake's root; made if it is not there.
        events: Event records to write, exactly.
        songs: Song files to write, exactly.
        users: How many people listen. Where they are too few for so many events they listen to
            several sessions at a time.
        days: Over how many days the events are spread.
        seed: Another seed, another lake.
        matched: The share of plays whose song is in the catalogue, 0 to 1.
        start: The first day, UTC.

    Returns:
        The numbers that were written.

    Raises:
        FileExistsError: The directory already holds song_data or log_data.
        ValueError: A number is negative, or there is no user or no day for the events.
    """
    _check(directory, min(events, songs), min(users, days), matched)
    tunes, song_bytes = _write_songs(directory / "song_data", songs, events, seed)
    midnight = int(datetime.combine(start, time(), UTC).timestamp()) * 1000
    audience = Audience(users, tunes, matched, start=midnight, days=days, seed=seed)
    logs = directory / "log_data"
    logs.mkdir(parents=True)
    sizes = [
        _write_day(logs, start + timedelta(day), audience.day(day, quota))
        for day, quota in enumerate(_quotas(events, days, start, seed))
    ]
    return Simulated(
        directory=directory,
        songs=songs,
        events=events,
        plays=audience.plays,
        matched=audience.matched,
        users=users,
        days=sum(size > 0 for size in sizes),
        bytes=song_bytes + sum(sizes),
    )


def _check(directory: Path, least: int, positive: int, matched: float) -> None:
    """Refuse numbers that make no lake, and a directory that already holds one."""
    if least < 0:
        raise ValueError("events and songs must not be negative")
    if positive < 1:
        raise ValueError("users and days must be at least 1")
    if not 0 <= matched <= 1:
        raise ValueError(f"matched must be from 0 to 1, not {matched}")
    for name in ("song_data", "log_data"):
        if (directory / name).exists():
            raise FileExistsError(f"{directory} already holds {name}: name an empty directory")


def _write_songs(root: Path, songs: int, events: int, seed: int) -> tuple[list[Tune], int]:
    """Write the catalogue's files.

    Args:
        root: The folder `song_data`.
        songs: How many.
        events: How many events there will be: few need few songs.
        seed: The lake's seed.

    Returns:
        The songs that are played, of the catalogue and others, each from the most to the least
        popular; and the bytes written.
    """
    random = Random(f"{seed}-songs")  # noqa: S311
    root.mkdir(parents=True)
    size = 0
    tunes: list[Tune] = []
    known: set[tuple[str, str]] = set()
    for index, song in enumerate(song_files.catalogue(songs, random)):
        size += song_files.write(song, index, root, random)
        known.add(song.names)
        if index < _HEARD:
            tunes.append(song_files.heard(song, random))
    others = min(events, 3 * _HEARD) + len(tunes)
    tunes += song_files.unheard_of(others, known, random)
    return tunes, size


def _quotas(events: int, days: int, start: date, seed: int) -> list[int]:
    """Return how many events the sessions that begin on each day have: at least 1 if possible."""
    random = Random(f"{seed}-days")  # noqa: S311
    weekdays = [pages.WEEKDAYS[(start.weekday() + day) % 7] for day in range(days)]
    weights = [weekday * random.randrange(60, 160) for weekday in weekdays]
    least = 1 if events >= days else 0
    rest = events - least * days
    edges = [rest * weight // sum(weights) for weight in accumulate(weights, initial=0)]
    return [least + after - before for before, after in pairwise(edges)]


def _write_day(logs: Path, day: date, events: list[Event]) -> int:
    """Write one log file, as real ones without a line end after the last line.

    Returns:
        The bytes written: 0 and no file for a day without events.
    """
    if not events:
        return 0
    path = logs / f"{day:%Y/%m/%Y-%m-%d}-events.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for first in range(0, len(events), _LINES):
            lines = "\n".join([line for _, line in events[first : first + _LINES]])
            file.write(f"\n{lines}".encode("ascii") if first else lines.encode("ascii"))
        return file.tell()
