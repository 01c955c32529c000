"""A cluster with all that it needs: create walks the resources forward, delete walks back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sparkify.cluster import policies
from sparkify.cluster.calls import Calls
from sparkify.cluster.compute import GONE, Compute
from sparkify.cluster.provisioned import Cluster
from sparkify.cluster.resources import Found, Resource
from sparkify.cluster.role import Role
from sparkify.cluster.rule import Rule
from sparkify.cluster.secret import Secret
from sparkify.cluster.serverless import Namespace, Workgroup
from sparkify.cluster.wanted import Wanted, check
from sparkify.errors import SparkifyError
from sparkify.report import Shown


@dataclass(frozen=True)
class ClusterStatus(Shown):
    """What is there, and what it costs.

    Attributes:
        state: in AWS's own word; "gone" when there is no cluster.
        endpoint: host and port, None while it has none.
        role: the ARN of the role that COPY reads with, None when there is none.
        age_hours: since it was made.
        expires: when it was meant to be gone, UTC.
        cost_so_far: age times nodes times the price of the settings; the hours in which it was
            paused count too, so that it is at most this. None without a price.
        resources: by kind, what is there of what was made.
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

    def to_dict(self) -> dict[str, Any]:
        """The status for programs, of plain values only."""
        return {**asdict(self), "costs": list(self.costs)}

    def lines(self) -> list[tuple[str, str]]:
        """The status for people."""
        age = None if self.age_hours is None else f"{self.age_hours:.1f} hours"
        if age and self.expires:
            over = datetime.fromisoformat(self.expires) < datetime.now(UTC)
            age += f", and {'was' if over else 'is'} meant to be gone by {self.expires}"
        cost = "no price is set (DWH_PRICE)" if self.cost_so_far is None else None
        texts = {
            "cluster": self.name,
            "state": self.state,
            "endpoint": self.endpoint,
            "role": self.role,
            "nodes": self.size,
            "age": age,
            "cost so far": (cost or f"at most {self.cost_so_far:.2f}") if age else None,
            "made here": ", ".join(f"{kind} {text}" for kind, text in self.resources.items()),
            "costs": "; ".join(self.costs) or "nothing",
        }
        return [(name, text) for name, text in texts.items() if text]


class Setup:
    """The resources of one cluster, in the order in which they need each other."""

    def __init__(self, calls: Calls, wanted: Wanted) -> None:
        check(wanted.settings)
        self.calls, self.wanted = calls, wanted
        self.secret, self.role = Secret(calls, wanted), Role(calls, wanted)
        self.rule = Rule(calls, wanted)
        first = (self.secret, self.role, self.rule)
        self.compute: Compute
        self.resources: tuple[Resource, ...]
        if wanted.serverless:
            namespace = Namespace(calls, wanted, self.secret, self.role)
            self.compute = Workgroup(calls, wanted, self.rule, namespace)
            self.resources = (*first, namespace, self.compute)
        else:
            self.compute = Cluster(calls, wanted, *first)
            self.resources = (*first, self.compute)

    @property
    def again(self) -> str:
        """The command that goes on with what create began."""
        public = " --public" if self.wanted.public else ""
        return f"{self.command('create')} --allow {self.wanted.allow}{public}"

    def command(self, name: str) -> str:
        """A command for this cluster."""
        return f"sparkify cluster {name}{' --serverless' if self.wanted.serverless else ''}"

    def missing(self) -> list[str]:
        """What create would make."""
        with self.explained(self.again):
            return [str(each) for each in self.resources if each.find() is None]

    def create(self) -> ClusterStatus | None:
        """Make what is missing, and wait until the cluster can be used; None in a dry run."""
        with self.explained(self.again):
            self.role.documents()  # settings that make no policy end it before anything is made
            for resource in self.resources:
                resource.ensure()
            return None if self.calls.dry_run else self.status()

    def delete(self) -> tuple[str, ...]:
        """Remove what was made here, and wait until it is gone; what still costs, in words."""
        with self.explained(self.command("delete")):
            for resource in reversed(self.resources):
                resource.remove()
            return tuple(self.costs([]))

    def pause(self) -> ClusterStatus | None:
        """Pause the cluster, and wait for that; None in a dry run."""
        with self.explained(self.command("pause")):
            self.compute.pause()
            return None if self.calls.dry_run else self.status()

    def resume(self) -> ClusterStatus | None:
        """Wake the cluster, and wait for that; None in a dry run."""
        with self.explained(self.command("resume")):
            self.compute.resume()
            return None if self.calls.dry_run else self.status()

    def status(self) -> ClusterStatus:
        """Look at all of it."""
        there = [(each, found) for each in self.resources if (found := each.find()) is not None]
        found = dict(there).get(self.compute)
        born = self.compute.born(found) if found else None
        age = (datetime.now(UTC) - born).total_seconds() / 3600 if born else None
        hourly = self.compute.hourly(found) if found else None
        endpoint = self.compute.endpoint(found) if found else None
        return ClusterStatus(
            name=self.wanted.name,
            state=self.compute.state_of(found) if found else GONE,
            endpoint=":".join(map(str, endpoint)) if endpoint else None,
            role=self.role.arn if self.role in dict(there) else None,
            size=self.compute.describe(found) if found else None,
            age_hours=age,
            expires=found.tags.get("sparkify:expires") if found else None,
            cost_so_far=None if age is None or hourly is None else age * hourly,
            resources={each.kind: each.describe(what) for each, what in there if each.owned(what)},
            costs=tuple(self.costs(there)),
        )

    def costs(self, there: list[tuple[Resource, Found]]) -> Iterator[str]:
        """What costs money, in words: what is there, and the snapshots that outlive it."""
        for resource, found in there:
            if resource.owned(found) and (text := resource.cost(found)):
                yield text
        for snapshot in self.compute.snapshots():
            yield f"snapshot {snapshot}: its storage, until you delete it"

    def loader_policy(self) -> policies.Document:
        """What a run needs; see `policies.loader_policy`.

        Raises:
            SparkifyError: the workgroup is not there, whose number the policy has to name.
        """
        numbers = [
            found.answer[f"{each.kind}Arn"]
            for each in self.resources
            if each.kind in ("namespace", "workgroup") and (found := each.find())
        ]
        if self.wanted.serverless and not numbers:
            self.compute.required()
        calls, settings = self.calls, self.wanted.settings
        return policies.loader_policy(
            settings, calls.account, calls.region, calls.partition, numbers
        )

    @contextmanager
    def explained(self, again: str) -> Iterator[None]:
        """Add to an error what exists now, and the commands that go on or clean up."""
        try:
            yield
        except SparkifyError as error:
            raise type(error)(f"{error}; {self.left(again)}") from None
        except BaseException:  # a signal, or a bug: what is there still has to be known
            self.calls.tell(self.left(again))
            raise

    def left(self, again: str) -> str:
        """What exists now, and what to do about it."""
        there = []
        for resource in self.resources:
            try:
                if (found := resource.find()) and resource.owned(found):
                    there.append(str(resource))
            except SparkifyError:
                there.append(f"perhaps {resource} (it could not be looked at)")
        delete = self.command("delete")
        clean = "" if again == delete else f", or clean up with `{delete}`"
        return f"exists now: {', '.join(there) or 'nothing'}; go on with `{again}`{clean}"
