"""Keep the fields that no column takes, and the place and length of each play."""

import sqlalchemy as sa
from alembic import op

from sparkify.models.statements import EpochMs

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: a play's id is that of its event; of several such events the star has the first by level, song,
#: artist and length
FILL = """
UPDATE songplays SET item_in_session = e.item_in_session, length = e.length
FROM (
    SELECT md5(CAST(user_id AS VARCHAR(20)) || '|' || CAST(session_id AS VARCHAR(20)) || '|'
        || CAST(item_in_session AS VARCHAR(20)) || '|' || CAST({ms} AS VARCHAR(20))) AS id,
        level, song, artist, item_in_session, min(length) AS length
    FROM staging.event_rows r JOIN staging.versions v ON v.file_id = r.file_id
    WHERE v.published AND r.page = 'NextSong'
    GROUP BY user_id, session_id, item_in_session, ts, level, song, artist
) e
WHERE songplays.songplay_id = e.id AND songplays.level = e.level
    AND songplays.song_title = e.song AND songplays.artist_name = e.artist
"""


def upgrade() -> None:
    """Add the columns, and fill those of `songplays` for the plays that are there."""
    for name in ("event_rows", "song_rows"):
        extra = sa.Column("extra", sa.String(65_535), redshift_encode="zstd")
        op.add_column(name, extra, schema="staging")
    op.create_table(
        "field_rows",
        sa.Column("file_id", sa.BigInteger(), nullable=False, redshift_encode="raw"),
        sa.Column("name", sa.String(256), redshift_encode="zstd"),
        sa.Column("type", sa.String(64), redshift_encode="zstd"),
        sa.Column("declared", sa.Boolean(), redshift_encode="zstd"),
        sa.Column("records", sa.BigInteger(), redshift_encode="az64"),
        schema="staging",
        redshift_diststyle="EVEN",
        redshift_sortkey="file_id",
    )
    op.add_column(
        "songplays", sa.Column("item_in_session", sa.BigInteger(), redshift_encode="az64")
    )
    op.add_column("songplays", sa.Column("length", sa.Double(), redshift_encode="zstd"))
    op.execute(FILL.format(ms=EpochMs(sa.column("ts")).compile(dialect=op.get_context().dialect)))


def downgrade() -> None:
    """Drop what was added; the fields that no column takes are lost."""
    op.execute("DROP VIEW IF EXISTS staging.fields")
    for name in ("staging_events", "staging_songs"):
        op.execute(f"DROP VIEW IF EXISTS staging.{name}")
    op.drop_column("songplays", "length")
    op.drop_column("songplays", "item_in_session")
    op.drop_table("field_rows", schema="staging")
    for name in ("event_rows", "song_rows"):
        op.drop_column(name, "extra", schema="staging")
