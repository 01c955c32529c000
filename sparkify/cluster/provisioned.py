"""A provisioned cluster: its nodes cost while they run."""

from datetime import UTC, datetime

from sparkify.cluster.calls import Calls
from sparkify.cluster.compute import Compute
from sparkify.cluster.resources import Existing, tags_of
from sparkify.cluster.role import Role
from sparkify.cluster.secret import Secret
from sparkify.cluster.security_group import SecurityGroup
from sparkify.cluster.spec import NO_NODES, Spec, is_discontinued
from sparkify.errors import SparkifyError, UsageError

READY, PAUSED = "available", "paused"
ROLE_TOO_NEW = "(?i)InvalidParameterValue.*role"  # Redshift sees a new role only after seconds


class Cluster(Compute):
    """The cluster."""

    kind = "cluster"
    ready = READY
    stuck = frozenset({PAUSED, "pausing", "deleting", "hardware-failure", "storage-full"})

    def __init__(
        self, calls: Calls, spec: Spec, secret: Secret, role: Role, group: SecurityGroup
    ) -> None:
        super().__init__(calls, spec)
        self.secret, self.role, self.group = secret, role, group

    def find(self) -> Existing | None:
        """Look it up."""
        answer = self.calls.query("redshift", "describe_clusters", ClusterIdentifier=self.name)
        if answer is None or not answer["Clusters"]:
            return None
        cluster = answer["Clusters"][0]
        return Existing(cluster, tags_of(cluster))

    def check(self) -> None:
        """See `Resource.check`: AWS must still offer the type of its nodes."""
        nodes = self.spec.settings.cluster_node_type
        if is_discontinued(nodes) and self.find() is None:
            raise UsageError(f"DWH_NODE_TYPE is {nodes}: {NO_NODES}; use ra3.large, for example")

    def create(self) -> None:
        """Create it, encrypted, and without a public address unless the spec asks for one."""
        settings = self.spec.settings
        subnets = settings.cluster_subnet_group
        self.calls.change(
            "redshift",
            "create_cluster",
            ROLE_TOO_NEW,
            **self.size(),
            ClusterIdentifier=self.name,
            DBName=settings.cluster_database,
            MasterUsername=settings.cluster_user,
            MasterUserPassword=self.secret.password(),
            Port=settings.cluster_port,
            IamRoles=[self.role.arn],
            DefaultIamRoleArn=self.role.arn,
            Encrypted=True,
            PubliclyAccessible=self.spec.public,
            VpcSecurityGroupIds=[self.group.group_id],
            Tags=self.tags(),
            **({"ClusterSubnetGroupName": subnets} if subnets else {}),
        )

    def update(self, existing: Existing) -> None:
        """Set the password anew if the secret was lost and created again."""
        if self.secret.new:
            name, password = {"ClusterIdentifier": self.name}, self.secret.password()
            self.calls.change("redshift", "modify_cluster", MasterUserPassword=password, **name)

    def size(self) -> dict[str, object]:
        """The parameters for the number and the type of its nodes."""
        settings = self.spec.settings
        nodes = settings.cluster_nodes
        return {
            "ClusterType": settings.cluster_type,
            "NodeType": settings.cluster_node_type,
            **({"NumberOfNodes": nodes} if settings.cluster_type == "multi-node" else {}),
        }

    def state_of(self, existing: Existing) -> str:
        """The state in an answer, in AWS's own word."""
        return str(existing.answer["ClusterStatus"])

    def advice(self, state: str) -> str:
        """What to do about a state from which it does not become ready by itself."""
        if state == PAUSED:
            return "start it with `sparkify cluster resume`"
        return super().advice(state)

    def delete(self, existing: Existing) -> None:
        """Delete it, after a final snapshot if the spec asks for one."""
        if self.state_of(existing) in ("deleting", "final-snapshot"):
            return
        stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
        name = f"{self.name}-final-{stamp}"
        final = {"FinalClusterSnapshotIdentifier": name} if self.spec.snapshot else {}
        self.calls.delete(
            "redshift",
            "delete_cluster",
            ClusterIdentifier=self.name,
            SkipFinalClusterSnapshot=not self.spec.snapshot,
            **final,
        )

    def pause(self) -> None:
        """Stop paying for nodes; its storage still costs."""
        self.change_state("pause_cluster", READY, "pausing", PAUSED)

    def resume(self) -> None:
        """Start the nodes again."""
        self.change_state("resume_cluster", PAUSED, "resuming", READY)

    def change_state(self, operation: str, start: str, between: str, goal: str) -> None:
        """Bring it from one state to another, and wait for that."""
        state = self.state_of(self.find_ours())
        if state == start:
            self.calls.change("redshift", operation, ClusterIdentifier=self.name)
        elif state not in (goal, between):
            raise SparkifyError(f"{self} is {state}; try again when its state has changed")
        self.calls.wait(str(self), self.state, lambda now: now == goal)

    def endpoint(self, existing: Existing) -> tuple[str, int] | None:
        """Its host and port; None while it has no address."""
        address = existing.answer.get("Endpoint") or {}
        return (str(address["Address"]), int(address["Port"])) if address.get("Address") else None

    def roles(self) -> dict[str, str]:
        """The ARN of each attached role, with the state of the attachment."""
        existing = self.find()
        roles = existing.answer.get("IamRoles", ()) if existing else ()
        return {str(role["IamRoleArn"]): str(role["ApplyStatus"]) for role in roles}

    def summary(self, existing: Existing) -> str:
        """The number and type of its nodes."""
        answer = existing.answer
        size = f"{answer['NumberOfNodes']} × {answer['NodeType']}"
        old = is_discontinued(answer["NodeType"])
        return f"{size}, which AWS has discontinued: resize it to ra3 nodes" if old else size

    def created_at(self, existing: Existing) -> datetime | None:
        """When it was created."""
        time: datetime | None = existing.answer.get("ClusterCreateTime")
        return time

    def hourly_price(self, existing: Existing) -> float | None:
        """The price of all its nodes for an hour, from the settings."""
        price = self.spec.settings.cluster_price
        return None if price is None else price * int(existing.answer["NumberOfNodes"])

    def cost(self, existing: Existing) -> str:
        """What it costs, in words."""
        if self.state_of(existing) == PAUSED:
            return f"{self}: its storage, while it is paused"
        return f"{self}: its nodes by the hour, and its storage"

    def snapshots(self) -> list[str]:
        """The manual snapshots, which remain, and cost, until somebody deletes them."""
        answer = self.calls.query(
            "redshift",
            "describe_cluster_snapshots",
            ClusterIdentifier=self.name,
            SnapshotType="manual",
        )
        return [
            str(snapshot["SnapshotIdentifier"])
            for snapshot in (answer or {}).get("Snapshots", ())
            if (snapshot["ClusterIdentifier"], snapshot["SnapshotType"]) == (self.name, "manual")
        ]
