"""AWS as the tests have it: moto over HTTP, where any one call can be made to fail."""

import io
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from typer.testing import CliRunner
from werkzeug.serving import WSGIRequestHandler, make_server

from sparkify import cli
from sparkify.errors import SparkifyError

KEY, SECRET_KEY = "AKIARECOGNISABLE0001", "s3cr3t-key-recognisable-0002"
PASSWORD = "S3cr3t-Passw0rd-0003"
GENERATED = "S3cr3tGenerated0004"
SECRETS = (SECRET_KEY, PASSWORD, GENERATED)
REGION = "us-west-2"
READING = re.compile(r"[\w-]+:(Get|GET|Describe|List|Head)\w*")
Environ = dict[str, Any]
Failure = Callable[[str], str]

DENIED: dict[str, str] = {
    "ec2": "UnauthorizedOperation",
    "secretsmanager": "AccessDeniedException",
}
BUSY = {"ec2": "RequestLimitExceeded", "secretsmanager": "ThrottlingException"}
QUOTA = {
    "ec2": "SecurityGroupLimitExceeded",
    "iam": "LimitExceeded",
    "redshift": "ClusterQuotaExceeded",
    "secretsmanager": "LimitExceededException",
}


def denied(service: str) -> str:
    """The code of a call that is not permitted."""
    return DENIED.get(service, "AccessDenied")


def busy(service: str) -> str:
    """The code of a call that came too soon."""
    return BUSY.get(service, "Throttling")


def quota(service: str) -> str:
    """The code of a call for more than is allowed."""
    return QUOTA.get(service, "LimitExceeded")


def answer(service: str, code: str) -> tuple[str, bytes]:
    """An error in the form of a service: its content type and body."""
    if service == "secretsmanager":
        return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": "no"}).encode()
    inner = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    outer = (
        f"<Response><Errors>{inner}</Errors></Response>"
        if service == "ec2"
        else f"<ErrorResponse>{inner}</ErrorResponse>"
    )
    return "text/xml", outer.encode()


@dataclass
class Aws:
    """What stands in front of moto: it counts calls, and lets one fail.

    Attributes:
        calls: what was called, as IAM names it.
        bodies: what was sent with each.
        fail_at: the number of the call that fails, from 0.
        failure: gives the error's code for a service.
        done: whether the failing call has its effect all the same, as when an answer is lost.
        states: the states in which the cluster shows itself next, before the true one.
    """

    application: Any
    calls: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    fail_at: int | None = None
    failure: Failure = denied
    done: bool = False
    states: list[str] = field(default_factory=list)
    url: str = ""

    def reset(self) -> None:
        """Forget the calls, and fail none."""
        self.calls, self.bodies, self.states = [], [], []
        self.fail_at, self.failure, self.done = None, denied, False

    def changes(self) -> list[str]:
        """The calls that changed something, or tried to."""
        return [call for call in self.calls if not READING.fullmatch(call)]

    def __call__(self, environ: Environ, start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        signed = re.search(r"/([\w-]+)/aws4_request", environ.get("HTTP_AUTHORIZATION", ""))
        service = signed[1] if signed else "?"
        action = re.search(rb"(?:^|&)Action=(\w+)", body)
        target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        name = action[1].decode() if action else target or environ["REQUEST_METHOD"]
        number = len(self.calls)
        self.calls.append(f"{service}:{name}")
        self.bodies.append(body)
        if number != self.fail_at:
            return self.changed(name, self.application(environ, start))
        if self.done:
            list(self.application(environ, lambda *_: None))
        kind, error = answer(service, self.failure(service))
        start("400 Bad Request", [("Content-Type", kind), ("Content-Length", str(len(error)))])
        return [error]

    def changed(self, name: str, parts: Iterable[bytes]) -> Iterable[bytes]:
        """An answer, in it the cluster's state that the test wants next."""
        if name != "DescribeClusters" or not self.states:
            return parts
        state = self.states.pop(0).encode()
        assert len(state) == len(b"available")  # the answer's length is on its way already
        return [b"".join(parts).replace(b"available", state)]


class Handler(WSGIRequestHandler):
    """Keeps connections open, and is silent."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


@pytest.fixture(scope="session")
def server() -> Iterator[Aws]:
    """One server a process."""
    aws = Aws(DomainDispatcherApplication(create_backend_app))
    serving = make_server("127.0.0.1", 0, aws, threaded=True, request_handler=Handler)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    aws.url = f"http://127.0.0.1:{serving.server_port}"
    yield aws
    serving.shutdown()
    thread.join()
    serving.server_close()


class Session(boto3.Session):
    """A session that makes each client once: reading their models is what takes the time."""

    def __init__(self, url: str) -> None:
        super().__init__(KEY, SECRET_KEY, region_name=REGION)
        self.url, self.made = url, dict[str, Any]()

    def client(self, service: str, **options: Any) -> Any:  # type: ignore[override]
        """The one client of a service."""
        if service not in self.made:
            options["region_name"] = REGION
            self.made[service] = super().client(service, endpoint_url=self.url, **options)  # type: ignore[call-overload]
        return self.made[service]


@pytest.fixture(scope="session")
def session(server: Aws) -> Session:
    """One session a process."""
    return Session(server.url)


@dataclass(frozen=True)
class Outcome:
    """What became of a command: its exit code, what it printed, its error's one line."""

    code: int
    out: str
    err: str
    error: str


def new_name() -> str:
    """A name that no other test has."""
    return f"c{uuid4().hex[:12]}"


@dataclass
class Cluster:
    """A cluster of the test's own: its name, its dwh.cfg, and what AWS has of it."""

    name: str
    file: Path
    session: Session
    said: list[str] = field(default_factory=list)

    def __call__(self, *arguments: str, answer: str = "") -> Outcome:
        """Run `sparkify cluster …`."""
        return self.run("cluster", *arguments, answer=answer)

    def run(self, *arguments: str, answer: str = "") -> Outcome:
        """Run `sparkify …`."""
        result = CliRunner().invoke(cli.app, arguments, input=answer)
        if result.exception and not isinstance(result.exception, SparkifyError | SystemExit):
            raise result.exception
        known = isinstance(result.exception, SparkifyError)
        error = str(result.exception) if known else ""
        code = getattr(result.exception, "exit_code", result.exit_code)
        self.said += [result.stdout, result.stderr, error]
        return Outcome(code, result.stdout, result.stderr, error)

    def renew(self) -> None:
        """Go on with another cluster, of another name; what there is of this one stays."""
        name = new_name()
        self.file.write_text(self.file.read_text().replace(self.name, name))
        self.name = name

    def create(self, *options: str, code: int = 0) -> Outcome:
        """Run `cluster create` with no questions, and expect an exit code."""
        outcome = self("create", "--allow", "203.0.113.5/32", "--yes", *options)
        assert outcome.code == code, outcome
        return outcome

    def delete(self, *options: str, code: int = 0) -> Outcome:
        """Run `cluster delete` with no questions and no snapshot, and expect an exit code."""
        outcome = self("delete", "--yes", "--no-snapshot", *options)
        assert outcome.code == code, outcome
        return outcome

    def status(self) -> dict[str, Any]:
        """What `cluster status --json` prints."""
        found: dict[str, Any] = json.loads(self("status", "--json").out)
        return found

    def settings(self, text: str) -> None:
        """Add to dwh.cfg."""
        self.file.write_text(self.file.read_text() + text)

    @property
    def group(self) -> dict[str, Any] | None:
        """The security group."""
        names = [{"Name": "group-name", "Values": [f"sparkify-{self.name}"]}]
        found = self.session.client("ec2").describe_security_groups(Filters=names)
        return next(iter(found["SecurityGroups"]), None)

    @property
    def cluster(self) -> dict[str, Any]:
        """The cluster."""
        found = self.session.client("redshift").describe_clusters(ClusterIdentifier=self.name)
        return dict(found["Clusters"][0])

    @property
    def snapshots(self) -> list[str]:
        """The snapshots."""
        found = self.session.client("redshift").describe_cluster_snapshots()["Snapshots"]
        named = [each for each in found if each["ClusterIdentifier"] == self.name]
        return [each["SnapshotIdentifier"] for each in named]

    def left(self) -> list[str]:
        """What AWS has of it."""
        clusters = self.session.client("redshift").describe_clusters()["Clusters"]
        roles = self.session.client("iam").list_roles(MaxItems=1000)["Roles"]
        secrets = self.session.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)
        names = [each["ClusterIdentifier"] for each in clusters]
        names += [each["RoleName"] for each in roles]
        names += [each["Name"] for each in secrets["SecretList"]]
        names += [self.group["GroupName"]] if self.group else []
        return [name for name in names if self.name in name]


@pytest.fixture
def aws(server: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """AWS, with nobody waiting long and no call tried twice."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("sparkify.cluster.calls.POLL_SECONDS", 0.001)
    monkeypatch.setattr("sparkify.cluster.calls.CONSISTENCY_SECONDS", 0.01)
    server.reset()
    yield server
    server.reset()


@pytest.fixture
def cluster(
    aws: Aws,
    session: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Cluster]:
    """A cluster of the test's own; whatever was said about it in the end holds no secret."""
    made = Cluster(new_name(), tmp_path / "dwh.cfg", session)
    for name in [name for name in os.environ if name.startswith("SPARKIFY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SPARKIFY_CONFIG", str(made.file))
    monkeypatch.setattr("sparkify.lake.aws.session", lambda settings: session)
    monkeypatch.setattr("sparkify.cluster.secret.new_password", lambda: GENERATED)
    made.file.write_text(
        f"# kept\n[AWS]\nKEY={KEY}\nSECRET={SECRET_KEY}\n\n"
        f"[S3]\nSONG_DATA='s3://lake/song_data'\nLOG_DATA='s3://lake/log_data'\n"
        f"LOG_JSONPATH='s3://lake/log_json_path.json'\nSTAGING=s3://work/parts\n\n"
        f"[DWH]\nDWH_CLUSTER_IDENTIFIER={made.name}\nDWH_IAM_ROLE_NAME={made.name}-role\n"
    )
    caplog.set_level(logging.DEBUG, logger="sparkify")
    yield made
    text = "\n".join([*made.said, caplog.text])
    assert not [secret for secret in SECRETS if secret in text]
