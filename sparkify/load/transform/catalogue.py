"""The catalogue: songs and artists."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.load.transform.rows import SONGS, Rows, ascending, first, rank
from sparkify.models.statements import Column, Query


def songs(rows: Rows = SONGS) -> Query:
    """One row per song_id, the first by content."""
    song = rows.subquery("song").c
    year = func.nullif(song.year, 0)
    unknown = sa.case((year.is_(None), 1), else_=0)
    order = (unknown, song.title, song.artist_name, song.artist_id, song.duration, year)
    columns = (song.song_id, song.title, song.artist_id, year.label("year"), song.duration)
    return first(sa.select(*columns, rank([song.song_id], ascending(*order))))


def favourite(rows: sa.Subquery, values: Sequence[Column], order: Sequence[Column]) -> Query:
    """Each artist's most frequent values, counting songs; ties are resolved by `order`."""
    song = rows.c
    frequency = func.count(song.song_id.distinct()).desc()
    ranked = sa.select(song.artist_id, *values, rank([song.artist_id], [frequency, *order]))
    known = [value.is_not(None) for value in values]
    return first(ranked.where(*known).group_by(song.artist_id, *values))


def artists(rows: Rows = SONGS) -> Query:
    """One row per artist_id, with the most frequent name, location and position."""
    of = rows.subquery("song")
    song = of.c
    texts = ((song.artist_name, "names"), (song.artist_location, "locations"))
    name, location = (
        favourite(of, [text], [func.length(text), text]).subquery(label) for text, label in texts
    )
    pair = [song.artist_latitude, song.artist_longitude]
    position = favourite(of, pair, pair).subquery("positions")
    return (
        sa.select(
            name.c.artist_id,
            name.c.artist_name.label("name"),
            location.c.artist_location.label("location"),
            position.c.artist_latitude.label("latitude"),
            position.c.artist_longitude.label("longitude"),
        )
        .outerjoin_from(name, location, location.c.artist_id == name.c.artist_id)
        .outerjoin(position, position.c.artist_id == name.c.artist_id)
    )
