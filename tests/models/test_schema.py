"""The schema: migrations make what the models say, and a run sees when they do not."""

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest
import sqlalchemy as sa
from alembic.config import CommandLine, Config

from sparkify import pipeline, warehouses
from sparkify.errors import SparkifyError
from sparkify.models import Base, schema
from tests.factory import event, put, rows
from tests.support import ROOT

LAST_COLUMN = re.compile(r", CONSTRAINT| \) DIST")  # what stands behind it
ADDED = re.compile(r"ALTER TABLE (\S+) ADD COLUMN ([^;]+)")


def alembic(*arguments: str, warehouse: str) -> str:
    """Run `alembic` as people do, from the checkout, with the warehouse in the settings."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "alembic", *arguments],
        cwd=ROOT,
        env={"SPARKIFY_WAREHOUSE": warehouse, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alembic_here(*arguments: str, warehouse: str) -> str:
    """The same in this process, which takes a second less."""
    line, printed = CommandLine(), io.StringIO()
    options = line.parser.parse_args(arguments)
    config = Config(ROOT / "alembic.ini", stdout=printed, cmd_opts=options)
    config.output_buffer = printed
    with patch.dict(os.environ, {"SPARKIFY_WAREHOUSE": warehouse}):
        line.run_cmd(config, options)
    return printed.getvalue()


@pytest.mark.long
def test_alembic_makes_checks_and_removes_the_schema(lake: Path, duckdb_url: str) -> None:
    """`upgrade head`, `check` and `downgrade base` are clean, and a run uses what they made."""
    alembic_here("upgrade", "head", warehouse=duckdb_url)
    assert "No new upgrade operations detected" in alembic_here("check", warehouse=duckdb_url)
    put(lake, "events", "a.json", event())
    assert pipeline.run(str(lake), duckdb_url).rows["songplays"] == 1
    alembic_here("downgrade", "base", warehouse=duckdb_url)
    left = "SELECT table_name FROM information_schema.tables"
    assert rows(duckdb_url, left) == [("alembic_version",)]


@pytest.mark.long
@pytest.mark.parametrize("name", ["ünï a", "select"])
def test_a_check_is_clean_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    """DuckDB names a database after its file, and may have to quote it."""
    url = f"duckdb:///{tmp_path}/{name}.duckdb"
    alembic("upgrade", "head", warehouse=url)
    assert "No new upgrade operations detected" in alembic("check", warehouse=url)


@pytest.mark.long
def test_a_check_finds_a_difference(duckdb_url: str, empty: Path) -> None:
    """`alembic check` is not clean merely because it looks at nothing."""
    shutil.copyfile(empty, duckdb_url.removeprefix("duckdb:///"))
    with duckdb.connect(duckdb_url.removeprefix("duckdb:///")) as connection:
        connection.execute("ALTER TABLE staging.loads DROP COLUMN version")
        connection.execute("DROP TABLE users")
    with pytest.raises(AssertionError, match=r"add_column.*version"):
        alembic("check", warehouse=duckdb_url)


def test_models_and_migrations_agree_on_physical_design() -> None:
    """DISTKEY, SORTKEY, DISTSTYLE and ENCODE are in the migrations as they are in the models."""
    made = alembic_here("upgrade", "head", "--sql", warehouse="redshift")
    made = "\n".join(line for line in made.splitlines() if not line.startswith("--"))
    texts = [" ".join(text.split()) for text in made.split(";")]
    for name, added in ADDED.findall(";".join(texts)):  # a column stands before the keys
        start = f"CREATE TABLE {name} ("
        number = next(n for n, text in enumerate(texts) if text.startswith(start))
        texts[number] = LAST_COLUMN.sub(rf", {added}\g<0>", texts[number], count=1)
    for table in Base.metadata.sorted_tables:
        create = sa.schema.CreateTable(table).compile(dialect=warehouses.dialect_of("redshift"))
        assert " ".join(str(create).split()) in texts
    assert "ENCODE" in made


def test_every_column_is_encoded() -> None:
    """Sort keys are raw, whole numbers and times az64, the rest zstd; none is left to chance."""
    for table in Base.metadata.sorted_tables:
        options = table.dialect_options["redshift"]
        for column in table.columns:
            numeric = isinstance(column.type, sa.Integer | sa.DateTime)
            expected = "raw" if column.name == options["sortkey"] else "az64" if numeric else "zstd"
            assert column.dialect_options["redshift"]["encode"] == expected, column


@pytest.mark.long
def test_the_state_of_an_old_schema_is_behind(duckdb_url: str) -> None:
    """A revision that the code knows, and that is not its newest, is behind."""
    alembic("upgrade", "0001", warehouse=duckdb_url)
    with (
        warehouses.connect(duckdb_url) as opened,
        opened.reading(0) as connection,
        pytest.raises(
            SparkifyError, match="run `sparkify schema --upgrade` or `alembic upgrade head`"
        ),
    ):
        schema.require(connection, opened.url)
