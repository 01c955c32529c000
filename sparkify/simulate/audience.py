"""The people of a simulated lake, and the events of their sessions."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from operator import itemgetter
from random import Random
from typing import NamedTuple

from sparkify.simulate import pages, words
from sparkify.simulate.songs import Tune, quoted

Event = tuple[int, str]  # ts (ms since the epoch UTC), and the record as a line

_SECOND, _HOUR, _DAY = 1000, 3_600_000, 86_400_000  # ms
_DRAWN = 4096  # songs are drawn in batches of this size


class _Voice(NamedTuple):
    """The parts of an event that depend on the person: JSON text, made once per person."""

    who: str
    surname: str
    location: str
    registration: str
    agent: str


_NOBODY = _Voice(
    ',"auth":"Logged Out","firstName":null,"gender":null,"itemInSession":',
    ',"lastName":null,"length":',
    ',"location":null',
    ',"registration":null,"sessionId":',
    ',"userAgent":null,"userId":""}',
)


@dataclass(slots=True)
class _User:
    """A person between two sessions; times are in ms since the epoch UTC.

    Attributes:
        voice: The person's parts of events.
        level: "free" or "paid", as of the last session.
        fickle: Whether the level may change. If all could change, a long simulation would make
            everybody pay.
        changed_at: When the level last changed.
        free_at: When the last session ends.
    """

    voice: _Voice
    level: str
    fickle: bool
    changed_at: int = 0
    free_at: int = 0


class Audience:
    """Makes the events, day by day.

    Attributes:
        plays: The number of plays so far.
        matched: The number of plays of a song in the catalogue so far.
    """

    def __init__(
        self, users: int, tunes: Sequence[Tune], matched: float, *, start: int, days: int, seed: int
    ) -> None:
        """Invent the people.

        Args:
            users: The number of people.
            tunes: The songs that they play, first those of the catalogue and then the others, each
                in the order of their popularity.
            matched: The share of plays with a song in the catalogue.
            start: The first midnight, in ms since the epoch UTC.
            days: The number of days; there are no events after the last one.
            seed: The seed of the lake.
        """
        random = Random(f"{seed}-users")
        self.plays = self.matched = self._sessions = 0
        self._start, self._end, self._seed = start, start + days * _DAY, seed
        self._tunes = _played(tunes, matched, Random(f"{seed}-plays"))
        ids = random.sample(range(2, users + 2), users)
        self._users = [_user(user_id, rank, start, random) for rank, user_id in enumerate(ids)]
        self._activity = list(accumulate(1 / (rank / users + 0.05) for rank in range(users)))
        self._random = random
        self._pending: list[Event] = []

    def day(self, day: int, quota: int) -> list[Event]:
        """Make the events of a day. Call it for every day, in order.

        Args:
            day: The index of the day; 0 is the first.
            quota: The exact number of events in the sessions that start on this day. Events after
                midnight are returned with those of the next day.

        Returns:
            The events of this day, sorted by time.
        """
        self._random = Random(f"{self._seed}-day-{day}")
        midnight = self._start + day * _DAY
        made = 0
        while made < quota:
            # the time of day follows the number of events, so that sessions start in order
            passed = (made + 8 * self._random.random()) / (quota + 8)
            session = self._session(*self._someone(midnight, passed), quota - made)
            self._pending += session
            made += len(session)
        by_time = itemgetter(0)
        self._pending.sort(key=by_time)  # stable: simultaneous events of a session keep their order
        today = bisect_left(self._pending, midnight + _DAY, key=by_time)
        events, self._pending = self._pending[:today], self._pending[today:]
        return events

    def _someone(self, midnight: int, passed: float) -> tuple[_User, int]:
        """Choose a user for the next session, and the time when it starts.

        Of four users, the first one who is not in a session is chosen. If all are in one, the last
        user starts the new session when the old one ends; if that is tomorrow, they have two
        sessions at the same time.
        """
        hour = pages.CLOCK[int(passed * len(pages.CLOCK))] + self._random.random()
        ts = midnight + int(hour * _HOUR)
        candidates = self._random.choices(self._users, cum_weights=self._activity, k=4)
        for user in candidates:
            if user.free_at <= ts:
                return user, ts
        if user.free_at < midnight + _DAY:
            return user, user.free_at
        return user, max(ts, user.changed_at)  # a user never has two levels at the same time

    def _session(self, user: _User, ts: int, most: int) -> list[Event]:
        """Make the events of a session.

        Args:
            user: The user; level, changed_at and free_at are updated.
            ts: The start, in ms since the epoch UTC.
            most: The maximum number of events.
        """
        self._sessions += 1
        settled = ts < user.free_at or not user.fickle
        events: list[Event] = []
        page = self._next(user, "START")
        while page != "END" and len(events) < most and ts < self._end:
            if settled and page in pages.LEVEL_AFTER:
                page = "Home"
            self._visit(user, page, ts, most, events)
            ts = events[-1][0]
            if page in pages.LEVEL_AFTER:
                user.level, user.changed_at = pages.LEVEL_AFTER[page], ts
            page = self._next(user, page)
            ts += _SECOND if page in pages.SENT else self._pause()
        user.free_at = max(user.free_at, ts)
        return events

    def _visit(self, user: _User, page: str, ts: int, most: int, events: list[Event]) -> None:
        """Add the event of a page to a session, or the events of several songs in a row.

        Args:
            user: The user.
            page: The page, with a star if the user is logged out.
            ts: The time, in ms since the epoch UTC.
            most: The maximum number of events in the session.
            events: The events of the session; the new ones are appended.
        """
        who, surname, location, registration, agent = _NOBODY if page[-1] == "*" else user.voice
        request = (
            f',"level":"{user.level}"{location}{pages.REQUEST[page]}{registration}{self._sessions}'
        )
        first = len(events)
        tunes = (
            self._in_a_row(user.level, most - first) if page == "NextSong" else pages.SILENCE[page]
        )
        for item, (artist, length, song, milliseconds, _) in enumerate(tunes, first):
            if ts >= self._end:
                break
            line = f"{artist}{who}{item}{surname}{length}{request}{song}{ts}{agent}"
            events.append((ts, line))
            ts += milliseconds
        if page == "NextSong":
            played = tunes[: len(events) - first]
            self.plays += len(played)
            self.matched += sum([tune.in_catalogue for tune in played])

    def _in_a_row(self, level: str, most: int) -> list[Tune]:
        """Draw the songs that are played until the next page: at least one."""
        stay, draw = pages.STAY[level], self._random.random
        count = 1
        while count < most and draw() < stay:
            count += 1
        return list(islice(self._tunes, count))

    def _next(self, user: _User, page: str) -> str:
        ballot = pages.BALLOTS[user.level][page]
        return ballot[
            int(self._random.random() * len(ballot))
        ]  # takes a third of the time of choice()

    def _pause(self) -> int:
        """Draw a pause in ms: the median is 52 seconds, the maximum half an hour."""
        draw = self._random.random()
        return min(int(52 * draw / (1 - draw)), 1800) * _SECOND


def _played(tunes: Sequence[Tune], matched: float, random: Random) -> Iterator[Tune]:
    """Draw songs without end; popular songs are drawn more often, about as in real logs.

    Args:
        tunes: The songs, first those of the catalogue and then the others, each in the order of
            their popularity.
        matched: The share of songs from the catalogue; 0 if the catalogue is empty.
        random: The source of the songs.
    """
    of_catalogue = sum(tune.in_catalogue for tune in tunes)
    ranks = [*range(of_catalogue), *range(len(tunes) - of_catalogue)]
    weights = [1 / (rank + 30) for rank in ranks]
    known, others = sum(weights[:of_catalogue]), sum(weights[of_catalogue:])
    share = matched if of_catalogue else 0.0
    for index, tune in enumerate(tunes):
        weights[index] *= share / known if tune.in_catalogue else (1 - share) / others
    chances = list(accumulate(weights))
    while True:
        yield from random.choices(tunes, cum_weights=chances, k=_DRAWN)


def _user(user_id: int, rank: int, start: int, random: Random) -> _User:
    """Invent a person.

    Args:
        user_id: The person's number.
        rank: 0 is the most active person. Every fifth person pays from the start, because in real
            logs those who pay cause most of the events.
        start: The first midnight, in ms since the epoch UTC.
        random: The source of everything else.
    """
    gender, names = random.choice((("F", words.WOMEN), ("M", words.MEN)))
    registered = start - random.randrange(_DAY, 14 * _DAY)
    voice = _Voice(
        f',"auth":"Logged In","firstName":{quoted(random.choice(names))},"gender":"{gender}"'
        ',"itemInSession":',
        f',"lastName":{quoted(random.choice(words.SURNAMES))},"length":',
        f',"location":{quoted(random.choice(words.METROS))}',
        f',"registration":{registered}.0,"sessionId":',
        f',"userAgent":{quoted(random.choice(words.AGENTS))},"userId":"{user_id}"}}',
    )
    return _User(voice, "free" if rank % 5 else "paid", fickle=rank % 5 in {0, 1, 2})
