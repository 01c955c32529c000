"""The star as a function of the staging tables: one pure SELECT per table, for both engines.

Each takes the keys whose rows are to be rebuilt, as a SELECT of one column, or None for all. Ties
are resolved by content, so that the load order does not matter.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.models import (
    Artist,
    Song,
    Songplay,
    StagingEvent,
    StagingSong,
    Time,
    User,
    UserLevel,
    table,
)
from sparkify.models.staging import PLAY
from sparkify.models.statements import Column, Query, Union

EVENTS, SONGS = table(StagingEvent).alias("event"), table(StagingSong).alias("song")
IS_PLAY = EVENTS.c.page == PLAY
PLAY_KEY = ("user_id", "session_id", "item_in_session", "ts")

Keys = Query | Union | None


def among(column: Column, changed: Keys) -> sa.ColumnElement[bool]:
    """Whether a key is among the changed ones; None means that every key is."""
    return sa.true() if changed is None else column.in_(changed)


def rank(key: Sequence[Column], order: Sequence[Column]) -> sa.Label[int]:
    """The rank of a row among the rows of its key, as a column `rank`."""
    return func.row_number().over(partition_by=key, order_by=order).label("rank")


def ascending(*columns: Column) -> list[Column]:
    """An order by content, with NULL last."""
    return [column.asc().nulls_last() for column in columns]


def first(rows: Query) -> Query:
    """The first row of each key, from a SELECT with a column `rank`."""
    inner = rows.subquery("ranked")
    return sa.select(*(c for c in inner.c if c.name != "rank")).where(inner.c.rank == 1)


def epoch_ms(moment: Column) -> sa.ColumnElement[int]:
    """Milliseconds since the epoch, UTC.

    On Redshift, EXTRACT(epoch) of a TIMESTAMP is in whole seconds. EXTRACT(millisecond) includes
    the seconds on DuckDB, but not on Redshift. This is right on both.
    """
    second = sa.cast(sa.extract("epoch", func.date_trunc("second", moment)), sa.BigInteger)
    return second * 1000 + func.mod(sa.cast(sa.extract("millisecond", moment), sa.BigInteger), 1000)


def play_id(play: sa.FromClause) -> sa.ColumnElement[str]:
    """The id of a play: md5 of user|session|item|ts in ms, so that a replay gives the same id."""
    user, session, item, moment = (play.c[name] for name in PLAY_KEY)
    text: sa.ColumnElement[str] = sa.cast(user, sa.String)
    for part in (session, item, epoch_ms(moment)):
        text = text.concat("|").concat(sa.cast(part, sa.String))
    return func.md5(text)


def plays(changed: Keys) -> sa.CTE:
    """The events that are plays, each play once; `changed`: values of ts.

    Plays are rarely repeated. To find the repeated ones and rank only those takes a quarter of the
    time of ranking all.
    """
    event = EVENTS.c
    key = [event[name] for name in PLAY_KEY]
    ties = (event.level, event.song, event.artist, event.length, event.location, event.user_agent)
    wanted = IS_PLAY & among(event.ts, changed)
    keys = sa.select(*key).where(wanted).group_by(*key).having(func.count() > 1)
    repeated = keys.subquery("repeated")
    same = sa.and_(*(repeated.c[column.name] == column for column in key))
    once = sa.select(*key, *ties).outerjoin_from(EVENTS, repeated, same)
    again = sa.select(*key, *ties, rank(key, ascending(*ties))).join_from(EVENTS, repeated, same)
    return sa.union_all(
        once.where(wanted, repeated.c.ts.is_(None)), first(again.where(wanted))
    ).cte("plays")


def matches(play: sa.CTE) -> sa.CTE:
    """The song of each play that matches one: same title and artist name, closest in length.

    Plays are matched with the staging rows: an artist has several names, and `artists` keeps one.
    """
    song = SONGS.c
    known = sa.select(song.title, song.artist_name, song.song_id, song.artist_id, song.duration)
    known_song = known.distinct().subquery("known_songs")
    key = [play.c[name] for name in PLAY_KEY]
    distance = func.abs(known_song.c.duration - play.c.length)
    order = ascending(distance, known_song.c.song_id, known_song.c.artist_id)
    rows = sa.select(*key, known_song.c.song_id, known_song.c.artist_id, rank(key, order))
    same = (known_song.c.title == play.c.song) & (known_song.c.artist_name == play.c.artist)
    return first(rows.join_from(play, known_song, same)).cte("matches")


def songplays(changed: Keys = None) -> Query:
    """One row per play, with its song if the catalogue has it; `changed`: values of ts."""
    play = plays(changed)
    match = matches(play)
    return sa.select(
        play_id(play).label("songplay_id"),
        play.c.ts.label("start_time"),
        play.c.user_id,
        play.c.level,
        match.c.song_id,
        match.c.artist_id,
        play.c.session_id,
        play.c.location,
        play.c.user_agent,
        play.c.song.label("song_title"),
        play.c.artist.label("artist_name"),
    ).outerjoin_from(play, match, sa.and_(*(match.c[key] == play.c[key] for key in PLAY_KEY)))


def time(changed: Keys = None) -> Query:
    """The parts of each start_time of a play; `changed`: values of ts."""
    rows = sa.select(EVENTS.c.ts.label("start_time")).where(IS_PLAY, among(EVENTS.c.ts, changed))
    start = rows.distinct().subquery("moments").c.start_time
    parts = ("hour", "day", "week", "month", "year", "dow")  # ISO week; weekday 0 is Sunday
    names = ("hour", "day", "week", "month", "year", "weekday")
    return sa.select(
        start,
        *(
            sa.cast(sa.extract(part, start), sa.Integer).label(name)
            for part, name in zip(parts, names, strict=True)
        ),
    )


def users(changed: Keys = None) -> Query:
    """One row per user, from the latest event by (ts, session, item); `changed`: user_ids."""
    event = EVENTS.c
    known = event.user_id.is_not(None) & among(event.user_id, changed)
    last = sa.select(event.user_id, func.max(event.ts).label("ts")).where(known)
    # the maximum is cheap and leaves few rows to rank; ranking all events is expensive
    latest = last.group_by(event.user_id).subquery("latest")
    columns = (event.first_name, event.last_name, event.gender, event.level)
    latest_first: list[Column] = [event.session_id.desc(), event.item_in_session.desc()]
    ties = ascending(event.level, event.first_name, event.last_name, event.gender)
    same = (latest.c.user_id == event.user_id) & (latest.c.ts == event.ts)
    rows = sa.select(event.user_id, *columns, rank([event.user_id], latest_first + ties))
    return first(rows.join_from(EVENTS, latest, same))


def changes(rows: sa.FromClause, order: Sequence[Column]) -> Query:
    """The rows whose level differs from the level of the user's row before, in `order`.

    Args:
        rows: with user_id, level, ts, session_id and item_in_session.
    """
    before = func.lag(rows.c.level).over(partition_by=rows.c.user_id, order_by=order)
    columns = [rows.c[name] for name in ("user_id", "level", "ts", "session_id", "item_in_session")]
    seen = sa.select(*columns, before.label("before")).subquery("seen")
    new = seen.c.before.is_(None) | (seen.c.before != seen.c.level)
    return sa.select(*(seen.c[each.name] for each in columns)).where(new)


def user_levels(changed: Keys = None) -> Query:
    """Each user's levels, one row for each time that a level was held; `changed`: user_ids.

    Events are in the order of `users`: (ts, session, item), then level. Of several changes in the
    same millisecond, the last one counts.
    """
    event = EVENTS.c
    columns = (event.user_id, event.level, event.ts, event.session_id, event.item_in_session)
    known = event.user_id.is_not(None) & among(event.user_id, changed)
    events = sa.select(*columns).where(known).subquery("events")
    order = [events.c.ts, events.c.session_id, events.c.item_in_session, events.c.level.desc()]
    moved = changes(events, order).subquery("moved").c
    latest_first = [moved.session_id.desc(), moved.item_in_session.desc(), moved.level.asc()]
    ranked = sa.select(*moved, rank([moved.user_id, moved.ts], latest_first))
    settled = first(ranked).subquery("settled")
    level = changes(settled, [settled.c.ts]).subquery("levels").c
    until = func.lead(level.ts).over(partition_by=level.user_id, order_by=level.ts)
    start = level.ts.label("valid_from")
    return sa.select(level.user_id, level.level, start, until.label("valid_to"))


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


#: each published table, its SELECT, and its key: one of those in `Publication.changed`
TRANSFORMS = (
    (Songplay, songplays, "start_time"),
    (Time, time, "start_time"),
    (User, users, "user_id"),
    (Song, songs, "song_id"),
    (Artist, artists, "artist_id"),
    (UserLevel, user_levels, "user_id"),
)
