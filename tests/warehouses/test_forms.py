"""Clusters of all forms take the same runs, whatever they are called and whoever is signed in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from sparkify import analytics, books, config, pipeline, warehouses
from tests.conftest import use_parts
from tests.factory import event, lines, song
from tests.redshift_standin import TLS, StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.context import Form
from tests.redshift_standin.fixtures import REGION, ROLE

FORMS: list[Form] = ["multi-az", "serverless"]  # all other tests have a provisioned cluster


@pytest.fixture(params=FORMS)
def cluster(
    request: pytest.FixtureRequest,
    s3: Bucket,
    authority: tuple[TLS, Path],
    monkeypatch: pytest.MonkeyPatch,
    collect_lost_sockets: None,
) -> Iterator[StandIn]:
    """An empty cluster of each form, under a plain host name."""
    use_parts(monkeypatch, s3)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    with StandIn(
        s3_endpoint=s3.endpoint,
        iam_roles={ROLE},
        region=REGION,
        tls=authority[0],
        form=request.param,
    ) as running:
        yield running
        assert running.elsewhere == []


@pytest.mark.long
def test_a_run_and_its_readers(cluster: StandIn, s3: Bucket) -> None:
    """A first load, a change and a reload by both routes, status, rejects, answers, an export."""
    journey(cluster.url(), s3, "staged")
    cluster.reset()
    journey(cluster.url(), s3, "direct")


def journey(url: str, s3: Bucket, copy: Literal["staged", "direct"]) -> None:
    """Everything that a lake goes through."""
    s3.put("lake/song_data/a.json", song())
    for names in (["a", "b"], ["b", "c"]):
        for name in names:
            records = [event(itemInSession=ord(name) + len(names[0])), b"not json"]
            s3.put(f"lake/log_data/{name}.json", lines(records))
        report = pipeline.run(s3.url("lake"), url, copy=copy, max_rejects="60%")
        assert report.copy == copy
    pipeline.run(s3.url("lake"), url, copy=copy, max_rejects="60%", full=True)
    with warehouses.connect(url, config.load()) as opened:
        assert books.read_status(opened, config.load()).rejects == 3
        assert len(books.read_rejects(opened, config.load()).rows) == 3
    assert analytics.ask("top-songs", url).rows
    assert len(analytics.export(s3.url("star"), url)) == 6
    pipeline.upgrade(url)
