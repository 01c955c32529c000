"""Questions about the catalogue: how large the tables are, and how many plays match a song."""

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import (
    ARTIST,
    PLAY,
    SONG,
    Question,
    Rows,
    by_key,
    share,
    top,
    word,
)
from sparkify.load.transform.rows import ascending
from sparkify.models import STAR, table
from sparkify.models.statements import Query


def row_counts() -> Query:
    """Count the rows of each star table."""
    tables = [table(model) for model in STAR]
    counts = sa.union_all(
        *(
            sa.select(word(each.name).label("name"), func.count().label("row_count")).select_from(
                each
            )
            for each in tables
        )
    ).subquery("counts")
    return sa.select(counts.c.name, counts.c.row_count)


def in_star_order(rows: Rows) -> Rows:
    """Sort the tables as in the models: a UNION ALL has no order."""
    counts = by_key(rows)
    return [(table(model).name, counts[table(model).name]) for model in STAR]


def coverage() -> Query:
    """Count plays, different played songs and catalogue songs, and those of each that match."""
    of_plays = sa.select(
        word("plays with a matching song").label("what"),
        func.count().label("total"),
        func.count(PLAY.c.song_id).label("matched"),
        sa.literal(1).label("sort_order"),
    )
    played = sa.select(PLAY.c.song_title, PLAY.c.artist_name, func.max(PLAY.c.song_id).label("id"))
    heard = played.group_by(PLAY.c.song_title, PLAY.c.artist_name).subquery("heard").c
    of_heard = sa.select(
        word("played songs in the catalogue"), func.count(), func.count(heard.id), sa.literal(2)
    )
    used = sa.select(PLAY.c.song_id).distinct().subquery("used").c
    of_songs = sa.select(
        word("catalogue songs that were played"),
        func.count(),
        func.count(used.song_id),
        sa.literal(3),
    ).outerjoin_from(SONG, used.song_id.table, used.song_id == SONG.c.song_id)
    counts = sa.union_all(of_plays, of_heard, of_songs).subquery("coverage").c
    columns = (counts.what, counts.total, counts.matched, share(counts.matched, counts.total))
    return sa.select(*columns).order_by(counts.sort_order)


def missing_songs(limit: int = 10) -> Query:
    """Select the most played songs that are not in the catalogue."""
    return top(PLAY.c.song_title, PLAY.c.artist_name, limit=limit, where=[PLAY.c.song_id.is_(None)])


def artist_places(limit: int = 10) -> Query:
    """Count the catalogue's artists by location, as the catalogue spells it."""
    artists = func.count().label("artists")
    known = sa.select(ARTIST.c.location, artists).where(ARTIST.c.location.is_not(None))
    counted = known.group_by(ARTIST.c.location)
    return counted.order_by(sa.desc("artists"), *ascending(ARTIST.c.location)).limit(limit)


OVERVIEW = (
    Question(
        "row-counts",
        "overview",
        "How many rows does each table have?",
        row_counts,
        ("table", "rows"),
        measure="rows",
        finish=in_star_order,
    ),
    Question(
        "coverage",
        "overview",
        "How many of the plays and songs match the catalogue?",
        coverage,
        ("what", "total", "matched", "share"),
        measure="share",
    ),
)

CATALOGUE = (
    Question(
        "missing-songs",
        "catalogue",
        "Which songs that are not in the catalogue are played most?",
        missing_songs,
        ("song", "artist", "plays", "listeners"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "artist-places",
        "catalogue",
        "Where do the catalogue's artists come from?",
        artist_places,
        ("place", "artists"),
        measure="artists",
    ),
)
