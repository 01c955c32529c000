"""The star: the tables that analysts query, in the default schema."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from sparkify.models.base import (
    NAME,
    TITLE,
    WORD,
    Base,
    SqlType,
    by,
    column,
    everywhere,
    key,
    reference,
)


def of_event(type_: SqlType, name: str, **options: Any) -> Any:
    """A column of `songplays` that has the value of a column of the play's event.

    Args:
        type_: the column's type.
        name: the column of the staged event.
        **options: those of `column`.
    """
    return column(type_, info={"event": name}, **options)


def seen(target: str, join: str) -> Any:
    """The related row or rows of another table. Only loads write the star."""
    return relationship(target, primaryjoin=join, viewonly=True)


class Songplay(Base):
    """One row per play: an event with page NextSong.

    Most of its columns have the values of the event: see `of_event`. `start_time` is in UTC, with
    milliseconds. `length` is in seconds. `song_id` and `artist_id` are NULL without a match.
    """

    __tablename__ = "songplays"
    __table_args__ = (
        key("songplay_id", table="songplays"),
        reference("start_time", "time.start_time"),
        reference("user_id", "users.user_id"),
        reference("song_id", "songs.song_id"),
        reference("artist_id", "artists.artist_id"),
        by("start_time"),
    )
    songplay_id: Mapped[str] = column(sa.String(32), nullable=False)
    start_time: Mapped[datetime] = of_event(sa.DateTime(), "ts", sort=True, nullable=False)
    user_id: Mapped[int] = of_event(sa.BigInteger(), "user_id", nullable=False)
    level: Mapped[str] = of_event(sa.String(WORD), "level")
    song_id: Mapped[str | None] = column(sa.String(WORD))
    artist_id: Mapped[str | None] = column(sa.String(WORD))
    session_id: Mapped[int] = of_event(sa.BigInteger(), "session_id")
    location: Mapped[str | None] = of_event(sa.String(TITLE), "location")
    user_agent: Mapped[str | None] = of_event(sa.String(TITLE), "user_agent")
    song_title: Mapped[str] = of_event(sa.String(TITLE), "song")
    artist_name: Mapped[str] = of_event(sa.String(TITLE), "artist")
    item_in_session: Mapped[int] = of_event(sa.BigInteger(), "item_in_session")
    length: Mapped[float | None] = of_event(sa.Double(), "length")

    user: Mapped["User"] = seen("User", "foreign(Songplay.user_id) == User.user_id")
    song: Mapped["Song | None"] = seen("Song", "foreign(Songplay.song_id) == Song.song_id")
    artist: Mapped["Artist | None"] = seen(
        "Artist", "foreign(Songplay.artist_id) == Artist.artist_id"
    )
    time: Mapped["Time"] = seen("Time", "foreign(Songplay.start_time) == Time.start_time")


class User(Base):
    """One row per user, from the user's latest event."""

    __tablename__ = "users"
    __table_args__ = (key("user_id", table="users"), by("user_id"))
    user_id: Mapped[int] = column(sa.BigInteger(), sort=True, nullable=False)
    first_name: Mapped[str | None] = column(sa.String(NAME))
    last_name: Mapped[str | None] = column(sa.String(NAME))
    gender: Mapped[str | None] = column(sa.String(WORD))
    level: Mapped[str] = column(sa.String(WORD))

    plays: Mapped[list[Songplay]] = seen("Songplay", "User.user_id == foreign(Songplay.user_id)")
    levels: Mapped[list["UserLevel"]] = seen(
        "UserLevel", "User.user_id == foreign(UserLevel.user_id)"
    )


class Song(Base):
    """One row per song_id of the catalogue; `duration` is in seconds."""

    __tablename__ = "songs"
    __table_args__ = (key("song_id", table="songs"), everywhere("song_id"))
    song_id: Mapped[str] = column(sa.String(WORD), sort=True, nullable=False)
    title: Mapped[str] = column(sa.String(TITLE))
    artist_id: Mapped[str] = column(sa.String(WORD))
    year: Mapped[int | None] = column(sa.Integer())
    duration: Mapped[float | None] = column(sa.Double())

    artist: Mapped["Artist | None"] = seen("Artist", "foreign(Song.artist_id) == Artist.artist_id")


class Artist(Base):
    """One row per artist_id, with the most frequent name, location and position.

    `latitude` and `longitude` are in degrees, WGS 84.
    """

    __tablename__ = "artists"
    __table_args__ = (key("artist_id", table="artists"), everywhere("artist_id"))
    artist_id: Mapped[str] = column(sa.String(WORD), sort=True, nullable=False)
    name: Mapped[str] = column(sa.String(TITLE))
    location: Mapped[str | None] = column(sa.String(TITLE))
    latitude: Mapped[float | None] = column(sa.Double())
    longitude: Mapped[float | None] = column(sa.Double())


class Time(Base):
    """One row per distinct start_time of the plays, UTC.

    `week` is the ISO week, `year` the calendar year, and weekday 0 is Sunday.
    """

    __tablename__ = "time"
    __table_args__ = (key("start_time", table="time"), by("start_time"))
    start_time: Mapped[datetime] = column(sa.DateTime(), sort=True, nullable=False)
    hour: Mapped[int] = column(sa.Integer())
    day: Mapped[int] = column(sa.Integer())
    week: Mapped[int] = column(sa.Integer())
    month: Mapped[int] = column(sa.Integer())
    year: Mapped[int] = column(sa.Integer())
    weekday: Mapped[int] = column(sa.Integer())


class UserLevel(Base):
    """Who was free or paid when, UTC: from `valid_from` to before `valid_to`, NULL for now."""

    __tablename__ = "user_levels"
    __table_args__ = (
        key("user_id", "valid_from", table="user_levels"),
        reference("user_id", "users.user_id", "user_levels"),
        by("user_id"),
    )
    user_id: Mapped[int] = column(sa.BigInteger(), sort=True, nullable=False)
    level: Mapped[str] = column(sa.String(WORD))
    valid_from: Mapped[datetime] = column(sa.DateTime(), nullable=False)
    valid_to: Mapped[datetime | None] = column(sa.DateTime())


STAR = (Songplay, User, Song, Artist, Time)
#: everything that is a function of the staging tables; a team's own tables are added
PUBLISHED: list[type[Base]] = [*STAR, UserLevel]
