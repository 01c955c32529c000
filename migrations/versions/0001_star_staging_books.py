"""The star, the staging tables and the books."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = ("sparkify",)
depends_on = None


def key(table: str, column: str) -> sa.PrimaryKeyConstraint:
    """A primary key that only Redshift's planner is told of."""
    constraint = sa.PrimaryKeyConstraint(column, name=f"pk_{table}")
    constraint.ddl_if(dialect="redshift")
    return constraint


def reference(column: str, target: str) -> sa.ForeignKeyConstraint:
    """A foreign key of songplays that only Redshift's planner is told of."""
    constraint = sa.ForeignKeyConstraint([column], [target], name=f"fk_songplays_{column}")
    constraint.ddl_if(dialect="redshift")
    return constraint


def upgrade() -> None:
    """Make the schema and every table."""
    op.execute("CREATE SCHEMA IF NOT EXISTS staging")
    op.create_table(
        "users",
        sa.Column("user_id", sa.BigInteger(), nullable=False, redshift_encode="raw"),
        sa.Column("first_name", sa.String(256), redshift_encode="zstd"),
        sa.Column("last_name", sa.String(256), redshift_encode="zstd"),
        sa.Column("gender", sa.String(64), redshift_encode="zstd"),
        sa.Column("level", sa.String(64), redshift_encode="zstd"),
        key("users", "user_id"),
        redshift_distkey="user_id",
        redshift_sortkey="user_id",
    )
    op.create_table(
        "songs",
        sa.Column("song_id", sa.String(64), nullable=False, redshift_encode="raw"),
        sa.Column("title", sa.String(1024), redshift_encode="zstd"),
        sa.Column("artist_id", sa.String(64), redshift_encode="zstd"),
        sa.Column("year", sa.Integer(), redshift_encode="az64"),
        sa.Column("duration", sa.Double(), redshift_encode="zstd"),
        key("songs", "song_id"),
        redshift_diststyle="ALL",
        redshift_sortkey="song_id",
    )
    op.create_table(
        "artists",
        sa.Column("artist_id", sa.String(64), nullable=False, redshift_encode="raw"),
        sa.Column("name", sa.String(1024), redshift_encode="zstd"),
        sa.Column("location", sa.String(1024), redshift_encode="zstd"),
        sa.Column("latitude", sa.Double(), redshift_encode="zstd"),
        sa.Column("longitude", sa.Double(), redshift_encode="zstd"),
        key("artists", "artist_id"),
        redshift_diststyle="ALL",
        redshift_sortkey="artist_id",
    )
    op.create_table(
        "time",
        sa.Column("start_time", sa.DateTime(), nullable=False, redshift_encode="raw"),
        sa.Column("hour", sa.Integer(), redshift_encode="az64"),
        sa.Column("day", sa.Integer(), redshift_encode="az64"),
        sa.Column("week", sa.Integer(), redshift_encode="az64"),
        sa.Column("month", sa.Integer(), redshift_encode="az64"),
        sa.Column("year", sa.Integer(), redshift_encode="az64"),
        sa.Column("weekday", sa.Integer(), redshift_encode="az64"),
        key("time", "start_time"),
        redshift_distkey="start_time",
        redshift_sortkey="start_time",
    )
    op.create_table(
        "songplays",
        sa.Column("songplay_id", sa.String(32), nullable=False, redshift_encode="zstd"),
        sa.Column("start_time", sa.DateTime(), nullable=False, redshift_encode="raw"),
        sa.Column("user_id", sa.BigInteger(), nullable=False, redshift_encode="az64"),
        sa.Column("level", sa.String(64), redshift_encode="zstd"),
        sa.Column("song_id", sa.String(64), redshift_encode="zstd"),
        sa.Column("artist_id", sa.String(64), redshift_encode="zstd"),
        sa.Column("session_id", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("location", sa.String(1024), redshift_encode="zstd"),
        sa.Column("user_agent", sa.String(1024), redshift_encode="zstd"),
        sa.Column("song_title", sa.String(1024), redshift_encode="zstd"),
        sa.Column("artist_name", sa.String(1024), redshift_encode="zstd"),
        key("songplays", "songplay_id"),
        reference("start_time", "time.start_time"),
        reference("user_id", "users.user_id"),
        reference("song_id", "songs.song_id"),
        reference("artist_id", "artists.artist_id"),
        redshift_distkey="start_time",
        redshift_sortkey="start_time",
    )
    op.create_table(
        "staging_events",
        sa.Column("artist", sa.String(1024), redshift_encode="zstd"),
        sa.Column("auth", sa.String(64), redshift_encode="zstd"),
        sa.Column("first_name", sa.String(256), redshift_encode="zstd"),
        sa.Column("gender", sa.String(64), redshift_encode="zstd"),
        sa.Column("item_in_session", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("last_name", sa.String(256), redshift_encode="zstd"),
        sa.Column("length", sa.Double(), redshift_encode="zstd"),
        sa.Column("level", sa.String(64), redshift_encode="zstd"),
        sa.Column("location", sa.String(1024), redshift_encode="zstd"),
        sa.Column("method", sa.String(64), redshift_encode="zstd"),
        sa.Column("page", sa.String(64), redshift_encode="zstd"),
        sa.Column("registration", sa.Double(), redshift_encode="zstd"),
        sa.Column("session_id", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("song", sa.String(1024), redshift_encode="zstd"),
        sa.Column("status", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("ts", sa.DateTime(), redshift_encode="az64"),
        sa.Column("user_agent", sa.String(1024), redshift_encode="zstd"),
        sa.Column("user_id", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("uri", sa.String(4096), redshift_encode="zstd"),
        sa.Column("load_id", sa.String(32), redshift_encode="raw"),
        sa.Column("repaired", sa.Boolean(), redshift_encode="zstd"),
        schema="staging",
        redshift_diststyle="EVEN",
        redshift_sortkey="load_id",
    )
    op.create_table(
        "staging_songs",
        sa.Column("num_songs", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("artist_id", sa.String(64), redshift_encode="zstd"),
        sa.Column("artist_latitude", sa.Double(), redshift_encode="zstd"),
        sa.Column("artist_longitude", sa.Double(), redshift_encode="zstd"),
        sa.Column("artist_location", sa.String(1024), redshift_encode="zstd"),
        sa.Column("artist_name", sa.String(1024), redshift_encode="zstd"),
        sa.Column("song_id", sa.String(64), redshift_encode="zstd"),
        sa.Column("title", sa.String(1024), redshift_encode="zstd"),
        sa.Column("duration", sa.Double(), redshift_encode="zstd"),
        sa.Column("year", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("uri", sa.String(4096), redshift_encode="zstd"),
        sa.Column("load_id", sa.String(32), redshift_encode="raw"),
        sa.Column("repaired", sa.Boolean(), redshift_encode="zstd"),
        schema="staging",
        redshift_diststyle="EVEN",
        redshift_sortkey="load_id",
    )
    op.create_table(
        "loads",
        sa.Column("load_id", sa.String(32), nullable=False, redshift_encode="raw"),
        sa.Column("started_at", sa.DateTime(), redshift_encode="az64"),
        sa.Column("finished_at", sa.DateTime(), redshift_encode="az64"),
        sa.Column("source", sa.String(4096), redshift_encode="zstd"),
        sa.Column("files", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("records_read", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("records_staged", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("records_rejected", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("version", sa.String(64), redshift_encode="zstd"),
        key("loads", "load_id"),
        schema="staging",
        redshift_diststyle="ALL",
        redshift_sortkey="load_id",
    )
    op.create_table(
        "files",
        sa.Column("uri", sa.String(4096), nullable=False, redshift_encode="zstd"),
        sa.Column("kind", sa.String(64), redshift_encode="zstd"),
        sa.Column("etag", sa.String(256), redshift_encode="zstd"),
        sa.Column("size", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("load_id", sa.String(32), redshift_encode="raw"),
        sa.Column("records", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("rejects", sa.BigInteger(), redshift_encode="az64"),
        key("files", "uri"),
        schema="staging",
        redshift_diststyle="EVEN",
        redshift_sortkey="load_id",
    )
    op.create_table(
        "rejects",
        sa.Column("load_id", sa.String(32), redshift_encode="raw"),
        sa.Column("uri", sa.String(4096), redshift_encode="zstd"),
        sa.Column("line_number", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("byte_offset", sa.BigInteger(), redshift_encode="az64"),
        sa.Column("column_name", sa.String(128), redshift_encode="zstd"),
        sa.Column("code", sa.String(64), redshift_encode="zstd"),
        sa.Column("reason", sa.String(1024), redshift_encode="zstd"),
        sa.Column("raw_text", sa.String(4096), redshift_encode="zstd"),
        schema="staging",
        redshift_diststyle="EVEN",
        redshift_sortkey="load_id",
    )


def downgrade() -> None:
    """Drop every table and the schema."""
    op.drop_table("rejects", schema="staging")
    op.drop_table("files", schema="staging")
    op.drop_table("loads", schema="staging")
    op.drop_table("staging_songs", schema="staging")
    op.drop_table("staging_events", schema="staging")
    op.drop_table("songplays")
    op.drop_table("time")
    op.drop_table("artists")
    op.drop_table("songs")
    op.drop_table("users")
    op.execute("DROP SCHEMA staging")
