"""Who was forgotten, as keyed hashes, and how many records were left out for that."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = {"loads": "records_forgotten", "versions": "forgotten"}


def upgrade() -> None:
    """Make the table, and the columns that count."""
    primary = sa.PrimaryKeyConstraint("user_hash", name="pk_forgotten")
    primary.ddl_if(dialect="redshift")  # only its planner is told
    op.create_table(
        "forgotten",
        sa.Column("user_hash", sa.String(64), nullable=False, redshift_encode="raw"),
        sa.Column("key_check", sa.String(64), redshift_encode="zstd"),
        sa.Column("forgotten_at", sa.DateTime(), redshift_encode="az64"),
        primary,
        schema="staging",
        redshift_diststyle="ALL",
        redshift_sortkey="user_hash",
    )
    for table, name in COLUMNS.items():
        op.add_column(
            table, sa.Column(name, sa.BigInteger(), redshift_encode="az64"), schema="staging"
        )
        op.execute(f"UPDATE staging.{table} SET {name} = 0")


def downgrade() -> None:
    """Drop the table, so that those who were forgotten come back, and the columns."""
    for table, name in COLUMNS.items():
        op.drop_column(table, name, schema="staging")
    op.drop_table("forgotten", schema="staging")
