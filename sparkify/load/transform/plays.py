"""Plays, their songs, and the moments at which they started."""

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.load.transform.rows import PLAYS, SONGS, Rows, ascending, first, rank
from sparkify.models import Songplay, table
from sparkify.models.statements import Column, EpochMs, Query

PLAY_KEY = ("user_id", "session_id", "item_in_session", "ts")
#: of several events of one play the first by these, and then by what else `songplays` takes of it
TIES = ("level", "song", "artist", "length", "location", "user_agent")


def events_columns() -> dict[str, str]:
    """The columns of `songplays` that have a value of the event, and the column of the event."""
    columns = table(Songplay).columns
    return {column.name: column.info["event"] for column in columns if "event" in column.info}


def play_id(play: sa.FromClause) -> sa.ColumnElement[str]:
    """The id of a play: md5 of user|session|item|ts in ms, so that a replay gives the same id."""
    user, session, item, moment = (play.c[name] for name in PLAY_KEY)
    text: sa.ColumnElement[str] = sa.cast(user, sa.String)
    for part in (session, item, EpochMs(moment)):
        text = text.concat("|").concat(sa.cast(part, sa.String))
    return func.md5(text)


def keys_of_plays(events: Rows = PLAYS) -> Query:
    """The key of each play, once."""
    event = events.subquery("event").c
    key = [event[name] for name in PLAY_KEY]
    return sa.select(*key).group_by(*key)


def plays(events: Rows = PLAYS) -> sa.Subquery:
    """The events that are plays, each play once.

    Plays are rarely repeated. To find the repeated ones and rank only those takes a quarter of the
    time of ranking all.
    """
    of = events.subquery("event")
    event = of.c
    key = [event[name] for name in PLAY_KEY]
    names = [name for name in events_columns().values() if name not in PLAY_KEY]
    ties = [event[name] for name in dict.fromkeys((*TIES, *names))]
    repeated = keys_of_plays(events).having(func.count() > 1).subquery("repeated")
    same = sa.and_(*(repeated.c[column.name] == column for column in key))
    once = sa.select(*key, *ties).outerjoin_from(of, repeated, same)
    again = sa.select(*key, *ties, rank(key, ascending(*ties))).join_from(of, repeated, same)
    return sa.union_all(once.where(repeated.c.ts.is_(None)), first(again)).subquery("play")


def known_songs(name: str) -> sa.Subquery:
    """The songs that plays are matched with.

    They are the staged songs: an artist has several names, and `artists` keeps one.
    """
    song = SONGS.subquery("song").c
    known = sa.select(song.title, song.artist_name, song.song_id, song.artist_id, song.duration)
    return known.distinct().subquery(name)


def only_songs() -> sa.Subquery:
    """The song of each title and artist name that only one song has."""
    known = known_songs("known_song")
    names, ids = (known.c.title, known.c.artist_name), (known.c.song_id, known.c.artist_id)
    one = sa.select(*names, *(func.min(each).label(each.name) for each in ids)).group_by(*names)
    return one.having(func.count() == 1).subquery("only_song")


def nearest_songs(events: Rows) -> sa.Subquery:
    """Where several songs have a title and artist name: the nearest, for each length of a play.

    These are few, and so are the lengths of their plays.
    """
    of, known, more = events.subquery("event"), known_songs("known_song"), known_songs("other_song")
    names = (more.c.title, more.c.artist_name)
    event = of.c
    several = sa.select(*names).group_by(*names).having(func.count() > 1).subquery("several")
    same = (several.c.title == event.song) & (several.c.artist_name == event.artist)
    heard = sa.select(event.song, event.artist, event.length).join_from(of, several, same)
    play = heard.distinct().subquery("heard")
    key = [play.c.song, play.c.artist, play.c.length]
    distance = func.abs(known.c.duration - play.c.length)
    order = ascending(distance, known.c.song_id, known.c.artist_id)
    rows = sa.select(*key, known.c.song_id, known.c.artist_id, rank(key, order))
    match = (known.c.title == play.c.song) & (known.c.artist_name == play.c.artist)
    return first(rows.join_from(play, known, match)).subquery("nearest_song")


def length(play: sa.FromClause) -> Column:
    """The length of a play, by which plays can be joined: NULL, which equals nothing, is -1."""
    return func.coalesce(play.c.length, -1.0)


def songplays(events: Rows = PLAYS) -> Query:
    """One row per play, with its song if the catalogue has it.

    A play matches a song with the same title and artist name; of several, the one closest in
    length. A play without a length takes the first of them.
    """
    play, only, nearest = plays(events), only_songs(), nearest_songs(events)
    by_name = (only.c.title == play.c.song) & (only.c.artist_name == play.c.artist)
    by_length = (
        (nearest.c.song == play.c.song)
        & (nearest.c.artist == play.c.artist)
        & (length(nearest) == length(play))
    )
    rows = play.outerjoin(only, by_name).outerjoin(nearest, by_length)
    return sa.select(
        play_id(play).label("songplay_id"),
        func.coalesce(only.c.song_id, nearest.c.song_id).label("song_id"),
        func.coalesce(only.c.artist_id, nearest.c.artist_id).label("artist_id"),
        *(play.c[event].label(name) for name, event in events_columns().items()),
    ).select_from(rows)


def time(events: Rows = PLAYS) -> Query:
    """The parts of each start_time of a play."""
    rows = sa.select(events.subquery("event").c.ts.label("start_time"))
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


def heard(events: Rows = PLAYS) -> Query:
    """The title and artist name of each song that was played, and when first and last."""
    event = events.subquery("event").c
    ends = (func.min(event.ts).label("least_ts"), func.max(event.ts).label("greatest_ts"))
    names = (event.song.label("title"), event.artist.label("artist_name"))
    return sa.select(*names, *ends).group_by(event.song, event.artist)
