"""The books: which runs committed, which objects were read, which records were rejected.

What is read is staged first and published later. In between, it is in `versions` alone.
"""

from datetime import datetime
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from sparkify.models.base import (
    NAME,
    STAGING,
    TITLE,
    URI,
    WORD,
    Base,
    column,
    everywhere,
    key,
    spread,
)


class Load(Base):
    """One row per run that committed."""

    __tablename__ = "loads"
    __table_args__ = (key("load_id", table="loads"), everywhere("load_id", schema=STAGING))
    load_id: Mapped[str] = column(sa.String(32), sort=True, nullable=False)
    started_at: Mapped[datetime] = column(sa.DateTime())
    finished_at: Mapped[datetime] = column(sa.DateTime())
    source: Mapped[str] = column(sa.String(URI))
    files: Mapped[int] = column(sa.BigInteger())
    records_read: Mapped[int] = column(sa.BigInteger())
    records_staged: Mapped[int] = column(sa.BigInteger())
    records_rejected: Mapped[int] = column(sa.BigInteger())
    version: Mapped[str] = column(sa.String(WORD))
    records_forgotten: Mapped[int] = column(sa.BigInteger())


class File(Base):
    """One row per object: the version of it that was published last.

    After a direct COPY many objects share one version, and how many records each has is unknown.
    """

    __tablename__ = "files"
    __table_args__ = (key("uri", table="files"), spread("load_id", schema=STAGING))
    uri: Mapped[str] = column(sa.String(URI), nullable=False)
    kind: Mapped[str] = column(sa.String(WORD))
    etag: Mapped[str] = column(sa.String(NAME))
    size: Mapped[int] = column(sa.BigInteger())
    load_id: Mapped[str] = column(sa.String(32), sort=True)
    records: Mapped[int | None] = column(sa.BigInteger())
    rejects: Mapped[int | None] = column(sa.BigInteger())
    file_id: Mapped[int] = column(sa.BigInteger())


class Version(Base):
    """One row per version: the rows that were read from an object, or from a batch, at one time.

    Attributes:
        run_id: the run that read it.
        uri: the object; NULL for a batch of objects that were copied together.
        load_id: the load that published it; of a version that is retired, the load that did so;
            NULL while it is only staged.
        published: whether its rows count.
        rows, rejects, repaired: how many of its records were staged, rejected, repaired.
        least_ts, greatest_ts: of its events.
        damaged: whether the object could not be read as a whole, so that the rows of the version
            before it still count.
        fingerprint: of the code and the rules that read it; another version of them reads anew.
        forgotten: how many of its records were left out, or removed later, because they belong to
            people who were forgotten.
    """

    __tablename__ = "versions"
    __table_args__ = (key("file_id", table="versions"), everywhere("file_id", schema=STAGING))
    file_id: Mapped[int] = column(sa.BigInteger(), sort=True, nullable=False)
    run_id: Mapped[str] = column(sa.String(32))
    kind: Mapped[str] = column(sa.String(WORD))
    uri: Mapped[str | None] = column(sa.String(URI))
    etag: Mapped[str | None] = column(sa.String(NAME))
    size: Mapped[int | None] = column(sa.BigInteger())
    load_id: Mapped[str | None] = column(sa.String(32))
    published: Mapped[bool] = column(sa.Boolean())
    rows: Mapped[int] = column(sa.BigInteger())
    rejects: Mapped[int] = column(sa.BigInteger())
    repaired: Mapped[int] = column(sa.BigInteger())
    least_ts: Mapped[datetime | None] = column(sa.DateTime())
    greatest_ts: Mapped[datetime | None] = column(sa.DateTime())
    damaged: Mapped[bool] = column(sa.Boolean())
    fingerprint: Mapped[str | None] = column(sa.String(32))
    forgotten: Mapped[int] = column(sa.BigInteger())


class RejectRow(Base):
    """One row per rejected record: where it starts (line from 1, byte from 0), and why.

    The view `rejects` shows those of published versions.
    """

    __tablename__ = "reject_rows"
    __table_args__ = spread("file_id", schema=STAGING)
    __mapper_args__ = MappingProxyType({"primary_key": ["file_id", "line_number", "byte_offset"]})
    file_id: Mapped[int] = column(sa.BigInteger(), sort=True, nullable=False)
    uri: Mapped[str | None] = column(sa.String(URI))
    line_number: Mapped[int | None] = column(sa.BigInteger())
    byte_offset: Mapped[int | None] = column(sa.BigInteger())
    column_name: Mapped[str | None] = column(sa.String(128))
    code: Mapped[str] = column(sa.String(WORD))
    reason: Mapped[str] = column(sa.String(1024))
    raw_text: Mapped[str | None] = column(sa.String(URI))


class FieldRow(Base):
    """One row per version, field and JSON type: how many records had a value no column takes.

    The view `fields` adds up those of published versions.

    Attributes:
        name: the field's key in the record, cut to 256 bytes; "*" for the rarest of many.
        type: what JSON calls the values: string, number, boolean, object, array, null.
        declared: whether a column takes the field, and the record was rejected since it does not
            take values of this type.
    """

    __tablename__ = "field_rows"
    __table_args__ = spread("file_id", schema=STAGING)
    __mapper_args__ = MappingProxyType({"primary_key": ["file_id", "name", "type", "declared"]})
    file_id: Mapped[int] = column(sa.BigInteger(), sort=True, nullable=False)
    name: Mapped[str] = column(sa.String(NAME))
    type: Mapped[str] = column(sa.String(WORD))
    declared: Mapped[bool] = column(sa.Boolean())
    records: Mapped[int] = column(sa.BigInteger())


class Heard(Base):
    """One row per title and artist name that was ever played, and when: the first and last time.

    By it a new song finds the plays before it. It may say more than what is published now.
    """

    __tablename__ = "heard"
    __table_args__ = ({"schema": STAGING, "redshift_distkey": "title"},)
    __mapper_args__ = MappingProxyType({"primary_key": ["title", "artist_name"]})
    title: Mapped[str] = column(sa.String(TITLE))
    artist_name: Mapped[str] = column(sa.String(TITLE))
    least_ts: Mapped[datetime] = column(sa.DateTime())
    greatest_ts: Mapped[datetime] = column(sa.DateTime())


class StagingRun(Base):
    """One row per run that staged something, and the block of file_ids that it may use.

    `heartbeat` is by the server's clock; NULL once the run has ended.
    """

    __tablename__ = "runs"
    __table_args__ = (key("run_id", table="runs"), everywhere("run_id", schema=STAGING))
    run_id: Mapped[str] = column(sa.String(32), sort=True, nullable=False)
    started_at: Mapped[datetime] = column(sa.DateTime())
    heartbeat: Mapped[datetime | None] = column(sa.DateTime())
    first_file_id: Mapped[int] = column(sa.BigInteger())
    last_file_id: Mapped[int] = column(sa.BigInteger())


class Forgotten(Base):
    """One row per person who was forgotten: when, and by which hash to recognise their records.

    Attributes:
        user_hash: of the user_id, keyed by a secret that the warehouse does not have.
        key_check: of the secret alone: the next run must have the same.
    """

    __tablename__ = "forgotten"
    __table_args__ = (key("user_hash", table="forgotten"), everywhere("user_hash", schema=STAGING))
    user_hash: Mapped[str] = column(sa.String(WORD), sort=True, nullable=False)
    key_check: Mapped[str] = column(sa.String(WORD))
    forgotten_at: Mapped[datetime] = column(sa.DateTime())


class Empty(Base):
    """A table that is only locked: empty, and never read."""

    __abstract__ = True
    __table_args__ = ({"schema": STAGING, "redshift_diststyle": "ALL"},)
    __mapper_args__ = MappingProxyType({"primary_key": ["nothing"]})
    nothing: Mapped[int | None] = column(sa.BigInteger())


class Lock(Empty):
    """Locked by the run that publishes."""

    __tablename__ = "lock"


class IdLock(Empty):
    """Locked by the run that reserves file_ids."""

    __tablename__ = "id_lock"
