"""Redshift Serverless: a namespace holds the data, a workgroup runs queries and costs by use."""

from datetime import UTC, datetime
from typing import Any

from sparkify.cluster.calls import Calls
from sparkify.cluster.compute import Compute, Slow
from sparkify.cluster.resources import Found
from sparkify.cluster.role import Role
from sparkify.cluster.rule import Rule
from sparkify.cluster.secret import Secret
from sparkify.cluster.wanted import Wanted
from sparkify.errors import UsageError

SERVICE = "redshift-serverless"
READY, DELETING = "AVAILABLE", "DELETING"
ROLE_TOO_NEW = "(?i)ValidationException.*role"  # IAM's news take seconds to reach Redshift
BUSY = "ConflictException"  # the namespace is still letting go of its workgroup


def find(calls: Calls, kind: str, name: str) -> Found | None:
    """Look for a namespace or a workgroup, and for its tags."""
    answer = calls.look(SERVICE, f"get_{kind}", **{f"{kind}Name": name})
    if answer is None:
        return None
    found = answer[kind]
    arn = found[f"{kind}Arn"]
    tags = calls.look(SERVICE, "list_tags_for_resource", resourceArn=arn) or {}
    return Found(found, {tag["key"]: tag["value"] for tag in tags.get("tags", ())})


class Namespace(Slow):
    """The namespace: database, users, storage."""

    kind = "namespace"
    ready = READY
    stuck = frozenset({DELETING})
    price = "its storage"

    def __init__(self, calls: Calls, wanted: Wanted, secret: Secret, role: Role) -> None:
        super().__init__(calls, wanted)
        self.secret, self.role = secret, role

    def find(self) -> Found | None:
        """Look for it."""
        return find(self.calls, "namespace", self.name)

    def make(self) -> None:
        """Make it; Redshift encrypts every namespace."""
        settings = self.wanted.settings
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

    def mend(self, found: Found) -> None:
        """Give it the password of a secret that was lost and made anew."""
        if self.secret.new:
            user = {"adminUsername": self.wanted.settings.cluster_user}
            login = {**user, "adminUserPassword": self.secret.password()}
            self.calls.change(SERVICE, "update_namespace", namespaceName=self.name, **login)

    def state_of(self, found: Found) -> str:
        """Its state in AWS's own word."""
        return str(found.answer["status"])

    def unmake(self, found: Found) -> None:
        """Remove it, after a last snapshot if one is wanted."""
        if found.answer["status"] == DELETING:
            return
        stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
        last = {"finalSnapshotName": f"{self.name}-final-{stamp}"} if self.wanted.snapshot else {}
        name = {"namespaceName": self.name}
        self.calls.remove(SERVICE, "delete_namespace", BUSY, **name, **last)


class Workgroup(Compute):
    """The workgroup: address, capacity."""

    kind = "workgroup"
    ready = READY
    stuck = frozenset({DELETING})
    price = "by use: RPU-hours while queries run"

    def __init__(self, calls: Calls, wanted: Wanted, rule: Rule, namespace: Namespace) -> None:
        super().__init__(calls, wanted)
        self.rule, self.namespace = rule, namespace

    def find(self) -> Found | None:
        """Look for it."""
        return find(self.calls, "workgroup", self.name)

    def make(self) -> None:
        """Make it: TLS required, and in the network's own address range unless asked otherwise."""
        settings = self.wanted.settings
        self.calls.change(
            SERVICE,
            "create_workgroup",
            workgroupName=self.name,
            namespaceName=self.name,
            baseCapacity=settings.cluster_capacity,
            publiclyAccessible=self.wanted.public,
            securityGroupIds=[self.rule.group_id],
            port=settings.cluster_port,
            configParameters=[{"parameterKey": "require_ssl", "parameterValue": "true"}],
            tags=self.tags("key", "value"),
            **self.subnets(),
        )

    def subnets(self) -> dict[str, Any]:
        """The subnets of the group that the settings name."""
        subnets = self.rule.subnets()
        return {"subnetIds": subnets} if subnets else {}

    def state_of(self, found: Found) -> str:
        """Its state in AWS's own word."""
        return str(found.answer["status"])

    def unmake(self, found: Found) -> None:
        """Remove it; the data stays in the namespace."""
        if found.answer["status"] != DELETING:
            self.calls.remove(SERVICE, "delete_workgroup", BUSY, workgroupName=self.name)

    def endpoint(self, found: Found) -> tuple[str, int] | None:
        """Where it is reached: host and port; None while it has no address."""
        where = found.answer.get("endpoint") or {}
        return (str(where["address"]), int(where["port"])) if where.get("address") else None

    def roles(self) -> dict[str, str]:
        """The ARNs of the roles attached to its namespace, each with how far that is.

        AWS tells them as texts like `IamRole(applyStatus=in-sync, iamRoleArn=arn:…)`.
        """
        found = self.namespace.find()
        texts = [str(text) for text in found.answer.get("iamRoles", ())] if found else []
        return {
            text.rpartition("iamRoleArn=")[2].rstrip(")"): (
                text.partition("applyStatus=")[2].partition(",")[0] or "in-sync"
            )
            for text in texts
        }

    def born(self, found: Found) -> datetime | None:
        """When it was made."""
        made: datetime | None = found.answer.get("creationDate")
        return made

    def hourly(self, found: Found) -> float | None:
        """Nothing by the hour: only the hours in which queries run cost."""
        return None

    def describe(self, found: Found) -> str:
        """Its capacity."""
        return f"{found.answer['baseCapacity']} RPU at least"

    def snapshots(self) -> list[str]:
        """The snapshots that stay, and cost, until somebody deletes them."""
        answer = self.calls.look(SERVICE, "list_snapshots", namespaceName=self.name) or {}
        return [str(snapshot["snapshotName"]) for snapshot in answer.get("snapshots", ())]

    def pause(self) -> None:
        """There is nothing to pause.

        Raises:
            UsageError: always.
        """
        raise UsageError("a serverless workgroup costs nothing while no query runs: nothing to do")

    def resume(self) -> None:
        """There is nothing to resume; see `pause`."""
        self.pause()
