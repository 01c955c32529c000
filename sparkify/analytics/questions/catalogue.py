"""What the warehouse holds, and how much of what is heard the catalogue knows."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import (
    ARTIST,
    PLAY,
    SONG,
    Question,
    Rows,
    share,
    tally,
    top,
    word,
)
from sparkify.load.transform import ascending
from sparkify.models import STAR, table


def row_counts() -> sa.Select[Any]:
    """The rows of each star table."""
    tables = [table(model) for model in STAR]
    counts = sa.union_all(
        *(
            sa.select(word(each.name).label("name"), func.count().label("held")).select_from(each)
            for each in tables
        )
    ).subquery("counts")
    return sa.select(counts.c.name, counts.c.held)


def in_order(rows: Rows) -> Rows:
    """The tables in the star's order."""
    held = tally(rows)
    return [(table(model).name, held[table(model).name]) for model in STAR]


def coverage() -> sa.Select[Any]:
    """How many plays, and songs played, the catalogue knows; how much of it is played."""
    of_plays = sa.select(
        word("plays whose song is known").label("what"),
        func.count().label("total"),
        func.count(PLAY.c.song_id).label("known"),
        sa.literal(1).label("place"),
    )
    played = sa.select(PLAY.c.song_title, PLAY.c.artist_name, func.max(PLAY.c.song_id).label("id"))
    heard = played.group_by(PLAY.c.song_title, PLAY.c.artist_name).subquery("heard").c
    of_heard = sa.select(
        word("songs played that are known"), func.count(), func.count(heard.id), sa.literal(2)
    )
    used = sa.select(PLAY.c.song_id).distinct().subquery("used").c
    of_songs = sa.select(
        word("songs of the catalogue that are played"),
        func.count(),
        func.count(used.song_id),
        sa.literal(3),
    ).outerjoin_from(SONG, used.song_id.table, used.song_id == SONG.c.song_id)
    all_ = sa.union_all(of_plays, of_heard, of_songs).subquery("coverage").c
    found = sa.select(all_.what, all_.total, all_.known, share(all_.known, all_.total))
    return found.order_by(all_.place)


def missing_songs(limit: int = 10) -> sa.Select[Any]:
    """The songs played most of those that the catalogue lacks."""
    return top(PLAY.c.song_title, PLAY.c.artist_name, limit=limit, where=[PLAY.c.song_id.is_(None)])


def artist_places(limit: int = 10) -> sa.Select[Any]:
    """Where the artists of the catalogue are from, as it says."""
    artists = func.count().label("artists")
    known = sa.select(ARTIST.c.location, artists).where(ARTIST.c.location.is_not(None))
    counted = known.group_by(ARTIST.c.location)
    return counted.order_by(sa.desc("artists"), *ascending(ARTIST.c.location)).limit(limit)


HOLDS = (
    Question(
        "row-counts",
        "holds",
        "How many rows has each table?",
        row_counts,
        ("table", "rows"),
        measure="rows",
        finish=in_order,
    ),
    Question(
        "coverage",
        "holds",
        "How much of what is played does the catalogue know?",
        coverage,
        ("what", "total", "known", "share"),
        measure="share",
    ),
)

CATALOGUE = (
    Question(
        "missing-songs",
        "catalogue",
        "Which songs that the catalogue lacks are played most?",
        missing_songs,
        ("song", "artist", "plays", "listeners"),
        measure="plays",
        chart="bars",
    ),
    Question(
        "artist-places",
        "catalogue",
        "Where are the catalogue's artists from?",
        artist_places,
        ("place", "artists"),
        measure="artists",
    ),
)
