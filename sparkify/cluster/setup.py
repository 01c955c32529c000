"""A cluster with all its resources: create goes through them forward, delete backward."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sparkify.cluster import policies
from sparkify.cluster.calls import Calls
from sparkify.cluster.compute import GONE, Compute
from sparkify.cluster.provisioned import Cluster
from sparkify.cluster.resources import Existing, Resource
from sparkify.cluster.role import Role
from sparkify.cluster.secret import Secret
from sparkify.cluster.security_group import SecurityGroup
from sparkify.cluster.serverless import Namespace, Workgroup
from sparkify.cluster.spec import Spec, validate
from sparkify.errors import SparkifyError
from sparkify.report import Shown


@dataclass(frozen=True)
class ClusterStatus(Shown):
    """The resources that exist, and what they cost.

    Attributes:
        state: in AWS's own word; "gone" if there is no cluster.
        endpoint: host and port; None while it has no address.
        role: the ARN of the role that COPY reads with; None if it does not exist.
        age_hours: since the cluster was created.
        expires: the end of its planned lifetime, UTC.
        cost_so_far: age times nodes times the price of the settings: an upper limit, because
            paused hours count too. None without a price.
        resources: by kind, a summary of each resource that sparkify created.
        costs: what costs money now, in words.
    """

    name: str
    state: str
    endpoint: str | None
    role: str | None
    size: str | None
    age_hours: float | None
    expires: str | None
    cost_so_far: float | None
    resources: dict[str, str]
    costs: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """The status for programs, of plain values only."""
        return {**asdict(self), "costs": list(self.costs)}

    def lines(self) -> list[tuple[str, str]]:
        """The status for people."""
        age = None if self.age_hours is None else f"{self.age_hours:.1f} hours"
        if age and self.expires:
            over = datetime.fromisoformat(self.expires) < datetime.now(UTC)
            age += f"; its planned lifetime {'ended' if over else 'ends'} at {self.expires}"
        cost = "unknown; set DWH_PRICE" if self.cost_so_far is None else None
        texts = {
            "cluster": self.name,
            "state": self.state,
            "endpoint": self.endpoint,
            "role": self.role,
            "nodes": self.size,
            "age": age,
            "cost so far": (cost or f"at most {self.cost_so_far:.2f}") if age else None,
            "created": ", ".join(f"{kind} {text}" for kind, text in self.resources.items()),
            "costs": "; ".join(self.costs) or "nothing",
        }
        return [(name, text) for name, text in texts.items() if text]


class Setup:
    """The resources of one cluster, each after those that it needs.

    Attributes:
        gone: the resources that do not exist after `delete`.
    """

    gone: Sequence[Resource] = ()

    def __init__(self, calls: Calls, spec: Spec) -> None:
        validate(spec.settings)
        self.calls, self.spec = calls, spec
        self.secret, self.role = Secret(calls, spec), Role(calls, spec)
        self.group = SecurityGroup(calls, spec)
        first = (self.secret, self.role, self.group)
        self.compute: Compute
        self.resources: tuple[Resource, ...]
        if spec.serverless:
            namespace = Namespace(calls, spec, self.secret, self.role)
            self.compute = Workgroup(calls, spec, self.group, namespace)
            self.resources = (*first, namespace, self.compute)
        else:
            self.compute = Cluster(calls, spec, *first)
            self.resources = (*first, self.compute)

    def command(self, name: str) -> str:
        """A command for this cluster, as its user types it."""
        options = " --serverless" if self.spec.serverless else ""
        if name == "create":
            options += f" --allow {self.spec.allow}{' --public' if self.spec.public else ''}"
        return f"sparkify cluster {name}{options}"

    def missing(self) -> list[str]:
        """The resources that `create` would create."""
        with self.next_steps("create"):
            self.check()
            return [str(each) for each in self.resources if each.find() is None]

    def check(self) -> None:
        """Fail, before anything is created, if the settings are invalid."""
        for resource in self.resources:
            resource.check()

    def create(self) -> ClusterStatus | None:
        """Create what is missing, and wait until the cluster can be used; None in a dry run."""
        with self.next_steps("create"):
            self.check()
            for resource in self.resources:
                resource.ensure()
            return None if self.calls.dry_run else self.status()

    def delete(self) -> tuple[str, ...]:
        """Delete what sparkify created, wait until it is gone, and return what still costs."""
        with self.next_steps("delete"):
            self.gone = [each for each in reversed(self.resources) if each.remove()]
            return tuple(self.costs([]))

    def pause(self) -> ClusterStatus | None:
        """Pause the cluster, and wait for that; None in a dry run."""
        with self.next_steps("pause"):
            self.compute.pause()
            return None if self.calls.dry_run else self.status()

    def resume(self) -> ClusterStatus | None:
        """Start the paused cluster again, and wait for that; None in a dry run."""
        with self.next_steps("resume"):
            self.compute.resume()
            return None if self.calls.dry_run else self.status()

    def status(self) -> ClusterStatus:
        """Look up all resources."""
        existing = {each: there for each in self.resources if (there := each.find()) is not None}
        compute, cluster = self.compute, existing.get(self.compute)
        created_at = compute.created_at(cluster) if cluster else None
        age = (datetime.now(UTC) - created_at).total_seconds() / 3600 if created_at else None
        hourly = compute.hourly_price(cluster) if cluster else None
        endpoint = compute.endpoint(cluster) if cluster else None
        return ClusterStatus(
            name=self.spec.name,
            state=compute.state_of(cluster) if cluster else GONE,
            endpoint=":".join(map(str, endpoint)) if endpoint else None,
            role=self.role.arn if self.role in existing else None,
            size=compute.summary(cluster) if cluster else None,
            age_hours=age,
            expires=cluster.tags.get("sparkify:expires") if cluster else None,
            cost_so_far=None if age is None or hourly is None else age * hourly,
            resources={
                each.kind: each.summary(there)
                for each, there in existing.items()
                if each.is_ours(there)
            },
            costs=tuple(self.costs(list(existing.items()))),
        )

    def costs(self, existing: list[tuple[Resource, Existing]]) -> Iterator[str]:
        """What costs money, in words: resources, and the snapshots that remain after them."""
        for resource, there in existing:
            if resource.is_ours(there) and (text := resource.cost(there)):
                yield text
        for snapshot in self.compute.snapshots():
            yield f"snapshot {snapshot}: its storage, until you delete it"

    def loader_policy(self) -> policies.Document:
        """What a run may do; see `policies.loader_policy`.

        Raises:
            SparkifyError: the workgroup, whose ARN the policy must contain, does not exist.
        """
        arns = [
            existing.answer[f"{each.kind}Arn"]
            for each in self.resources
            if each.kind in ("namespace", "workgroup") and (existing := each.find())
        ]
        if self.spec.serverless and not arns:
            self.compute.find_ours()
        secret = self.login_secret()
        calls, settings = self.calls, self.spec.settings
        place, look = (calls.account, calls.region, calls.partition), self.role.look
        return policies.loader_policy(settings, *place, arns, secret, look)

    def login_secret(self) -> str | None:
        """The ARN of the secret with which runs sign in to a serverless workgroup.

        IAM would give them a database user of their own there, who may not create a schema.
        """
        existing = self.secret.find() if self.spec.serverless else None
        ours = existing is not None and self.secret.is_ours(existing)
        return str(existing.answer["ARN"]) if existing and ours else None

    @contextmanager
    def next_steps(self, name: str) -> Iterator[None]:
        """Add to an error what exists now, and the commands that continue or clean up."""
        try:
            yield
        except SparkifyError as error:
            raise type(error)(f"{error}; {self.advice(name)}") from None
        except BaseException:  # a signal, or a bug: people must still learn what exists
            self.calls.tell(self.advice(name))
            raise

    def advice(self, name: str) -> str:
        """What exists now, and the commands that continue or clean up."""
        there = []
        for resource in self.resources:
            try:
                if (existing := resource.find()) and resource.is_ours(existing):
                    there.append(str(resource))
            except SparkifyError:
                there.append(f"perhaps {resource} (unknown: the query failed)")
        again, delete = self.command(name), self.command("delete")
        clean_up = "" if again == delete else f", or clean up with `{delete}`"
        return f"exists now: {', '.join(there) or 'nothing'}; continue with `{again}`{clean_up}"
