"""What a cluster and a serverless workgroup have in common: they start slowly, and they cost."""

from abc import abstractmethod
from datetime import datetime
from typing import ClassVar

from sparkify.cluster.resources import Existing, Resource
from sparkify.errors import SparkifyError

GONE = "gone"


class SlowResource(Resource):
    """A resource that takes minutes to create and to delete.

    Attributes:
        ready: the state in which it can be used, in AWS's own word.
        stuck: the states from which it does not become ready by itself.
    """

    ready: ClassVar[str]
    stuck: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def state_of(self, existing: Existing) -> str:
        """The state in an answer, in AWS's own word."""

    def state(self) -> str:
        """Its state now, `gone` if it does not exist."""
        existing = self.find()
        return self.state_of(existing) if existing else GONE

    def wait_until_ready(self) -> None:
        """Wait until it can be used.

        Raises:
            SparkifyError: it is in a state from which it does not become ready by itself.
        """
        final = self.stuck | {self.ready, GONE}
        state = self.calls.wait(str(self), self.state, lambda now: now in final)
        if state != self.ready and not self.calls.dry_run:
            raise SparkifyError(f"{self} is {state}; {self.advice(state)}")

    def advice(self, state: str) -> str:
        """What to do about a state from which it does not become ready by itself."""
        return "try again when its state has changed"

    def wait_until_gone(self) -> None:
        """Wait until it is deleted."""
        self.calls.wait(str(self), self.state, lambda now: now == GONE)


class Compute(SlowResource):
    """The resource that runs queries."""

    @abstractmethod
    def endpoint(self, existing: Existing) -> tuple[str, int] | None:
        """Its host and port; None while it has no address."""

    @abstractmethod
    def roles(self) -> dict[str, str]:
        """The ARN of each attached role, with the state of the attachment."""

    @abstractmethod
    def created_at(self, existing: Existing) -> datetime | None:
        """When it was created."""

    @abstractmethod
    def hourly_price(self, existing: Existing) -> float | None:
        """The price of an hour, from the settings; None if unknown or if it costs by use."""

    @abstractmethod
    def snapshots(self) -> list[str]:
        """The snapshots that remain, and cost, until somebody deletes them."""

    @abstractmethod
    def pause(self) -> None:
        """Stop paying for it; its storage still costs."""

    @abstractmethod
    def resume(self) -> None:
        """Start it again."""

    def find_ours(self) -> Existing:
        """Look it up.

        Raises:
            SparkifyError: it does not exist, or was created by somebody else.
        """
        existing = self.find()
        if existing is None:
            raise SparkifyError(f"{self} does not exist; create it with `sparkify cluster create`")
        if not self.is_ours(existing):
            raise SparkifyError(f"{self} was not created by sparkify, so it is not changed")
        return existing
