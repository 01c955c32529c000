"""Recommends artists and songs to a user: those that listeners with similar taste play.

The score is computed by one SELECT, in three steps:

1. Each artist has a weight of 1 / sqrt(listeners): to share a little-known artist says more about
   two people than to share a famous one.
2. Another listener weighs as much as the artists that they share with the user, divided by
   sqrt(artists that they play), because somebody who plays everything shares something with
   everybody.
3. The score of an artist or a song is the sum of the weights of its listeners.

This is item-to-item similarity, summed by listener, so that no table of item pairs is needed.
Weights are integers (millionths), so that every engine computes the same sums.
"""

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import USER, Question, total
from sparkify.analytics.questions.scope import PLAY
from sparkify.load.transform.rows import ascending
from sparkify.models.statements import Column, Query

MILLION = 1_000_000.0


def millionths(weight: Column) -> sa.ColumnElement[int]:
    """Convert a weight to an integer number of millionths."""
    return sa.cast(func.floor(weight * MILLION), sa.BigInteger)


def root(count: Column) -> sa.ColumnElement[float]:
    """Return the square root of an integer.

    It is typed: SQLAlchemy casts an untyped divisor to NUMERIC, which has no decimals on Redshift.
    """
    return func.sqrt(sa.cast(count, sa.Double), type_=sa.Double())


def similar_listeners(user_id: int, plays: sa.FromClause) -> sa.CTE:
    """Select the listeners who share an artist with a user, with their weights."""
    play = plays.c
    likes = sa.select(play.user_id, play.artist_name).distinct().cte("likes")
    by_artist = sa.select(likes.c.artist_name, func.count().label("listeners"))
    artist = by_artist.group_by(likes.c.artist_name).cte("artists_liked")
    by_listener = sa.select(likes.c.user_id, func.count().label("artists"))
    listener = by_listener.group_by(likes.c.user_id).cte("listeners")
    own = sa.select(likes.c.artist_name).where(likes.c.user_id == user_id)
    shared = total(millionths(1.0 / root(artist.c.listeners)))
    weight = millionths(sa.cast(shared, sa.Double) / root(listener.c.artists) / MILLION)
    return (
        sa.select(likes.c.user_id, weight.label("weight"))
        .join_from(likes, artist, artist.c.artist_name == likes.c.artist_name)
        .join(listener, listener.c.user_id == likes.c.user_id)
        .where(likes.c.artist_name.in_(own), likes.c.user_id != user_id)
        .group_by(likes.c.user_id, listener.c.artists)
        .cte("similar_listeners")
    )


def recommended(user_id: int, names: tuple[str, ...], plays: sa.FromClause, limit: int) -> Query:
    """Select what a user has not played yet, by score; ties by number of listeners, then name.

    Args:
        user_id: The user.
        names: The columns that identify an item.
        plays: `songplays`, or a table with the same columns.
        limit: The number of rows.
    """
    similar = similar_listeners(user_id, plays)
    columns = [plays.c[name] for name in names]
    heard = sa.select(plays.c.user_id, *columns).distinct().subquery("heard")
    labels = [heard.c[name] for name in names]
    known = sa.select(*labels).where(heard.c.user_id == user_id).subquery("known")
    score = (sa.cast(total(similar.c.weight), sa.Double) / MILLION).label("score")
    listeners = func.count().label("listeners")
    same = sa.and_(*(known.c[name] == heard.c[name] for name in names))
    return (
        sa.select(*labels, func.count(similar.c.user_id).label("alike"), listeners, score)
        .outerjoin_from(heard, similar, similar.c.user_id == heard.c.user_id)
        .outerjoin(known, same)
        .where(known.c[names[0]].is_(None))
        .group_by(*labels)
        .order_by(sa.desc("score"), sa.desc("listeners"), *ascending(*labels))
        .limit(limit)
    )


def artists(user_id: int, limit: int = 10, plays: sa.FromClause = PLAY) -> Query:
    """Select artists that a user has not played and that listeners with similar taste play."""
    return recommended(user_id, ("artist_name",), plays, limit)


def songs(user_id: int, limit: int = 10, plays: sa.FromClause = PLAY) -> Query:
    """Select songs that a user has not played and that listeners with similar taste play."""
    return recommended(user_id, ("song_title", "artist_name"), plays, limit)


def user_row(user_id: int) -> Query:
    """Select the row of a user, to find out whether there is one."""
    return sa.select(USER.c.user_id).where(USER.c.user_id == user_id)


ARTISTS = Question(
    "recommended-artists",
    "recommendations",
    "Which artists may this user like?",
    artists,
    ("artist", "similar listeners", "listeners", "score"),
    measure="score",
)
SONGS = Question(
    "recommended-songs",
    "recommendations",
    "Which songs may this user like?",
    songs,
    ("song", "artist", "similar listeners", "listeners", "score"),
    measure="score",
)
