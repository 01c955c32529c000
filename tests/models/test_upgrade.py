"""Which warehouses are upgraded or reset, and which are somebody else's."""

import io
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from sparkify import pipeline, warehouses
from sparkify.errors import SparkifyError, UsageError
from sparkify.models.revisions import revisions
from tests.cli.test_cli import Sparkify, sparkify
from tests.factory import event, put, rows
from tests.models.test_versions import migrate
from tests.redshift_standin import StandIn
from tests.support import redshift_is_long

__all__ = ["sparkify"]


def execute(url: str, *statements: str) -> None:
    """Run statements as somebody else does."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for each in statements:
            connection.exec_driver_sql(each)


@pytest.mark.parametrize("version", ["a1b2c3d4e5f6", "0001", "0002"])
def test_another_projects_version_table(lake: Path, warehouse: str, version: str) -> None:
    """One line says that it is not ours, also where its numbers are like ours; nothing changes."""
    put(lake, "events", "a.json", event())
    execute(
        warehouse,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        f"INSERT INTO alembic_version VALUES ('{version}')",
        "CREATE TABLE users (id INT)",
    )
    for call in (lambda: pipeline.run(lake, warehouse), lambda: pipeline.upgrade(warehouse)):
        with pytest.raises(SparkifyError, match="of another project; choose another database"):
            call()
    assert rows(warehouse, "SELECT version_num FROM alembic_version") == [(version,)]


def test_a_newer_schema_is_not_upgraded(lake: Path, warehouse: str) -> None:
    """The tables are ours, and the version is one of the future."""
    pipeline.upgrade(warehouse)
    execute(warehouse, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SparkifyError, match="newer version of Sparkify"):
        pipeline.upgrade(warehouse)


def test_a_reset_without_a_terminal_needs_a_yes(
    lake: Path, duckdb_url: str, sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No table is dropped by a script that did not say so."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    put(lake, "events", "a.json", event())
    pipeline.run(lake, duckdb_url)
    for arguments, code, left in (([], 2, 1), (["--yes"], 0, 0)):
        done = sparkify("schema", "--reset", "--warehouse", duckdb_url, *arguments)
        assert done.code == code, done.err
        assert ("--yes" in done.err) is bool(code)
        assert rows(duckdb_url, "SELECT count(*) FROM users") == [(left,)]


def test_the_schema_is_upgraded_by_command(tmp_path: Path, empty: Path, sparkify: Sparkify) -> None:
    """`schema --upgrade` tells each step, and changes nothing that is up to date."""
    url = f"duckdb:///{tmp_path / 'w.duckdb'}"
    for steps in (len(revisions().ours), 0):
        done = sparkify("schema", "--upgrade", "--warehouse", url)
        assert (done.code, done.err) == (0, "")
        *told, last = done.out.splitlines()
        assert (len(told), last) == (steps, "the schema is up to date")
        assert told[:1] == ["0001: The star, the staging tables and the books."][:steps]
    with warehouses.connect(url) as opened, opened.reading(0) as connection:
        names = sa.inspect(connection).get_table_names()
    with (
        warehouses.connect(f"duckdb:///{empty}") as opened,
        opened.reading(0) as connection,
    ):
        assert sorted(names) == sorted(sa.inspect(connection).get_table_names())


@redshift_is_long
@pytest.mark.parametrize("revision", [None, "0002"])
def test_the_statements_of_an_upgrade(
    lake: Path, warehouse: str, revision: str | None, sparkify: Sparkify
) -> None:
    """`--sql` changes nothing; sent by somebody else, what it shows is the upgrade."""
    put(lake, "events", "a.json", event(), event(itemInSession=1, song="JÃ³ga"))
    if revision:
        pipeline.run(lake, warehouse)
        migrate(warehouse, revision)
    shown = sparkify("schema", "--upgrade", "--sql", "--warehouse", warehouse)
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert (lines[0], lines[-1]) == ("BEGIN;", "COMMIT;")
    assert [line for line in lines if line != line.rstrip() or "\t" in line or "%%" in line] == []
    if revision:
        assert rows(warehouse, "SELECT version_num FROM alembic_version") == [(revision,)]
    script = re.sub("^--.*", "", shown.out, flags=re.MULTILINE).split(";\n")
    execute(warehouse, *(text for text in script if text.strip() not in ("", "BEGIN", "COMMIT")))
    assert pipeline.upgrade(warehouse) == ()
    report = pipeline.run(lake, warehouse)
    assert (report.load_id is None) is bool(revision)
    assert report.rows["songplays"] == 2


def test_statements_without_a_warehouse(sparkify: Sparkify) -> None:
    """The name of an engine is enough; and `--sql` alone is a mistake."""
    done = sparkify("schema", "--upgrade", "--sql", "--warehouse", "redshift")
    assert "DISTKEY (start_time)" in done.out
    assert "CREATE VIEW staging.rejects" in done.out
    for wrong in (["--sql"], ["--sql", "--reset", "--upgrade"]):
        done = sparkify("schema", *wrong)
        assert (done.code, "--sql goes with --upgrade" in done.err) == (2, True)


@pytest.mark.parametrize("name", ["duckdb", "redshift"])
def test_a_name_is_not_upgraded(name: str) -> None:
    """The bare name of an engine is no warehouse: nothing would be kept."""
    with pytest.raises(UsageError, match="not a warehouse but the name of an engine"):
        pipeline.upgrade(name)


@pytest.mark.long
def test_an_upgrade_distributes_users_over_the_nodes(cluster: StandIn) -> None:
    """Tables that used to be on every node are afterwards distributed as the models say."""
    pipeline.upgrade(cluster.url())
    migrate(cluster.url(), "0004")
    engine = sa.create_engine(cluster.url(), poolclass=sa.NullPool)
    raw = engine.raw_connection()
    assert raw.driver_connection
    raw.driver_connection.autocommit = True
    for name in ("users", "user_levels"):
        raw.cursor().execute(f"ALTER TABLE {name} ALTER DISTSTYLE ALL")
    raw.close()
    style = "SELECT relname, reldiststyle FROM pg_class WHERE relname IN ('users', 'user_levels')"
    assert rows(cluster.url(), style) == [("user_levels", 8), ("users", 8)]
    pipeline.upgrade(cluster.url())
    assert rows(cluster.url(), style) == [("user_levels", 1), ("users", 1)]
