"""The people of a simulated lake: who they are, and what they do on a day."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from operator import itemgetter
from random import Random
from typing import NamedTuple

from sparkify.simulate import pages, words
from sparkify.simulate.songs import Tune, quoted

Event = tuple[int, str]  # ts in milliseconds since the epoch UTC, and the record as a line

_SECOND = 1000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR

_DRAWN = 4096  # songs drawn at a time


class _Voice(NamedTuple):
    """What events say of a person: pieces of their JSON text, made once per person."""

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
    """A person between two sessions; times are in milliseconds since the epoch UTC.

    Attributes:
        voice: What the events say.
        level: "free" or "paid" as of the last session.
        fickle: Whether the level may change at all: otherwise a long simulation makes all paid.
        changed_at: When it last changed.
        free_at: When the last session ends.
    """

    voice: _Voice
    level: str
    fickle: bool
    changed_at: int = 0
    free_at: int = 0


class Audience:
    """Makes the events of one day after the other.

    Attributes:
        plays: Plays made so far.
        matched: Those of a song of the catalogue.
    """

    def __init__(
        self, users: int, tunes: Sequence[Tune], matched: float, *, start: int, days: int, seed: int
    ) -> None:
        """Invent the people.

        Args:
            users: How many.
            tunes: What they play: of the catalogue and others, each from the most popular on.
            matched: The share of plays that are of the catalogue.
            start: The first midnight, in milliseconds since the epoch UTC.
            days: After how many days everything ends.
            seed: The lake's seed.
        """
        random = Random(f"{seed}-users")  # noqa: S311
        self.plays = self.matched = self._sessions = 0
        self._start, self._end, self._seed = start, start + days * _DAY, seed
        self._tunes = _played(tunes, matched, Random(f"{seed}-plays"))  # noqa: S311
        ids = random.sample(range(2, users + 2), users)
        self._users = [_user(user_id, rank, start, random) for rank, user_id in enumerate(ids)]
        self._activity = list(accumulate(1 / (rank / users + 0.05) for rank in range(users)))
        self._random = random
        self._pending: list[Event] = []

    def day(self, day: int, quota: int) -> list[Event]:
        """Make the events of a day; days come in order.

        Args:
            day: 0 for the first.
            quota: How many events the sessions that begin on this day have together, exactly.
                Those after midnight are given out with the next day's.

        Returns:
            The events of this day, ordered by time.
        """
        self._random = Random(f"{self._seed}-day-{day}")  # noqa: S311
        midnight = self._start + day * _DAY
        made = 0
        while made < quota:
            # The day passes as its events are made: so sessions come in order of time.
            passed = (made + 8 * self._random.random()) / (quota + 8)
            session = self._session(*self._someone(midnight, passed), quota - made)
            self._pending += session
            made += len(session)
        by_time = itemgetter(0)
        self._pending.sort(key=by_time)  # stable: at one time a session's events keep their order
        today = bisect_left(self._pending, midnight + _DAY, key=by_time)
        events, self._pending = self._pending[:today], self._pending[today:]
        return events

    def _someone(self, midnight: int, passed: float) -> tuple[_User, int]:
        """Choose a user who is not in a session, and when theirs begins.

        Where all who were asked are in one, the last waits for its end; where that is tomorrow,
        this user has two sessions at a time.
        """
        hour = pages.CLOCK[int(passed * len(pages.CLOCK))] + self._random.random()
        ts = midnight + int(hour * _HOUR)
        asked = self._random.choices(self._users, cum_weights=self._activity, k=4)
        for user in asked:
            if user.free_at <= ts:
                return user, ts
        if user.free_at < midnight + _DAY:
            return user, user.free_at
        return user, max(ts, user.changed_at)  # one level at a time

    def _session(self, user: _User, ts: int, room: int) -> list[Event]:
        """Make a session's events.

        Args:
            user: Who; level, changed_at and free_at are brought up to date.
            ts: When it begins, in milliseconds since the epoch UTC.
            room: At most so many events.
        """
        self._sessions += 1
        settled = ts < user.free_at or not user.fickle
        events: list[Event] = []
        page = self._next(user, "START")
        while page != "END" and len(events) < room and ts < self._end:
            if settled and page in pages.LEVEL_AFTER:
                page = "Home"
            self._visit(user, page, ts, room, events)
            ts = events[-1][0]
            if page in pages.LEVEL_AFTER:
                user.level, user.changed_at = pages.LEVEL_AFTER[page], ts
            page = self._next(user, page)
            ts += _SECOND if page in pages.SENT else self._pause()
        user.free_at = max(user.free_at, ts)
        return events

    def _visit(self, user: _User, page: str, ts: int, room: int, events: list[Event]) -> None:
        """Add the event of a page to a session's, or those of all songs played in a row.

        Args:
            user: Who.
            page: The page, with a star if logged out.
            ts: When, in milliseconds since the epoch UTC.
            room: At most so many events in the session.
            events: The session's events, added to.
        """
        who, surname, location, registration, agent = _NOBODY if page[-1] == "*" else user.voice
        where = (
            f',"level":"{user.level}"{location}{pages.REQUEST[page]}{registration}{self._sessions}'
        )
        first = len(events)
        tunes = (
            self._in_a_row(user.level, room - first) if page == "NextSong" else pages.SILENCE[page]
        )
        for item, (artist, length, song, milliseconds, _) in enumerate(tunes, first):
            if ts >= self._end:
                break
            line = f"{artist}{who}{item}{surname}{length}{where}{song}{ts}{agent}"
            events.append((ts, line))
            ts += milliseconds
        if page == "NextSong":
            played = tunes[: len(events) - first]
            self.plays += len(played)
            self.matched += sum([tune.in_catalogue for tune in played])

    def _in_a_row(self, level: str, most: int) -> list[Tune]:
        """Draw the songs until another page, at least one."""
        stay, draw = pages.STAY[level], self._random.random
        count = 1
        while count < most and draw() < stay:
            count += 1
        return list(islice(self._tunes, count))

    def _next(self, user: _User, page: str) -> str:
        ballot = pages.BALLOTS[user.level][page]
        return ballot[int(self._random.random() * len(ballot))]  # a third of choice()'s time

    def _pause(self) -> int:
        """Draw milliseconds: 52 seconds in the middle, at most half an hour."""
        draw = self._random.random()
        return min(int(52 * draw / (1 - draw)), 1800) * _SECOND


def _played(tunes: Sequence[Tune], matched: float, random: Random) -> Iterator[Tune]:
    """Draw songs without end, about as often as real ones: the more popular, the more often.

    Args:
        tunes: Of the catalogue and others, each from the most popular on.
        matched: The share of the catalogue, if there is one.
        random: Draws them.
    """
    of_catalogue = sum(tune.in_catalogue for tune in tunes)
    ranks = [*range(of_catalogue), *range(len(tunes) - of_catalogue)]
    weights = [1 / (rank + 30) for rank in ranks]
    known, others = sum(weights[:of_catalogue]), sum(weights[of_catalogue:])
    share = matched if of_catalogue else 0.0
    for place, tune in enumerate(tunes):
        weights[place] *= share / known if tune.in_catalogue else (1 - share) / others
    chances = list(accumulate(weights))
    while True:
        yield from random.choices(tunes, cum_weights=chances, k=_DRAWN)


def _user(user_id: int, rank: int, start: int, random: Random) -> _User:
    """Invent a person.

    Args:
        user_id: Their number.
        rank: 0 for the most active. Every fifth pays from the beginning, whatever the luck:
            those who pay make most of the events.
        start: When the lake begins, in milliseconds since the epoch UTC.
        random: Draws the rest.
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
