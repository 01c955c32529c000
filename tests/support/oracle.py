"""The star once more, worked out from a lake's bytes in plain Python.

It is written from the documentation (docs/bad-input.md, docs/tables.md), with nothing of the
package: the records of an object, which of them are rejected, and what becomes of the others.
"""

import gzip
import hashlib
import json
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from tests.support.plain import moment

Row = tuple[Any, ...]
Json = dict[str, Any]
BLANKS = re.compile(r"[ \t\r\n\x1e\ufeff]*")
SIGN = re.compile("[\x80-\x9f]|(?<![^\\W\\d_a-zß-ÿªº][^\\W\\d_a-zß-ÿªº])[ÂÃ][\x80-\xbf]")
TEXT, WHOLE, FRACTION = "text", "whole number", "number"
FIELDS = {
    "events": {
        **dict.fromkeys(["artist", "auth", "firstName", "gender", "lastName", "level"], TEXT),
        **dict.fromkeys(["location", "method", "page", "song", "userAgent"], TEXT),
        **dict.fromkeys(["itemInSession", "sessionId", "status", "ts", "userId"], WHOLE),
        **dict.fromkeys(["length", "registration"], FRACTION),
    },
    "songs": {
        **dict.fromkeys(["artist_id", "artist_location", "artist_name", "song_id", "title"], TEXT),
        **dict.fromkeys(["num_songs", "year"], WHOLE),
        **dict.fromkeys(["artist_latitude", "artist_longitude", "duration"], FRACTION),
    },
}
REPAIRED = {
    *("artist", "firstName", "lastName", "location", "song"),
    *("artist_location", "artist_name", "title"),
}
REQUIRED = {
    "events": ("ts", "page", "level", "sessionId", "itemInSession"),
    "songs": ("song_id", "title", "artist_id", "artist_name"),
}
SINCE, UNTIL = 946_684_800_000, 4_102_444_800_000  # the years 2000 to 2099, in ms


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class Rejected(Exception):
    """What was read is no record, or an invalid one."""


def constant(name: str) -> None:
    """NaN and Infinity are not JSON."""
    raise ValueError(name)


def first_of_each(pairs: list[tuple[str, Any]]) -> Json:
    """If a record repeats a key, the first value wins."""
    return dict(reversed(pairs))


DECODER = json.JSONDecoder(
    object_pairs_hook=first_of_each,
    parse_int=Number,
    parse_float=Number,
    parse_constant=constant,
)


def values(data: bytes) -> Iterator[Any]:
    """What an object holds, one after the other; a text that is not JSON for damage."""
    text = data.decode("utf-8", "surrogateescape")
    position = BLANKS.match(text).end()  # type: ignore[union-attr]
    if text[position : position + 1] == "[":
        yield from DECODER.raw_decode(text, position)[0]
        return
    while position < len(text):
        try:
            value, position = DECODER.raw_decode(text, position)
            yield value
        except ValueError:
            position = text.find("\n", position) + 1 or len(text)
            yield None
        position = BLANKS.match(text, position).end()  # type: ignore[union-attr]


def strings(value: Any) -> Iterator[str]:
    """All texts in a value, keys as well."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *strings(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def record(kind: str, value: Any) -> Json:
    """The fields of a record.

    Raises:
        Rejected: it is none.
    """
    if not isinstance(value, dict):
        raise Rejected
    for text in strings(value):
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise Rejected
    found = {name: field(name, type_, value.get(name)) for name, type_ in FIELDS[kind].items()}
    required = REQUIRED[kind]
    if found.get("page") == "NextSong":
        required = (*required, "userId", "song", "artist")
    if any(found[name] is None for name in required):
        raise Rejected
    if kind == "events" and not (
        found["level"] in ("free", "paid") and SINCE <= found["ts"] < UNTIL
    ):
        raise Rejected
    return found


def field(name: str, type_: str, value: Any) -> Any:
    """A field as its column holds it."""
    if isinstance(value, dict | list):
        raise Rejected
    if isinstance(value, bool):
        value = "true" if value else "false"
    if value is None or not value.rstrip(" "):
        return None
    if type_ == TEXT:
        text = repaired(str(value)) if name in REPAIRED else str(value)
        return unicodedata.normalize("NFC", text.rstrip(" ")) or None
    try:
        number = Decimal(value.rstrip(" "))
    except InvalidOperation:
        raise Rejected from None
    if not math.isfinite(float(number)):
        raise Rejected
    if type_ == FRACTION:
        return float(number)
    if number != int(number) or (not re.fullmatch("-?[0-9]+ *", value) and abs(number) > 2**53):
        raise Rejected
    return int(number)


def repaired(text: str) -> str:
    """A text whose encodings were too many, if it shows signs of that."""
    if not SIGN.search(text):
        return text
    while True:
        try:
            once = text.encode("latin-1").decode()
        except UnicodeError:
            return text
        if once == text:
            return text
        text = once


def nulls_last(*values: Any) -> Row:
    """A key by which unknown values come last."""
    return tuple(part for value in values for part in (value is None, value))


class Oracle:
    """A lake's star, and how many of its records are rejected."""

    def __init__(self, lake: Path) -> None:
        self.rejected = 0
        self.events = list(self.records("events", lake / "log_data"))
        self.songs = list(self.records("songs", lake / "song_data"))
        self.plays = [event for event in self.events if event["page"] == "NextSong"]

    def records(self, kind: str, folder: Path) -> Iterator[Json]:
        """The valid records of a folder."""
        for path in folder.rglob("*.json"):
            data = path.read_bytes()
            for value in values(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data):
                try:
                    yield record(kind, value)
                except Rejected:
                    self.rejected += 1

    def star(self) -> dict[str, list[Row]]:
        """The rows of every table."""
        tables = {
            "songplays": self.songplays(),
            "users": self.users(),
            "songs": self.songs_table(),
            "artists": self.artists(),
            "time": self.time(),
            "user_levels": self.user_levels(),
        }
        return {name: sorted(rows, key=repr) for name, rows in tables.items()}

    def songplays(self) -> Iterable[Row]:
        found: dict[str, list[Json]] = defaultdict(list)
        for play in self.plays:
            key = "|".join(str(play[n]) for n in ("userId", "sessionId", "itemInSession", "ts"))
            found[hashlib.md5(key.encode()).hexdigest()].append(play)
        texts = ("level", "song", "artist", "length", "location", "userAgent")
        for play_id, plays in found.items():
            play = min(plays, key=lambda p: nulls_last(*(p[name] for name in texts)))
            yield (
                play_id,
                moment(play["ts"]),
                play["userId"],
                play["level"],
                *self.match(play),
                play["sessionId"],
                play["location"],
                play["userAgent"],
                play["song"],
                play["artist"],
                play["itemInSession"],
                play["length"],
            )

    def match(self, play: Json) -> Row:
        """The song and the artist of a play."""
        named = [
            song
            for song in self.songs
            if (song["title"], song["artist_name"]) == (play["song"], play["artist"])
        ]
        length = play["length"]

        def order(song: Json) -> Row:
            known = None not in (song["duration"], length)
            apart = abs(song["duration"] - length) if known else None
            return nulls_last(apart, song["song_id"], song["artist_id"])

        best = min(named, key=order, default=None)
        return (best["song_id"], best["artist_id"]) if best else (None, None)

    def of_users(self) -> dict[int, list[Json]]:
        """The events of each user, the latest first."""
        found: dict[int, list[Json]] = defaultdict(list)
        for event in self.events:
            if event["userId"] is not None:
                found[event["userId"]].append(event)
        names = ("level", "firstName", "lastName", "gender")
        for events in found.values():
            events.sort(key=lambda e: nulls_last(*(e[name] for name in names)))
            events.sort(key=lambda e: (e["ts"], e["sessionId"], e["itemInSession"]), reverse=True)
        return found

    def users(self) -> Iterable[Row]:
        for user, (last, *_) in self.of_users().items():
            yield user, last["firstName"], last["lastName"], last["gender"], last["level"]

    def user_levels(self) -> Iterable[Row]:
        for user, events in self.of_users().items():
            latest = {event["ts"]: event["level"] for event in reversed(events)}
            held: list[tuple[str, int]] = []
            for ts, level in latest.items():
                if not held or held[-1][0] != level:
                    held.append((level, ts))
            ends = [*(moment(since) for _, since in held[1:]), None]
            yield from (
                (user, level, moment(since), end)
                for (level, since), end in zip(held, ends, strict=True)
            )

    def songs_table(self) -> Iterable[Row]:
        found: dict[str, list[Json]] = defaultdict(list)
        for song in self.songs:
            found[song["song_id"]].append(song)
        for song_id, songs in found.items():
            best = min(
                songs,
                key=lambda s: nulls_last(
                    not s["year"],
                    s["title"],
                    s["artist_name"],
                    s["artist_id"],
                    s["duration"],
                    s["year"] or None,
                ),
            )
            yield song_id, best["title"], best["artist_id"], best["year"] or None, best["duration"]

    def artists(self) -> Iterable[Row]:
        found: dict[str, list[Json]] = defaultdict(list)
        for song in self.songs:
            found[song["artist_id"]].append(song)
        for artist, songs in found.items():
            (name,) = favourite(songs, "artist_name")
            (location,) = favourite(songs, "artist_location")
            place = favourite(songs, "artist_latitude", "artist_longitude")
            yield artist, name, location, *place

    def time(self) -> Iterable[Row]:
        for ts in {play["ts"] for play in self.plays}:
            at = moment(ts)
            week = at.isocalendar().week
            yield at, at.hour, at.day, week, at.month, at.year, at.isoweekday() % 7


def favourite(songs: list[Json], *names: str) -> Row:
    """The values that most songs have; unknown ones do not count."""
    found: dict[Row, set[str]] = defaultdict(set)
    for song in songs:
        values = tuple(song[name] for name in names)
        if None not in values:
            found[values].add(song["song_id"])

    def order(values: Row) -> Row:
        lengths = [len(value) for value in values if isinstance(value, str)]
        return (-len(found[values]), lengths, values)

    return min(found, key=order, default=(None,) * len(names))
