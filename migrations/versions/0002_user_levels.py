"""Who was free or paid when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: as `transform.user_levels` was when this migration was written, over all that is staged
FILL = """
INSERT INTO user_levels (user_id, level, valid_from, valid_to)
WITH seen AS (
    SELECT user_id, level, ts, session_id, item_in_session, lag(level) OVER (
        PARTITION BY user_id ORDER BY ts, session_id, item_in_session, level DESC
    ) AS level_before
    FROM staging.staging_events WHERE user_id IS NOT NULL
), ranked AS (
    SELECT user_id, level, ts, row_number() OVER (
        PARTITION BY user_id, ts ORDER BY session_id DESC, item_in_session DESC, level
    ) AS place
    FROM seen WHERE level_before IS NULL OR level_before <> level
), settled AS (
    SELECT user_id, level, ts,
        lag(level) OVER (PARTITION BY user_id ORDER BY ts) AS level_before
    FROM ranked WHERE place = 1
)
SELECT user_id, level, ts, lead(ts) OVER (PARTITION BY user_id ORDER BY ts)
FROM settled WHERE level_before IS NULL OR level_before <> level
"""


def upgrade() -> None:
    """Make the table, and fill it from the events that are staged."""
    primary = sa.PrimaryKeyConstraint("user_id", "valid_from", name="pk_user_levels")
    user = sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_user_levels_user_id")
    for constraint in (primary, user):  # only Redshift's planner is told of them
        constraint.ddl_if(dialect="redshift")
    op.create_table(
        "user_levels",
        sa.Column("user_id", sa.BigInteger(), nullable=False, redshift_encode="raw"),
        sa.Column("level", sa.String(64), redshift_encode="zstd"),
        sa.Column("valid_from", sa.DateTime(), nullable=False, redshift_encode="az64"),
        sa.Column("valid_to", sa.DateTime(), redshift_encode="az64"),
        primary,
        user,
        redshift_distkey="user_id",
        redshift_sortkey="user_id",
    )
    op.execute(FILL)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("user_levels")
