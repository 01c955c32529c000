"""Questions about what people listen to."""

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import (
    PLAYS,
    USER,
    Question,
    top,
)
from sparkify.analytics.questions.scope import EVERYTHING, PLAY, Scope
from sparkify.load.transform.rows import ascending, first, rank
from sparkify.models.statements import Query


def top_songs(limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Select the most played songs, by the title and artist name in the events."""
    return top(PLAY.c.song_title, PLAY.c.artist_name, limit=limit, scope=scope)


def top_artists(limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Select the most played artists, by the name in the events."""
    return top(PLAY.c.artist_name, limit=limit, scope=scope)


def top_places(limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Select the locations with the most plays."""
    return top(PLAY.c.location, limit=limit, scope=scope)


def artists_by_gender(
    gender: str = "F", year: int | None = None, limit: int = 3, scope: Scope = EVERYTHING
) -> Query:
    """Select the artists that users of one gender play most, in each year or in one year."""
    played_in = scope.part("year")
    keys = (played_in.label("year"), PLAY.c.artist_name)
    where = [USER.c.gender == gender, *([] if year is None else [played_in == year])]
    heard = PLAY.join(USER, USER.c.user_id == PLAY.c.user_id)
    counts = sa.select(*keys, PLAYS).select_from(heard).where(*scope.where(), *where)
    counted = counts.group_by(played_in, PLAY.c.artist_name).subquery("counted").c
    order = [counted.plays.desc(), *ascending(counted.artist_name)]
    ranked = sa.select(*counted, rank([counted.year], order)).subquery("ranked").c
    best = sa.select(ranked.year, ranked.artist_name, ranked.plays).where(ranked.rank <= limit)
    return best.order_by(ranked.year, ranked.rank)


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
        ("place", "song", "artist", "plays", "plays at the place"),
        measure="plays at the place",
    ),
)
