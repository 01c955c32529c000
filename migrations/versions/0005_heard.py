"""An index of what was heard, by which a new song finds the plays before it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: as `transform.plays.heard` was when this migration was written, over all that is published
FILL = """
INSERT INTO staging.heard (title, artist_name, least_ts, greatest_ts)
SELECT r.song, r.artist, min(r.ts), max(r.ts)
FROM staging.event_rows r JOIN staging.versions v ON v.file_id = r.file_id
WHERE v.published AND r.page = 'NextSong'
GROUP BY r.song, r.artist
"""


def upgrade() -> None:
    """Make the index from what is published."""
    op.create_table(
        "heard",
        sa.Column("title", sa.String(1024), redshift_encode="zstd"),
        sa.Column("artist_name", sa.String(1024), redshift_encode="zstd"),
        sa.Column("least_ts", sa.DateTime(), redshift_encode="az64"),
        sa.Column("greatest_ts", sa.DateTime(), redshift_encode="az64"),
        schema="staging",
        redshift_distkey="title",
    )
    op.execute(FILL)


def downgrade() -> None:
    """Drop the index."""
    op.drop_table("heard", schema="staging")
