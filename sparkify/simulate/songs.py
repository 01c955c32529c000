"""The songs of a simulated lake: a catalogue as odd as real ones, and the songs that are played."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from sparkify.simulate import words

Text = str | int | float  # real catalogues contain a few numbers, and even false, in text fields


class Song(NamedTuple):
    """One record of the catalogue: the fields of a song file, in their order.

    Coordinates are in degrees WGS 84, the duration in seconds; year 0 means unknown.
    """

    num_songs: int
    artist_id: str
    artist_latitude: float | None
    artist_longitude: float | None
    artist_location: str
    artist_name: Text
    song_id: str
    title: Text
    duration: float
    year: int

    @property
    def names(self) -> tuple[str, str]:
        """Title and artist name as text, as the events of its plays have them."""
        return _text(self.title), _text(self.artist_name)


class Tune(NamedTuple):
    """The parts of a play's event that depend on the song: JSON text, made once per song.

    Attributes:
        artist: The start of the record, up to the artist's name.
        length: The length in seconds.
        song: The song's title and the status.
        milliseconds: The time until the next play.
        in_catalogue: Whether the song is in the catalogue.
    """

    artist: str
    length: str
    song: str
    milliseconds: int
    in_catalogue: bool


def catalogue(count: int, random: Random) -> Iterator[Song]:
    """Yield the records of a catalogue.

    The more songs an artist has, the more are added, some under another name ("X feat. Y").
    Sometimes a song is repeated with another duration.
    """
    songs: list[Song] = []
    for index in range(count):
        again = bool(songs) and _chance(random, 0.36)  # 14,896 real songs have 9,553 artists
        song = random.choice(songs) if again else _debut(index, random)
        if again and _chance(random, 0.09):
            guest = f"{_text(song.artist_name)} feat. {_artist_name(random)}"
            song = song._replace(artist_name=guest)
        if not (again and _chance(random, 0.01)):
            song = song._replace(title=_bare(_title(random), random), year=_year(random))
        song_id = _identifier("SO", "12A", index, random)
        song = song._replace(song_id=song_id, duration=_duration(random))
        songs.append(song)
        yield song


def write(song: Song, index: int, root: Path, random: Random) -> int:
    """Write one song file.

    Args:
        song: The record.
        index: Its index in the catalogue. 22 songs share a folder, as in real lakes.
        root: The folder `song_data`.
        random: The source of the file's name.

    Returns:
        The number of bytes written.
    """
    folder = index // 22
    letters = [chr(ord("A") + folder // 26**power % 26) for power in (2, 1, 0)]
    name = _identifier("TR" + "".join(letters), "128F", index, random)
    path = root.joinpath(*letters, f"{name}.json")
    if index % 22 == 0:
        path.parent.mkdir(parents=True, exist_ok=True)
    return path.write_bytes(json.dumps(song._asdict()).encode())


def in_catalogue(song: Song, random: Random) -> Tune:
    """Make the tune of a song in the catalogue; some lengths differ a little from the duration."""
    off = random.random() * 4 - 2 if _chance(random, 0.2) else 0.0
    return _tune(*song.names, round(max(song.duration + off, 1.0), 5), True)


def not_in_catalogue(count: int, known: set[tuple[str, str]], random: Random) -> Iterator[Tune]:
    """Yield tunes of songs that are not in the catalogue.

    Args:
        count: The number of tunes.
        known: Title and artist name of every song in the catalogue.
        random: The source of the names.
    """
    while count:
        title, artist = _title(random), _artist_name(random)
        if _chance(random, 0.03):
            artist = f"{artist} / {_artist_name(random)}"
        if _chance(random, 0.003):
            title = f"It\x19s {title}"  # in real logs this is all that is left of an apostrophe
        if (title, artist) not in known:
            count -= 1
            yield _tune(title, artist, _duration(random), False)


def encoded_twice(text: str) -> str:
    """Encode text as UTF-8 twice too often, as in real events.

    >>> encoded_twice("Zoë"), encoded_twice("Zoe")
    ('ZoÃ\\x83Â«', 'Zoe')
    """
    once = text.encode().decode("latin-1")
    return once.encode().decode("latin-1")


def quoted(text: str | None) -> str:
    r"""Return text as JSON, as real events have it: ASCII only, `/` as `\/`."""
    return json.dumps(text).replace("/", "\\/")


def _tune(title: str, artist: str, length: float, in_catalogue: bool) -> Tune:
    return Tune(
        artist=f'{{"artist":{quoted(encoded_twice(artist))}',
        length=str(length),
        song=f',"song":{quoted(encoded_twice(title))},"status":200,"ts":',
        milliseconds=int(length) * 1000,  # players cut the fraction off
        in_catalogue=in_catalogue,
    )


def _debut(index: int, random: Random) -> Song:
    """Make an artist's first song, without title, year, song_id and duration."""
    location, latitude, longitude = random.choice(words.ORIGINS)
    located = _chance(random, 0.6)
    mapped = located and _chance(random, 0.72)
    if _chance(random, 0.002):
        link = f"http://music.example.com/artist/{index}"
        location = f'<a href="{link}" target="_blank">{location}</a>'
    return Song(
        num_songs=1,
        artist_id=_identifier("AR", "1187", index, random),
        artist_latitude=latitude if mapped else None,
        artist_longitude=longitude if mapped else None,
        artist_location=location if located else "",
        artist_name=_bare(_artist_name(random), random),
        song_id="",
        title="",
        duration=0.0,
        year=0,
    )


def _identifier(prefix: str, middle: str, index: int, random: Random) -> str:
    """Make an identifier such as SOMZWCG12A8C13C480, a different one for every index."""
    letters = "".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=7 - len(prefix)))
    digits = 11 - len(middle)
    # multiplying by an odd factor modulo a power of 2 never maps two numbers to the same one
    number = (index + 1) * 0x9E3779B1 % 16**digits
    return f"{prefix}{letters}{middle}{number:0{digits}X}"


def _chance(random: Random, share: float) -> bool:
    return random.random() < share


def _artist_name(random: Random) -> str:
    first, last = random.choice(words.WOMEN + words.MEN), random.choice(words.SURNAMES)
    adjective, noun = random.choice(words.ADJECTIVES), random.choice(words.NOUNS)
    if _chance(random, 0.06):
        first = random.choice(words.ACCENTED)
    return random.choice(
        (
            f"{first} {last}",
            f"{first} {last}",
            f"{first} {last} & The {noun}s",
            f"The {adjective} {noun}s",
            f"{adjective} {noun}",
            f"DJ {noun}",
            f"{last} {noun}",
        )
    )


def _title(random: Random) -> str:
    adjective, noun = random.choice(words.ADJECTIVES), random.choice(words.NOUNS)
    other = random.choice(words.FOREIGN if _chance(random, 0.03) else words.NOUNS)
    title = random.choice(
        (
            f"{adjective} {other}",
            f"{other} Of The {noun}",
            f"My {adjective} {other}",
            f"{noun} And {other}",
            f"{other}",
            f"Don't Tell The {noun} ({other})",
        )
    )
    version = f" ({random.choice(words.VERSIONS)})" if _chance(random, 0.2) else ""
    return title + version


def _bare(text: str, random: Random) -> Text:
    """Return the text, or rarely a number (1 in 7,500) or false (1 in 30,000) instead."""
    if _chance(random, 1 / 30_000):
        return False
    if _chance(random, 1 / 7_500):
        return random.choice((random.randrange(2, 2000), round(random.randrange(90) + 0.6, 1)))
    return text


def _text(value: Text) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _duration(random: Random) -> float:
    # not random.lognormvariate: the last digit of a logarithm may depend on the machine
    shortest, longest = random.choice(words.DURATIONS)
    return round(random.uniform(shortest, longest), 5)


def _year(random: Random) -> int:
    return 0 if _chance(random, 0.55) else 2010 - int(50 * random.random() * random.random())
