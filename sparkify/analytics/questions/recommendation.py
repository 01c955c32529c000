"""What a user may like: what listeners alike play. Item to item, in one plain SELECT.

Two artists are alike as far as the same people play both, an artist counting the less the more
listeners it has (1/sqrt of them). Summed over all that a user plays, that is one weight for each
other listener, by what they share, so it costs a few joins and no table of pairs. By the square
root of how many artists they play the weights are evened, or those who play everything would
decide. The weights are whole numbers: their sums are the same on every engine.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import PLAY, USER, Question, total
from sparkify.load.transform import ascending

UNIT = 1_000_000  # what a shared artist with one listener weighs


def whole(value: Any) -> sa.ColumnElement[int]:
    """A weight as a whole number."""
    return sa.cast(func.floor(value * float(UNIT)), sa.BigInteger)


def root(count: Any) -> sa.ColumnElement[float]:
    """The square root of a count."""
    return func.sqrt(sa.cast(count, sa.Double))


def alike(user_id: int, plays: sa.FromClause) -> sa.CTE:
    """The other listeners who share artists with a user, and how much each weighs."""
    play = plays.c
    likes = sa.select(play.user_id, play.artist_name).distinct().cte("likes")
    each = sa.select(likes.c.artist_name, func.count().label("listeners"))
    fame = each.group_by(likes.c.artist_name).cte("fame")
    width = sa.select(likes.c.user_id, func.count().label("artists"))
    breadth = width.group_by(likes.c.user_id).cte("breadth")
    mine = sa.select(likes.c.artist_name).where(likes.c.user_id == user_id)
    shared = total(whole(1.0 / root(fame.c.listeners)))
    weight = whole(sa.cast(shared, sa.Double) / root(breadth.c.artists) / float(UNIT))
    return (
        sa.select(likes.c.user_id, weight.label("weight"))
        .join_from(likes, fame, fame.c.artist_name == likes.c.artist_name)
        .join(breadth, breadth.c.user_id == likes.c.user_id)
        .where(likes.c.artist_name.in_(mine), likes.c.user_id != user_id)
        .group_by(likes.c.user_id, breadth.c.artists)
        .cte("alike")
    )


def recommended(
    user_id: int, names: tuple[str, ...], plays: sa.FromClause, limit: int
) -> sa.Select[Any]:
    """What a user has not played yet, by the weight of those who do; then the most popular."""
    others = alike(user_id, plays)
    columns = [plays.c[name] for name in names]
    heard = sa.select(plays.c.user_id, *columns).distinct().subquery("heard")
    labels = [heard.c[name] for name in names]
    known = sa.select(*labels).where(heard.c.user_id == user_id).subquery("known")
    score = (sa.cast(total(others.c.weight), sa.Double) / float(UNIT)).label("score")
    listeners = func.count().label("listeners")
    same = sa.and_(*(known.c[name] == heard.c[name] for name in names))
    return (
        sa.select(*labels, func.count(others.c.user_id).label("alike"), listeners, score)
        .outerjoin_from(heard, others, others.c.user_id == heard.c.user_id)
        .outerjoin(known, same)
        .where(known.c[names[0]].is_(None))
        .group_by(*labels)
        .order_by(sa.desc("score"), sa.desc("listeners"), *ascending(*labels))
        .limit(limit)
    )


def artists(user_id: int, limit: int = 10, plays: sa.FromClause = PLAY) -> sa.Select[Any]:
    """Artists that a user has not played yet, and listeners alike play."""
    return recommended(user_id, ("artist_name",), plays, limit)


def songs(user_id: int, limit: int = 10, plays: sa.FromClause = PLAY) -> sa.Select[Any]:
    """Songs that a user has not played yet, and listeners alike play."""
    return recommended(user_id, ("song_title", "artist_name"), plays, limit)


def known(user_id: int) -> sa.Select[Any]:
    """The user's row, if there is such a user."""
    return sa.select(USER.c.user_id).where(USER.c.user_id == user_id)


ARTISTS = Question(
    "recommended-artists",
    "for one",
    "Which artists may this user like?",
    artists,
    ("artist", "alike", "listeners", "score"),
    measure="score",
)
SONGS = Question(
    "recommended-songs",
    "for one",
    "Which songs may this user like?",
    songs,
    ("song", "artist", "alike", "listeners", "score"),
    measure="score",
)
