"""The tables: the star, the staging tables it is a function of, and the books.

Redshift's physical design (DISTKEY, SORTKEY, ENCODE) is declared here too and means nothing to
DuckDB. Keys are declared for Redshift's planner alone: on DuckDB they would cost four times the
load, so uniqueness is counted inside the transaction on both engines.

A staging column's `info` says how a record's field becomes it; `reader` builds its checks from it:
`key` the field's name in the JSON, `required` "always" or "play", `one_of` the only values
allowed, `between` the smallest and the largest, `repair` whether text may have been encoded twice.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

STAGING = "staging"
EPOCH_MS = (946_684_800_000, 4_102_444_799_999)  # 2000-01-01 to 2099-12-31, what a ts can mean
TITLE, NAME, WORD, URI = 1024, 256, 64, 4096  # lengths of text in bytes, as Redshift counts


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = sa.MetaData()


def column(type_: sa.types.TypeEngine[Any], *, sort: bool = False, **options: Any) -> Any:
    """A column with the Redshift encoding that its type calls for (`sort`: a sort key, raw)."""
    numeric = isinstance(type_, sa.Integer | sa.DateTime)
    encode = "raw" if sort else "az64" if numeric else "zstd"
    options.setdefault("nullable", True)
    return mapped_column(type_, redshift_encode=encode, autoincrement=False, **options)


def key(*columns: str, table: str) -> sa.PrimaryKeyConstraint:
    """A primary key that only Redshift's planner is told of."""
    constraint = sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")
    constraint.ddl_if(dialect="redshift")
    return constraint


def reference(name: str, target: str, table: str = "songplays") -> sa.ForeignKeyConstraint:
    """A foreign key that only Redshift's planner is told of: on DuckDB it would block ALTER."""
    constraint = sa.ForeignKeyConstraint([name], [target], name=f"fk_{table}_{name}")
    constraint.ddl_if(dialect="redshift")
    return constraint


# ---------------------------------------------------------------------------------- the star


class Songplay(Base):
    """One row per play: an event with page NextSong."""

    __tablename__ = "songplays"
    __table_args__ = (
        key("songplay_id", table="songplays"),
        reference("start_time", "time.start_time"),
        reference("user_id", "users.user_id"),
        reference("song_id", "songs.song_id"),
        reference("artist_id", "artists.artist_id"),
        {"redshift_distkey": "start_time", "redshift_sortkey": "start_time"},
    )
    songplay_id: Mapped[str] = column(sa.String(32), nullable=False)
    start_time: Mapped[datetime] = column(sa.DateTime(), sort=True, nullable=False)
    user_id: Mapped[int] = column(sa.BigInteger(), nullable=False)
    level: Mapped[str] = column(sa.String(WORD))
    song_id: Mapped[str | None] = column(sa.String(WORD))
    artist_id: Mapped[str | None] = column(sa.String(WORD))
    session_id: Mapped[int] = column(sa.BigInteger())
    location: Mapped[str | None] = column(sa.String(TITLE))
    user_agent: Mapped[str | None] = column(sa.String(TITLE))
    song_title: Mapped[str] = column(sa.String(TITLE))
    artist_name: Mapped[str] = column(sa.String(TITLE))


class User(Base):
    """One row per user, as the user's latest event has them."""

    __tablename__ = "users"
    __table_args__ = (
        key("user_id", table="users"),
        {"redshift_diststyle": "ALL", "redshift_sortkey": "user_id"},
    )
    user_id: Mapped[int] = column(sa.BigInteger(), sort=True, nullable=False)
    first_name: Mapped[str | None] = column(sa.String(NAME))
    last_name: Mapped[str | None] = column(sa.String(NAME))
    gender: Mapped[str | None] = column(sa.String(WORD))
    level: Mapped[str] = column(sa.String(WORD))


class Song(Base):
    """One row per song_id of the catalogue."""

    __tablename__ = "songs"
    __table_args__ = (
        key("song_id", table="songs"),
        {"redshift_diststyle": "ALL", "redshift_sortkey": "song_id"},
    )
    song_id: Mapped[str] = column(sa.String(WORD), sort=True, nullable=False)
    title: Mapped[str] = column(sa.String(TITLE))
    artist_id: Mapped[str] = column(sa.String(WORD))
    year: Mapped[int | None] = column(sa.Integer())
    duration: Mapped[float | None] = column(sa.Double())


class Artist(Base):
    """One row per artist_id; of several names the most frequent."""

    __tablename__ = "artists"
    __table_args__ = (
        key("artist_id", table="artists"),
        {"redshift_diststyle": "ALL", "redshift_sortkey": "artist_id"},
    )
    artist_id: Mapped[str] = column(sa.String(WORD), sort=True, nullable=False)
    name: Mapped[str] = column(sa.String(TITLE))
    location: Mapped[str | None] = column(sa.String(TITLE))
    latitude: Mapped[float | None] = column(sa.Double())
    longitude: Mapped[float | None] = column(sa.Double())


class Time(Base):
    """Each distinct start_time of the plays, taken apart."""

    __tablename__ = "time"
    __table_args__ = (
        key("start_time", table="time"),
        {"redshift_distkey": "start_time", "redshift_sortkey": "start_time"},
    )
    start_time: Mapped[datetime] = column(sa.DateTime(), sort=True, nullable=False)
    hour: Mapped[int] = column(sa.Integer())
    day: Mapped[int] = column(sa.Integer())
    week: Mapped[int] = column(sa.Integer())
    month: Mapped[int] = column(sa.Integer())
    year: Mapped[int] = column(sa.Integer())
    weekday: Mapped[int] = column(sa.Integer())


class UserLevel(Base):
    """Who was free or paid when: from `valid_from` until before `valid_to`, NULL: still."""

    __tablename__ = "user_levels"
    __table_args__ = (
        key("user_id", "valid_from", table="user_levels"),
        reference("user_id", "users.user_id", "user_levels"),
        {"redshift_diststyle": "ALL", "redshift_sortkey": "user_id"},
    )
    user_id: Mapped[int] = column(sa.BigInteger(), sort=True, nullable=False)
    level: Mapped[str] = column(sa.String(WORD))
    valid_from: Mapped[datetime] = column(sa.DateTime(), nullable=False)
    valid_to: Mapped[datetime | None] = column(sa.DateTime())


# ------------------------------------------------------------------------------------ staging


class Provenance:
    """Where a staging row came from. `uri` is NULL for rows that Redshift read by itself."""

    uri: Mapped[str | None] = column(sa.String(URI), sort_order=1)
    load_id: Mapped[str] = column(sa.String(32), sort=True, sort_order=2)
    repaired: Mapped[bool | None] = column(sa.Boolean(), sort_order=3)


def field(type_: sa.types.TypeEngine[Any], name: str, **rules: Any) -> Any:
    """A staging column that holds the record's field `name`; see the module for `rules`."""
    return column(type_, info={"key": name, **rules})


STAGING_ARGS = {
    "schema": STAGING,
    "redshift_diststyle": "EVEN",
    "redshift_sortkey": "load_id",  # rows arrive in its order: always sorted, never vacuumed
}


class StagingEvent(Provenance, Base):
    """The event records, field by field."""

    __tablename__ = "staging_events"
    __table_args__ = STAGING_ARGS
    __mapper_args__ = {"primary_key": ["uri", "session_id", "item_in_session", "ts"]}  # noqa: RUF012
    artist: Mapped[str | None] = field(sa.String(TITLE), "artist", required="play", repair=True)
    auth: Mapped[str | None] = field(sa.String(WORD), "auth")
    first_name: Mapped[str | None] = field(sa.String(NAME), "firstName", repair=True)
    gender: Mapped[str | None] = field(sa.String(WORD), "gender")
    item_in_session: Mapped[int] = field(sa.BigInteger(), "itemInSession", required="always")
    last_name: Mapped[str | None] = field(sa.String(NAME), "lastName", repair=True)
    length: Mapped[float | None] = field(sa.Double(), "length", between=(0, None))
    level: Mapped[str] = field(sa.String(WORD), "level", required="always", one_of=("free", "paid"))
    location: Mapped[str | None] = field(sa.String(TITLE), "location", repair=True)
    method: Mapped[str | None] = field(sa.String(WORD), "method")
    page: Mapped[str] = field(sa.String(WORD), "page", required="always")
    registration: Mapped[float | None] = field(sa.Double(), "registration")
    session_id: Mapped[int] = field(sa.BigInteger(), "sessionId", required="always")
    song: Mapped[str | None] = field(sa.String(TITLE), "song", required="play", repair=True)
    status: Mapped[int | None] = field(sa.BigInteger(), "status")
    ts: Mapped[datetime] = field(sa.DateTime(), "ts", required="always", between=EPOCH_MS)
    user_agent: Mapped[str | None] = field(sa.String(TITLE), "userAgent")
    user_id: Mapped[int | None] = field(
        sa.BigInteger(), "userId", required="play", between=(0, None)
    )


class StagingSong(Provenance, Base):
    """The song records, field by field."""

    __tablename__ = "staging_songs"
    __table_args__ = STAGING_ARGS
    __mapper_args__ = {"primary_key": ["uri", "song_id"]}  # noqa: RUF012
    num_songs: Mapped[int | None] = field(sa.BigInteger(), "num_songs")
    artist_id: Mapped[str] = field(sa.String(WORD), "artist_id", required="always")
    artist_latitude: Mapped[float | None] = field(sa.Double(), "artist_latitude", between=(-90, 90))
    artist_longitude: Mapped[float | None] = field(
        sa.Double(), "artist_longitude", between=(-180, 180)
    )
    artist_location: Mapped[str | None] = field(sa.String(TITLE), "artist_location", repair=True)
    artist_name: Mapped[str] = field(
        sa.String(TITLE), "artist_name", required="always", repair=True
    )
    song_id: Mapped[str] = field(sa.String(WORD), "song_id", required="always")
    title: Mapped[str] = field(sa.String(TITLE), "title", required="always", repair=True)
    duration: Mapped[float | None] = field(sa.Double(), "duration", between=(0, None))
    year: Mapped[int | None] = field(sa.BigInteger(), "year", between=(0, 9999))


# ---------------------------------------------------------------------------------- the books


class Load(Base):
    """One row per run that committed."""

    __tablename__ = "loads"
    __table_args__ = (
        key("load_id", table="loads"),
        {"schema": STAGING, "redshift_diststyle": "ALL", "redshift_sortkey": "load_id"},
    )
    load_id: Mapped[str] = column(sa.String(32), sort=True, nullable=False)
    started_at: Mapped[datetime] = column(sa.DateTime())
    finished_at: Mapped[datetime] = column(sa.DateTime())
    source: Mapped[str] = column(sa.String(URI))
    files: Mapped[int] = column(sa.BigInteger())
    records_read: Mapped[int] = column(sa.BigInteger())
    records_staged: Mapped[int] = column(sa.BigInteger())
    records_rejected: Mapped[int] = column(sa.BigInteger())
    version: Mapped[str] = column(sa.String(WORD))


class File(Base):
    """One row per object of the lake: the version of it that the staging rows come from."""

    __tablename__ = "files"
    __table_args__ = (
        key("uri", table="files"),
        {"schema": STAGING, "redshift_diststyle": "EVEN", "redshift_sortkey": "load_id"},
    )
    uri: Mapped[str] = column(sa.String(URI), nullable=False)
    kind: Mapped[str] = column(sa.String(WORD))
    etag: Mapped[str] = column(sa.String(NAME))
    size: Mapped[int] = column(sa.BigInteger())
    load_id: Mapped[str] = column(sa.String(32), sort=True)
    records: Mapped[int] = column(sa.BigInteger())
    rejects: Mapped[int] = column(sa.BigInteger())


class Reject(Base):
    """One row per refused record: where it starts (line from 1, byte from 0), and why."""

    __tablename__ = "rejects"
    __table_args__ = {  # noqa: RUF012
        "schema": STAGING,
        "redshift_diststyle": "EVEN",
        "redshift_sortkey": "load_id",
    }
    __mapper_args__ = {"primary_key": ["uri", "line_number", "byte_offset"]}  # noqa: RUF012
    load_id: Mapped[str] = column(sa.String(32), sort=True)
    uri: Mapped[str] = column(sa.String(URI))
    line_number: Mapped[int | None] = column(sa.BigInteger())
    byte_offset: Mapped[int | None] = column(sa.BigInteger())
    column_name: Mapped[str | None] = column(sa.String(128))
    code: Mapped[str] = column(sa.String(WORD))
    reason: Mapped[str] = column(sa.String(1024))
    raw_text: Mapped[str | None] = column(sa.String(URI))


STAR = (Songplay, User, Song, Artist, Time)
PUBLISHED = (*STAR, UserLevel)  # all that is a function of staging: the star and its history
KINDS: dict[str, type[Provenance]] = {"songs": StagingSong, "events": StagingEvent}


def table(model: Any) -> sa.Table:
    """The Core table of a model (`__table__` is typed as any FROM clause)."""
    found = model.__table__
    assert isinstance(found, sa.Table)
    return found
