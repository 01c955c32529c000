"""What the doctor checks before a run, and what it says when something is wrong."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import trustme

from sparkify import config, warehouses
from sparkify.cluster.calls import Calls
from sparkify.cluster.doctor import for_warehouse
from sparkify.cluster.setup import Setup
from sparkify.cluster.spec import Spec
from sparkify.cluster.tls import SSL_REQUEST, handshake
from sparkify.models import schema
from tests.cluster.conftest import Aws, Cluster, Session
from tests.redshift_standin import StandIn


class Greeter:
    """A server that answers PostgreSQL's request for TLS, and no more."""

    def __init__(self, authority: trustme.CA, name: str, answer: bytes = b"S") -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self.context)
        self.answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        """Answer each connection until the socket is closed."""
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                if client.recv(8) != SSL_REQUEST:
                    return
                client.sendall(self.answer)
                with suppress(OSError):  # the client may not like the certificate
                    self.context.wrap_socket(client, server_side=True).close()

    def close(self) -> None:
        """Stop."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@pytest.fixture(scope="module")
def signer() -> trustme.CA:
    """Who signs the certificates."""
    return trustme.CA()


@pytest.fixture
def greeter(
    signer: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Greeter]:
    """A server whose certificate is good for localhost."""
    trust(signer, tmp_path, monkeypatch)
    made = Greeter(signer, "localhost")
    yield made
    made.close()


def trust(authority: trustme.CA, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process trust an authority."""
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.fixture
def lake(cluster: Cluster) -> Session:
    """The buckets of the settings, with an object of each kind, under names of the test's own."""
    text = cluster.file.read_text()
    for bucket in ("lake", "work"):
        text = text.replace(f"s3://{bucket}/", f"s3://{cluster.name}-{bucket}/")
        cluster.session.client("s3").create_bucket(
            Bucket=f"{cluster.name}-{bucket}",
            CreateBucketConfiguration={"LocationConstraint": "us-west-2"},
        )
    cluster.file.write_text(text)
    for key in ("song_data/a.json", "log_data/b.json"):
        name = {"Bucket": f"{cluster.name}-lake", "Key": key}
        cluster.session.client("s3").put_object(Body=b"{}", **name)
    return cluster.session


@pytest.fixture
def ready(cluster: Cluster, lake: Session, greeter: Greeter) -> Cluster:
    """A cluster that a run could use, with the server in its place."""
    cluster.create()
    cluster.settings(
        f"\n[CLUSTER]\nHOST=localhost\nDB_PORT={greeter.port}\nDB_USER=awsuser\n"
        f"\n[IAM_ROLE]\nARN={cluster.status()['role']}\n"
    )
    return cluster


def diagnosis(cluster: Cluster) -> dict[str, Any]:
    """What the doctor says, by the name of the check."""
    found = json.loads(cluster("doctor", "--json").out)
    return {check["name"]: (check["passed"], check["text"]) for check in found["checks"]}


def test_a_run_would_work(ready: Cluster, lake: Session) -> None:
    """Where all is well, each check up to the schema passes, and nothing is left in staging."""
    found = diagnosis(ready)
    names = ["credentials", "lake", "staging", "role", "attached", "TLS", "schema"]
    assert list(found) == names
    assert [name for name in names[:-1] if not found[name][0]] == []
    assert "TLSv1.3" in found["TLS"][1]
    assert lake.client("s3").list_objects_v2(Bucket=f"{ready.name}-work").get("Contents", []) == []


@pytest.mark.long
def test_a_cluster_is_asked_for_its_schema(
    ready: Cluster,
    cluster_server: StandIn,
    authority: tuple[object, Path],
    collect_lost_sockets: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over verified TLS the cluster tells its schema: none yet, at head, unknown."""
    cluster_server.reset()
    monkeypatch.setattr("sparkify.cluster.doctor.handshake", lambda host, port: "TLS")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    monkeypatch.setenv("SPARKIFY_WAREHOUSE", cluster_server.url())
    outcome = ready("doctor")
    assert outcome.code == 0, outcome.out
    assert "the first run creates the schema" in outcome.out
    with warehouses.connect(cluster_server.url(), config.load()) as opened:
        with opened.writing(1) as connection:
            schema.upgrade(connection)
        assert diagnosis(ready)["schema"] == (True, f"{opened.url} is up to date")
        with opened.engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = 'none'"))
    assert not diagnosis(ready)["schema"][0]


def test_each_check_stands_alone(ready: Cluster, lake: Session) -> None:
    """A check that fails does not keep the others from being made; the exit code is 1."""
    lake.client("s3").delete_object(Bucket=f"{ready.name}-lake", Key="log_data/b.json")
    outcome = ready("doctor")
    assert outcome.code == 1
    assert f"FAILED: no events below s3://{ready.name}-lake/log_data" in outcome.out
    assert f"staging      passed: s3://{ready.name}-work/parts" in outcome.out


def test_manifests_have_a_place_without_staging(ready: Cluster, lake: Session) -> None:
    """Without a staging prefix the doctor writes where a direct load does, if there is a place."""
    text = ready.file.read_text().replace(f"STAGING=s3://{ready.name}-work/parts", "")
    ready.file.write_text(text)
    passed, said = diagnosis(ready)["staging"]
    assert passed
    assert said.startswith(f"s3://{ready.name}-lake/song_data/.sparkify, because no staging prefix")
    ready.file.write_text(text.replace("SONG_DATA='s3://", "SONG_DATA='/"))
    assert diagnosis(ready)["staging"] == (
        False,
        "Redshift needs an S3 prefix for parts: set STAGING in [S3]",
    )


@pytest.mark.parametrize(
    ("call", "check", "said"),
    [
        ("sts:GetCallerIdentity", "credentials", "sts:GetCallerIdentity: access denied"),
        ("iam:GetRole", "role", "iam:GetRole: access denied"),
        ("redshift:DescribeClusters", "attached", "redshift:DescribeClusters: access denied"),
        ("s3:PUT", "staging", "s3:PutObject: access denied"),
    ],
)
def test_a_missing_permission_is_named(
    aws: Aws, ready: Cluster, call: str, check: str, said: str
) -> None:
    """A check that may not be made fails with the name of the permission."""
    aws.reset()
    diagnosis(ready)
    number = aws.calls.index(call)
    aws.reset()
    aws.fail_at = number
    passed, text = diagnosis(ready)[check]
    assert (passed, said in text) == (False, True)


def test_a_role_that_redshift_may_not_assume(ready: Cluster) -> None:
    """A role with another trust policy fails, with the command that fixes it; then it passes."""
    other = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}
    statement = {**other, "Action": "sts:AssumeRole"}
    ready.session.client("iam").update_assume_role_policy(
        RoleName=f"{ready.name}-role",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    passed, text = diagnosis(ready)["role"]
    assert not passed
    assert "run `sparkify cluster create` to fix it" in text
    ready.create()
    assert diagnosis(ready)["role"][0]


def test_a_role_that_is_not_there(ready: Cluster) -> None:
    """A role that does not exist, or is not the cluster's, fails."""
    role = ready.status()["role"]
    ready.file.write_text(ready.file.read_text().replace(role, f"{role}x"))
    found = diagnosis(ready)
    assert found["role"] == (
        False,
        f"{role}x does not exist; run `sparkify cluster create` to fix it",
    )
    assert not found["attached"][0]
    assert "is not attached" in found["attached"][1]


def test_a_server_that_nobody_vouches_for(
    ready: Cluster, greeter: Greeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that is signed by nobody who is trusted fails."""
    trust(trustme.CA(), tmp_path, monkeypatch)
    passed, text = diagnosis(ready)["TLS"]
    assert not passed
    assert "has no valid certificate" in text


def test_a_certificate_of_another_name(
    signer: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate for another name is an error."""
    trust(signer, tmp_path, monkeypatch)
    other = Greeter(signer, "elsewhere.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake("localhost", other.port)
    other.close()


def test_a_server_without_tls(
    signer: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server without TLS is an error."""
    plain = Greeter(signer, "localhost", b"N")
    with pytest.raises(ssl.SSLError, match="does not support TLS"):
        handshake("localhost", plain.port)
    plain.close()


def test_a_cluster_that_does_not_answer(ready: Cluster, greeter: Greeter) -> None:
    """Where nobody listens, the line says what may be the reason."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    ready.file.write_text(ready.file.read_text().replace(str(greeter.port), str(port)))
    passed, text = diagnosis(ready)["TLS"]
    assert not passed
    assert "is it paused" in text


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("elsewhere.example", "cluster {}"),
        ("other.abc.us-west-2.redshift.amazonaws.com", "cluster other"),
    ],
)
def test_the_cluster_is_the_one_of_the_warehouse(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, host: str, named: str
) -> None:
    """The role has to be attached to the cluster that the address names, if it names one."""
    monkeypatch.setattr("sparkify.cluster.doctor.handshake", lambda host, port: "TLS")
    cluster.settings(f"\n[CLUSTER]\nHOST={host}\n")
    assert named.format(cluster.name) in diagnosis(cluster)["attached"][1]


@pytest.mark.parametrize(
    ("kind", "host", "named"),
    [
        ("serverless", "dwh.abc.us-west-2.redshift.amazonaws.com", "cluster dwh"),
        ("single-node", "dwh.1.us-west-2.redshift-serverless.amazonaws.com", "workgroup dwh"),
    ],
)
def test_the_host_decides_whether_the_cluster_is_serverless(
    cluster: Cluster, kind: str, host: str, named: str
) -> None:
    """The warehouse's host overrides DWH_CLUSTER_TYPE, because runs connect to the host."""
    cluster.settings(f"DWH_CLUSTER_TYPE={kind}\n\n[CLUSTER]\nHOST={host}\n")
    settings = config.load()
    setup = for_warehouse(Setup(Calls(cluster.session), Spec(settings)))
    assert str(setup.compute) == named


def test_a_warehouse_on_this_machine_needs_no_cluster(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With DuckDB and a folder, nothing at AWS is needed, and no call is made."""
    (tmp_path / "lake" / "log_data").mkdir(parents=True)
    (tmp_path / "lake" / "log_data" / "a.json").write_text("{}")
    cluster.file.write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARKIFY_SOURCE", "lake")
    outcome = cluster("doctor")
    assert outcome.code == 0
    assert outcome.out.count("not needed") == 5
    assert "does not exist yet; the first run creates it" in outcome.out
