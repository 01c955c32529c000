"""A lake in S3 is read as one in a folder is."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest

from sparkify import pipeline
from sparkify.errors import SparkifyError, TryAgain, UsageError
from sparkify.lake.objects import LakeObject
from sparkify.lake.s3 import Bucket
from tests.conftest import use_s3
from tests.factory import event, files, lines, song, staging, star
from tests.redshift_standin.buckets import Bucket as Server
from tests.redshift_standin.fixtures import REGION


@pytest.fixture
def bucket(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client, and an empty bucket named `music`; the settings are boto3's own."""
    use_s3(monkeypatch, str(s3_server.endpoint))
    client = boto3.client("s3")
    client.create_bucket(Bucket="music", CreateBucketConfiguration={"LocationConstraint": REGION})
    yield client
    for found in client.list_objects_v2(Bucket="music").get("Contents", []):
        client.delete_object(Bucket="music", Key=found["Key"])
    client.delete_bucket(Bucket="music")


@pytest.mark.long
def test_the_same_numbers_as_from_the_folder(
    sample: Path, bucket: Any, duckdb_url: str, tmp_path: Path
) -> None:
    """The real sample from S3 makes the star that it makes from a folder."""
    for path in (sample / "lake").rglob("*.json"):
        key = f"deep/prefix/{path.relative_to(sample / 'lake')}"
        bucket.put_object(Bucket="music", Key=key, Body=path.read_bytes())
    folder = f"duckdb:///{tmp_path}/folder.duckdb"
    report = pipeline.run("s3://music/deep/prefix", duckdb_url)
    assert report.files == pipeline.run(str(sample / "lake"), folder).files
    assert star(duckdb_url) == star(folder)
    assert pipeline.run("s3://music/deep/prefix/", duckdb_url).load_id is None


NAMES = [
    "a b.json",
    "50%.json",
    "%20.json",
    "#1.json",
    "it's\".json",
    "ü.json",
    "a//b.json",
    "x+y.json",
]


@pytest.mark.long
def test_any_key_loads(bucket: Any, duckdb_url: str) -> None:
    """A key is fetched as it is, whatever stands in it."""
    for number, name in enumerate(NAMES, 1):
        content = lines([event()] * number)
        bucket.put_object(Bucket="music", Key=f"log_data/{name}", Body=content)
    pipeline.run("s3://music", duckdb_url)
    expected = {Path(name).name: (number, 0) for number, name in enumerate(NAMES, 1)}
    assert files(duckdb_url) == expected


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_any_key_loads_alone(bucket: Any, duckdb_url: str, name: str) -> None:
    """The same where it is the only one."""
    bucket.put_object(Bucket="music", Key=f"log_data/{name}", Body=lines([event()]))
    pipeline.run("s3://music", duckdb_url)
    assert files(duckdb_url) == {Path(name).name: (1, 0)}


def test_markers_and_other_names_are_ignored(bucket: Any, duckdb_url: str) -> None:
    """Folder markers and names that are no objects are skipped and counted, as in a folder."""
    bucket.put_object(Bucket="music", Key="song_data/", Body=b"")
    bucket.put_object(Bucket="music", Key="song_data/_SUCCESS", Body=b"")
    bucket.put_object(Bucket="music", Key="song_data/.tmp/a.json", Body=b"")
    bucket.put_object(Bucket="music", Key="song_data/a.json", Body=lines([song()]))
    bucket.put_object(Bucket="music", Key="song_data_old/a.json", Body=lines([song()]))
    report = pipeline.run("s3://music", duckdb_url)
    assert (report.files.new, report.files.ignored) == (1, 3)


@pytest.mark.long
def test_a_large_object_is_read_too(bucket: Any, duckdb_url: str) -> None:
    """An object over the size of those that are read together loads as well."""
    records = [event(itemInSession=i) for i in range(4000)]
    bucket.put_object(Bucket="music", Key="log_data/a.json", Body=lines(records))
    assert pipeline.run("s3://music", duckdb_url).rows["songplays"] == 4000


def test_an_overwritten_object_replaces_its_rows(
    bucket: Any, duckdb_url: str, tmp_path: Path
) -> None:
    """Another etag is another version; the same is skipped."""
    bucket.put_object(Bucket="music", Key="log_data/a.json", Body=lines([event(), event(ts=1e12)]))
    pipeline.run("s3://music", duckdb_url)
    bucket.put_object(Bucket="music", Key="log_data/a.json", Body=lines([event(userId="7")]))
    report = pipeline.run("s3://music", duckdb_url)
    assert (report.files.changed, report.rows["songplays"]) == (1, 1)
    assert len(staging(duckdb_url)["events"]) == 1


class Forbidding(BaseHTTPRequestHandler):
    """An S3 that lists two objects, and hands out none."""

    def do_HEAD(self) -> None:
        """The bucket is there."""
        self.answer(200, b"")

    def do_GET(self) -> None:
        """The listing, or a refusal."""
        key = "<Key>lake/log_data/{}.json</Key>"
        entry = f"<Contents>{key}<ETag>&quot;e&quot;</ETag><Size>9</Size></Contents>"
        found = "".join(map(entry.format, "ab")) if "log_data" in self.path else ""
        if "list-type" in self.path:
            self.answer(200, f"<ListBucketResult>{found}</ListBucketResult>".encode())
        else:
            self.answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")

    def do_PUT(self) -> None:
        """A refusal."""
        self.do_GET()

    def answer(self, status: int, body: bytes) -> None:
        """Send an answer."""
        self.send_response(status)
        self.send_header("x-amz-bucket-region", REGION)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_access_denied_stops_the_run(monkeypatch: pytest.MonkeyPatch, duckdb_url: str) -> None:
    """An object that may be listed and not read is named; nothing is published, exit 1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Forbidding) as server:
        Thread(target=server.serve_forever).start()
        use_s3(monkeypatch, f"http://127.0.0.1:{server.server_port}")
        try:
            with pytest.raises(SparkifyError, match=r"log_data/a\.json: access denied") as error:
                pipeline.run(None, duckdb_url, events="s3://music/lake/log_data")
            with pytest.raises(SparkifyError, match=r"parts/1: access denied") as written:
                Bucket("s3://music", boto3.Session()).put("parts/1", b"")
        finally:
            server.shutdown()
    assert (error.value.exit_code, written.value.exit_code) == (1, 1)
    assert star(duckdb_url)["songplays"] == []


def test_no_bucket_is_a_usage_error(bucket: Any, duckdb_url: str) -> None:
    """A bucket that does not exist is named."""
    with pytest.raises(UsageError, match="nowhere"):
        pipeline.run("s3://nowhere/lake", duckdb_url)


@pytest.mark.parametrize("name", ["logs.json", "logs"])
def test_what_is_hidden_below_a_key_makes_it_no_folder(bucket: Any, name: str) -> None:
    """The manifest of a run that died is below the object, or the start of names, that it read."""
    for key in (f"{name}/.sparkify/dead/x.manifest", "logs.json"):
        bucket.put_object(Bucket="music", Key=key, Body=b"{}")
    found = Bucket(f"s3://music/{name}", boto3.Session()).scan("events")
    items = [each.uri for each in found if isinstance(each, LakeObject)]
    assert items == ["s3://music/logs.json"]


def test_an_empty_prefix_is_an_empty_lake(bucket: Any, duckdb_url: str) -> None:
    """A bucket without objects fails as an empty folder does."""
    with pytest.raises(SparkifyError, match="empty"):
        pipeline.run("s3://music/nothing", duckdb_url)


def test_what_vanished_below_a_prefix_that_is_no_folder(bucket: Any, duckdb_url: str) -> None:
    """Missing are known objects whose keys start so, and no others; --prune takes their rows."""
    keys = ["d/2018-10-31.json", "d/2018-11-01.json", "d/2018-11/2.json", "d/2018-12.json"]
    for number, key in enumerate(keys):
        body = lines([event(itemInSession=number)])
        bucket.put_object(Bucket="music", Key=key, Body=body)
    assert pipeline.run(events="s3://music/d", warehouse=duckdb_url).files.new == 4
    bucket.delete_object(Bucket="music", Key=keys[2])
    bucket.delete_object(Bucket="music", Key=keys[3])
    report = pipeline.run(events="s3://music/d/2018-11", warehouse=duckdb_url)
    assert (report.files.unchanged, report.files.missing) == (1, 1)
    report = pipeline.run(events="s3://music/d/2018-11", warehouse=duckdb_url, prune=True)
    assert report.rows["songplays"] == 3
    named = ["s3://music/d/2018-11-01.json"]
    pipeline.run(events="s3://music/d/2018-11", warehouse=duckdb_url, objects=named)
    with pytest.raises(UsageError, match="is not below"):
        other = ["s3://music/d/2018-10-31.json"]
        pipeline.run(events="s3://music/d/2018-11", warehouse=duckdb_url, objects=other)


def test_an_object_is_of_one_kind(bucket: Any, duckdb_url: str) -> None:
    """Prefixes that are no folders and list the same object overlap."""
    bucket.put_object(Bucket="music", Key="log_data/a.json", Body=lines([event()]))
    with pytest.raises(UsageError, match=r"overlap: both have s3://music/log_data/a\.json"):
        pipeline.run(songs="s3://music/log", events="s3://music/log_", warehouse=duckdb_url)


@pytest.mark.parametrize("key", ["a.json", "a//b.json"])
def test_an_object_that_changed_or_vanished_is_not_read(bucket: Any, key: str) -> None:
    """What is fetched is what was listed, or the error names the object."""
    location = Bucket("s3://music", boto3.Session())
    bucket.put_object(Bucket="music", Key=key, Body=b"{}")
    (item,) = (found for found in location.scan("events") if isinstance(found, LakeObject))
    bucket.put_object(Bucket="music", Key=key, Body=b"{ }")
    with pytest.raises(TryAgain, match=f"{key}: changed"):
        list(location.fetch([item]))
    gone = LakeObject("s3://music/gone.json", "events", "etag", 1, "gone.json")
    with pytest.raises(TryAgain, match=r"gone\.json"):
        list(location.fetch([gone]))


@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "s3://Bad_Bucket/x"])
def test_a_location_must_name_a_bucket(uri: str) -> None:
    """An invalid s3://bucket/prefix is a usage error, before any request is made."""
    with pytest.raises(UsageError):
        Bucket(uri, boto3.Session())
