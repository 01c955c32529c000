"""The answers once more, worked out from the JSON in plain Python, with nothing of the package."""

import datetime
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from ua_parser import parse

Row = tuple[Any, ...]
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
SIZES = {1: "1", 2: "2–3", 4: "4–7", 8: "8–15", 16: "16–31", 32: "32–63", 64: "64 or more"}


def records(folder: Path) -> list[dict[str, Any]]:
    """The records of a folder, one a line or one a file, their texts repaired."""
    texts = (path.read_text("utf-8") for path in sorted(folder.rglob("*.json")))
    found = (json.loads(line) for text in texts for line in text.splitlines() if line.strip())
    return [{k: repaired(v) if isinstance(v, str) else v for k, v in r.items()} for r in found]


def repaired(text: str) -> str:
    """A text without the encodings that were too many, and without blanks at its end."""
    try:
        once = text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text.rstrip(" ")
    return text.rstrip(" ") if once == text else repaired(once)


def moment(ms: int) -> datetime.datetime:
    """A time from milliseconds since the epoch."""
    return datetime.datetime.fromtimestamp(0, datetime.UTC).replace(
        tzinfo=None
    ) + datetime.timedelta(milliseconds=ms)


def monday(day: datetime.date) -> datetime.date:
    """The Monday of a day's week."""
    return day - datetime.timedelta(day.weekday())


def by_name(names: Iterable[Any]) -> tuple[Any, ...]:
    """A key that puts what is unknown last."""
    return tuple((name is None, name) for name in names)


def most(counts: dict[Row, Any], limit: int | None = 10) -> list[Row]:
    """The most frequent first, ties by name."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], by_name(item[0])))
    return [(*name, count) for name, count in ranked[:limit]]


class Plain:
    """A lake, and the answers to each question, by its name."""

    def __init__(self, lake: Path) -> None:
        events = records(lake / "log_data")
        order: Callable[[dict[str, Any]], Any] = lambda e: (  # noqa: E731
            e["ts"],
            e["sessionId"],
            e["itemInSession"],
        )
        self.events = sorted((e for e in events if e["userId"]), key=order)
        self.songs = records(lake / "song_data")
        self.plays = [event for event in self.events if event["page"] == "NextSong"]
        self.users = {int(event["userId"]): event for event in self.events}

    def answer(self, name: str) -> list[Row]:
        """The rows of an answer."""
        method = "sessions_by_level" if name == "sessions" else name.replace("-", "_")
        found: list[Row] = getattr(self, method)()
        return found

    def count(self, *fields: str) -> dict[Row, int]:
        """The plays by some of their fields."""
        return Counter(tuple(play[field] for field in fields) for play in self.plays)

    def top(self, *fields: str, plays: list[dict[str, Any]] | None = None) -> list[Row]:
        """The ten most frequent, with plays and listeners."""
        listeners = defaultdict(set)
        counts: Counter[Row] = Counter()
        for play in self.plays if plays is None else plays:
            name = tuple(play[field] for field in fields)
            counts[name] += 1
            listeners[name].add(play["userId"])
        return [(*row, len(listeners[row[:-1]])) for row in most(counts)]

    @cached_property
    def known(self) -> dict[tuple[str, str], str]:
        """The song_id of each title and artist that are played and in the catalogue."""
        by_names = defaultdict(list)
        for song in self.songs:
            by_names[song["title"], song["artist_name"]].append(song)
        return {
            names: min(songs, key=lambda s: (abs(s["duration"] - play["length"]), s["song_id"]))[
                "song_id"
            ]
            for play in self.plays
            if (songs := by_names.get(names := (play["song"], play["artist"])))
        }

    # ------------------------------------------------------------------- what the warehouse holds

    def row_counts(self) -> list[Row]:
        return [
            ("songplays", len(self.plays)),
            ("users", len(self.users)),
            ("songs", len({song["song_id"] for song in self.songs})),
            ("artists", len({song["artist_id"] for song in self.songs})),
            ("time", len({play["ts"] for play in self.plays})),
        ]

    def coverage(self) -> list[Row]:
        heard = {(play["song"], play["artist"]) for play in self.plays}
        songs = {song["song_id"] for song in self.songs}
        plays = sum((play["song"], play["artist"]) in self.known for play in self.plays)
        rows: list[tuple[str, int, int]] = [
            ("plays with a matching song", len(self.plays), plays),
            ("played songs in the catalogue", len(heard), len(heard & set(self.known))),
            ("catalogue songs that were played", len(songs), len({*self.known.values()})),
        ]
        return [(what, total, known, known / total) for what, total, known in rows]

    # -------------------------------------------------------------------------------------- when

    @cached_property
    def days(self) -> list[datetime.date]:
        """Every day from the first play to the last."""
        days = [moment(play["ts"]).date() for play in self.plays]
        span = range((max(days) - min(days)).days + 1)
        return [min(days) + datetime.timedelta(each) for each in span]

    def plays_by_month(self) -> list[Row]:
        months = Counter((m.year, m.month) for m in (moment(play["ts"]) for play in self.plays))
        return [
            (*month, months[month]) for month in dict.fromkeys((d.year, d.month) for d in self.days)
        ]

    def plays_by_day(self) -> list[Row]:
        days = Counter(moment(play["ts"]).date() for play in self.plays)
        return [(day, days[day]) for day in self.days]

    def plays_by_weekday(self) -> list[Row]:
        plays = Counter(f"{moment(play['ts']):%A}" for play in self.plays)
        days = Counter(f"{day:%A}" for day in self.days)
        return [(name, plays[name], plays[name] / days[name]) for name in DAYS]

    def plays_by_hour(self) -> list[Row]:
        hours = Counter(moment(play["ts"]).hour for play in self.plays)
        return [(hour, hours[hour], hours[hour] / len(self.days)) for hour in range(24)]

    def plays_by_hour_and_weekday(self) -> list[Row]:
        plays = Counter(f"{moment(play['ts']):%A %H}" for play in self.plays)
        days = Counter(f"{day:%A}" for day in self.days)
        each = [(name, hour, plays[f"{name} {hour:02}"]) for name in DAYS for hour in range(24)]
        return [(*row, row[2] / days[row[0]]) for row in each]

    # -------------------------------------------------------------------------------- how many

    def listening(self, period: Callable[[datetime.date], datetime.date]) -> list[Row]:
        """The different listeners of each day, week or month."""
        listeners = defaultdict(set)
        for play in self.plays:
            listeners[period(moment(play["ts"]).date())].add(play["userId"])
        return [(each, len(listeners[each])) for each in dict.fromkeys(map(period, self.days))]

    def daily_listeners(self) -> list[Row]:
        return self.listening(lambda day: day)

    def weekly_listeners(self) -> list[Row]:
        return self.listening(monday)

    def monthly_listeners(self) -> list[Row]:
        return self.listening(lambda day: day.replace(day=1))

    @cached_property
    def weeks(self) -> dict[str, set[datetime.date]]:
        """The weeks in which each user listened."""
        found = defaultdict(set)
        for play in self.plays:
            found[play["userId"]].add(monday(moment(play["ts"]).date()))
        return found

    def new_and_returning_listeners(self) -> list[Row]:
        new = Counter(min(weeks) for weeks in self.weeks.values())
        every = Counter(week for weeks in self.weeks.values() for week in weeks)
        return [
            (week, new[week], every[week] - new[week])
            for week in dict.fromkeys(map(monday, self.days))
        ]

    def retention(self) -> list[Row]:
        rows: list[Row] = []
        last = monday(self.days[-1])
        for cohort in sorted({min(weeks) for weeks in self.weeks.values()}):
            people = [weeks for weeks in self.weeks.values() if min(weeks) == cohort]
            for number in range((last - cohort).days // 7 + 1):
                week = cohort + datetime.timedelta(weeks=number)
                stay = sum(week in weeks for weeks in people)
                rows.append((cohort, number, stay, stay / len(people)))
        return rows

    # -------------------------------------------------------------------------------------- what

    def top_songs(self) -> list[Row]:
        return self.top("song", "artist")

    def top_artists(self) -> list[Row]:
        return self.top("artist")

    def top_places(self) -> list[Row]:
        return self.top("location")

    def top_artists_of_women(self) -> list[Row]:
        years: dict[int, Counter[Row]] = defaultdict(Counter)
        for play in self.plays:
            if self.users[int(play["userId"])]["gender"] == "F":
                years[moment(play["ts"]).year][play["artist"],] += 1
        return [(year, *row) for year in sorted(years) for row in most(years[year], 3)]

    def top_matched_artists_of_women(self) -> list[Row]:
        songs = {song["song_id"]: song for song in self.songs}
        names: dict[str, Counter[str]] = defaultdict(Counter)
        for song in songs.values():
            names[song["artist_id"]][song["artist_name"]] += 1
        years: dict[int, Counter[Row]] = defaultdict(Counter)
        for play in self.plays:
            song_id = self.known.get((play["song"], play["artist"]))
            if song_id and self.users[int(play["userId"])]["gender"] == "F":
                found = names[songs[song_id]["artist_id"]]
                name = min(found, key=lambda each: (-found[each], len(each), each.encode()))
                years[moment(play["ts"]).year][name,] += 1
        return [(year, *row) for year in sorted(years) for row in most(years[year], 3)]

    def top_song_of_places(self) -> list[Row]:
        songs: dict[str, Counter[Row]] = defaultdict(Counter)
        for play in self.plays:
            songs[play["location"]][play["song"], play["artist"]] += 1
        places = most({(place,): sum(found.values()) for place, found in songs.items()})
        return [(place, *most(songs[place], 1)[0], plays) for place, plays in places]

    def plays_by_state(self) -> list[Row]:
        plays: Counter[Row] = Counter()
        people = defaultdict(set)
        for play in self.plays:
            place = play["location"] or ""
            state = place.rpartition(", ")[2] if ", " in place else None
            plays[state,] += 1
            people[state].add(play["userId"])
        return [(*row, len(people[row[0]])) for row in most(plays, None)]

    # --------------------------------------------------------------------------------------- who

    def top_users(self) -> list[Row]:
        plays = Counter(int(play["userId"]) for play in self.plays)
        who = {u: (e["firstName"], e["lastName"], e["level"]) for u, e in self.users.items()}
        order = sorted(who, key=lambda u: (-plays[u], by_name([who[u][1], who[u][0]]), u))
        return [(user, *who[user], plays[user]) for user in order[:10]]

    def plays_by_gender(self) -> list[Row]:
        people = Counter(event["gender"] for event in self.users.values())
        listened = {int(play["userId"]) for play in self.plays}
        listeners = Counter(self.users[user]["gender"] for user in listened)
        plays = Counter(self.users[int(play["userId"])]["gender"] for play in self.plays)
        rows = [(gender, people[gender], listeners[gender], plays[gender]) for gender in people]
        return sorted(rows, key=lambda row: (-row[3], by_name(row[:1])))

    def plays_by_level(self) -> list[Row]:
        people = Counter(event["level"] for event in self.users.values())
        plays = self.count("level")
        rows = [(level, people[level], plays[level,]) for level in people]
        return sorted(rows, key=lambda row: (-row[2], row[0]))

    def plays_by_gender_and_level(self) -> list[Row]:
        plays: Counter[Row] = Counter()
        people = defaultdict(set)
        for play in self.plays:
            name = (self.users[int(play["userId"])]["gender"], play["level"])
            plays[name] += 1
            people[name].add(play["userId"])
        rows = most(plays, None)
        return [(*row[:2], len(people[row[:2]]), len(people[row[:2]]), row[2]) for row in rows]

    def top_browsers(self) -> list[Row]:
        plays: Counter[Row] = Counter()
        for play in self.plays:
            found = parse((play["userAgent"] or "").strip('"'))
            agent = found.user_agent.family if found.user_agent else "unknown"
            plays[agent, found.os.family if found.os else "unknown"] += 1
        return most(plays)

    # --------------------------------------------------------------------------------------- how

    @cached_property
    def sessions(self) -> dict[tuple[int, int], list[dict[str, Any]]]:
        """The plays of each session, in order."""
        found = defaultdict(list)
        for play in self.plays:
            found[int(play["userId"]), play["sessionId"]].append(play)
        return found

    @staticmethod
    def lasted(plays: list[dict[str, Any]]) -> float:
        """From the first play to the end of the last song, minutes."""
        end: int = max(play["ts"] + int(play["length"]) * 1000 for play in plays)
        return (end - int(plays[0]["ts"])) / 60_000

    @staticmethod
    def skips(plays: list[dict[str, Any]]) -> int:
        """The plays that the next one cut short."""
        return sum(b["ts"] - a["ts"] < int(a["length"]) * 1000 for a, b in pairwise(plays))

    def sessions_by_level(self) -> list[Row]:
        levels = defaultdict(list)
        for plays in self.sessions.values():
            levels[max(play["level"] for play in plays)].append(plays)
        rows: list[Row] = []
        for level, held in levels.items():
            plays_, minutes = sum(map(len, held)), [self.lasted(plays) for plays in held]
            each = (plays_ / len(held), sum(minutes) / len(held), max(minutes))
            rows.append((level, len(held), plays_, *each, sum(map(self.skips, held))))
        return sorted(rows, key=lambda row: (-row[2], row[0]))

    def session_sizes(self) -> list[Row]:
        sizes = Counter(
            max(size for size in SIZES if len(plays) >= size) for plays in self.sessions.values()
        )
        return [(name, sizes[size]) for size, name in SIZES.items()]

    def longest_sessions(self) -> list[Row]:
        who = {u: (e["firstName"], e["lastName"]) for u, e in self.users.items()}
        rows = [
            (user, *who[user], session, len(plays), self.lasted(plays), self.skips(plays))
            for (user, session), plays in self.sessions.items()
        ]
        return sorted(rows, key=lambda r: (-r[5], by_name([r[2], r[1], r[0], r[3]])))[:10]

    @cached_property
    def levels(self) -> list[tuple[int, str, int, int | None]]:
        """Who was free or paid when: user, level, from, to (ms)."""
        runs: dict[int, list[tuple[str, int]]] = defaultdict(list)
        latest = {(int(event["userId"]), event["ts"]): event["level"] for event in self.events}
        for (user, ts), level in sorted(latest.items()):
            if not runs[user] or runs[user][-1][0] != level:
                runs[user].append((level, ts))
        return [
            (user, level, start, run[place + 1][1] if place + 1 < len(run) else None)
            for user, run in runs.items()
            for place, (level, start) in enumerate(run)
        ]

    def turns(self) -> list[tuple[int, str, str, int, int]]:
        """Each change of level: user, from, to, since, at (ms)."""
        return [(a[0], a[1], b[1], a[2], b[2]) for a, b in pairwise(self.levels) if a[0] == b[0]]

    def conversions(self) -> list[Row]:
        who = {u: (e["firstName"], e["lastName"]) for u, e in self.users.items()}
        paid = [turn for turn in self.turns() if turn[1:3] == ("free", "paid")]
        paid.sort(key=lambda t: (-t[4], by_name([*reversed(who[t[0]]), t[0]])))
        return [
            (user, *who[user], moment(since), moment(at), (at - since) / 86_400_000)
            for user, _, _, since, at in paid[:10]
        ]

    def changes_of_level(self) -> list[Row]:
        found = defaultdict(list)
        for user, before, after, since, at in self.turns():
            found[before, after].append((user, (at - since) / 86_400_000))
        rows: list[Row] = []
        for names, turns in sorted(found.items()):
            days = [span for _, span in turns]
            people = len({user for user, _ in turns})
            spans = (sum(days) / len(days), min(days), max(days))
            rows.append((*names, len(turns), people, *spans))
        return sorted(rows, key=lambda row: (-row[2], row[:2]))

    @cached_property
    def paid_since(self) -> dict[int, tuple[int, int]]:
        """For who changed from free to paid: since when they were free, and paid (ms)."""
        found: dict[int, tuple[int, int]] = {}
        for user, before, after, since, at in self.turns():
            if (before, after) == ("free", "paid"):
                found.setdefault(user, (since, at))
        return found

    def days_to_paid(self) -> list[Row]:
        days = Counter((paid - free) // 86_400_000 for free, paid in self.paid_since.values())
        return [(each, days[each]) for each in range(max(days) + 1)]

    def funnel(self) -> list[Row]:
        plays = [(int(play["userId"]), play["level"], play["ts"]) for play in self.plays]
        paid = self.paid_since
        steps = {
            "were free": {user for user, level, *_ in self.levels if level == "free"},
            "listened while free": {user for user, level, _ in plays if level == "free"},
            "changed to paid": set(paid),
            "listened while paid": {
                user
                for user, level, ts in plays
                if level == "paid" and user in paid and ts >= paid[user][1]
            },
            "are paid now": {user for user, e in self.users.items() if e["level"] == "paid"},
        }
        rows: list[Row] = []
        left = set(self.users)
        for step, people in steps.items():
            left = left & people
            rows.append((step, len(left), len(left) / (rows[0][1] if rows else len(left))))
        return rows

    # ---------------------------------------------------------------------------- the catalogue

    def missing_songs(self) -> list[Row]:
        unknown = [play for play in self.plays if (play["song"], play["artist"]) not in self.known]
        return self.top("song", "artist", plays=unknown)

    def artist_places(self) -> list[Row]:
        songs: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for song in self.songs:
            if song["artist_location"]:
                songs[song["artist_id"]][song["artist_location"]].add(song["song_id"])
        places = (
            min(found, key=lambda place: (-len(found[place]), len(place), place.encode()))
            for found in songs.values()
        )
        return most(Counter((place,) for place in places))
