"""Questions about the catalogue: how large the tables are, and how many plays match a song."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import (
    ARTIST,
    SONG,
    Given,
    Question,
    Row,
    Rows,
    by_key,
    share,
    top,
    word,
)
from sparkify.analytics.questions.scope import EVERYTHING, PLAY, Scope
from sparkify.load.transform.rows import ascending
from sparkify.models import STAR, table
from sparkify.models.statements import Column, Query


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


def in_star_order(rows: Rows, **parameters: object) -> Rows:
    """Sort the tables as in the models: a UNION ALL has no order."""
    counts = by_key(rows)
    return [(table(model).name, counts[table(model).name]) for model in STAR]


def counts(number: int, what: str, matched: Column) -> Query:
    """Select the number of some rows, and of those that match, as one row of `coverage`."""
    return sa.select(
        sa.literal(number).label("number"),
        word(what).label("what"),
        func.count().label("total"),
        func.count(matched).label("matched"),
    )


def coverage(scope: Scope = EVERYTHING) -> Query:
    """Count plays, different played songs and catalogue songs, and those of each that match."""
    where, names = scope.where(), (PLAY.c.song_title, PLAY.c.artist_name)
    played = sa.select(*names, func.max(PLAY.c.song_id).label("song_id")).where(*where)
    heard = played.group_by(*names).subquery("heard").c
    used = sa.select(PLAY.c.song_id).where(*where).distinct().subquery("used").c
    known = SONG.outerjoin(used.song_id.table, used.song_id == SONG.c.song_id)
    rows = (
        sa.union_all(
            counts(1, "plays with a matching song", PLAY.c.song_id).where(*where),
            counts(2, "played songs in the catalogue", heard.song_id),
            counts(3, "catalogue songs that were played", used.song_id).select_from(known),
        )
        .subquery("coverage")
        .c
    )
    matched = share(rows.matched, rows.total).label("share")
    return sa.select(rows.what, rows.total, rows.matched, matched).order_by(rows.number)


def missing_songs(limit: int = 10, scope: Scope = EVERYTHING) -> Query:
    """Select the most played songs that are not in the catalogue."""
    names = (PLAY.c.song_title, PLAY.c.artist_name)
    return top(*names, limit=limit, scope=scope, where=[PLAY.c.song_id.is_(None)])


def artist_places(limit: int = 10) -> Query:
    """Count the catalogue's artists by location, as the catalogue spells it."""
    artists = func.count().label("artists")
    known = sa.select(ARTIST.c.location, artists).where(ARTIST.c.location.is_not(None))
    counted = known.group_by(ARTIST.c.location)
    return counted.order_by(sa.desc("artists"), *ascending(ARTIST.c.location)).limit(limit)


def few_matches(rows: Sequence[Row], parameters: Given) -> str:
    """Explain why most plays match no song."""
    (_, plays, matched, _), (_, heard, _, _), (_, songs, _, _) = rows
    if not plays or matched * 2 >= plays:
        return ""
    return (
        f"{rounded(matched / plays)} of the plays match a song: the catalogue has {songs:,} songs,"
        f" and people played {heard:,} different ones."
    )


SMALL = 0.01


def rounded(share: float) -> str:
    """Return a share in percent, without decimals if it is not small."""
    return f"{share:.2%}" if 0 < share < SMALL else f"{share:.0%}"


OVERVIEW = (
    Question(
        "row-counts",
        "overview",
        "How many rows does each table have?",
        row_counts,
        ("table", "rows"),
        finish=in_star_order,
    ),
    Question(
        "coverage",
        "overview",
        "How many of the plays and songs match the catalogue?",
        coverage,
        ("what", "total", "matched", "share"),
        remark=few_matches,
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
