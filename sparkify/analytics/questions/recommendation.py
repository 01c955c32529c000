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
from sparkify.load.transform.rows import ascending, rank
from sparkify.models.statements import Column, Query

MILLION = 1_000_000.0
Names = tuple[str, ...]  # the columns that identify an item
ITEMS: dict[str, Names] = {"artists": ("artist_name",), "songs": ("song_title", "artist_name")}


def millionths(weight: Column) -> sa.ColumnElement[int]:
    """Convert a weight to an integer number of millionths."""
    return sa.cast(func.floor(weight * MILLION), sa.BigInteger)


def root(count: Column) -> sa.ColumnElement[float]:
    """Return the square root of an integer.

    It is typed: SQLAlchemy casts an untyped divisor to NUMERIC, which has no decimals on Redshift.
    """
    return func.sqrt(sa.cast(count, sa.Double), type_=sa.Double())


def similar_listeners(users: Query, plays: sa.FromClause) -> sa.CTE:
    """Select the listeners who share an artist with some users, with their weights.

    Args:
        users: The user_ids.
        plays: `songplays`, or a table with the same columns.

    Returns:
        Rows of for_user, user_id and weight.
    """
    play = plays.c
    likes = sa.select(play.user_id, play.artist_name).distinct().cte("likes")
    by_artist = sa.select(likes.c.artist_name, func.count().label("listeners"))
    artist = by_artist.group_by(likes.c.artist_name).cte("artists_liked")
    by_listener = sa.select(likes.c.user_id, func.count().label("artists"))
    listener = by_listener.group_by(likes.c.user_id).cte("listeners")
    own = sa.select(likes.c.user_id.label("for_user"), likes.c.artist_name)
    own_ = own.where(likes.c.user_id.in_(users)).cte("own")
    shared = total(millionths(1.0 / root(artist.c.listeners)))
    weight = millionths(sa.cast(shared, sa.Double) / root(listener.c.artists) / MILLION)
    return (
        sa.select(own_.c.for_user, likes.c.user_id, weight.label("weight"))
        .join_from(own_, likes, likes.c.artist_name == own_.c.artist_name)
        .join(artist, artist.c.artist_name == likes.c.artist_name)
        .join(listener, listener.c.user_id == likes.c.user_id)
        .where(likes.c.user_id != own_.c.for_user)
        .group_by(own_.c.for_user, likes.c.user_id, listener.c.artists)
        .cte("similar_listeners")
    )


def recommended(user_id: int, names: Names, plays: sa.FromClause, limit: int) -> Query:
    """Select what a user has not played yet, by score; ties by number of listeners, then name.

    Args:
        user_id: The user.
        names: The columns that identify an item.
        plays: `songplays`, or a table with the same columns.
        limit: The number of rows.
    """
    similar = similar_listeners(sa.select(sa.literal(user_id).label("user_id")), plays)
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


def scored_items(users: Query, heard: sa.CTE, plays: sa.FromClause, names: Names) -> sa.CTE:
    """Select the score of each item that listeners who are similar to some users play."""
    similar = similar_listeners(users, plays)
    keys = [similar.c.for_user, *(heard.c[name] for name in names)]
    score = total(similar.c.weight).label("score")
    joined = sa.select(*keys, score).join_from(similar, heard, heard.c.user_id == similar.c.user_id)
    return joined.group_by(*keys).cte("scored")


def recommended_to(users: Query, names: Names, plays: sa.FromClause, limit: int) -> Query:
    """Select the same for several users, without items that no similar listener plays.

    Args:
        users: The user_ids.
        names: The columns that identify an item.
        plays: `songplays`, or a table with the same columns.
        limit: The number of rows for each user.

    Returns:
        Rows of for_user and the item, the best item of each user first.
    """
    columns = [plays.c[name] for name in names]
    heard = sa.select(plays.c.user_id, *columns).distinct().cte("heard")
    labels = [heard.c[name] for name in names]
    items = sa.select(*labels, func.count().label("listeners")).group_by(*labels).cte("items")
    scored = scored_items(users, heard, plays, names)
    is_item, is_known = (
        sa.and_(*(other.c[name] == scored.c[name] for name in names)) for other in (items, heard)
    )
    item = [scored.c[name] for name in names]
    order = [scored.c.score.desc(), items.c.listeners.desc(), *ascending(*item)]
    ranked = (
        sa.select(scored.c.for_user, *item, rank([scored.c.for_user], order))
        .join_from(scored, items, is_item)
        .outerjoin(heard, (heard.c.user_id == scored.c.for_user) & is_known)
        .where(heard.c.user_id.is_(None))
    )
    *best, place = ranked.subquery("ranked").c
    return sa.select(*best).where(place <= limit).order_by(best[0], place)


def artists(user_id: int, limit: int = 10, plays: sa.FromClause = PLAY) -> Query:
    """Select artists that a user has not played and that listeners with similar taste play."""
    return recommended(user_id, ITEMS["artists"], plays, limit)


def songs(user_id: int, limit: int = 10, plays: sa.FromClause = PLAY) -> Query:
    """Select songs that a user has not played and that listeners with similar taste play."""
    return recommended(user_id, ITEMS["songs"], plays, limit)


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
