"""Redshift Serverless, which moto does not have: its calls and answers, one by one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from botocore.stub import ANY, Stubber

from sparkify import config
from sparkify.warehouses.redshift.credentials import provider
from tests.cluster.conftest import GENERATED, Aws, Cluster

ARN = "arn:aws:redshift-serverless:us-west-2:123456789012"
BORN = datetime(2026, 1, 1, tzinfo=UTC)


class Service:
    """The answers that the serverless service gives, in their order."""

    def __init__(self, cluster: Cluster) -> None:
        self.name, self.session = cluster.name, cluster.session
        self.role = f"arn:aws:iam::123456789012:role/{cluster.name}-role"
        self.stub = Stubber(cluster.session.client("redshift-serverless"))

    def namespace(self, status: str | None = "AVAILABLE", owner: str | None = None) -> None:
        """Answer a look at the namespace."""
        self.answer_look("namespace", status, owner, {"iamRoles": [self.attached]})

    def workgroup(self, status: str | None = "AVAILABLE", owner: str | None = None) -> None:
        """Answer a look at the workgroup."""
        address = {"address": f"{self.name}.1.us-west-2.redshift-serverless.amazonaws.com"}
        more = {"endpoint": {**address, "port": 5439}, "baseCapacity": 8}
        self.answer_look("workgroup", status, owner, more)

    @property
    def attached(self) -> str:
        """A role as the service shows it."""
        return f"IamRole(applyStatus=in-sync, iamRoleArn={self.role})"

    def answer_look(
        self, kind: str, status: str | None, owner: str | None, more: dict[str, Any]
    ) -> None:
        """Answer a look, and the one at the tags; None: it is not there."""
        named = {f"{kind}Name": self.name}
        if status is None:
            self.refuse(f"get_{kind}", "ResourceNotFoundException")
            return
        arn = f"{ARN}:{kind}/0001"
        found = {**named, f"{kind}Arn": arn, "status": status, "creationDate": BORN, **more}
        self.stub.add_response(f"get_{kind}", {kind: found}, named)
        tags = [{"key": "sparkify:cluster", "value": owner or self.name}]
        asked = {"resourceArn": arn}
        self.stub.add_response("list_tags_for_resource", {"tags": tags}, asked)

    def refuse(self, operation: str, code: str) -> None:
        """Answer a call with an error."""
        self.stub.add_client_error(operation, code, "no", 400)

    def keep_password(self) -> None:
        """Have the secret of a namespace that is there."""
        self.session.client("secretsmanager").create_secret(
            Name=f"sparkify/{self.name}",
            SecretString=json.dumps({"username": "awsuser", "password": GENERATED}),
            Tags=[{"Key": "sparkify:cluster", "Value": self.name}],
        )

    def snapshots(self, names: list[str]) -> None:
        """Answer the list of snapshots."""
        found = [{"snapshotName": name} for name in names]
        self.stub.add_response("list_snapshots", {"snapshots": found}, {"namespaceName": self.name})

    def makes_namespace(self) -> None:
        """Expect that the namespace is made."""
        expected = {
            "namespaceName": self.name,
            "dbName": "sparkify",
            "adminUsername": "awsuser",
            "adminUserPassword": GENERATED,
            "iamRoles": [self.role],
            "defaultIamRoleArn": self.role,
            "tags": ANY,
        }
        self.stub.add_response("create_namespace", {}, expected)

    def makes_workgroup(self) -> None:
        """Expect that the workgroup is made."""
        expected = {
            "workgroupName": self.name,
            "namespaceName": self.name,
            "baseCapacity": 8,
            "publiclyAccessible": False,
            "securityGroupIds": [ANY],
            "port": 5439,
            "configParameters": [{"parameterKey": "require_ssl", "parameterValue": "true"}],
            "tags": ANY,
        }
        self.stub.add_response("create_workgroup", {}, expected)


@pytest.fixture
def service(cluster: Cluster) -> Iterator[Service]:
    """The service; in the end no answer is left over."""
    made = Service(cluster)
    cluster.settings("DWH_CLUSTER_TYPE=serverless\n")
    with made.stub:
        yield made
        made.stub.assert_no_pending_responses()


def test_create_makes_namespace_and_workgroup(cluster: Cluster, service: Service) -> None:
    """Create makes a namespace, waits, makes a workgroup in it that wants TLS, and waits."""
    service.namespace(None)
    service.makes_namespace()
    service.namespace("MODIFYING")
    service.namespace()
    service.workgroup(None)
    service.makes_workgroup()
    service.workgroup("CREATING")
    service.workgroup()
    service.namespace()
    service.snapshots([])
    out = cluster.create().out
    assert f"{cluster.name}.1.us-west-2.redshift-serverless.amazonaws.com:5439" in out
    assert service.role in out
    assert len(cluster.left()) == 3


def test_create_again_makes_nothing(aws: Aws, cluster: Cluster, service: Service) -> None:
    """A second create looks at namespace and workgroup, and changes neither."""
    service.keep_password()
    for _ in range(2):
        service.namespace()
        service.workgroup()
        service.snapshots([])
        cluster.create()


def test_a_half_done_create_is_finished(cluster: Cluster, service: Service) -> None:
    """When the workgroup may not be made, the error says so, and a second create makes it."""
    service.keep_password()
    service.namespace()
    service.workgroup(None)
    service.refuse("create_workgroup", "AccessDeniedException")
    service.namespace()
    service.workgroup(None)
    error = cluster.create(code=1).error
    assert "redshift-serverless:CreateWorkgroup: access denied" in error
    assert f"namespace {cluster.name}; continue with" in error
    service.namespace()
    service.workgroup(None)
    service.makes_workgroup()
    service.workgroup()
    service.namespace()
    service.snapshots([])
    cluster.create()


def test_a_lost_password_is_made_anew(cluster: Cluster, service: Service) -> None:
    """When the secret was deleted, create makes a new one and gives it to the namespace."""
    service.namespace()
    login = {"adminUsername": "awsuser", "adminUserPassword": GENERATED}
    expected = {"namespaceName": cluster.name, **login}
    service.stub.add_response("update_namespace", {"namespace": {}}, expected)
    service.namespace()
    service.workgroup()
    service.snapshots([])
    cluster.create()


def test_delete_removes_both(cluster: Cluster, service: Service) -> None:
    """Delete removes the workgroup, then the namespace after a last snapshot, and waits."""
    service.workgroup()
    service.stub.add_response(
        "delete_workgroup", {"workgroup": {}}, {"workgroupName": cluster.name}
    )
    service.workgroup("DELETING")
    service.workgroup(None)
    service.namespace()
    expected = {"namespaceName": cluster.name, "finalSnapshotName": ANY}
    service.refuse("delete_namespace", "ConflictException")  # it lets go of the workgroup
    service.stub.add_response("delete_namespace", {"namespace": {}}, expected)
    service.namespace(None)
    service.snapshots([f"{cluster.name}-final-1"])
    assert f"snapshot {cluster.name}-final-1" in cluster("delete", "--yes").out


def test_delete_waits_for_what_is_being_deleted(cluster: Cluster, service: Service) -> None:
    """Delete after one that was stopped does not ask for the same twice."""
    service.workgroup("DELETING")
    service.workgroup(None)
    service.namespace("DELETING")
    service.namespace(None)
    service.snapshots([])
    cluster.delete()


def test_what_others_made_is_left_alone(cluster: Cluster, service: Service) -> None:
    """A namespace that somebody else made stops create, and survives delete."""
    service.namespace(owner="somebody")
    service.workgroup(None)
    assert "was not created by sparkify" in cluster.create(code=1).error
    service.workgroup(owner="somebody")
    service.namespace(owner="somebody")
    service.snapshots([])
    assert "is kept: it was not created by sparkify" in cluster.delete().err


def test_status_knows_no_hourly_cost(cluster: Cluster, service: Service) -> None:
    """A workgroup costs by use, so that status tells no sum, and what it is."""
    cluster.settings("DWH_PRICE=0.5\n")
    service.namespace()
    service.workgroup()
    service.snapshots([])
    status = cluster.status()
    assert (status["cost_so_far"], status["size"]) == (None, "8 RPU at least")
    assert any("by use" in text for text in status["costs"])


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_there_is_nothing_to_pause(cluster: Cluster, service: Service, command: str) -> None:
    """A workgroup costs nothing while no query runs: pause and resume are usage errors."""
    assert cluster(command).code == 2


def test_the_loader_names_the_numbers(cluster: Cluster, service: Service) -> None:
    """The loader's policy names namespace and workgroup by the numbers that AWS gave them."""
    service.namespace()
    service.workgroup()
    out = cluster("policy", "--loader").out
    assert f"{ARN}:workgroup/0001" in out
    assert "redshift-serverless:GetCredentials" in out


def test_write_names_the_secret(cluster: Cluster, service: Service) -> None:
    """Runs sign in with the secret, as the one who may create the schema; delete forgets it."""
    service.keep_password()
    service.namespace()
    service.workgroup()
    service.snapshots([])
    cluster.create("--write")
    secret = cluster.session.client("secretsmanager").describe_secret(
        SecretId=f"sparkify/{cluster.name}"
    )["ARN"]
    assert f"DB_SECRET={secret}\n" in cluster.file.read_text()
    url = sa.make_url(config.load().warehouse)
    assert (url.query["secret"], url.password) == (secret, None)
    session: Any = cluster.session
    assert provider(url, lambda: session)() == {"user": "awsuser", "password": GENERATED}
    service.namespace()
    service.workgroup()
    policy = json.loads(cluster("policy", "--loader").out)
    (found,) = (s for s in policy["Statement"] if s["Resource"] == [secret])
    assert found["Action"] == ["secretsmanager:GetSecretValue"]
    service.workgroup(None)
    service.namespace(None)
    service.snapshots([])
    cluster.delete()
    assert "[CLUSTER]" not in cluster.file.read_text()


def test_a_dry_run_makes_nothing(cluster: Cluster, service: Service) -> None:
    """A dry run prints what would be made, and makes no call that changes something."""
    service.namespace(None)
    service.workgroup(None)
    out = cluster("create", "--allow", "10.0.0.0/16", "--dry-run").out
    assert "redshift-serverless:CreateNamespace" in out
    assert "redshift-serverless:CreateWorkgroup" in out
    assert cluster.left() == []
