"""A cluster of nodes, which cost while they run."""

from datetime import UTC, datetime
from typing import Any

from sparkify.cluster.calls import Calls
from sparkify.cluster.compute import Compute
from sparkify.cluster.resources import Found, tags_of
from sparkify.cluster.role import Role
from sparkify.cluster.rule import Rule
from sparkify.cluster.secret import Secret
from sparkify.cluster.wanted import Wanted
from sparkify.errors import SparkifyError

READY, PAUSED = "available", "paused"
ROLE_TOO_NEW = "(?i)InvalidParameterValue.*role"  # IAM's news take seconds to reach Redshift


class Cluster(Compute):
    """The cluster."""

    kind = "cluster"
    ready = READY
    stuck = frozenset({PAUSED, "pausing", "deleting", "hardware-failure", "storage-full"})

    def __init__(
        self, calls: Calls, wanted: Wanted, secret: Secret, role: Role, rule: Rule
    ) -> None:
        super().__init__(calls, wanted)
        self.secret, self.role, self.rule = secret, role, rule

    def find(self) -> Found | None:
        """Look for it."""
        answer = self.calls.look("redshift", "describe_clusters", ClusterIdentifier=self.name)
        if answer is None or not answer["Clusters"]:
            return None
        cluster = answer["Clusters"][0]
        return Found(cluster, tags_of(cluster))

    def make(self) -> None:
        """Make it: encrypted, and in the network's own address range unless asked otherwise."""
        settings = self.wanted.settings
        group = settings.cluster_subnet_group
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
            PubliclyAccessible=self.wanted.public,
            VpcSecurityGroupIds=[self.rule.group_id],
            Tags=self.tags(),
            **({"ClusterSubnetGroupName": group} if group else {}),
        )

    def mend(self, found: Found) -> None:
        """Give it the password of a secret that was lost and made anew."""
        if self.secret.new:
            name, password = {"ClusterIdentifier": self.name}, self.secret.password()
            self.calls.change("redshift", "modify_cluster", MasterUserPassword=password, **name)

    def size(self) -> dict[str, Any]:
        """How many nodes, and of which type."""
        settings = self.wanted.settings
        nodes = settings.cluster_nodes
        many = {"NumberOfNodes": nodes} if settings.cluster_type == "multi-node" else {}
        return {
            "ClusterType": settings.cluster_type,
            "NodeType": settings.cluster_node_type,
            **many,
        }

    def state_of(self, found: Found) -> str:
        """Its state in AWS's own word."""
        return str(found.answer["ClusterStatus"])

    def way_out(self, state: str) -> str:
        """What to do about a state that it does not leave by itself."""
        if state == PAUSED:
            return "wake it with `sparkify cluster resume`"
        return super().way_out(state)

    def unmake(self, found: Found) -> None:
        """Remove it, after a last snapshot if one is wanted."""
        if found.answer["ClusterStatus"] in ("deleting", "final-snapshot"):
            return
        stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
        name = f"{self.name}-final-{stamp}"
        last = {"FinalClusterSnapshotIdentifier": name} if self.wanted.snapshot else {}
        self.calls.remove(
            "redshift",
            "delete_cluster",
            ClusterIdentifier=self.name,
            SkipFinalClusterSnapshot=not self.wanted.snapshot,
            **last,
        )

    def pause(self) -> None:
        """Stop paying for nodes; its storage still costs."""
        self.turn("pause_cluster", READY, "pausing", PAUSED)

    def resume(self) -> None:
        """Start the nodes again."""
        self.turn("resume_cluster", PAUSED, "resuming", READY)

    def turn(self, operation: str, start: str, on_the_way: str, goal: str) -> None:
        """Bring it from one state to another, and wait for that."""
        state = self.state_of(self.required())
        if state == start:
            self.calls.change("redshift", operation, ClusterIdentifier=self.name)
        elif state not in (goal, on_the_way):
            raise SparkifyError(f"{self} is {state}; try again when that is over")
        self.calls.wait(str(self), self.state, lambda now: now == goal)

    def endpoint(self, found: Found) -> tuple[str, int] | None:
        """Where it is reached: host and port; None while it has no address."""
        where = found.answer.get("Endpoint") or {}
        return (str(where["Address"]), int(where["Port"])) if where.get("Address") else None

    def roles(self) -> dict[str, str]:
        """The roles attached to it, each with how far that is."""
        found = self.find()
        roles = found.answer.get("IamRoles", ()) if found else ()
        return {str(role["IamRoleArn"]): str(role["ApplyStatus"]) for role in roles}

    def describe(self, found: Found) -> str:
        """Its nodes."""
        answer = found.answer
        return f"{answer['NumberOfNodes']} × {answer['NodeType']}"

    def born(self, found: Found) -> datetime | None:
        """When it was made."""
        made: datetime | None = found.answer.get("ClusterCreateTime")
        return made

    def hourly(self, found: Found) -> float | None:
        """What an hour costs, by the price that the settings have."""
        price = self.wanted.settings.cluster_price
        return None if price is None else price * int(found.answer["NumberOfNodes"])

    def cost(self, found: Found) -> str:
        """What it costs, in words."""
        if found.answer["ClusterStatus"] == PAUSED:
            return f"{self}: its storage, while it is paused"
        return f"{self}: its nodes by the hour, and its storage"

    def snapshots(self) -> list[str]:
        """The snapshots that stay, and cost, until somebody deletes them."""
        answer = self.calls.look(
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
