"""From the warehouse to where people work: commands, data frames, Parquet, DuckDB's own shell."""

import itertools
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from sparkify import analytics, pipeline
from sparkify.cli import app
from sparkify.errors import SparkifyError, UsageError
from sparkify.models import PUBLISHED, table
from tests.factory import event, put, star
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.support import ROOT
from tests.support.analysts import Loaded

COUNT = "SELECT level, count(*) AS plays FROM songplays GROUP BY level ORDER BY level"


def sparkify(arguments: str, url: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [*shlex.split(arguments), "--warehouse", url])


def path_of(url: str) -> str:
    """The file of a DuckDB URL."""
    return url.removeprefix("duckdb:///")


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        ("report --limit 3", "How many rows does each table have?\n  table"),
        ("recommend {user}", "Which artists may this user like?\n  artist"),
        ("recommend {user} --songs --limit 3", "Which songs may this user like?\n  song"),
        ("export star", "star/songplays.parquet\n"),
        ("schema --mermaid", "erDiagram\n"),
    ],
)
def test_commands_of_the_analysts(simulated: Loaded, arguments: str, begins: str) -> None:
    """Each command that the page for analysts shows runs, and prints its result."""
    user = simulated.plain.top_users()[0][0]
    done = sparkify(arguments.format(user=user), simulated.url)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(begins)


def test_commands_print_json(simulated: Loaded) -> None:
    """`--json` prints one object: the answers by name, the recommendation, what was written."""
    user = simulated.plain.top_users()[0][0]
    report, recommended, exported = (
        json.loads(sparkify(f"{command} --json", simulated.url).stdout)
        for command in ("report", f"recommend {user}", "export star")
    )
    assert set(report["answers"]) == {question.name for question in analytics.QUESTIONS}
    assert report["answers"]["plays-by-hour"]["rows"] == [
        *map(list, simulated.plain.plays_by_hour())
    ]
    assert recommended["columns"] == ["artist", "similar listeners", "listeners", "score"]
    assert len(exported["written"]) == 6


def test_analysts_cannot_write_to_redshift(cluster: StandIn, lake: Path) -> None:
    """Every transaction of their commands is READ ONLY; only an export needs another."""
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), cluster.url())
    cluster.statements.clear()
    (lake / "q.sql").write_text("SELECT count(*) FROM songplays")
    for command in (
        "status", "rejects", "report --limit 3", "recommend 39", "ask top-songs", "loads",
        f"verify {lake}",
    ):  # fmt: skip
        assert sparkify(command, cluster.url()).exit_code in (0, 1), command
    begun = [
        (text, following)
        for text, following in itertools.pairwise(cluster.statements)
        if text.startswith("begin")
    ]
    assert len([text for text, _ in begun if text == "begin read only"]) >= 14
    # SQLAlchemy looks at a new engine's server first
    writing = {following for text, following in begun if text != "begin read only"}
    assert writing == {"select pg_catalog.version()"}


def test_what_writes_for_an_analyst_is_refused(cluster: StandIn, lake: Path) -> None:
    """Neither a function that writes nor a statement gets past the transaction."""
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), cluster.url())
    with analytics.reading(cluster.url()) as (_, connection):
        for _ in range(2):  # the next transaction, too
            with pytest.raises(sa.exc.DBAPIError, match="read-only"):
                connection.exec_driver_sql("DELETE FROM songplays")
            connection.rollback()
    assert len(star(cluster.url())["songplays"]) == 1


@pytest.mark.long
def test_the_page_is_written_whole(simulated: Loaded, tmp_path: Path) -> None:
    """`report --html` writes one file, prints nothing on stdout, and leaves nothing beside it."""
    done = sparkify("report --html page.html", simulated.url)
    assert (done.exit_code, done.stdout) == (0, "")
    assert [path.name for path in tmp_path.glob("*.html*")] == ["page.html"]
    assert (tmp_path / "page.html").read_text("utf-8").endswith("</html>\n")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("recommend 123456789", 1, "has no user 123456789"),
        ("report --html /proc/none/page.html", 1, "/proc/none/page.html cannot be written"),
        ("export /proc/none", 1, "/proc/none cannot be written"),
        ("export s3://bucket/star", 2, "DuckDB exports to a folder, not to s3://bucket/star"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    simulated: Loaded, arguments: str, code: int, says: str
) -> None:
    """An expected error names the thing, without a traceback."""
    done = sparkify(arguments, simulated.url)
    assert isinstance(done.exception, SparkifyError)
    assert (done.exception.exit_code, done.stdout) == (code, "")
    assert says in str(done.exception)
    assert "\n" not in str(done.exception)


@pytest.mark.long
def test_nobody_can_be_recommended_nothing(simulated: Loaded) -> None:
    """The process ends with 1 and one line on stderr."""
    command = [sys.executable, "-m", "sparkify", "recommend", "123456789"]
    command += ["--warehouse", simulated.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"sparkify: {simulated.url} has no user 123456789\n"


def test_a_warehouse_that_is_behind_names_the_command(simulated: Loaded, tmp_path: Path) -> None:
    """Reading needs the schema of this version, and says how to get it."""
    copy = tmp_path / "behind.duckdb"
    copy.write_bytes(Path(path_of(simulated.url)).read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(SparkifyError, match="alembic upgrade head"):
        analytics.report(f"duckdb:///{copy}")


def test_the_star_is_exported_as_parquet(simulated: Loaded, tmp_path: Path) -> None:
    """Each table is one file with its rows and types, written again over what is there."""
    for _ in range(2):
        written = analytics.export(tmp_path / "star", simulated.url)
    assert [Path(name).stem for name in written] == [table(model).name for model in PUBLISHED]
    assert len(list((tmp_path / "star").iterdir())) == len(written)
    with duckdb.connect(path_of(simulated.url), read_only=True) as connection:
        for name in written:
            both = (f"FROM {Path(name).stem}", f"FROM '{name}'")
            described = [connection.sql(f"DESCRIBE {each}").fetchall() for each in both]
            assert [row[:2] for row in described[0]] == [row[:2] for row in described[1]]
            for one, other in (both, both[::-1]):
                assert not connection.sql(f"{one} EXCEPT {other}").fetchall()
    with pytest.raises(UsageError, match="exports to a folder, not to s3://b/x"):
        analytics.export("s3://b/x", simulated.url)


@pytest.mark.long
def test_redshift_exports_to_s3(
    simulated: Loaded, cluster: StandIn, s3: Bucket, tmp_path: Path
) -> None:
    """The Parquet below the prefix has the rows of the star's tables; a second export replaces it.

    A folder is refused: the cluster cannot write to this machine.
    """
    pipeline.run(str(simulated.lake), cluster.url())
    s3.put("star/songs.parquet/001.parquet", "left by an export that was larger")
    for _ in range(2):
        done = sparkify(f"export {s3.url('star/')} --json", cluster.url())
        written = json.loads(done.stdout)["written"]
    assert written == [s3.url(f"star/{table(model).name}.parquet/") for model in PUBLISHED]
    found = s3.held("star")
    assert len(found) == len(PUBLISHED)
    mine, right = star(cluster.url()), star(simulated.url)
    for key in found:
        path = tmp_path / "one.parquet"
        path.write_bytes(s3.client.get_object(Bucket=s3.name, Key=key)["Body"].read())
        name = Path(key).parent.stem
        with duckdb.connect() as connection:
            exported = connection.sql(f"FROM '{path}'").fetchall()
        assert sorted(exported, key=repr) == mine[name] == right[name]
    with pytest.raises(UsageError, match=r"Redshift exports to s3://bucket/prefix, not to"):
        analytics.export("star", cluster.url())


def by_pandas(url: str) -> Any:
    """pandas takes the URL as it is, and lets go of the file."""
    pandas = pytest.importorskip("pandas")
    return pandas.read_sql(COUNT, url).values.tolist()


def by_polars(url: str) -> Any:
    """polars takes SQLAlchemy's engine."""
    polars = pytest.importorskip("polars")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    return [list(row) for row in polars.read_database(COUNT, engine).rows()]


def by_arrow(url: str) -> Any:
    """DuckDB gives Arrow tables, and data frames too."""
    pytest.importorskip("pyarrow")
    with duckdb.connect(path_of(url), read_only=True) as connection:
        return [[*row.values()] for row in connection.sql(COUNT).to_arrow_table().to_pylist()]


def by_shell(url: str) -> Any:
    """DuckDB's own shell opens the file."""
    if not (shell := shutil.which("duckdb")):
        pytest.skip("DuckDB's shell is not here: pip install duckdb-cli")
    command = [shell, "-readonly", "-json", path_of(url), COUNT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [[*row.values()] for row in json.loads(done.stdout)]


@pytest.mark.parametrize("way", [by_pandas, by_polars, by_arrow, by_shell])
def test_a_select_is_one_line_from_everywhere(simulated: Loaded, way: Any) -> None:
    """pandas, polars, Arrow and DuckDB's shell read the file and see the same."""
    expected = sorted([level, plays] for (level,), plays in simulated.plain.count("level").items())
    assert way(simulated.url) == expected


@pytest.mark.long
def test_the_script_of_the_seeds_prints_answers(simulated: Loaded) -> None:
    """scripts/analytics.py prints the row counts and more of the warehouse in the settings."""
    script = ROOT / "scripts" / "analytics.py"
    environment = {
        "SPARKIFY_WAREHOUSE": simulated.url,
        "PATH": "",
        "PYTHONPATH": ":".join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("How many rows does each table have?")
    assert f"{len(simulated.plain.plays):,}" in done.stdout
