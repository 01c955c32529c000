"""Rows belong to a version of a file, and count once it is published.

`staging_events`, `staging_songs` and `rejects` become views of the published rows; Alembic's
environment makes them after every upgrade.
"""

import logging
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.schema import SchemaItem

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Fields = tuple[tuple[str, sa.types.TypeEngine[Any]], ...]

logger = logging.getLogger("sparkify.migrations")

EVENT: Fields = (
    ("artist", sa.String(1024)),
    ("auth", sa.String(64)),
    ("first_name", sa.String(256)),
    ("gender", sa.String(64)),
    ("item_in_session", sa.BigInteger()),
    ("last_name", sa.String(256)),
    ("length", sa.Double()),
    ("level", sa.String(64)),
    ("location", sa.String(1024)),
    ("method", sa.String(64)),
    ("page", sa.String(64)),
    ("registration", sa.Double()),
    ("session_id", sa.BigInteger()),
    ("song", sa.String(1024)),
    ("status", sa.BigInteger()),
    ("ts", sa.DateTime()),
    ("user_agent", sa.String(1024)),
    ("user_id", sa.BigInteger()),
)
SONG: Fields = (
    ("num_songs", sa.BigInteger()),
    ("artist_id", sa.String(64)),
    ("artist_latitude", sa.Double()),
    ("artist_longitude", sa.Double()),
    ("artist_location", sa.String(1024)),
    ("artist_name", sa.String(1024)),
    ("song_id", sa.String(64)),
    ("title", sa.String(1024)),
    ("duration", sa.Double()),
    ("year", sa.BigInteger()),
)
REJECT: Fields = (
    ("uri", sa.String(4096)),
    ("line_number", sa.BigInteger()),
    ("byte_offset", sa.BigInteger()),
    ("column_name", sa.String(128)),
    ("code", sa.String(64)),
    ("reason", sa.String(1024)),
    ("raw_text", sa.String(4096)),
)
VERSION: Fields = (
    ("run_id", sa.String(32)),
    ("kind", sa.String(64)),
    ("uri", sa.String(4096)),
    ("etag", sa.String(256)),
    ("size", sa.BigInteger()),
    ("load_id", sa.String(32)),
    ("published", sa.Boolean()),
    ("rows", sa.BigInteger()),
    ("rejects", sa.BigInteger()),
    ("repaired", sa.BigInteger()),
    ("least_ts", sa.DateTime()),
    ("greatest_ts", sa.DateTime()),
    ("damaged", sa.Boolean()),
    ("fingerprint", sa.String(32)),
)
FILE_ID = (("file_id", sa.BigInteger()),)
REPAIRED = (("repaired", sa.Boolean()),)

#: a version for the rows of each object and load; one for all that a load copied directly
VERSIONS = """
INSERT INTO staging.versions (file_id, run_id, kind, uri, etag, size, load_id, published, rows,
    rejects, repaired, least_ts, greatest_ts, damaged)
WITH held AS (
    SELECT 'events' AS kind, uri, load_id, count(*) AS rows,
        sum(CASE WHEN repaired THEN 1 ELSE 0 END) AS repaired,
        min(ts) AS least_ts, max(ts) AS greatest_ts
    FROM staging.staging_events GROUP BY uri, load_id
    UNION ALL
    SELECT 'songs' AS kind, uri, load_id, count(*) AS rows,
        sum(CASE WHEN repaired THEN 1 ELSE 0 END) AS repaired,
        CAST(NULL AS TIMESTAMP) AS least_ts, CAST(NULL AS TIMESTAMP) AS greatest_ts
    FROM staging.staging_songs GROUP BY uri, load_id
), noted AS (
    SELECT kind, CASE WHEN records IS NULL THEN NULL ELSE uri END AS uri, load_id,
        max(CASE WHEN records IS NULL THEN NULL ELSE etag END) AS etag,
        max(CASE WHEN records IS NULL THEN NULL ELSE size END) AS size
    FROM staging.files GROUP BY 1, 2, 3
), refused AS (
    SELECT coalesce(f.kind, 'events') AS kind, f.uri, r.load_id, count(*) AS rejects,
        max(CASE WHEN r.code LIKE 'object!_%' ESCAPE '!' THEN 1 ELSE 0 END) AS damaged
    FROM staging.rejects r LEFT JOIN (
        SELECT uri AS name, kind, load_id, CASE WHEN records IS NULL THEN NULL ELSE uri END AS uri
        FROM staging.files
    ) f ON f.name = r.uri AND f.load_id = r.load_id
    GROUP BY 1, 2, 3
), known AS (
    SELECT kind, uri, load_id FROM held UNION SELECT kind, uri, load_id FROM noted
)
SELECT row_number() OVER (ORDER BY k.load_id, k.kind, k.uri), NULL, k.kind, k.uri, n.etag, n.size,
    k.load_id, true, coalesce(h.rows, 0), coalesce(r.rejects, 0), coalesce(h.repaired, 0),
    h.least_ts, h.greatest_ts, coalesce(h.rows, 0) = 0 AND coalesce(r.damaged, 0) = 1
FROM known k
LEFT JOIN held h ON h.kind = k.kind AND h.load_id = k.load_id
    AND coalesce(h.uri, '') = coalesce(k.uri, '')
LEFT JOIN noted n ON n.kind = k.kind AND n.load_id = k.load_id
    AND coalesce(n.uri, '') = coalesce(k.uri, '')
LEFT JOIN refused r ON r.kind = k.kind AND r.load_id = k.load_id
    AND coalesce(r.uri, '') = coalesce(k.uri, '')
"""
ROWS = """
INSERT INTO staging.{new} ({fields}, file_id, repaired)
SELECT {old_fields}, v.file_id, o.repaired
FROM staging.{old} o JOIN staging.versions v ON v.kind = '{kind}' AND v.load_id = o.load_id
    AND coalesce(v.uri, '') = coalesce(o.uri, '')
"""
FILES = """
UPDATE staging.files SET file_id = v.file_id FROM staging.versions v
WHERE v.kind = files.kind AND v.load_id = files.load_id
    AND coalesce(v.uri, '') = CASE WHEN files.records IS NULL THEN '' ELSE files.uri END
"""
REJECTS = """
INSERT INTO staging.reject_rows (file_id, {fields})
SELECT coalesce(f.file_id, b.file_id), {old_fields}
FROM staging.rejects o
LEFT JOIN staging.files f ON f.uri = o.uri AND f.load_id = o.load_id
LEFT JOIN (
    SELECT load_id, min(file_id) AS file_id FROM staging.versions WHERE uri IS NULL GROUP BY load_id
) b ON b.load_id = o.load_id
"""
RUN = """
INSERT INTO staging.runs (run_id, started_at, heartbeat, first_file_id, last_file_id)
SELECT 'upgrade', NULL, NULL, 1, max(file_id) FROM staging.versions HAVING count(*) > 0
"""
OLD_ROWS = """
INSERT INTO staging.{old} ({fields}, uri, load_id, repaired)
SELECT {new_fields}, v.uri, v.load_id, n.repaired
FROM staging.{new} n JOIN staging.versions v ON v.file_id = n.file_id WHERE v.published
"""
OLD_REJECTS = """
INSERT INTO staging.rejects (load_id, {fields})
SELECT v.load_id, {new_fields}
FROM staging.reject_rows n JOIN staging.versions v ON v.file_id = n.file_id
WHERE n.file_id IN (SELECT file_id FROM staging.files)
"""


def column(name: str, type_: sa.types.TypeEngine[Any], sort: str) -> sa.Column[Any]:
    """A column with the encoding of its type; that of a sort key or of an id is required."""
    numeric = isinstance(type_, sa.Integer | sa.DateTime)
    encode = "raw" if name == sort else "az64" if numeric else "zstd"
    return sa.Column(
        name,
        type_,
        nullable=name != sort or sort == "load_id",
        autoincrement=False,
        redshift_encode=encode,
    )


def make(name: str, fields: Fields, sort: str, *more: SchemaItem, style: str = "EVEN") -> None:
    """Make a table of the schema `staging`."""
    op.create_table(
        name,
        *(column(field, type_, sort) for field, type_ in fields),
        *more,
        schema="staging",
        redshift_diststyle=style,
        redshift_sortkey=sort,
    )


def key(table: str, column: str) -> sa.PrimaryKeyConstraint:
    """A primary key that only Redshift's planner is told of."""
    constraint = sa.PrimaryKeyConstraint(column, name=f"pk_{table}")
    constraint.ddl_if(dialect="redshift")
    return constraint


def listed(fields: Fields, prefix: str = "") -> str:
    """The names of fields, as SQL."""
    return ", ".join(f"{prefix}{name}" for name, _ in fields)


def tell() -> None:
    """Say how much space the copies of the rows take until the end of the upgrade."""
    if context.is_offline_mode():
        return
    bind = op.get_bind()
    counts = (f"(SELECT count(*) FROM staging.staging_{kind})" for kind in ("events", "songs"))
    rows = int(bind.exec_driver_sql(f"SELECT {' + '.join(counts)}").scalar() or 0)
    if not rows:
        return
    room = "room for them once more"
    if bind.dialect.name == "duckdb":
        used = "SELECT used_blocks * block_size // 1048576 FROM pragma_database_size()"
        room = f"up to {bind.exec_driver_sql(used).scalar():,} MB more"
    logger.warning("the upgrade copies %s staged rows; until its end it needs %s", rows, room)


def upgrade() -> None:
    """Make the new tables, bring the rows into them, and drop the old ones."""
    tell()
    make("versions", (*FILE_ID, *VERSION), "file_id", key("versions", "file_id"), style="ALL")
    runs = (
        ("run_id", sa.String(32)),
        ("started_at", sa.DateTime()),
        ("heartbeat", sa.DateTime()),
        ("first_file_id", sa.BigInteger()),
        ("last_file_id", sa.BigInteger()),
    )
    make("runs", runs, "run_id", key("runs", "run_id"), style="ALL")
    for name in ("lock", "id_lock"):
        nothing = sa.Column("nothing", sa.BigInteger(), redshift_encode="az64")
        op.create_table(name, nothing, schema="staging", redshift_diststyle="ALL")
    op.add_column(
        "files", sa.Column("file_id", sa.BigInteger(), redshift_encode="az64"), schema="staging"
    )
    op.execute(VERSIONS)
    op.execute(RUN)
    op.execute(FILES)
    for kind, fields in (("event", EVENT), ("song", SONG)):
        names = {"new": f"{kind}_rows", "old": f"staging_{kind}s", "kind": f"{kind}s"}
        make(names["new"], (*fields, *FILE_ID, *REPAIRED), "file_id")
        op.execute(ROWS.format(**names, fields=listed(fields), old_fields=listed(fields, "o.")))
        op.drop_table(names["old"], schema="staging")
    make("reject_rows", (*FILE_ID, *REJECT), "file_id")
    op.execute(REJECTS.format(fields=listed(REJECT), old_fields=listed(REJECT, "o.")))
    op.drop_table("rejects", schema="staging")


def downgrade() -> None:
    """Make the old tables, bring the published rows into them, and drop the new ones."""
    for name in ("staging_events", "staging_songs", "rejects"):
        op.execute(f"DROP VIEW IF EXISTS staging.{name}")
    load_id = (("load_id", sa.String(32)),)
    make("rejects", (*load_id, *REJECT), "load_id")
    op.execute(OLD_REJECTS.format(fields=listed(REJECT), new_fields=listed(REJECT, "n.")))
    for kind, fields in (("event", EVENT), ("song", SONG)):
        names = {"new": f"{kind}_rows", "old": f"staging_{kind}s"}
        make(names["old"], (*fields, ("uri", sa.String(4096)), *load_id, *REPAIRED), "load_id")
        op.execute(OLD_ROWS.format(**names, fields=listed(fields), new_fields=listed(fields, "n.")))
    op.drop_column("files", "file_id", schema="staging")
    for name in ("event_rows", "song_rows", "reject_rows", "id_lock", "lock", "runs", "versions"):
        op.drop_table(name, schema="staging")
