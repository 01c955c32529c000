"""A plan shows what a run sends: every statement, in order, on all routes."""

import itertools
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from sparkify import pipeline
from sparkify.analytics import layout
from sparkify.report import Report
from sparkify.warehouses.executor import LOAD_ID, RUN_ID
from tests.conftest import use_parts
from tests.factory import event, put, song
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket

RANGE = r".\1 BETWEEN $least_\1 AND $greatest_\1"
#: what is known only at run time: ranges, rows of the books, ids
UNKNOWN = (
    (
        re.compile(r"(INSERT INTO (?:read_files|staging\.\w+) \([^)]*\) VALUES) .*", re.S),
        r"\1 ($rows)",
    ),
    (re.compile(r"\d{8}T\d{12}-[0-9a-f]{6}"), RUN_ID),
    (re.compile(r"file_id BETWEEN [$\w]+ AND [$\w]+"), "file_id BETWEEN $first_id AND $last_id"),
    (re.compile(r"\.(\w+) BETWEEN (?:NULL|'[^']+') AND (?:NULL|'[^']+')"), RANGE),
    (re.compile(r"(>=|<) '\d{4}-[^']+'"), r"\1 $since"),
    (re.compile(r"\d+ AS (first|last)_file_id"), r"$\1_id AS \1_file_id"),
    (re.compile(r"SELECT \d+ AS file_id"), "SELECT $file_id AS file_id"),
)
#: what only a run sends: the ends of transactions, heartbeats, and what is left of dead runs
RUN_ONLY = ("begin", "commit", "rollback", "UPDATE staging.runs SET heartbeat=getdate")


def with_placeholders(texts: Iterable[str], load_id: str) -> list[str]:
    """Statements as a plan shows them."""
    named = [text.replace(load_id, LOAD_ID).strip() for text in texts]
    for pattern, name in UNKNOWN:
        named = [pattern.sub(name, text) for text in named]
    return named


def of_run(sent: Iterable[str], planned: Sequence[str]) -> list[str]:
    """Of everything that a run sent, what its plan has to show: all from the first until COMMIT."""
    found = [text for text in sent if not text.startswith(RUN_ONLY)]
    start = found.index(planned[0])
    return found[start : start + len(planned)]


#: what the lake holds that the warehouse does not, and the route
#: (the rows of a changed object cannot be replaced after a direct COPY)
ROUTES = [
    ("first load", "staged"),
    ("another day", "direct"),
    *(
        pytest.param(*each, marks=pytest.mark.long)
        for each in (
            ("another day", "staged"),
            ("changed", "staged"),
            ("full", "staged"),
            ("first load", "direct"),
            ("full", "direct"),
        )
    ),
]


def change(case: str, place: Callable[..., Any]) -> None:
    """Change a lake that has been loaded."""
    place("events", "b.json", event(itemInSession=1))
    if case == "changed":
        place("events", "a.json", event(itemInSession=2))


def plan_and_run(
    source: str,
    url: str,
    case: str,
    place: Callable[..., Any],
    begin: Callable[[], None],
    **options: Any,
) -> tuple[tuple[str, ...], Report]:
    """The statements of a plan, and the report of the run that follows it."""
    place("events", "a.json", event())
    place("songs", "a.json", song())
    # the schema comes first, since a plan leaves out the statements that create it
    pipeline.upgrade(url)
    if case != "first load":
        pipeline.run(source, url, **options)
        change(case, place)
    full = case == "full"
    planned = pipeline.plan(source, url, full=full, **options).statements
    begin()
    return planned, pipeline.run(source, url, full=full, **options)


@pytest.mark.parametrize(
    "case",
    [
        "first load",
        "changed",
        *(pytest.param(case, marks=pytest.mark.long) for case in ("another day", "full")),
    ],
)
def test_into_duckdb(
    lake: Path, duckdb_url: str, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Rows are read in place: the reader's statements are sent to the warehouse, too."""
    with caplog.at_level(logging.DEBUG, logger="sparkify"):
        planned, report = plan_and_run(
            str(lake), duckdb_url, case, lambda *parts: put(lake, *parts), caplog.clear
        )
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    sent = [text.partition(" s: ")[2] for text in said]  # without the seconds
    loaded = with_placeholders(of_run(sent, planned), str(report.load_id))
    assert loaded == with_placeholders(planned, LOAD_ID)


@pytest.mark.parametrize("copy", ["staged", "direct"])
def test_a_plan_for_redshift_reads_well(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch, copy: Literal["staged", "direct"]
) -> None:
    """Columns have names, stand one on a line, and are listed by every INSERT and COPY."""
    use_parts(monkeypatch, s3)
    s3.put("lake/log_data/a.json", event())
    s3.put("lake/song_data/a.json", song())
    texts = pipeline.plan(s3.url("lake"), "redshift", copy=copy).statements
    shown = [layout.readable(text, "redshift") for text in texts]
    assert [text for text in shown if re.search(r"AS [a-z_]+_[0-9]+\b", text)] == []
    assert [text for text in shown if re.search(r"\t| $", text, re.MULTILINE)] == []
    brief = ("SET ", "LOCK ", "DROP ", "DELETE ", "UPDATE ")
    long = [text for text in shown if not text.startswith(brief)]
    assert [text for text in long if "\n" not in text] == []
    (copied, *_) = [text for text in shown if text.startswith("COPY")]
    assert copied.splitlines()[:3] == [copied.split("\n")[0], "  artist,", "  auth,"]
    assert re.search(r"^\)\nFROM 's3://[^']*'\nIAM_ROLE '[^']*'\n", copied, re.MULTILINE)
    inserts = [text for text in shown if text.startswith(("INSERT", "COPY"))]
    assert [text for text in inserts if "(\n  " not in text] == []


@pytest.mark.long
@pytest.mark.parametrize(("case", "copy"), ROUTES)
def test_into_redshift(
    cluster: StandIn, s3: Bucket, case: str, copy: Literal["staged", "direct"]
) -> None:
    """What reads the lake on this machine is not sent to the cluster, and not shown."""
    names = {"songs": "song_data", "events": "log_data"}
    planned, report = plan_and_run(
        s3.url("lake"),
        cluster.url(),
        case,
        lambda kind, name, *records: s3.put(f"lake/{names[kind]}/{name}", *records),
        cluster.statements.clear,
        copy=copy,
    )
    # the log of a COPY is asked for until it shows
    looks = [re.sub(r"query_id = \d+", "query_id = $query_id", text) for text in cluster.statements]
    once = [text for text, _ in itertools.groupby(looks)]
    loaded = with_placeholders(of_run(once, planned), str(report.load_id))
    assert loaded == with_placeholders(planned, LOAD_ID)
