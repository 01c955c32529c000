"""`alembic check` sees how tables are laid out on Redshift."""

import pytest
import sqlalchemy as sa

from sparkify import config, pipeline, warehouses
from tests.models.test_schema import alembic_here
from tests.redshift_standin import StandIn

CHANGES = [
    ("songplays ALTER DISTKEY user_id", "ALTER DISTSTYLE KEY DISTKEY start_time"),
    ("songs ALTER DISTSTYLE AUTO", "ALTER DISTSTYLE ALL"),
    ("songplays ALTER SORTKEY (user_id, start_time)", "ALTER SORTKEY (start_time)"),
    ("staging.loads ALTER SORTKEY NONE", "ALTER SORTKEY (load_id)"),
    ("users ALTER COLUMN level ENCODE lzo", "ALTER COLUMN level ENCODE zstd"),
    ("users ALTER COLUMN user_id ENCODE az64", "ALTER COLUMN user_id ENCODE raw"),
]


@pytest.fixture
def url(cluster: StandIn) -> str:
    """A cluster with the schema."""
    pipeline.upgrade(cluster.url())
    return cluster.url()


def change(url: str, what: str) -> None:
    """Change the layout of a table, outside a transaction as Redshift wants it."""
    with warehouses.connect(url, config.load()) as opened, opened.engine.connect() as connection:
        connection.connection.rollback()
        connection.connection.dbapi_connection.autocommit = True  # type: ignore[union-attr]
        connection.exec_driver_sql(f"ALTER TABLE {what}")


def found_by_a_check(url: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `alembic check` says of a schema that differs."""
    with pytest.raises(SystemExit):
        alembic_here("check", warehouse=url)
    return capsys.readouterr().out


@pytest.mark.long
def test_a_check_sees_the_layout(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a change it is clean; each change is found, with the statement that mends it."""
    assert "No new upgrade operations" in alembic_here("check", warehouse=url)
    for what, _ in CHANGES:
        change(url, what)
    found = found_by_a_check(url, capsys)
    for what, mended in CHANGES:
        assert f"ALTER TABLE {what.split()[0]} {mended}" in found
    assert found.count("ALTER TABLE") == len(CHANGES)


@pytest.mark.long
def test_a_check_sees_that_rows_are_no_longer_distributed(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table that had a DISTKEY has none."""
    change(url, "songplays ALTER DISTSTYLE EVEN")
    found = found_by_a_check(url, capsys)
    assert "ALTER TABLE songplays ALTER DISTSTYLE KEY DISTKEY start_time" in found


TEXTS = ["a\\b", "\\", "C:\\new\\table", "it's 100 % \\' :x", "\\\\"]


@pytest.mark.parametrize("connects", [False, True])
def test_backslashes_in_literals(cluster: StandIn, connects: bool) -> None:
    """In a literal, Redshift reads one backslash where two are written; none is halved.

    That must not change once a connection was made: then SQLAlchemy asks the server.
    """
    with (
        warehouses.connect(cluster.url(), config.load()) as opened,
        opened.engine.connect() as sends,
    ):
        dialect = sends.dialect if connects else warehouses.dialect_of("redshift")
        for text in TEXTS:
            select = sa.select(sa.literal(text))
            shown = select.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
            assert sends.exec_driver_sql(str(shown).replace("%%", "%")).scalar() == text


def test_tables_of_others_are_made_and_reflected(cluster: StandIn) -> None:
    """`create_all` and reflection work with every SQLAlchemy that is allowed."""
    wanted = sa.MetaData()
    name = sa.Column("name", sa.String(64), redshift_encode="zstd")
    sa.Table("t", wanted, sa.Column("a", sa.BigInteger), name, redshift_sortkey="a")
    with warehouses.connect(cluster.url(), config.load()) as opened:
        for _ in range(2):
            wanted.create_all(opened.engine)
        found = sa.Table("t", sa.MetaData(), autoload_with=opened.engine)
    assert found.dialect_options["redshift"]["sortkey"] == ("a",)
    assert [(c.name, str(c.type)) for c in found.columns] == [
        ("a", "BIGINT"),
        ("name", "VARCHAR(64)"),
    ]
    assert found.c["name"].info["encode"] == "zstd"
