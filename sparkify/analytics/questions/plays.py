"""Questions about what people listen to."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import ARTIST, PLAYS, USER, Given, Question, top
from sparkify.analytics.questions.scope import EVERYTHING, PLAY, Scope
from sparkify.load.transform.rows import ascending, first, rank
from sparkify.models.statements import Column, Query


def top_songs(limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Select the most played songs, by the title and artist name in the events."""
    return top(PLAY.c.song_title, PLAY.c.artist_name, limit=limit, scope=scope)


def top_artists(limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Select the most played artists, by the name in the events."""
    return top(PLAY.c.artist_name, limit=limit, scope=scope)


def top_places(limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Select the locations with the most plays."""
    return top(PLAY.c.location, limit=limit, scope=scope)


def ranked_artists(
    plays: sa.FromClause, name: Column, year: int | None, limit: int, scope: Scope
) -> Query:
    """Select the artists that are played most in each year, or in one year."""
    played_in = scope.part("year")
    where = scope.where() if year is None else [*scope.where(), played_in == year]
    keys = (played_in.label("year"), name.label("artist"))
    counts = sa.select(*keys, PLAYS).select_from(plays).where(*where).group_by(played_in, name)
    counted = counts.subquery("counted").c
    order = [counted.plays.desc(), *ascending(counted.artist)]
    ranked = sa.select(*counted, rank([counted.year], order)).subquery("ranked").c
    best = sa.select(ranked.year, ranked.artist, ranked.plays).where(ranked.rank <= limit)
    return best.order_by(ranked.year, ranked.rank)


def plays_of(gender: str) -> sa.Join:
    """Join plays with the users of one gender."""
    return PLAY.join(USER, (USER.c.user_id == PLAY.c.user_id) & (USER.c.gender == gender))


def artists_by_gender(
    gender: str = "F", year: int | None = None, limit: int = 3, scope: Scope = EVERYTHING
) -> Query:
    """Select the artists that users of one gender play most, by the names in the events."""
    return ranked_artists(plays_of(gender), PLAY.c.artist_name, year, limit, scope)


def matched_artists_by_gender(
    gender: str = "F", year: int | None = None, limit: int = 3, scope: Scope = EVERYTHING
) -> Query:
    """Select the same by the artists of matched songs, as the catalogue names them."""
    matched = plays_of(gender).join(ARTIST, ARTIST.c.artist_id == PLAY.c.artist_id)
    return ranked_artists(matched, ARTIST.c.name, year, limit, scope)


def of_gender(reading: str) -> Callable[[Given], str]:
    """Return the title of a question about women or men, with how artists are found."""
    people = {"F": "women", "M": "men"}

    def title(parameters: Given) -> str:
        gender = parameters["gender"]
        who = people.get(gender, f"people of gender {gender}")
        return f"Which artists do {who} play most in each year, {reading}?"

    return title


BY_EVENT, BY_SONG = "by the names in the events", "by matched songs"


def songs_of_places(place: str | None = None, limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Select the most played song of one location, or of each of the busiest locations."""
    names = (PLAY.c.location, PLAY.c.song_title, PLAY.c.artist_name)
    where = [] if place is None else [PLAY.c.location == place]
    counts = sa.select(*names, PLAYS).where(*scope.where(), *where).group_by(*names)
    counted = counts.subquery("counted").c
    order = [counted.plays.desc(), *ascending(counted.song_title, counted.artist_name)]
    at_place = func.sum(counted.plays).over(partition_by=counted.location)
    ranked = sa.select(*counted, at_place.label("at_place"), rank([counted.location], order))
    best = first(ranked).subquery("best").c
    columns = (best.location, best.song_title, best.artist_name, best.plays, best.at_place)
    busiest_first = [best.at_place.desc(), *ascending(best.location)]
    return sa.select(*columns).order_by(*busiest_first).limit(limit)


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
        of_gender(BY_EVENT)({"gender": "F"}),
        artists_by_gender,
        ("year", "artist", "plays"),
        measure="plays",
        clock="Years are in {tz}.",
        first="the first {limit} of each year",
        remark=lambda rows, parameters: "Every play counts, whether a song matches or not.",
        retitle=of_gender(BY_EVENT),
    ),
    Question(
        "top-matched-artists-of-women",
        "music",
        of_gender(BY_SONG)({"gender": "F"}),
        matched_artists_by_gender,
        ("year", "artist", "plays"),
        measure="plays",
        clock="Years are in {tz}.",
        first="the first {limit} of each year",
        remark=lambda rows, parameters: (
            "Only plays that match a song of the catalogue count; artists are named as there."
        ),
        retitle=of_gender(BY_SONG),
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
        ("place", "song", "artist", "plays", "plays at the place"),
        measure="plays at the place",
    ),
)
