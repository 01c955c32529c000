"""Questions about the plays: when people listen, and to what."""

import datetime

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import (
    PLAY,
    PLAYS,
    TIME,
    USER,
    Question,
    Rows,
    by_key,
    top,
)
from sparkify.load.transform.rows import ascending, first, rank
from sparkify.models.statements import Column, Query

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
TIMED = PLAY.join(TIME, TIME.c.start_time == PLAY.c.start_time)


def over_time(*parts: Column) -> Query:
    """Count plays by columns of the `time` table, in their order."""
    return sa.select(*parts, PLAYS).select_from(TIMED).group_by(*parts).order_by(*parts)


def by_month() -> Query:
    """Count plays by year and month."""
    return over_time(TIME.c.year, TIME.c.month)


def by_day(limit: int = 31) -> Query:
    """Count plays by day, for the latest days that have plays."""
    day = sa.cast(PLAY.c.start_time, sa.Date)
    latest = sa.select(day.label("day"), PLAYS).group_by(day).order_by(sa.desc("day")).limit(limit)
    counted = latest.subquery("latest").c
    return sa.select(counted.day, counted.plays).order_by(counted.day)


def by_weekday() -> Query:
    """Count plays by weekday; 0 is Sunday."""
    return over_time(TIME.c.weekday)


def by_hour() -> Query:
    """Count plays by hour, UTC."""
    return over_time(TIME.c.hour)


def every_day(rows: Rows, limit: int) -> Rows:
    """Add the days without plays that lie between two days with plays."""
    if not rows:
        return rows
    plays, end = by_key(rows), rows[-1][0]
    span = min((end - rows[0][0]).days + 1, limit)
    days = [end - datetime.timedelta(days) for days in reversed(range(span))]
    return [(day, plays.get(day, 0)) for day in days]


def every_weekday(rows: Rows) -> Rows:
    """Add the weekdays without plays, and name them all."""
    plays = by_key(rows)
    return [(name, plays.get(weekday, 0)) for weekday, name in enumerate(DAYS)]


def every_hour(rows: Rows) -> Rows:
    """Add the hours without plays."""
    plays = by_key(rows)
    return [(hour, plays.get(hour, 0)) for hour in range(24)]


def top_songs(limit: int = 10) -> Query:
    """Select the most played songs, by the title and artist name in the events."""
    return top(PLAY.c.song_title, PLAY.c.artist_name, limit=limit)


def top_artists(limit: int = 10) -> Query:
    """Select the most played artists, by the name in the events."""
    return top(PLAY.c.artist_name, limit=limit)


def top_places(limit: int = 10) -> Query:
    """Select the locations with the most plays."""
    return top(PLAY.c.location, limit=limit)


def artists_by_gender(gender: str = "F", year: int | None = None, limit: int = 3) -> Query:
    """Select the artists that users of one gender play most, in each year or in one year."""
    names = (TIME.c.year, PLAY.c.artist_name)
    heard = TIMED.join(USER, USER.c.user_id == PLAY.c.user_id)
    where = [USER.c.gender == gender, *([] if year is None else [TIME.c.year == year])]
    counts = sa.select(*names, PLAYS).select_from(heard).where(*where).group_by(*names)
    counted = counts.subquery("counted").c
    order = [counted.plays.desc(), *ascending(counted.artist_name)]
    ranked = sa.select(*counted, rank([counted.year], order)).subquery("ranked").c
    best = sa.select(ranked.year, ranked.artist_name, ranked.plays).where(ranked.rank <= limit)
    return best.order_by(ranked.year, ranked.rank)


def songs_of_places(place: str | None = None, limit: int = 10) -> Query:
    """Select the most played song of one location, or of each of the busiest locations."""
    names = (PLAY.c.location, PLAY.c.song_title, PLAY.c.artist_name)
    where = [] if place is None else [PLAY.c.location == place]
    counted = sa.select(*names, PLAYS).where(*where).group_by(*names).subquery("counted").c
    order = [counted.plays.desc(), *ascending(counted.song_title, counted.artist_name)]
    at_location = func.sum(counted.plays).over(partition_by=counted.location).label("at_location")
    ranked = sa.select(*counted, at_location, rank([counted.location], order))
    best = first(ranked).subquery("best").c
    columns = (best.location, best.song_title, best.artist_name, best.plays)
    busiest_first = [best.at_location.desc(), *ascending(best.location)]
    return sa.select(*columns).order_by(*busiest_first).limit(limit)


TIMES = (
    Question(
        "plays-by-day",
        "time",
        "How many songs are played each day?",
        by_day,
        ("day", "plays"),
        measure="plays",
        chart="columns",
        finish=every_day,
    ),
    Question(
        "plays-by-weekday",
        "time",
        "Which weekdays are the busiest?",
        by_weekday,
        ("weekday", "plays"),
        measure="plays",
        chart="columns",
        finish=every_weekday,
    ),
    Question(
        "plays-by-hour",
        "time",
        "Which hours (UTC) are the busiest?",
        by_hour,
        ("hour", "plays"),
        measure="plays",
        chart="columns",
        finish=every_hour,
    ),
    Question(
        "plays-by-month",
        "time",
        "How many songs are played each month?",
        by_month,
        ("year", "month", "plays"),
        measure="plays",
    ),
)

FAVOURITES = (
    Question(
        "top-songs",
        "music",
        "Which songs are played most?",
        top_songs,
        ("song", "artist", "plays", "listeners"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "top-artists",
        "music",
        "Which artists are played most?",
        top_artists,
        ("artist", "plays", "listeners"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "top-artists-of-women",
        "music",
        "Which artists do women play most in each year?",
        artists_by_gender,
        ("year", "artist", "plays"),
        measure="plays",
    ),
    Question(
        "top-places",
        "music",
        "Which places have the most plays?",
        top_places,
        ("place", "plays", "listeners"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "top-song-of-places",
        "music",
        "Which song is played most in each of the busiest places?",
        songs_of_places,
        ("place", "song", "artist", "plays"),
        measure="plays",
    ),
)
