"""A Multi-AZ cluster takes the same runs: it shows no STV_ and STL_ tables.

The form is what differs between clusters. The fixture `form` gives the other tests the other two:
a provisioned cluster by default, serverless with an ordinary user in the long tests.
"""

from pathlib import Path
from typing import Literal

import pytest

from sparkify import analytics, books, config, pipeline, warehouses
from tests.conftest import use_parts
from tests.factory import event, lines, song
from tests.redshift_standin import TLS, StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import REGION, ROLE


@pytest.mark.long
def test_runs_and_readers(
    s3: Bucket,
    authority: tuple[TLS, Path],
    monkeypatch: pytest.MonkeyPatch,
    collect_lost_sockets: None,
) -> None:
    """A load by either route, status, rejects, an answer and an export."""
    use_parts(monkeypatch, s3)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    place = {"s3_endpoint": s3.endpoint, "region": REGION, "tls": authority[0]}
    with StandIn(iam_roles={ROLE}, form="multi-az", **place) as cluster:  # type: ignore[arg-type]
        url = cluster.url()
        s3.put("lake/song_data/a.json", song())
        routes: list[Literal["direct", "staged"]] = ["direct", "staged"]
        for item, copy in enumerate(routes):
            s3.put(f"lake/log_data/{item}.json", lines([event(itemInSession=item), b"not json"]))
            report = pipeline.run(s3.url("lake"), url, copy=copy)
            assert (report.copy, report.rows["songplays"]) == (copy, item + 1)
        with warehouses.connect(url, config.load()) as opened:
            assert books.read_status(opened, config.load()).rejects == 2
            assert len(books.read_rejects(opened, config.load()).rows) == 2
        assert analytics.ask("top-songs", url).rows
        assert len(analytics.export(s3.url("star"), url)) == 6
        assert cluster.elsewhere == []
