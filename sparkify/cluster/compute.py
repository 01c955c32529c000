"""What a cluster and a serverless workgroup have in common: they take minutes, and they cost."""

from abc import abstractmethod
from datetime import datetime
from typing import ClassVar

from sparkify.cluster.resources import Found, Resource
from sparkify.errors import SparkifyError

GONE = "gone"


class Slow(Resource):
    """A thing that takes minutes to come and to go.

    Attributes:
        ready: its state when it can be used, in AWS's own word.
        stuck: the states that it does not leave by itself for `ready`.
    """

    ready: ClassVar[str]
    stuck: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def state_of(self, found: Found) -> str:
        """Its state in AWS's own word."""

    def state(self) -> str:
        """Its state now, `gone` when it is not there."""
        found = self.find()
        return self.state_of(found) if found else GONE

    def settle(self) -> None:
        """Wait until it can be used.

        Raises:
            SparkifyError: it is in a state that it does not leave by itself.
        """
        ends = self.stuck | {self.ready, GONE}
        state = self.calls.wait(str(self), self.state, lambda now: now in ends)
        if state != self.ready and not self.calls.dry_run:
            raise SparkifyError(f"{self} is {state}; {self.way_out(state)}")

    def way_out(self, state: str) -> str:
        """What to do about a state that it does not leave by itself."""
        return "try again when that is over"

    def vanish(self) -> None:
        """Wait until it is gone."""
        self.calls.wait(str(self), self.state, lambda now: now == GONE)


class Compute(Slow):
    """What runs queries."""

    @abstractmethod
    def endpoint(self, found: Found) -> tuple[str, int] | None:
        """Where it is reached: host and port; None while it has no address."""

    @abstractmethod
    def roles(self) -> dict[str, str]:
        """The ARNs of the roles attached to it, each with how far that is."""

    @abstractmethod
    def born(self, found: Found) -> datetime | None:
        """When it was made."""

    @abstractmethod
    def hourly(self, found: Found) -> float | None:
        """What an hour costs, by the price of the settings; None: the hours do not tell."""

    @abstractmethod
    def snapshots(self) -> list[str]:
        """The snapshots that stay, and cost, until somebody deletes them."""

    @abstractmethod
    def pause(self) -> None:
        """Stop paying for it; its storage still costs."""

    @abstractmethod
    def resume(self) -> None:
        """Start it again."""

    def required(self) -> Found:
        """What is there.

        Raises:
            SparkifyError: nothing is, or it was made by somebody else.
        """
        found = self.find()
        if found is None:
            raise SparkifyError(f"{self} is not there; `sparkify cluster create` makes it")
        if not self.owned(found):
            raise SparkifyError(f"{self} was made by somebody else: it is left alone")
        return found
