"""The staged rows: every record of the lake, field by field. The star is a function of them.

Rows belong to a version of a file. They count once that version is published: the transforms and
the views for people (`views`) see no others.
"""

from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from sparkify.models.base import LONGEST, NAME, STAGING, TITLE, WORD, Base, SqlType, column, spread

PLAY = "NextSong"  # the page of an event that is a play
EPOCH_MS = (946_684_800_000, 4_102_444_799_999)  # 2000-01-01 to 2099-12-31, what a ts can mean


class StagedRow(Base):
    """What every staged row has beside the fields of its record.

    Rows arrive in the order of file_id, so that the tables are always sorted, and never vacuumed.

    Attributes:
        file_id: the version of the file that the row was read from; see `books.Version`.
        repaired: whether a text of it was repaired.
        extra: the fields of the record that no column takes, as one JSON object; NULL if there
            are none.
    """

    __abstract__ = True

    file_id: Mapped[int] = column(sa.BigInteger(), sort=True, nullable=False, sort_order=1)
    repaired: Mapped[bool | None] = column(sa.Boolean(), sort_order=2)
    extra: Mapped[str | None] = column(sa.String(LONGEST), sort_order=3)


class Rules(NamedTuple):
    """How a field of a record becomes its column, and what it must be.

    Attributes:
        key: its name in the record.
        required: "always", "play" (if the event is a play), or "" if it may be missing.
        least: the least number allowed; of a timestamp in milliseconds since 1970, UTC.
        most: the greatest one.
        one_of: the only texts allowed; empty if all are.
        repair: whether the text may have been encoded as UTF-8 twice.
    """

    key: str
    required: str = ""
    least: float | None = None
    most: float | None = None
    one_of: tuple[str, ...] = ()
    repair: bool = False


def field(type_: SqlType, key: str, **rules: Any) -> Any:
    """A staging column that holds a field of the record.

    Args:
        type_: the column's type.
        key: the field's key in the record; keys are case sensitive.
        **rules: the other attributes of `Rules`, by name.
    """
    return column(type_, info={"rules": Rules(key, **rules)})


class EventRow(StagedRow):
    """The event records, field by field; `ts` is in UTC, `length` in seconds."""

    __tablename__ = "event_rows"
    __table_args__ = spread("file_id", schema=STAGING)
    __mapper_args__ = MappingProxyType(
        {"primary_key": ["file_id", "session_id", "item_in_session", "ts"]}
    )
    artist: Mapped[str | None] = field(sa.String(TITLE), "artist", required="play", repair=True)
    auth: Mapped[str | None] = field(sa.String(WORD), "auth")
    first_name: Mapped[str | None] = field(sa.String(NAME), "firstName", repair=True)
    gender: Mapped[str | None] = field(sa.String(WORD), "gender")
    item_in_session: Mapped[int] = field(sa.BigInteger(), "itemInSession", required="always")
    last_name: Mapped[str | None] = field(sa.String(NAME), "lastName", repair=True)
    length: Mapped[float | None] = field(sa.Double(), "length", least=0)
    level: Mapped[str] = field(sa.String(WORD), "level", required="always", one_of=("free", "paid"))
    location: Mapped[str | None] = field(sa.String(TITLE), "location", repair=True)
    method: Mapped[str | None] = field(sa.String(WORD), "method")
    page: Mapped[str] = field(sa.String(WORD), "page", required="always")
    registration: Mapped[float | None] = field(sa.Double(), "registration")
    session_id: Mapped[int] = field(sa.BigInteger(), "sessionId", required="always")
    song: Mapped[str | None] = field(sa.String(TITLE), "song", required="play", repair=True)
    status: Mapped[int | None] = field(sa.BigInteger(), "status")
    ts: Mapped[datetime] = field(
        sa.DateTime(), "ts", required="always", least=EPOCH_MS[0], most=EPOCH_MS[1]
    )
    user_agent: Mapped[str | None] = field(sa.String(TITLE), "userAgent")
    user_id: Mapped[int | None] = field(sa.BigInteger(), "userId", required="play", least=0)


class SongRow(StagedRow):
    """The song records, field by field.

    `duration` is in seconds, latitude and longitude are in degrees, WGS 84.
    """

    __tablename__ = "song_rows"
    __table_args__ = spread("file_id", schema=STAGING)
    __mapper_args__ = MappingProxyType({"primary_key": ["file_id", "song_id"]})
    num_songs: Mapped[int | None] = field(sa.BigInteger(), "num_songs")
    artist_id: Mapped[str] = field(sa.String(WORD), "artist_id", required="always")
    artist_latitude: Mapped[float | None] = field(
        sa.Double(), "artist_latitude", least=-90, most=90
    )
    artist_longitude: Mapped[float | None] = field(
        sa.Double(), "artist_longitude", least=-180, most=180
    )
    artist_location: Mapped[str | None] = field(sa.String(TITLE), "artist_location", repair=True)
    artist_name: Mapped[str] = field(
        sa.String(TITLE), "artist_name", required="always", repair=True
    )
    song_id: Mapped[str] = field(sa.String(WORD), "song_id", required="always")
    title: Mapped[str] = field(sa.String(TITLE), "title", required="always", repair=True)
    duration: Mapped[float | None] = field(sa.Double(), "duration", least=0)
    year: Mapped[int | None] = field(sa.BigInteger(), "year", least=0, most=9999)


KINDS: dict[str, type[StagedRow]] = {"songs": SongRow, "events": EventRow}
