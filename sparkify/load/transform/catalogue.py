"""The catalogue: songs and artists."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.load.transform.rows import SONGS, Keys, among, ascending, first, rank
from sparkify.models.statements import Column, Query


def songs(changed: Keys = None) -> Query:
    """One row per song_id, the first by content; `changed`: song_ids."""
    song = SONGS.c
    year = func.nullif(song.year, 0)
    unknown = sa.case((year.is_(None), 1), else_=0)
    order = (unknown, song.title, song.artist_name, song.artist_id, song.duration, year)
    columns = (song.song_id, song.title, song.artist_id, year.label("year"), song.duration)
    rows = sa.select(*columns, rank([song.song_id], ascending(*order)))
    return first(rows.where(among(song.song_id, changed)))


def favourite(values: Sequence[Column], order: Sequence[Column], changed: Keys) -> Query:
    """Each artist's most frequent values, counting songs; ties are resolved by `order`."""
    song = SONGS.c
    frequency = func.count(song.song_id.distinct()).desc()
    rows = sa.select(song.artist_id, *values, rank([song.artist_id], [frequency, *order]))
    known = [value.is_not(None) for value in values]
    return first(
        rows.where(among(song.artist_id, changed), *known).group_by(song.artist_id, *values)
    )


def artists(changed: Keys = None) -> Query:
    """One row per artist_id, with the most frequent name, location and position.

    `changed`: artist_ids.
    """
    song = SONGS.c
    texts = ((song.artist_name, "names"), (song.artist_location, "locations"))
    name, location = (
        favourite([text], [func.length(text), text], changed).subquery(label)
        for text, label in texts
    )
    pair = [song.artist_latitude, song.artist_longitude]
    position = favourite(pair, pair, changed).subquery("positions")
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
