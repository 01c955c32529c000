"""Redshift Serverless: a namespace holds the data, a workgroup runs queries and costs by use."""

from datetime import UTC, datetime

from sparkify.cluster.calls import Calls
from sparkify.cluster.compute import Compute, SlowResource
from sparkify.cluster.resources import Existing
from sparkify.cluster.role import Role
from sparkify.cluster.secret import Secret
from sparkify.cluster.security_group import SecurityGroup
from sparkify.cluster.spec import Spec
from sparkify.errors import UsageError
from sparkify.lake.aws import Answer

SERVICE = "redshift-serverless"
READY, DELETING = "AVAILABLE", "DELETING"
ROLE_TOO_NEW = "(?i)ValidationException.*role"  # Redshift sees a new role only after seconds
BUSY = "ConflictException"  # while the workgroup is being detached from its namespace


def find(calls: Calls, kind: str, name: str) -> Existing | None:
    """Look up a namespace or a workgroup, and its tags."""
    answer = calls.query(SERVICE, f"get_{kind}", **{f"{kind}Name": name})
    if answer is None:
        return None
    description = answer[kind]
    arn = description[f"{kind}Arn"]
    tags = calls.query(SERVICE, "list_tags_for_resource", resourceArn=arn) or {}
    return Existing(description, {tag["key"]: tag["value"] for tag in tags.get("tags", ())})


class Namespace(SlowResource):
    """The namespace: database, users, storage."""

    kind = "namespace"
    ready = READY
    stuck = frozenset({DELETING})
    price = "its storage"

    def __init__(self, calls: Calls, spec: Spec, secret: Secret, role: Role) -> None:
        super().__init__(calls, spec)
        self.secret, self.role = secret, role

    def find(self) -> Existing | None:
        """Look it up."""
        return find(self.calls, "namespace", self.name)

    def create(self) -> None:
        """Create it; Redshift encrypts every namespace."""
        settings = self.spec.settings
        self.calls.change(
            SERVICE,
            "create_namespace",
            ROLE_TOO_NEW,
            namespaceName=self.name,
            dbName=settings.cluster_database,
            adminUsername=settings.cluster_user,
            adminUserPassword=self.secret.password(),
            iamRoles=[self.role.arn],
            defaultIamRoleArn=self.role.arn,
            tags=self.tags("key", "value"),
        )

    def update(self, existing: Existing) -> None:
        """Set the password anew if the secret was lost and created again."""
        if self.secret.new:
            user = {"adminUsername": self.spec.settings.cluster_user}
            login = {**user, "adminUserPassword": self.secret.password()}
            self.calls.change(SERVICE, "update_namespace", namespaceName=self.name, **login)

    def state_of(self, existing: Existing) -> str:
        """The state in an answer, in AWS's own word."""
        return str(existing.answer["status"])

    def delete(self, existing: Existing) -> None:
        """Delete it, after a final snapshot if the spec asks for one."""
        if self.state_of(existing) == DELETING:
            return
        stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
        final = {"finalSnapshotName": f"{self.name}-final-{stamp}"} if self.spec.snapshot else {}
        name = {"namespaceName": self.name}
        self.calls.delete(SERVICE, "delete_namespace", BUSY, **name, **final)


class Workgroup(Compute):
    """The workgroup: address, capacity."""

    kind = "workgroup"
    ready = READY
    stuck = frozenset({DELETING})
    price = "by use: RPU-hours while queries run"

    def __init__(
        self, calls: Calls, spec: Spec, group: SecurityGroup, namespace: Namespace
    ) -> None:
        super().__init__(calls, spec)
        self.group, self.namespace = group, namespace

    def find(self) -> Existing | None:
        """Look it up."""
        return find(self.calls, "workgroup", self.name)

    def create(self) -> None:
        """Create it, with TLS required, and without a public address unless the spec has one."""
        settings = self.spec.settings
        ids = self.group.subnets()
        subnets: Answer = {"subnetIds": ids} if ids else {}
        self.calls.change(
            SERVICE,
            "create_workgroup",
            workgroupName=self.name,
            namespaceName=self.name,
            baseCapacity=settings.cluster_capacity,
            publiclyAccessible=self.spec.public,
            securityGroupIds=[self.group.group_id],
            port=settings.cluster_port,
            configParameters=[{"parameterKey": "require_ssl", "parameterValue": "true"}],
            tags=self.tags("key", "value"),
            **subnets,
        )

    def state_of(self, existing: Existing) -> str:
        """The state in an answer, in AWS's own word."""
        return str(existing.answer["status"])

    def delete(self, existing: Existing) -> None:
        """Delete it; the data remains in the namespace."""
        if self.state_of(existing) != DELETING:
            self.calls.delete(SERVICE, "delete_workgroup", BUSY, workgroupName=self.name)

    def endpoint(self, existing: Existing) -> tuple[str, int] | None:
        """Its host and port; None while it has no address."""
        address = existing.answer.get("endpoint") or {}
        return (str(address["address"]), int(address["port"])) if address.get("address") else None

    def roles(self) -> dict[str, str]:
        """The ARN of each role attached to its namespace, with the state of the attachment.

        AWS returns them as texts like `IamRole(applyStatus=in-sync, iamRoleArn=arn:…)`.
        """
        namespace = self.namespace.find()
        texts = [str(text) for text in namespace.answer.get("iamRoles", ())] if namespace else []
        return {
            text.rpartition("iamRoleArn=")[2].rstrip(")"): (
                text.partition("applyStatus=")[2].partition(",")[0] or "in-sync"
            )
            for text in texts
        }

    def created_at(self, existing: Existing) -> datetime | None:
        """When it was created."""
        time: datetime | None = existing.answer.get("creationDate")
        return time

    def hourly_price(self, existing: Existing) -> float | None:
        """None: only the time in which queries run costs."""
        return None

    def summary(self, existing: Existing) -> str:
        """Its capacity."""
        return f"{existing.answer['baseCapacity']} RPU at least"

    def snapshots(self) -> list[str]:
        """The snapshots that remain, and cost, until somebody deletes them."""
        answer = self.calls.query(SERVICE, "list_snapshots", namespaceName=self.name) or {}
        return [str(snapshot["snapshotName"]) for snapshot in answer.get("snapshots", ())]

    def pause(self) -> None:
        """Not possible: a workgroup has no running nodes to pause.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            "a serverless workgroup cannot be paused or resumed; it costs nothing while no query"
            " runs"
        )

    def resume(self) -> None:
        """Not possible; see `pause`."""
        self.pause()
