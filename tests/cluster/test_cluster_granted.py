"""The generated policies grant what a run, an export and the doctor really ask of S3."""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from sparkify import config, pipeline
from sparkify.analytics.asking import export
from sparkify.cluster import doctor, policies
from sparkify.cluster.calls import Calls
from sparkify.cluster.places import asking
from sparkify.cluster.setup import Setup
from sparkify.cluster.spec import Spec
from sparkify.lake import aws
from tests.conftest import use_s3
from tests.factory import event, lines, song
from tests.redshift_standin import TLS, StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import LOST_SOCKETS, ROLE

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)

KMS_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"
KEYS = [f"arn:aws:kms:us-west-2:123456789012:key/{n}" for n in ("0a-parts", "0b-lake")]
CLUSTER_KEY = "standin"  # with which the stand-in signs, as the cluster's role


class Request(NamedTuple):
    """What was asked of S3: by whom, as IAM names it, and below which prefix a list was."""

    role: bool
    action: str
    arn: str
    prefix: str | None = None


def is_role(environ: dict[str, Any]) -> bool:
    """Whether the cluster asks, and not this machine."""
    return f"Credential={CLUSTER_KEY}/" in environ.get("HTTP_AUTHORIZATION", "")


def requests(environ: dict[str, Any], body: bytes) -> Iterator[Request]:
    """What a request to S3 takes, by the methods that IAM's page of S3 lists."""
    role = is_role(environ)
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    method, arn = environ["REQUEST_METHOD"], f"arn:aws:s3:::{bucket}"
    if method == "POST" and "delete" in query:
        for found in re.findall(rb"<Key>([^<]*)</Key>", body):
            yield Request(role, "s3:DeleteObject", f"{arn}/{found.decode()}")
    elif key:
        verb = {"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}
        yield Request(role, f"s3:{verb.get(method, 'PutObject')}", f"{arn}/{key}")
        if used := environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID"):
            yield Request(role, "kms:GenerateDataKey", used)
    elif "location" in query:
        yield Request(role, "s3:GetBucketLocation", arn)
    elif method == "GET":
        yield Request(role, "s3:ListBucket", arn, query.get("prefix", [""])[0])
    else:
        yield Request(role, f"s3:{method}", arn)


def matches(text: str, pattern: str) -> bool:
    """Whether a text matches a pattern of IAM, in which `${*}` is an asterisk and so on."""
    parts = re.split(r"(\$\{[*?$]\}|[*?])", pattern)
    meant = {"*": ".*", "?": "."}
    found = "".join(meant.get(p) or re.escape(p[2] if p[:2] == "${" else p) for p in parts if p)
    return re.fullmatch(found, text, re.DOTALL) is not None


def allowed(document: policies.Document, request: Request) -> bool:
    """Whether a policy allows a request."""
    for statement in document["Statement"]:
        found = request.action in statement["Action"]
        found &= any(matches(request.arn, arn) for arn in statement["Resource"])
        condition = statement.get("Condition", {"StringLike": {"s3:prefix": ["*"]}})
        prefixes = condition["StringLike"]["s3:prefix"]
        if request.prefix is not None:
            found &= any(matches(request.prefix, each) for each in prefixes)
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

        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            used = {name.lower(): value for name, value in headers}.get(KMS_HEADER)
            if used and environ["REQUEST_METHOD"] == "GET":
                seen.append(Request(is_role(environ), "kms:Decrypt", used))
            return start(status, headers, *more)

        answer: Iterable[bytes] = serve(self, environ, begin)
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


#: the route, the staging prefix, where songs and events are
FOLDERS = {"source": "lake"}
FILES = {"songs": "lake/all?.json", "events": "lake/logs*${x}-"}  # an object, the start of names
MODES = [
    ("direct", "", FOLDERS),
    ("direct", "parts", FOLDERS),
    ("staged", "parts", FOLDERS),
    ("direct", "parts?", FILES),
    ("staged", "parts*", FILES),
]


@pytest.mark.long
@pytest.mark.parametrize(("copy", "staging", "lake"), MODES)
def test_what_is_sent_is_granted(
    copy: str,
    staging: str,
    lake: dict[str, str],
    s3: Bucket,
    redshift_url: str,
    sent: list[Request],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loader's policy covers this machine, the role's the cluster, in either way of copying.

    Not granted is to ask for a bucket's region, which nobody has to be told, and what the cluster
    does where the export goes. What a policy has to do with the names of others is none.
    """
    events = lines([event(sessionId=n, artist=f"é{n}") for n in range(150)])
    for name in ("song_data/a.json", "all?.json", "allx.json"):
        put_encrypted(s3, f"lake/{name}", lines([song()]))
    for name in ("log_data/a.json", "logs*${x}-1.json", "logs-1.json"):
        put_encrypted(s3, f"lake/{name}", events)
    places = {name: s3.url(key) for name, key in lake.items()}
    places |= {"warehouse": redshift_url, "copy": copy, "kms_key": ", ".join(KEYS)}
    if staging:
        places["staging"] = s3.url(staging)
    for name, value in places.items():
        monkeypatch.setenv(f"SPARKIFY_{name.upper()}", value)
    settings = config.load()
    setup = Setup(Calls(aws.session(settings)), Spec(settings))
    look = asking(settings)
    mine = policies.loader_policy(settings, "1", "us-west-2", "aws", [], look=look)
    theirs = policies.role_policy(settings, look=look)
    sent.clear()
    assert pipeline.run().copy == copy
    assert pipeline.run(full=True).copy == copy
    checks = {check.name: check for check in doctor.diagnose(setup).checks}
    assert checks["lake"].passed
    assert checks["staging"].passed
    assert s3.url(staging or "lake/.sparkify") in checks["staging"].text
    export(s3.url("star"))
    refused = {each for each in sent if not allowed(theirs if each.role else mine, each)}
    written = {each for each in refused if f"{s3.prefix}star/" in each.arn + (each.prefix or "")}
    assert {(each.role, each.action) for each in written} == {
        (True, "s3:ListBucket"),
        (True, "s3:PutObject"),
    }
    key_id = KEYS[0].rpartition("/")[2]  # what an export is encrypted with
    others = refused - written - {Request(True, "kms:GenerateDataKey", key_id)}
    assert {each.action for each in others} <= {"s3:GetBucketLocation", "s3:HEAD"}
    assert {each.action for each in sent if each.role} >= {"s3:GetObject", "kms:Decrypt"}
    assert {"s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "kms:GenerateDataKey"} <= {
        each.action for each in sent if not each.role
    }
    writes = [each for each in sent if each.action == "s3:PutObject"]
    assert len([each for each in sent if each.action == "kms:GenerateDataKey"]) == len(writes)
    for name in ("allx.json", "logs-1.json"):
        read = Request(False, "s3:GetObject", f"arn:aws:s3:::{s3.name}/{s3.prefix}lake/{name}")
        assert not allowed(mine, read)


def put_encrypted(s3: Bucket, key: str, body: bytes) -> None:
    """Put an object that is encrypted with the lake's key."""
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEYS[1]}
    s3.client.put_object(Bucket=s3.name, Key=f"{s3.prefix}{key}", Body=body, **encryption)
