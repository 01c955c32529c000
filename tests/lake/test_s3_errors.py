"""What `sparkify run s3://…` says in one line, and its exit code, for each thing gone wrong."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from sparkify import cli
from sparkify.lake.s3 import Bucket
from tests.factory import event, lines
from tests.lake.servers import ERROR, Answer, FakeS3, Request, serving

Run = Callable[..., tuple[int, str]]
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "s3cr3t-key"}


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    """An S3 that misbehaves on request, with one object."""
    with serving({"log_data/a.json": lines([event()])}) as running:
        yield running


@pytest.fixture
def run(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Runs `sparkify run` in this process: its exit code, and its one line on stderr."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    for name in [name for name in os.environ if "proxy" in name.lower()]:
        monkeypatch.delenv(name)
    for name, text in {"AWS_ENDPOINT_URL": s3.url, **KEYS}.items():
        monkeypatch.setenv(name, text)

    def ended(source: str = "s3://music", **environment: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["sparkify", "-q", "run", source])
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as stop:
            for name, text in environment.items():
                patch.setenv(name, text) if text else patch.delenv(name)
            cli.main()
        said = capsys.readouterr().err
        code = stop.value.code or 0
        assert isinstance(code, int)
        assert len(said.splitlines()) == (1 if code else 0), said
        assert "s3cr3t" not in said
        return code, said.rstrip("\n")

    yield ended
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGTERM, before[1])


def answering(
    status: int, code: str, *, objects: bool = False
) -> Callable[[Request, Answer], Answer]:
    """Answer with an error, as S3 does: without a body to HEAD."""

    def spoil(request: Request, answer: Answer) -> Answer:
        if bool(request.key) == objects:
            headers = {"x-amz-bucket-region": ""} if status == 400 else {}
            return Answer(status, ERROR.format(code).encode(), headers)
        return answer

    return spoil


@pytest.mark.parametrize(
    ("status", "code", "exit_code", "said"),
    [
        (400, "ExpiredToken", 1, "s3://music: the AWS credentials have expired"),
        (403, "RequestTimeTooSkewed", 1, "clock"),
        (403, "InvalidAccessKeyId", 1, "rejected the credentials"),
        (403, "AccessDenied", 1, "need the permission s3:ListBucket"),
        (301, "PermanentRedirect", 1, "wrong region"),
        (400, "AuthorizationHeaderMalformed", 1, "wrong region"),
        (404, "NoSuchBucket", 2, "s3://music: not found"),
        (503, "SlowDown", 4, "try again later"),
    ],
)
def test_errors_of_the_bucket(
    s3: FakeS3, run: Run, status: int, code: str, exit_code: int, said: str
) -> None:
    """The first request has no body in its answer: the reason is asked for by another one."""
    s3.spoil = answering(status, code)
    ended, text = run()
    assert (ended, said in text) == (exit_code, True), text


@pytest.mark.parametrize(
    ("status", "code", "exit_code", "said"),
    [
        (400, "ExpiredToken", 1, "have expired"),
        (403, "InvalidObjectState", 1, "restore the object"),
        (400, "KMS.DisabledException", 1, "KMS key"),
        (403, "AccessDenied", 1, "the permission s3:GetObject"),
        (404, "NoSuchKey", 4, "was deleted while it was read"),
    ],
)
def test_errors_of_an_object(
    s3: FakeS3, run: Run, status: int, code: str, exit_code: int, said: str
) -> None:
    """The object is named."""
    s3.spoil = answering(status, code, objects=True)
    ended, text = run()
    assert (ended, said in text, "s3://music/log_data/a.json: " in text) == (exit_code, True, True)


def test_errors_of_the_settings(run: Run, tmp_path: Path) -> None:
    """Profiles, files, endpoints and keys that are wrong: no traceback, and what to do."""
    bad, folder = tmp_path / "bad", str(tmp_path)
    bad.write_text("[default\n")
    for environment, exit_code, said in [
        ({"AWS_PROFILE": "nobody"}, 1, "nobody"),
        ({"AWS_CONFIG_FILE": str(bad)}, 1, "configuration file"),
        ({"AWS_ENDPOINT_URL": "localhost:9000"}, 2, "http://"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, 1, "together"),
        ({"AWS_CA_BUNDLE": folder}, 2, folder),
    ]:
        ended, text = run(**environment)
        assert (ended, said in text) == (exit_code, True), text


def test_a_private_bucket_without_credentials(s3: FakeS3, run: Run) -> None:
    """It says that there are none, not which permission they need."""
    s3.spoil = answering(403, "AccessDenied")
    ended, text = run(**NO_KEYS)
    assert ended == 1
    assert "no AWS credentials were found; set AWS_PROFILE" in text


def test_a_prefix_with_nothing_below(run: Run) -> None:
    """An empty prefix is an empty lake: exit 1, and its name."""
    ended, text = run("s3://music/nothing")
    assert ended == 1
    assert "s3://music/nothing" in text


@pytest.mark.long
@pytest.mark.parametrize("name", ["a\nb.json", "a\tb.json", "a\x1b[31mb.json", "a\x7f.json"])
def test_keys_with_control_characters(s3: FakeS3, run: Run, name: str) -> None:
    """They load as they are; an error shows them escaped, in one line."""
    s3.objects = {f"log_data/{name}": lines([event()])}

    def encoded(request: Request, answer: Answer) -> Answer:
        if "list-type" in request.query:
            shown = "".join(c if c.isprintable() else f"%{ord(c):02X}" for c in name)
            answer.body = answer.body.replace(name.encode(), shown.encode())
            answer.body = answer.body.replace(b"<IsT", b"<EncodingType>url</EncodingType><IsT")
        return answer

    s3.spoil = encoded
    assert run() == (0, "")
    s3.spoil = lambda request, answer: (
        Answer(403, ERROR.format("AccessDenied").encode())
        if "b.json" in request.key or "\x7f" in request.key
        else encoded(request, answer)
    )
    ended, text = run(SPARKIFY_WAREHOUSE="duckdb:///other.duckdb")
    assert (ended, text.isprintable()) == (1, True), text


def test_a_caller_who_may_list_some_prefixes_only_is_told_the_region(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket that denies HEAD exists all the same, in the region that the answer names."""

    def spoil(request: Request, answer: Answer) -> Answer:
        if request.method == "HEAD" and not request.key:
            return Answer(403, headers={"x-amz-bucket-region": "eu-west-1"})
        return answer

    s3.spoil = spoil
    for name, text in {"AWS_ENDPOINT_URL": s3.url, **KEYS}.items():
        monkeypatch.setenv(name, text)
    bucket = Bucket("s3://music/log_data", boto3.Session(region_name="us-west-2"))
    assert bucket.region == "eu-west-1"
    assert [request.method for request in s3.requests] == ["HEAD"]
