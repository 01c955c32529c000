"""Integers in every notation, and keys in another case."""

import json
from pathlib import Path
from typing import Any

import pytest

from sparkify import pipeline
from tests.factory import NOON, event, files, put, rejects, rows, song
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.support import redshift_is_long


def written(value: str, field: str = "sessionId", **fields: Any) -> bytes:
    """An event in which a field is written so."""
    text = json.dumps(event(**{field: "VALUE"}, **fields))
    assert '"VALUE"' in text
    return text.replace('"VALUE"', value).encode()


WHOLE = {
    "38": 38,
    "39.0": 39,
    '"39.0"': 39,
    '"39.00000000000000000000000000000000000000000"': 39,
    "200.0": 200,
    "1e3": 1000,
    '"1e3"': 1000,
    "1E+3": 1000,
    "3900e-2": 39,
    '"3.9e1 "': 39,
    "-7.0": -7,
    "-0": 0,
    "-0.0": 0,
    '"-0"': 0,
    "1.541121934796E12": 1_541_121_934_796,
    "9007199254740991.0": 2**53 - 1,
    "9007199254740992.0": 2**53,
    "-9007199254740992.0": -(2**53),
    "9007199254740993": 2**53 + 1,
    "-9007199254740993": -(2**53) - 1,
    "9223372036854775807": 2**63 - 1,
    '"007"': 7,
}
NOT_WHOLE = [
    "39.5",
    '"39.5"',
    "385e-1",
    '"3.95e1"',
    "9007199254740993.0",
    '"9007199254740993.0"',
    "-9007199254740993.0",
    "9007199254740994.0",
    "1e16",
    "1e300",
    '"1e16"',
    '"39.0000000000000000000000000001"',
    '"39."',
    '".0"',
    '"0x10"',
    '"1_000"',
    '"1_000.0"',
    '"e3"',
    '" 39.0"',
    '"39.0.0"',
    "true",
]


@redshift_is_long
def test_integers_may_be_written_as_floats(lake: Path, warehouse: str) -> None:
    """Up to 2^53, as a number or as text; above it digits alone are exact."""
    put(lake, "events", "a.json", *(written(value) for value in WHOLE))
    pipeline.run(str(lake), warehouse)
    assert rejects(warehouse) == []
    found = rows(warehouse, "SELECT session_id FROM staging.staging_events")
    assert sorted(found) == [(value,) for value in sorted(WHOLE.values())]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The rejects of one run over objects with a good record and one of these numbers each."""
    folder = tmp_path_factory.mktemp("numbers")
    lake, url = folder / "lake", f"duckdb:///{folder}/warehouse.duckdb"
    for index, value in enumerate(NOT_WHOLE):
        put(lake, "events", f"{index}.json", event(), written(value))
    pipeline.run(str(lake), url, max_rejects="100%")
    assert files(url) == {f"{index}.json": (2, 1) for index in range(len(NOT_WHOLE))}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rejects(url):
        found.setdefault(NOT_WHOLE[int(Path(row["uri"]).stem)], []).append(row)
    return found


@pytest.mark.parametrize("value", NOT_WHOLE)
def test_nothing_is_rounded(judged: dict[str, list[dict[str, Any]]], value: str) -> None:
    """A number that is not an integer, or may have been rounded, is refused."""
    (row,) = judged[value]
    assert (row["code"], row["column_name"]) == ("wrong_type", "session_id")


@redshift_is_long
def test_every_integer_field_takes_them(lake: Path, warehouse: str) -> None:
    """Users, times, states and years too; minus zero is the user 0."""
    put(
        lake,
        "events",
        "a.json",
        written(f"{NOON}.0", "ts"),
        written('"-0"', "userId", status=200.0),
    )
    put(lake, "songs", "a.json", song(year=1997.0, num_songs=1.0))
    report = pipeline.run(str(lake), warehouse)
    assert (report.records.rejected, report.rows["songplays"]) == (0, 2)
    found = rows(warehouse, "SELECT user_id, status FROM staging.staging_events")
    assert found == [(0, 200), (49, 200)]
    assert rows(warehouse, "SELECT year FROM songs") == [(1997,)]


@pytest.mark.long
def test_minus_zero_is_zero_in_a_direct_copy(
    cluster: StandIn, s3: Bucket, lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The play has the same id by every route."""
    monkeypatch.delenv("SPARKIFY_STAGING")
    path = put(lake, "events", "a.json", written('"-0"', "userId"))
    s3.put("lake/log_data/a.json", path.read_bytes())
    pipeline.run(s3.url("lake"), cluster.url())
    pipeline.run(str(lake), duckdb_url)
    query = "SELECT user_id, songplay_id FROM songplays"
    assert rows(cluster.url(), query) == rows(duckdb_url, query)


@redshift_is_long
def test_a_key_in_another_case_is_named(lake: Path, warehouse: str) -> None:
    """The reject names the key that was found and the one that was expected."""
    lower = {name.lower(): value for name, value in event().items()}
    put(lake, "events", "a.json", event(), lower, event(itemInSession=None))
    upper = {name.upper(): value for name, value in song().items()}
    put(lake, "songs", "a.json", song(), upper)
    pipeline.run(str(lake), warehouse)
    found = rejects(warehouse)
    assert {row["code"] for row in found} == {"missing"}
    assert sorted(row["reason"] for row in found) == [
        "artist_id is required, and the record has ARTIST_ID instead: keys are case sensitive",
        "itemInSession is required and is missing or empty",
        "itemInSession is required, and the record has iteminsession instead:"
        " keys are case sensitive",
    ]
