"""An answer of S3 is taken only if it is the object that was listed, however long it takes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sparkify import pipeline
from sparkify.errors import SparkifyError, TryAgain
from sparkify.lake import access
from sparkify.lake.objects import LARGE, LakeObject
from sparkify.lake.s3 import Bucket
from tests.conftest import use_s3
from tests.factory import event, lines, star
from tests.lake.servers import Answer, FakeS3, Request, serving, slowly

KEYS = ("log_data/a.json", "log_data/a//b.json")  # obstore's, and boto3's
SMALL = lines(event(itemInSession=i) for i in range(90))
BIG = lines(event(itemInSession=i) for i in range(4000))
#: both clients and both sizes in two cases, and the other two pairs of them
PAIRS = [
    (KEYS[0], SMALL),
    (KEYS[1], BIG),
    pytest.param(KEYS[0], BIG, marks=pytest.mark.long),
    pytest.param(KEYS[1], SMALL, marks=pytest.mark.long),
]
each_pair = pytest.mark.parametrize(
    ("key", "body"), PAIRS, ids=["obstore-small", "boto3-big", "obstore-big", "boto3-small"]
)


def objects(bucket: Bucket) -> list[LakeObject]:
    """The objects that a bucket lists."""
    return [item for item in bucket.scan("events") if isinstance(item, LakeObject)]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    """An S3 that misbehaves on request."""
    with serving() as running:
        use_s3(monkeypatch, running.url)
        yield running


def bodies(request: Request) -> bool:
    """Whether an object was asked for."""
    return request.method == "GET" and request.key.endswith(".json")


def cut(request: Request, answer: Answer) -> Answer:
    """A tenth of the object, with the right Content-Length of that."""
    if bodies(request):
        answer.body = answer.body[: len(answer.body) // 10]
    return answer


def longer(request: Request, answer: Answer) -> Answer:
    """More than the object."""
    if bodies(request):
        answer.body += b"{}\n"
    return answer


def foreign(request: Request, answer: Answer) -> Answer:
    """Another object of the same size."""
    if bodies(request):
        answer.headers["ETag"] = '"another"'
    return answer


def nameless(request: Request, answer: Answer) -> Answer:
    """A page of a proxy, which has no ETag."""
    if bodies(request):
        answer.headers["ETag"] = ""
    return answer


@pytest.mark.parametrize("spoil", [cut, longer, foreign, nameless])
@each_pair
def test_an_answer_that_is_not_the_object_is_never_loaded(
    s3: FakeS3, spoil: Any, body: bytes, key: str
) -> None:
    """Too short, too long, another ETag or none: asked for again, then exit 4."""
    s3.objects[key], s3.spoil = body, spoil
    bucket = Bucket("s3://music", boto3.Session())
    (item,) = objects(bucket)
    assert item
    with pytest.raises(TryAgain, match=f"{key}: the answer"):
        list(bucket.fetch([item]))
    assert sum(map(bodies, s3.requests)) > 2


def test_a_run_publishes_nothing_of_such_an_answer(s3: FakeS3, duckdb_url: str) -> None:
    """A run ends with exit 4, and the star is empty."""
    s3.objects["log_data/a.json"], s3.spoil = SMALL, cut
    with pytest.raises(TryAgain, match=r"log_data/a\.json: the answer has .* bytes"):
        pipeline.run("s3://music", duckdb_url)
    assert star(duckdb_url)["songplays"] == []


@pytest.mark.long
@pytest.mark.parametrize("spoil", [cut, foreign])
@each_pair
def test_the_next_answer_may_be_right(
    s3: FakeS3, duckdb_url: str, spoil: Any, body: bytes, key: str
) -> None:
    """One bad answer does not end a run."""
    s3.objects[key] = body
    left = [1]

    def once(request: Request, answer: Answer) -> Answer:
        return spoil(request, answer) if bodies(request) and left and left.pop() else answer

    s3.spoil = once
    assert pipeline.run("s3://music", duckdb_url).rows["songplays"] == body.count(b"\n")


@pytest.mark.long
@pytest.mark.parametrize("key", [KEYS[0], pytest.param(KEYS[1], marks=pytest.mark.long)])
def test_a_slow_transfer_has_all_the_time_it_needs(
    s3: FakeS3, duckdb_url: str, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """The limit is on the time without a byte, not on the time of a transfer."""
    monkeypatch.setattr(access, "IDLE", 0.7)
    s3.objects = {key: BIG, "log_data/small.json": SMALL}
    s3.spoil = slowly(len(BIG) // 3)
    begun = time.monotonic()
    assert pipeline.run("s3://music", duckdb_url).rows["songplays"] == 4000
    assert time.monotonic() - begun > 2


@pytest.mark.long
@each_pair
@pytest.mark.parametrize("ever", [False, True])
def test_a_stalled_transfer_is_given_up(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch, body: bytes, key: str, ever: bool
) -> None:
    """Without a byte for a while it is tried again, and at last it is exit 4."""
    monkeypatch.setattr(access, "IDLE", 0.3)
    monkeypatch.setattr(access, "RETRIES", 2)
    s3.objects[key] = body
    stalls: list[int] = []

    def stall(sent: int) -> None:
        if sent and (ever or not stalls):
            stalls.append(sent)
            time.sleep(1)

    def spoil(request: Request, answer: Answer) -> Answer:
        if bodies(request) and len(answer.body) > 1:
            answer.chunk, answer.pause = len(answer.body) // 2 + 1, stall
        return answer

    s3.spoil = spoil
    bucket = Bucket("s3://music", boto3.Session())
    (item,) = objects(bucket)
    assert item
    if ever:
        with pytest.raises(TryAgain, match=key):
            list(bucket.fetch([item]))
        return
    ((_, content),) = (
        (item, data if isinstance(data, bytes) else data.read_bytes())
        for item, data in bucket.fetch([item])
    )
    assert content == body
    assert stalls


def test_a_large_object_is_a_file_that_goes(s3: FakeS3, tmp_path: Path) -> None:
    """Large objects are handed out as files, which are removed after use."""
    s3.objects = {f"log_data/{n}.json": BIG for n in range(20)} | {"log_data/s.json": SMALL}
    bucket = Bucket("s3://music", boto3.Session())
    items = sorted(objects(bucket))
    seen: list[Path] = []
    for item, content in bucket.fetch(items):
        assert isinstance(content, Path) == (item.size >= LARGE)
        if isinstance(content, Path):
            assert all(not path.exists() for path in seen)
            assert content.read_bytes() == BIG
            seen.append(content)
    assert len(seen) == 20
    assert not seen[0].parent.exists()


def test_what_is_not_taken_is_removed_too(s3: FakeS3) -> None:
    """A reader that stops early leaves no file."""
    s3.objects = {f"log_data/{n}.json": BIG for n in range(3)}
    bucket = Bucket("s3://music", boto3.Session())
    fetched = bucket.fetch(objects(bucket))
    _, content = next(fetched)
    assert isinstance(content, Path)
    fetched.close()  # type: ignore[attr-defined]
    assert not content.parent.exists()


@pytest.mark.long
def test_an_endless_listing_is_an_error(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing that repeats a token, a key, or has empty pages for ever ends in one line."""
    monkeypatch.setattr("sparkify.lake.listing.EMPTY", 20)
    s3.objects["log_data/a.json"] = SMALL
    tokens = iter(range(10**9))
    for same, objects, said in [
        (True, {}, "repeats its pages"),
        (False, dict(s3.objects), r"repeats log_data/a\.json"),
        (False, {}, "has no end"),
    ]:
        s3.objects = objects

        def spoil(request: Request, answer: Answer, same: bool = same) -> Answer:
            if "list-type" in request.query:
                return s3.listing("", "token" if same else str(next(tokens)))
            return answer

        s3.spoil = spoil
        with pytest.raises(SparkifyError, match=said) as raised:
            list(Bucket("s3://music", boto3.Session()).scan("events"))
        assert raised.value.exit_code == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<Size>", b"<Size>x"),
        (b"<Size>", b"<Size>-"),
        (b"<Size>", b"<Other>"),
        (b"<ETag>", b"<Other>"),
        (b"<Key>", b"<Other>"),
        (b"a.json", b"a\0.json"),
        (b"a.json", b"a\x1b.json"),
        (b"</ListBucketResult>", b""),
    ],
)
def test_a_listing_that_makes_no_sense_is_an_error(
    s3: FakeS3, duckdb_url: str, old: bytes, new: bytes
) -> None:
    """Sizes that are not numbers, entries without a key, broken XML: one line, exit 1."""
    s3.objects["log_data/a.json"] = SMALL

    def spoil(request: Request, answer: Answer) -> Answer:
        if "log_data/" in request.query.get("prefix", ()):
            answer.body = answer.body.replace(old, new)
            answer.body = answer.body.replace(old.replace(b"<", b"</"), new.replace(b"<", b"</"))
        return answer

    s3.spoil = spoil
    with pytest.raises(SparkifyError) as raised:
        pipeline.run("s3://music", duckdb_url)
    assert str(raised.value).startswith("s3://music/log_data/: ")
    assert raised.value.exit_code == (4 if b"Result" in old or ord(new[-6:-5]) < 32 else 1)
    assert str(raised.value).isprintable()
