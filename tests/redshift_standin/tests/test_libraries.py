"""sqlalchemy-redshift and alembic, unmodified, on the stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy_redshift.dialect import RedshiftDialect_redshift_connector

from tests.redshift_standin.fixtures import Target

MIGRATION = '''
"""One table, then another column."""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{revision}", {down}, None, None


def upgrade():
    {upgrade}
'''
ENVIRONMENT = """
from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
"""

lags = pytest.mark.skipif(
    sa.__version__ >= "2.1", reason="sqlalchemy-redshift reflects with SQLAlchemy 2.0 alone"
)


def tables() -> sa.MetaData:
    """Two tables with Redshift's options."""
    metadata = sa.MetaData()
    sa.Table(
        "plays",
        metadata,
        sa.Column("id", sa.String(32), primary_key=True, redshift_encode="zstd"),
        sa.Column("at", sa.DateTime, nullable=False, redshift_encode="raw"),
        sa.Column("person", sa.BigInteger, sa.ForeignKey("people.id"), redshift_encode="az64"),
        sa.Column("length", sa.Double),
        redshift_distkey="at",
        redshift_sortkey=["at", "id"],
    )
    sa.Table(
        "people",
        metadata,
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(1024)),
        redshift_diststyle="ALL",
    )
    return metadata


@lags
def test_reflection(engine: sa.Engine) -> None:
    """DISTKEY, SORTKEY, DISTSTYLE, ENCODE, keys and types come back as they were declared."""
    tables().create_all(engine)
    found = sa.MetaData()
    found.reflect(engine)
    plays, people = found.tables["plays"], found.tables["people"]
    assert plays.dialect_options["redshift"]["distkey"] == "at"
    assert plays.dialect_options["redshift"]["sortkey"] == ("at", "id")
    assert people.dialect_options["redshift"]["diststyle"] == "ALL"
    encodings = {c.name: c.info.get("encode") for c in plays.columns}
    assert encodings == {"id": "zstd", "at": "raw", "person": "az64", "length": None}
    assert [c.name for c in plays.primary_key] == ["id"]
    assert [key.target_fullname for key in plays.foreign_keys] == ["people.id"]
    name = people.c.name.type
    assert isinstance(name, sa.VARCHAR)
    assert name.length == 1024


def test_inspection_of_a_schema(engine: sa.Engine) -> None:
    """Tables and views of a second schema are found, and columns by table."""
    schema = "standin_second"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        connection.exec_driver_sql(f"CREATE TABLE {schema}.t (a INT IDENTITY(1, 1), b VARCHAR(3))")
        connection.exec_driver_sql(f"CREATE VIEW {schema}.v AS SELECT a FROM {schema}.t")
        inspector = sa.inspect(connection)
        assert inspector.get_table_names(schema=schema) == ["t"]
        assert inspector.get_view_names(schema=schema) == ["v"]
        assert [c["name"] for c in inspector.get_columns("t", schema=schema)] == ["a", "b"]
        assert schema in inspector.get_schema_names()
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


@lags
def test_comparison_is_clean(engine: sa.Engine) -> None:
    """Alembic finds no difference between the tables and what made them."""
    metadata = tables()
    metadata.create_all(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_core_statements(engine: sa.Engine) -> None:
    """Core's INSERT, SELECT, UPDATE and DELETE run, with values bound."""
    people = sa.table("people", sa.column("id"), sa.column("name"))
    with engine.begin() as connection:
        tables().create_all(connection)
        connection.execute(people.insert(), [{"id": 1, "name": "é"}, {"id": 2, "name": None}])
        connection.execute(people.update().where(people.c.id == 2).values(name="x"))
        connection.execute(people.delete().where(people.c.id == 1))
        query = sa.select(people.c.id, people.c.name).where(people.c.name.in_(["x", "y"]))
        assert [tuple(row) for row in connection.execute(query)] == [(2, "x")]


@pytest.fixture
def script_folder(tmp_path: Path) -> Path:
    """An Alembic environment with two migrations."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(ENVIRONMENT)
    steps = {
        "one": (
            "None",
            "op.create_table('t', sa.Column('a', sa.BigInteger), redshift_sortkey='a')",
        ),
        "two": ("'one'", "op.add_column('t', sa.Column('b', sa.String(8)))"),
    }
    for revision, (down, upgrade) in steps.items():
        text = MIGRATION.format(revision=revision, down=down, upgrade=upgrade)
        (tmp_path / "versions" / f"{revision}.py").write_text(text)
    return tmp_path


def test_alembic_upgrade(
    script_folder: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`alembic upgrade head` makes the tables and notes the version."""
    # sqlalchemy-redshift claims RETURNING, which neither the manual nor the stand-in has
    for name in ("insert_returning", "update_returning", "delete_returning"):
        monkeypatch.setattr(RedshiftDialect_redshift_connector, name, False, raising=False)
    engine = sa.create_engine(target.url, connect_args={"ssl": target.ssl})
    config = alembic.config.Config()
    config.set_main_option("script_location", str(script_folder))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "head")
        connection.rollback()
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        assert version == "two"
        columns: list[Any] = list(sa.inspect(connection).get_columns("t"))
        assert [column["name"] for column in columns] == ["a", "b"]
    engine.dispose()
