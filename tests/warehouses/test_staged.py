"""The route of staged parts: the reader's rows as Parquet files, and how COPY gets them."""

import json
import re
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from sparkify import config, pipeline
from sparkify.errors import SparkifyError
from sparkify.lake.locations import open_lake
from sparkify.models import KINDS, EventRow, table
from sparkify.models.base import TITLE
from sparkify.read.sql import literal
from sparkify.warehouses.redshift.parts import as_json
from sparkify.warehouses.redshift.staged import Collector, collector
from sparkify.warehouses.routes import Staging, read
from tests.factory import event, lines, put, song, staging, star
from tests.redshift_standin import StandIn
from tests.redshift_standin.fixtures import LOST_SOCKETS, REGION

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)

EVENTS = table(EventRow)
NAMES = ", ".join(column.name for column in EVENTS.columns)


@pytest.fixture
def collected() -> Iterator[Collector]:
    """A collector of parts."""
    with collector() as made:
        yield made


@pytest.fixture
def odd(lake: Path) -> Path:
    """Objects that are read line by line, in part or as a whole a second time, or not at all."""
    put(lake, "events", "good.json", *(event(itemInSession=n) for n in range(5)))
    one, two = (json.dumps(event(sessionId=1, itemInSession=n)) for n in (0, 1))
    pretty = json.dumps(event(sessionId=2), indent=2)
    spread = json.dumps(event(sessionId=3, itemInSession=1)).replace('"page"', '\n"page"')
    array = json.dumps([event(sessionId=4, itemInSession=n) for n in range(3)])
    several = lines([event(sessionId=5, itemInSession=n) for n in range(3)])
    odd = {
        "beside.json": f"{one} {two}\n",
        "pretty.json": pretty,
        "mixed.json": several + f"{spread}\n".encode() + lines([event(sessionId=6)]),
        "array.json": array,
        "broken.json": lines([event(sessionId=7), event(sessionId=8, userId="x")]) + b"{",
        "text.json": lines([event(sessionId=9, song="Bj\u00c3\u00b6rk \u00c2\u0080", ts=1.5e12)]),
        "blank.json": b"\n\n" + lines([event(sessionId=10)]) + b"\n \n",
    }
    for name, content in odd.items():
        put(lake, "events", name, content.encode() if isinstance(content, str) else content)
    for number in range(3):
        put(lake, "songs", f"{number}.json", song(song_id=f"SO{number}"))
    return lake


def insert(collected: Collector, *sessions: int) -> None:
    """Insert an event of each session, as the reader does."""
    values = {"session_id": "range", "ts": "TIMESTAMP '2018-11-15 00:30:26.796'", "file_id": "1"}
    chosen = ", ".join(f"{values.get(c.name, 'NULL')} AS {c.name}" for c in EVENTS.columns)
    some = f"SELECT {chosen} FROM range(100) WHERE range IN ({', '.join(map(str, sessions))})"
    collected.execute(f"INSERT INTO {EVENTS.fullname} ({NAMES})\n{some}")


def rows(source: str) -> list[tuple[Any, ...]]:
    """The rows of a DuckDB source, in their own order."""
    with duckdb.connect() as connection:
        return sorted(connection.execute(f"FROM {source}").fetchall(), key=repr)


def sessions(collected: Collector) -> list[int]:
    """The sessions whose rows are in the parts."""
    parts = collected.parts(EVENTS)
    return sorted(row[0] for part in parts for row in rows(f"(SELECT session_id FROM '{part}')"))


def test_the_reader_sees_what_it_inserted(collected: Collector) -> None:
    """A staging table has no rows, then those of each INSERT, without those that were deleted."""
    counted = f"SELECT count(*), sum(session_id) FROM {EVENTS.fullname}"
    assert collected.execute(counted).fetchall() == [(0, None)]
    insert(collected, 1, 2)
    insert(collected, 3, 4)
    assert collected.execute(counted).fetchall() == [(4, 10)]
    where = "WHERE repaired IS NULL AND session_id = $one"
    collected.execute(f"DELETE FROM {EVENTS.fullname} {where}", {"one": "3"})
    assert collected.execute(counted).fetchall() == [(3, 7)]
    insert(collected, 3)
    assert collected.execute(counted).fetchall() == [(4, 10)]


def test_parts_have_no_deleted_rows(collected: Collector) -> None:
    """A deleted row is in no part; a part that has no row left is not uploaded."""
    insert(collected, 1, 2)
    insert(collected, 3)
    insert(collected, 4)
    for session in (2, 3):
        collected.execute(f"DELETE FROM {EVENTS.fullname} WHERE session_id = {session}")
    assert sessions(collected) == [1, 4]
    assert sessions(collected) == [1, 4]  # however often they are asked for
    assert len({part.name for part in collected.parts(EVENTS)}) == 2


def test_types(collected: Collector) -> None:
    """A part's columns are those of the table, in its order and of exactly its types."""
    insert(collected, 1)
    (part,) = collected.parts(EVENTS)
    schema = "SELECT name, type, converted_type FROM parquet_schema"
    with duckdb.connect() as connection:
        found = connection.execute(f"{schema}('{part}') OFFSET 1").fetchall()
    types = {
        "BIGINT": ("INT64", "INT_64"),
        "DOUBLE": ("DOUBLE", None),
        "BOOLEAN": ("BOOLEAN", None),
        "DATETIME": ("INT64", "TIMESTAMP_MICROS"),
    }
    text = ("BYTE_ARRAY", "UTF8")
    assert found == [(c.name, *types.get(str(c.type), text)) for c in EVENTS.columns]


def test_the_rows_are_those_of_a_table(odd: Path, collected: Collector, duckdb_url: str) -> None:
    """Parts have the rows that the reader writes into a table, whatever the objects are like."""
    lake = open_lake(config.load({"source": str(odd)}))
    batches = read(collected, lake, lake.listing().objects, Staging("run", count(1)), as_sql=False)
    outcomes = [outcome for batch in batches for outcome in batch]
    pipeline.run(str(odd), duckdb_url, max_rejects="50%")
    expected = staging(duckdb_url)
    for kind, model in KINDS.items():
        target = table(model)
        parts = [str(part) for part in collected.parts(target)]
        found = rows(f"(SELECT * EXCLUDE (file_id, extra) FROM read_parquet({parts}))")
        assert len(found) == sum(each.staged for each in outcomes if each.kind == kind) > 0
        of_records = [(*row[:-2], row[-1]) for row in expected[kind]]  # without uri
        assert sorted(map(repr, found)) == sorted(map(repr, of_records))


def test_both_engines_stage_the_same(odd: Path, cluster: StandIn, duckdb_url: str) -> None:
    """Odd objects too have the same rows on both engines, and the same star."""
    for url in (cluster.url(), duckdb_url):
        pipeline.run(str(odd), url, max_rejects="50%")
    assert staging(cluster.url()) == staging(duckdb_url)
    assert star(cluster.url()) == star(duckdb_url)


def test_copy(lake: Path, cluster: StandIn) -> None:
    """COPY names the columns and a manifest; of other options Parquet takes but one."""
    put(lake, "songs", "a.json", song())
    report = pipeline.run(str(lake), cluster.url())
    (sent,) = (each for each in cluster.statements if each.startswith("COPY staging.song_rows"))
    first, source, role, *words = sent.splitlines()
    names = ", ".join(column.name for column in table(KINDS["songs"]).columns)
    assert first == f"COPY staging.song_rows ({names})"
    assert report.load_id is not None
    assert re.search(r"/\d{8}T\d{12}-[0-9a-f]{6}/\d/song_rows.manifest'$", source)
    assert role.startswith("IAM_ROLE 'arn:")
    assert words == ["MANIFEST", "FORMAT AS PARQUET", "STATUPDATE OFF"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("region", "words"),
    [(REGION, "FORMAT AS PARQUET"), ("eu-west-1", "FORMAT AS JSON 'auto'\nZSTD")],
)
def test_a_cluster_in_another_region_gets_json(
    odd: Path, cluster: StandIn, duckdb_url: str, region: str, words: str
) -> None:
    """COPY reads Parquet in the cluster's own region alone, and JSON of any, if it is named."""
    pipeline.run(str(odd), duckdb_url, max_rejects="50%")
    engine = sa.create_engine(
        f"redshift+redshift_connector://x@dwh.abc123.{region}.redshift.amazonaws.com/dev",
        creator=sa.create_engine(cluster.url()).raw_connection,
        poolclass=sa.NullPool,
    )
    pipeline.run(str(odd), engine, max_rejects="50%")
    copies = [
        each
        for each in cluster.statements
        if each.startswith(("COPY staging.song_rows", "COPY staging.event_rows"))
    ]
    assert len(copies) == 2
    assert all(words in each for each in copies)
    assert all((f"REGION '{REGION}'" in each) == (region != REGION) for each in copies)
    assert staging(cluster.url()) == staging(duckdb_url)


def test_the_temporary_folder_may_have_any_name(
    odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Characters of a pattern, a quote, or what looks like a partition are no obstacle."""
    folder = tmp_path / "[x] *'y" / "a=b"
    folder.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with collector() as collected:
        insert(collected, 1, 2)
        collected.execute(f"DELETE FROM {EVENTS.fullname} WHERE session_id = 1")
        assert [part.stat().st_size > 0 for part in collected.parts(EVENTS)] == [True]
        (part,) = collected.parts(EVENTS)
        assert as_json(part).name.endswith(".json.zst")
        assert rows(f"read_json({literal(as_json(part))})") != []


@pytest.mark.long
def test_long_texts_are_written_within_the_memory(collected: Collector) -> None:
    """Row groups are limited in bytes, so that the longest texts need no more memory."""
    collected.execute("SET memory_limit = '512MiB'")
    long = "repeat(md5(CAST(range AS VARCHAR)), 32)"
    values = {c.name: long for c in EVENTS.columns if getattr(c.type, "length", None) == TITLE}
    chosen = ", ".join(f"{values.get(c.name, 'NULL')} AS {c.name}" for c in EVENTS.columns)
    many = f"SELECT {chosen} FROM range(200000)"
    collected.execute(f"INSERT INTO {EVENTS.fullname} ({NAMES})\n{many}")
    assert collected.execute(f"SELECT count(*) FROM {EVENTS.fullname}").fetchall() == [(200000,)]


@pytest.mark.long
def test_an_error_while_parts_are_written_is_told(lake: Path, cluster: StandIn) -> None:
    """The cluster's answer to Parquet it cannot take ends the run, and nothing is published."""
    put(lake, "songs", "a.json", song())
    pipeline.run(str(lake), cluster.url())
    put(lake, "songs", "b.json", song(song_id="SO1"))
    message = "Spectrum Scan Error: File has an incompatible Parquet schema"
    cluster.faults.fail("COPY staging.song_rows", code="XX000", message=message)
    with pytest.raises(SparkifyError, match=message):
        pipeline.run(str(lake), cluster.url())
    assert len(star(cluster.url())["songs"]) == 1
