"""What a direct load does not keep: docs/redshift.md lists it, and each item has a test."""

import gzip
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from sparkify import pipeline
from sparkify.errors import SparkifyError
from tests.factory import event, lines, rejects, rows
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import LOST_SOCKETS
from tests.warehouses import test_direct, test_direct_values

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)

DOCS = Path(__file__).parents[2] / "docs/redshift.md"
LOG = "lake/log_data/a.json"

#: how each item of the list starts, and the test that shows it
EXEMPT = {
    "Rows have no `uri`": "test_rows_carry_the_load_and_no_object",
    "If a file has changed and another": "test_a_batch_of_which_an_object_is_gone",
    "What a killed run has staged": "test_what_was_staged_is_not_taken_over",
    "Rejects have no byte offset": "test_what_copy_refuses_has_its_place",
    "The run waits for the cluster's log": "test_a_copy_that_the_cluster_does_not_tell_of",
    "COPY gives up at 100,000": "test_copy_gives_up_at_its_utmost",
    "Objects and arrays in text": "test_text_that_is_loaded_as_it_is",
    "Top-level arrays": "test_a_top_level_array_is_rejected",
    "If a record repeats a key": "test_a_repeated_key",
    "Text ends at a NUL": "test_text_ends_at_a_nul",
    "Fields that no column takes": "test_unknown_fields_are_dropped",
    "Files are decompressed if their name": "test_gzip_is_known_by_name",
    "A number in a text field": "test_text_that_is_loaded_as_it_is",
    "A number in quotes means": "test_numbers_that_are_refused",
    "Spaces within a text": "test_what_breaks_a_rule_is_refused",
}


@pytest.fixture(autouse=True)
def _direct(cluster: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """No staging prefix."""
    monkeypatch.delenv("SPARKIFY_STAGING")


def test_the_list_is_complete() -> None:
    """Each item of the documented list is known here, in its order, and a test shows it."""
    listed = DOCS.read_text().split("They do not keep these:")[1].split("\n\nIf `dwh.cfg`")[0]
    items = re.findall(r"^- (.+)", listed, re.MULTILINE)
    assert len(items) == len(EXEMPT)
    for item, start in zip(items, EXEMPT, strict=True):
        assert item.startswith(start)
    tests = globals() | vars(test_direct) | vars(test_direct_values)
    assert [name for name in EXEMPT.values() if not callable(tests.get(name))] == []


def load(s3: Bucket, cluster: StandIn, content: bytes, key: str = LOG) -> Any:
    """Load a log that has some content directly."""
    s3.put(key, content)
    return pipeline.run(s3.url("lake"), cluster.url(), max_rejects="100%")


@pytest.mark.parametrize("copy", [None, "direct"])
def test_a_direct_copy_by_default_is_told(
    copy: Any, cluster: StandIn, s3: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    """Who did not ask for it is told that the load is direct, and what it does not keep."""
    s3.put(LOG, event())
    with caplog.at_level(logging.WARNING):
        pipeline.plan(s3.url("lake"), "redshift", copy=copy)
    assert ("--copy direct" in caplog.text) == (copy is None)


@pytest.mark.long
def test_what_was_staged_is_not_taken_over(cluster: StandIn, s3: Bucket) -> None:
    """What a run staged that failed to publish is copied again by the next."""
    cluster.faults.fail("^LOCK staging.lock", code="42501", message="no")
    with pytest.raises(SparkifyError):
        load(s3, cluster, lines([event()]))
    cluster.statements.clear()
    assert load(s3, cluster, lines([event()])).rows["songplays"] == 1
    assert sum(text.startswith("COPY") for text in cluster.statements) == 1


@pytest.mark.long
def test_text_that_is_loaded_as_it_is(cluster: StandIn, s3: Bucket) -> None:
    """Objects, arrays and numbers in a text field are the text that the file has."""
    texts = ['{"a": [1, "b"]}', "[1]", "4.60", "1e3"]
    record = lines([event(location="HERE")]).strip().decode()
    content = "\n".join(
        record.replace('"itemInSession": 0', f'"itemInSession": {n}').replace('"HERE"', text)
        for n, text in enumerate(texts)
    )
    assert load(s3, cluster, content.encode()).records.staged == len(texts)
    found = rows(cluster.url(), "SELECT location FROM staging.event_rows")
    assert {text.replace(" ", "") for (text,) in found} == {t.replace(" ", "") for t in texts}


@pytest.mark.long
def test_a_top_level_array_is_rejected(cluster: StandIn, s3: Bucket) -> None:
    """The records of an array are lost to a direct load, and it says so."""
    content = json.dumps([event(), event(itemInSession=1)]).encode()
    report = load(s3, cluster, content + b"\n" + lines([event(itemInSession=2)]))
    assert (report.records.staged, report.records.rejected) == (1, 1)
    assert len(rejects(cluster.url())) == 1


@pytest.mark.long
def test_a_repeated_key(cluster: StandIn, s3: Bucket) -> None:
    """A record that repeats a key is one row, with one of the values."""
    load(s3, cluster, lines([event(location="one")]).strip()[:-1] + b', "location": "two"}')
    assert rows(cluster.url(), "SELECT location FROM songplays")[0][0] in ("one", "two")


@pytest.mark.long
def test_unknown_fields_are_dropped(cluster: StandIn, s3: Bucket) -> None:
    """A field that no column takes is no fault."""
    assert load(s3, cluster, lines([event() | {"device": "phone"}])).records.staged == 1


@pytest.mark.long
def test_gzip_is_known_by_name(cluster: StandIn, s3: Bucket) -> None:
    """Gzip under another name is rejected; what only claims to be gzip fails the run."""
    packed = gzip.compress(lines([event()]))
    assert load(s3, cluster, packed).records.staged == 0
    with pytest.raises(SparkifyError):
        load(s3, cluster, packed[:-9], "lake/log_data/b.json.gz")
    assert rows(cluster.url(), "SELECT count(*) FROM songplays") == [(0,)]


@pytest.mark.long
def test_numbers_that_are_refused(cluster: StandIn, s3: Bucket) -> None:
    """Numbers of too many digits, too large or too near to zero, are rejects of ours."""
    values = ["9" * 120, "1e305", "1e-305", '"1.00000000000e0"']
    record = lines([event(length=777.0)]).strip().decode()
    content = "\n".join(
        record.replace('"itemInSession": 0', f'"itemInSession": {n}').replace("777.0", text)
        for n, text in enumerate(values)
    )
    assert load(s3, cluster, content.encode()).records.staged == 1
    found = {(each["column_name"], each["code"]) for each in rejects(cluster.url())}
    assert found == {("length", "wrong_type"), ("length", "out_of_range")}
