"""The staging tables: every record of the lake, field by field. The star is a function of them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from sparkify.models.base import NAME, STAGING, TITLE, URI, WORD, Base, column

EPOCH_MS = (946_684_800_000, 4_102_444_799_999)  # 2000-01-01 to 2099-12-31, what a ts can mean


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


KINDS: dict[str, type[Provenance]] = {"songs": StagingSong, "events": StagingEvent}
