"""A plan shows what a run sends: every statement, in order, on all routes."""

import logging
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import pytest

from sparkify import pipeline
from sparkify.report import Report
from sparkify.warehouses.executor import LOAD_ID
from tests.factory import event, put, song
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket

#: rows of the books, whose values are known only at run time
ROWS = re.compile(r"(INSERT INTO (?:read_files|staging\.loads) \([^)]*\) VALUES) .*", re.DOTALL)


def with_placeholders(texts: Iterable[str], load_id: str) -> list[str]:
    """Statements as a plan shows them."""
    named = (text.replace(load_id, LOAD_ID).strip() for text in texts)
    return [ROWS.sub(r"\1 ($rows)", text) for text in named]


def in_load(sent: list[str], first: str) -> list[str]:
    """Of everything that was sent, a load's statements: from the first until COMMIT."""
    start = next(n for n, text in enumerate(sent) if text.startswith(first))
    end = next((n for n, text in enumerate(sent) if text == "commit" and n > start), len(sent))
    return sent[start:end]


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
    source: str, url: str, case: str, place: Callable[..., Any], **options: Any
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
            str(lake), duckdb_url, case, lambda *parts: put(lake, *parts)
        )
    sent = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    loaded = with_placeholders(sent[-len(planned) :], str(report.load_id))
    assert loaded == with_placeholders(planned, LOAD_ID)


@pytest.mark.parametrize(("case", "copy"), ROUTES)
def test_into_redshift(
    cluster: StandIn, s3: Bucket, case: str, copy: Literal["staged", "direct"]
) -> None:
    """What reads the lake on this machine is not sent to the cluster, and not shown."""
    names = {"songs": "song_data", "events": "log_data"}
    cluster.statements.clear()
    planned, report = plan_and_run(
        s3.url("lake"),
        cluster.url(),
        case,
        lambda kind, name, *records: s3.put(f"lake/{names[kind]}/{name}", *records),
        copy=copy,
    )
    sent = list(cluster.statements)
    locks = (n for n, text in enumerate(sent) if text.startswith("SET statement_timeout TO 6"))
    last = list(locks)[-1]
    loaded = in_load(sent[last:], "SET")
    assert with_placeholders(loaded, str(report.load_id)) == with_placeholders(planned, LOAD_ID)
