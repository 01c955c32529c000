"""When and what is played."""

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import (
    PLAY,
    PLAYS,
    TIME,
    USER,
    Question,
    Rows,
    tally,
    top,
)
from sparkify.load.transform import ascending, first, rank
from sparkify.models.statements import Column

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
TIMED = PLAY.join(TIME, TIME.c.start_time == PLAY.c.start_time)


def over_time(*parts: Column) -> sa.Select[Any]:
    """Plays by parts of the time, in its order."""
    return sa.select(*parts, PLAYS).select_from(TIMED).group_by(*parts).order_by(*parts)


def by_month() -> sa.Select[Any]:
    """Plays by year and month."""
    return over_time(TIME.c.year, TIME.c.month)


def by_day(limit: int = 31) -> sa.Select[Any]:
    """Plays by day, the latest days that have any."""
    day = sa.cast(PLAY.c.start_time, sa.Date)
    latest = sa.select(day.label("day"), PLAYS).group_by(day).order_by(sa.desc("day")).limit(limit)
    found = latest.subquery("latest").c
    return sa.select(found.day, found.plays).order_by(found.day)


def by_weekday() -> sa.Select[Any]:
    """Plays by weekday, 0 is Sunday."""
    return over_time(TIME.c.weekday)


def by_hour() -> sa.Select[Any]:
    """Plays by hour, UTC."""
    return over_time(TIME.c.hour)


def each_day(rows: Rows, limit: int) -> Rows:
    """Also the days between with no plays."""
    if not rows:
        return rows
    plays, end = tally(rows), rows[-1][0]
    span = min((end - rows[0][0]).days + 1, limit)
    days = [end - datetime.timedelta(days) for days in reversed(range(span))]
    return [(day, plays.get(day, 0)) for day in days]


def each_weekday(rows: Rows) -> Rows:
    """Every weekday, by name."""
    plays = tally(rows)
    return [(name, plays.get(weekday, 0)) for weekday, name in enumerate(DAYS)]


def each_hour(rows: Rows) -> Rows:
    """Every hour."""
    plays = tally(rows)
    return [(hour, plays.get(hour, 0)) for hour in range(24)]


def top_songs(limit: int = 10) -> sa.Select[Any]:
    """The songs played most, by the event's own names."""
    return top(PLAY.c.song_title, PLAY.c.artist_name, limit=limit)


def top_artists(limit: int = 10) -> sa.Select[Any]:
    """The artists played most, by the event's own names."""
    return top(PLAY.c.artist_name, limit=limit)


def top_places(limit: int = 10) -> sa.Select[Any]:
    """The places that most is played in."""
    return top(PLAY.c.location, limit=limit)


def artists_by_gender(gender: str = "F", year: int | None = None, limit: int = 3) -> sa.Select[Any]:
    """In each year, or in one, the artists that people of a gender play most."""
    names = (TIME.c.year, PLAY.c.artist_name)
    heard = TIMED.join(USER, USER.c.user_id == PLAY.c.user_id)
    whose = [USER.c.gender == gender, *([] if year is None else [TIME.c.year == year])]
    counted = sa.select(*names, PLAYS).select_from(heard).where(*whose).group_by(*names)
    found = counted.subquery("counted").c
    order = [found.plays.desc(), *ascending(found.artist_name)]
    ranked = sa.select(*found, rank([found.year], order)).subquery("ranked")
    columns = (ranked.c.year, ranked.c.artist_name, ranked.c.plays)
    chosen = sa.select(*columns).where(ranked.c.rank <= limit)
    return chosen.order_by(ranked.c.year, ranked.c.rank)


def songs_of_places(place: str | None = None, limit: int = 10) -> sa.Select[Any]:
    """The song played most in a place, or in each of the places that most is played in."""
    names = (PLAY.c.location, PLAY.c.song_title, PLAY.c.artist_name)
    where = [] if place is None else [PLAY.c.location == place]
    counted = sa.select(*names, PLAYS).where(*where).group_by(*names).subquery("counted").c
    order = [counted.plays.desc(), *ascending(counted.song_title, counted.artist_name)]
    in_place = func.sum(counted.plays).over(partition_by=counted.location).label("in_place")
    best = first(sa.select(*counted, in_place, rank([counted.location], order))).subquery("best").c
    columns = (best.location, best.song_title, best.artist_name, best.plays)
    return (
        sa.select(*columns).order_by(best.in_place.desc(), *ascending(best.location)).limit(limit)
    )


WHEN = (
    Question(
        "plays-by-day",
        "when",
        "How much is played each day?",
        by_day,
        ("day", "plays"),
        measure="plays",
        chart="columns",
        finish=each_day,
    ),
    Question(
        "plays-by-weekday",
        "when",
        "Which weekdays are the busiest?",
        by_weekday,
        ("weekday", "plays"),
        measure="plays",
        chart="columns",
        finish=each_weekday,
    ),
    Question(
        "plays-by-hour",
        "when",
        "Which hours (UTC) are the busiest?",
        by_hour,
        ("hour", "plays"),
        measure="plays",
        chart="columns",
        finish=each_hour,
    ),
    Question(
        "plays-by-month",
        "when",
        "How much is played each month?",
        by_month,
        ("year", "month", "plays"),
        measure="plays",
    ),
)

WHAT = (
    Question(
        "top-songs",
        "what",
        "Which songs are played most?",
        top_songs,
        ("song", "artist", "plays", "listeners"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "top-artists",
        "what",
        "Which artists are played most?",
        top_artists,
        ("artist", "plays", "listeners"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "top-artists-of-women",
        "what",
        "Which three artists do women play most, year by year?",
        artists_by_gender,
        ("year", "artist", "plays"),
        measure="plays",
    ),
    Question(
        "top-places",
        "what",
        "Where is most played?",
        top_places,
        ("place", "plays", "listeners"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "top-song-of-places",
        "what",
        "Which song is played most in each of the busiest places?",
        songs_of_places,
        ("place", "song", "artist", "plays"),
        measure="plays",
    ),
)
