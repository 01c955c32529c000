"""The generated policies grant what a run, an export and the doctor really ask of S3."""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from sparkify import config, pipeline
from sparkify.analytics.asking import export
from sparkify.cluster import doctor, policies
from sparkify.cluster.calls import Calls
from sparkify.cluster.setup import Setup
from sparkify.cluster.spec import Spec
from sparkify.lake import aws
from tests.conftest import use_s3
from tests.factory import event, lines, song
from tests.redshift_standin import TLS, StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import LOST_SOCKETS, ROLE

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)

CLUSTER_KEY = "standin"  # with which the stand-in signs, as the cluster's role


class Request(NamedTuple):
    """What was asked of S3: by whom, as IAM names it, and below which prefix a list was."""

    role: bool
    action: str
    arn: str
    prefix: str | None = None


def requests(environ: dict[str, Any], body: bytes) -> Iterator[Request]:
    """What a request to S3 takes, by the methods that IAM's page of S3 lists."""
    role = f"Credential={CLUSTER_KEY}/" in environ.get("HTTP_AUTHORIZATION", "")
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    method, arn = environ["REQUEST_METHOD"], f"arn:aws:s3:::{bucket}"
    if method == "POST" and "delete" in query:
        for found in re.findall(rb"<Key>([^<]*)</Key>", body):
            yield Request(role, "s3:DeleteObject", f"{arn}/{found.decode()}")
    elif key:
        verb = {"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}
        yield Request(role, f"s3:{verb.get(method, 'PutObject')}", f"{arn}/{key}")
    elif "location" in query:
        yield Request(role, "s3:GetBucketLocation", arn)
    elif method == "GET":
        yield Request(role, "s3:ListBucket", arn, query.get("prefix", [""])[0])
    else:
        yield Request(role, f"s3:{method}", arn)


def allowed(document: policies.Document, request: Request) -> bool:
    """Whether a policy allows a request."""
    for statement in document["Statement"]:
        found = request.action in statement["Action"]
        found &= any(fnmatchcase(request.arn, arn) for arn in statement["Resource"])
        condition = statement.get("Condition", {"StringLike": {"s3:prefix": ["*"]}})
        prefixes = condition["StringLike"]["s3:prefix"]
        if request.prefix is not None:
            found &= any(fnmatchcase(request.prefix, each) for each in prefixes)
        if found:
            return True
    return False


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Every request that reaches S3 from here on."""
    seen: list[Request] = []
    serve = DomainDispatcherApplication.__call__

    def note(self: Any, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if "s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
            body = b""
            if "delete" in environ.get("QUERY_STRING", ""):
                body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
                environ["wsgi.input"] = io.BytesIO(body)
            seen.extend(requests(environ, body))
        answer: Iterable[bytes] = serve(self, environ, start)
        return answer

    monkeypatch.setattr(DomainDispatcherApplication, "__call__", note)
    return seen


@pytest.fixture
def redshift_url(
    cluster_server: StandIn,
    authority: tuple[TLS, Path],
    s3: Bucket,
    collect_lost_sockets: None,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """An empty cluster that reads the test's S3."""
    cluster_server.reset()
    use_s3(monkeypatch, str(s3.endpoint))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    monkeypatch.setenv("SPARKIFY_IAM_ROLE", ROLE)
    return cluster_server.url()


MODES = [("direct", ""), ("direct", "parts"), ("staged", "parts")]


@pytest.mark.long
@pytest.mark.parametrize(("copy", "staging"), MODES)
def test_what_is_sent_is_granted(
    copy: str,
    staging: str,
    s3: Bucket,
    redshift_url: str,
    sent: list[Request],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loader's policy covers this machine, the role's the cluster, in either way of copying.

    Not granted is to ask for a bucket's region, which nobody has to be told, and what the cluster
    does where the export goes.
    """
    s3.put("lake/song_data/a.json", song())
    s3.put("lake/log_data/a.json", lines([event(sessionId=n, artist=f"é{n}") for n in range(150)]))
    places = {"source": s3.url("lake"), "warehouse": redshift_url, "copy": copy}
    if staging:
        places["staging"] = s3.url(staging)
    for name, value in places.items():
        monkeypatch.setenv(f"SPARKIFY_{name.upper()}", value)
    settings = config.load()
    sent.clear()
    assert pipeline.run().copy == copy
    assert pipeline.run(full=True).copy == copy
    found = doctor.diagnose(Setup(Calls(aws.session(settings)), Spec(settings)))
    checks = {check.name: check for check in found.checks}
    assert checks["lake"].passed
    assert checks["staging"].passed
    assert s3.url(staging or "lake/.sparkify") in checks["staging"].text
    export(s3.url("star"))
    mine = policies.loader_policy(settings, "1", "us-west-2", "aws", [])
    theirs = policies.role_policy(settings)
    refused = {each for each in sent if not allowed(theirs if each.role else mine, each)}
    written = {each for each in refused if f"{s3.prefix}star/" in each.arn + (each.prefix or "")}
    assert {(each.role, each.action) for each in written} == {
        (True, "s3:ListBucket"),
        (True, "s3:PutObject"),
    }
    assert {each.action for each in refused - written} <= {"s3:GetBucketLocation", "s3:HEAD"}
    assert {each.action for each in sent if each.role} >= {"s3:GetObject"}
    assert {"s3:PutObject", "s3:DeleteObject", "s3:ListBucket"} <= {
        each.action for each in sent if not each.role
    }
