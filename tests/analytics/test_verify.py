"""`verify`: a folder of queries, compared with their expected rows."""

import datetime
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sparkify import analytics, pipeline
from sparkify.analytics.expected import Table, difference, out_of_order, parse, text
from sparkify.cli import app
from sparkify.errors import SparkifyError, UsageError
from tests.factory import NOON, event, put, song
from tests.support import ROOT, redshift_is_long
from tests.support.analysts import Loaded

EXAMPLE = ROOT / "examples" / "verify"
#: the songs of the women's three most played artists with a song in the whole catalogue, and more
KNOWN = {
    "You're The One": "Dwight Yoakam",
    "I CAN'T GET STARTED": "Ron Carter",
    "Catch You Baby (Steve Pitron & Max Sanna Radio Edit)": "Lonnie Gordon",
    "Nothin' On You [feat. Bruno Mars] (Album Version)": "B.o.B",
    "Hey Daddy (Daddy's Home)": "Usher",
    "Up Up & Away": "Kid Cudi",
    "Supermassive Black Hole (Album Version)": "Muse",
}
TOP = "SELECT artist_name, count(*) AS plays FROM songplays GROUP BY artist_name"


def verify(folder: Path, url: str, *options: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["verify", str(folder), "--warehouse", url, *options])


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    """A folder for queries."""
    folder = tmp_path / "queries"
    folder.mkdir()
    return folder


@pytest.fixture
def small(lake: Path, warehouse: str) -> str:
    """A warehouse with three plays, on each engine in turn."""
    names = ("Björk", "Björk", None, "Muse")
    events = [event(artist=n, itemInSession=i, ts=NOON + i) for i, n in enumerate(names) if n]
    put(lake, "events", "a.json", *events)
    pipeline.run(str(lake), warehouse)
    return warehouse


@pytest.mark.long
def test_the_published_queries_give_the_right_numbers(sample: Path, lake: Path, url: str) -> None:
    """With the songs in the catalogue, women played 26, 7 and 6, and Atlanta 3."""
    shutil.copytree(sample / "lake" / "log_data", lake / "log_data")
    for number, (title, artist) in enumerate(KNOWN.items()):
        ids = {"song_id": f"SO{number}", "artist_id": f"AR{number}"}
        put(lake, "songs", f"{number}.json", song(title=title, artist_name=artist, **ids))
    pipeline.run(str(lake), url)
    found = analytics.verify(EXAMPLE, url)
    assert found.ok, str(found)
    assert [each.name for each in found.outcomes] == ["top-artists-of-women", "top-song-in-atlanta"]


@redshift_is_long
def test_differences_are_shown_and_accepted(small: str, queries: Path) -> None:
    """What is missing has a minus, what was not expected a plus; --accept writes what is there."""
    (queries / "top.sql").write_text(TOP)
    done = verify(queries, small)
    assert done.exit_code == 1
    assert done.stdout.startswith("missing    top: there is no top.csv; --accept writes it\n")
    assert not (queries / "top.csv").exists()
    (queries / "top.csv").write_text("artist_name,plays\nMuse,1\nBjörk,3\n")
    done = verify(queries, small)
    assert (done.exit_code, done.stdout.splitlines()) == (
        1,
        [
            "different  top: 1 expected rows missing, 1 not expected",
            "  - Björk,3",
            "  + Björk,2",
            "0 of 1 queries are as expected",
        ],
    )
    outcome = json.loads(verify(queries, small, "--json").stdout)["queries"][0]
    assert (outcome["missing"], outcome["unexpected"]) == (["Björk,3"], ["Björk,2"])
    assert verify(queries, small, "--accept").exit_code == 0
    done = verify(queries, small)
    assert (done.exit_code, done.stdout) == (
        0,
        "ok         top\n1 of 1 queries are as expected\n",
    )
    assert [path.name for path in sorted(queries.iterdir())] == ["top.csv", "top.sql"]


@redshift_is_long
def test_the_order_matters_only_with_an_order_by(small: str, queries: Path) -> None:
    """Of the outermost query: not one of a window or a subquery, nor a word in a comment."""
    window = "SELECT artist_name, count(*) AS plays, row_number() OVER (ORDER BY 1) AS n"
    texts = {
        "without": TOP,
        "comment": f"{TOP} -- ORDER BY plays",
        "inner": f"SELECT * FROM ({TOP} ORDER BY plays DESC) AS found",
        "window": f"SELECT artist_name, plays FROM ({window} FROM songplays GROUP BY 1) AS a",
        "with": f"{TOP} ORDER BY plays DESC",
        "cte": f"WITH found AS ({TOP}) SELECT * FROM found ORDER BY plays DESC",
    }
    for name, query in texts.items():
        (queries / f"{name}.sql").write_text(query)
        (queries / f"{name}.csv").write_text("ARTIST_NAME,plays\nMuse,1\nBjörk,2\n")
    found = {each.name: each for each in analytics.verify(queries, small).outcomes}
    assert {name for name, each in found.items() if each.status == "different"} == {"with", "cte"}
    assert "in another order, from row 1 on" in found["with"].message


@redshift_is_long
def test_what_is_not_a_query_is_not_run(small: str, queries: Path) -> None:
    """Whatever writes fails without being sent, and a query that fails leaves the others alone."""
    bad = {
        "a-write": "DELETE FROM songplays",
        "b-two": "SELECT 1 AS a; DELETE FROM songplays",
        "c-into": "SELECT * INTO copied FROM songplays",
        "d-copy": f"COPY songplays TO '{queries}/out.csv'",
        "e-none": "-- nothing",
        "f-wrong": "SELEC 1",
        "g-cte": "WITH a AS (SELECT 1 AS b) INSERT INTO songplays SELECT * FROM a",
        "h-unknown": "SELECT * FROM no_such_table",
        "i-column": "SELECT no_such_column FROM songplays",
    }
    for name, query in {**bad, "z-good": "SELECT count(*) AS n FROM songplays;"}.items():
        (queries / f"{name}.sql").write_text(query)
        (queries / f"{name}.csv").write_text("n\n3\n")
    found = {each.name: each.status for each in analytics.verify(queries, small).outcomes}
    assert found == {**dict.fromkeys(bad, "failed"), "z-good": "ok"}
    accepted = analytics.verify(queries, small, accept=True)
    assert not accepted.ok
    assert {path.read_text() for path in queries.glob("*.csv")} == {"n\n3\n"}
    assert (
        sorted(path.name for path in queries.iterdir() if path.suffix not in (".sql", ".csv")) == []
    )


def test_a_folder_that_is_none_is_a_mistake(url: str, queries: Path) -> None:
    """So is one without queries, and a CSV without a query; the exit code is 2."""
    with pytest.raises(UsageError, match="no such folder: nowhere"):
        analytics.verify("nowhere", url)
    with pytest.raises(UsageError, match=r"queries has no \.sql files"):
        analytics.verify(queries, url)
    (queries / "a.sql").write_text("SELECT 1 AS a")
    (queries / "b.csv").write_text("a\n")
    with pytest.raises(UsageError, match=r"b\.csv has no query: b\.sql is missing"):
        analytics.verify(queries, url)
    (queries / "b.csv").unlink()
    with pytest.raises(SparkifyError, match="not found: "):
        analytics.verify(queries, url)


def test_the_warehouse_is_opened_read_only(simulated: Loaded, queries: Path) -> None:
    """The file is the same afterwards, to the byte."""
    path = Path(simulated.url.removeprefix("duckdb:///"))
    before = path.read_bytes()
    (queries / "n.sql").write_text("SELECT count(*) AS n FROM songplays")
    (queries / "n.csv").write_text(f"n\n{len(simulated.plain.plays)}\n")
    assert analytics.verify(queries, simulated.url).ok
    assert path.read_bytes() == before


def judged(rows: list[tuple[Any, ...]], content: str) -> tuple[int, int]:
    """How many expected rows are missing, and how many rows are not expected."""
    found = Table(tuple("abcde"[: len(rows[0])]), rows)
    return tuple(map(len, difference(parse(content), found)))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("value", "field", "same"),
    [
        (1.0, "1", True),
        (0.1 + 0.2, "0.3", True),
        (1e12, "1000000000001", True),
        (1.0, "1.00001", False),
        (0.0, "1e-12", True),
        (float("nan"), "nan", True),
        (1.5, "one", False),
        (1.5, "", False),
        (None, "", True),
        ("", "", True),
        (7, "7.0", True),
        (7, "7.5", False),
        (10**18, str(10**18 + 1), False),
        (Decimal(7), "7", True),
        (Decimal("10000000"), "10000001", False),
        (Decimal("0.3333"), "0.33330000001", True),
        (True, "TRUE", True),
        (datetime.date(2018, 11, 2), "2018-11-02", True),
        (datetime.datetime(2018, 11, 2, 9), "2018-11-02T09:00", True),
        (datetime.datetime(2018, 11, 2, 9), "2018-11-02 09:00:01", False),
        ('say "a,b"\n', '"say ""a,b""\n"', True),
        ("7", "7.0", False),
        ("Muse", "muse", False),
    ],
)
def test_values_are_compared_by_their_type(value: Any, field: str, *, same: bool) -> None:
    """Floats within a millionth, whole numbers and texts exactly, NULL is an empty field."""
    assert judged([(value, "x")], f"a,b\n{field},x\n") == ((0, 0) if same else (1, 1))
    content = text(Table(("a", "b"), [(value, "x")]))  # what is accepted is what is expected
    assert judged([(value, "x")], content) == (0, 0)


def test_rows_are_counted() -> None:
    """A row that is there twice has to be expected twice; near floats find their own partners."""
    assert judged([("x",), ("x",)], "a\nx\n") == (0, 1)
    assert judged([("x",)], "a\nx\nx\n") == (1, 0)
    near = [(1.0, 2.0), (1.0000001, 1.0), (None, 1.0)]
    assert judged(near, "a,b\n1.0000001,2\n,1\n1,1\n") == (0, 0)
    wanted = parse("a,b\n1,1\n1,2\n,1\n")
    assert out_of_order(wanted, Table(("a", "b"), near)) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("a,b\n1\n", "row 2 has 1 fields, and the header 2"),
        ('a\n"x', "not valid"),
    ],
)
def test_a_csv_that_is_none_is_said_so(content: str, says: str) -> None:
    """A CSV needs a header, and every row its fields."""
    with pytest.raises(SparkifyError, match=says):
        parse(content)
