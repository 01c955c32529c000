"""The books: which runs committed, which objects were read, which records were rejected."""

from datetime import datetime
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from sparkify.models.base import NAME, STAGING, URI, WORD, Base, column, key


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
    """One row per object: the version of it that the staging rows come from."""

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
    """One row per rejected record: where it starts (line from 1, byte from 0), and why."""

    __tablename__ = "rejects"
    __table_args__ = (
        {"schema": STAGING, "redshift_diststyle": "EVEN", "redshift_sortkey": "load_id"},
    )
    __mapper_args__ = MappingProxyType({"primary_key": ["uri", "line_number", "byte_offset"]})
    load_id: Mapped[str] = column(sa.String(32), sort=True)
    uri: Mapped[str] = column(sa.String(URI))
    line_number: Mapped[int | None] = column(sa.BigInteger())
    byte_offset: Mapped[int | None] = column(sa.BigInteger())
    column_name: Mapped[str | None] = column(sa.String(128))
    code: Mapped[str] = column(sa.String(WORD))
    reason: Mapped[str] = column(sa.String(1024))
    raw_text: Mapped[str | None] = column(sa.String(URI))
