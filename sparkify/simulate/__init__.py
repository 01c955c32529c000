"""The event simulator: writes a lake of any size that looks like a real one.

People open sessions, go from page to page (a Markov chain) and play songs. Most of these songs are
not in the lake's catalogue, as in real lakes. The same arguments produce the same files on every
machine, because everything is drawn from `random.Random(text)`. Only one day's events are in memory
at a time.

    songs     the catalogue, and the songs that are played
    words     names, titles and places to choose from
    pages     how people go from page to page
    audience  the people, and the events of a day
    files     the files of the lake
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from random import Random

from sparkify.process.files import new_folder
from sparkify.simulate import pages
from sparkify.simulate.audience import Audience, Event
from sparkify.simulate.files import write_logs, write_songs


@dataclass(frozen=True)
class Simulated:
    """What was written.

    Attributes:
        directory: The root of the lake.
        songs: The number of song files.
        events: The number of events.
        plays: The number of events that are plays (page NextSong).
        matched: The number of plays of a song in the catalogue. After repair, their title and
            artist name are those of the song.
        users: The number of users; with few events, some have none.
        days: The number of log files; a day without events has none.
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
            f"{self.directory}: {self.events:,} events ({self.plays:,} plays) of {self.users:,} "
            f"users on {self.days:,} days, and {self.songs:,} songs; {self.bytes:,} bytes"
        )


# long because every argument is described
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
    """Write a simulated lake: the folders song_data and log_data.

    Args:
        directory: The root of the lake; created if it does not exist.
        events: The exact number of events.
        songs: The exact number of song files.
        users: The number of users. If they are too few for so many events, they have several
            sessions at the same time.
        days: The number of days over which the events are spread.
        seed: A different seed produces a different lake.
        matched: The share of plays with a song in the catalogue, 0 to 1.
        start: The first day, UTC.

    Raises:
        FileExistsError: The directory already contains song_data or log_data.
        ValueError: A number is negative, there are no users or days, or `matched` is not a share.
    """
    _check(directory, min(events, songs), min(users, days), matched)
    midnight = int(datetime.combine(start, time(), UTC).timestamp()) * 1000
    quotas = _quotas(events, days, start, seed)
    with _new_lake(directory) as made:
        tunes, song_bytes = write_songs(made / "song_data", songs, events, seed)
        audience = Audience(users, tunes, matched, start=midnight, days=days, seed=seed)
        sizes = write_logs(made / "log_data", _events(audience, start, quotas))
    return Simulated(
        directory=directory,
        songs=songs,
        events=events,
        plays=audience.plays,
        matched=audience.matched,
        users=users,
        days=len(sizes),
        bytes=song_bytes + sum(sizes),
    )


@contextmanager
def _new_lake(directory: Path) -> Iterator[Path]:
    """Where to write a lake; it appears as a whole, unless other things are in its directory."""
    if directory.is_dir() and (any(directory.iterdir()) or directory.samefile(Path.cwd())):
        yield directory
    else:
        with new_folder(directory) as made:
            yield made


def _check(directory: Path, least: int, positive: int, matched: float) -> None:
    """Reject impossible numbers, and a directory that already contains a lake.

    Args:
        directory: The root of the lake.
        least: The smallest of the numbers that may be 0.
        positive: The smallest of the numbers that may not be 0.
        matched: The share of plays with a song in the catalogue.
    """
    if least < 0:
        raise ValueError("events and songs must not be negative")
    if positive < 1:
        raise ValueError("users and days must be at least 1")
    if not 0 <= matched <= 1:
        raise ValueError(f"matched must be between 0 and 1, not {matched}")
    for name in ("song_data", "log_data"):
        if (directory / name).exists():
            raise FileExistsError(f"{directory} already contains {name}: choose an empty directory")


def _events(
    audience: Audience, start: date, quotas: list[int]
) -> Iterator[tuple[date, list[Event]]]:
    """Yield each day with its events."""
    for day, quota in enumerate(quotas):
        yield start + timedelta(day), audience.day(day, quota)


def _quotas(events: int, days: int, start: date, seed: int) -> list[int]:
    """Return how many events the sessions that start on each day have: at least 1 if possible."""
    random = Random(f"{seed}-days")
    weekdays = [pages.WEEKDAYS[(start.weekday() + day) % 7] for day in range(days)]
    weights = [weekday * random.randrange(60, 160) for weekday in weekdays]
    least = 1 if events >= days else 0
    rest = events - least * days
    edges = [rest * weight // sum(weights) for weight in accumulate(weights, initial=0)]
    return [least + after - before for before, after in pairwise(edges)]
