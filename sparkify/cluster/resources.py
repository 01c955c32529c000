"""What a cluster needs at AWS: one class each, with one interface."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

from sparkify.cluster.calls import Calls
from sparkify.cluster.wanted import TAG, Wanted
from sparkify.errors import SparkifyError


class Found(NamedTuple):
    """What is there: AWS's own description, and its tags."""

    answer: dict[str, Any]
    tags: dict[str, str]


class Resource(ABC):
    """One thing at AWS.

    Attributes:
        kind: what people call it.
        setting: the key of dwh.cfg that names it.
        price: what it costs while it is there, in words; None: nothing.
    """

    kind: ClassVar[str]
    setting: ClassVar[str] = "DWH_CLUSTER_IDENTIFIER"
    price: ClassVar[str | None] = None

    def __init__(self, calls: Calls, wanted: Wanted) -> None:
        self.calls, self.wanted = calls, wanted

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def name(self) -> str:
        """Its name at AWS."""
        return self.wanted.name

    @abstractmethod
    def find(self) -> Found | None:
        """Look for it."""

    @abstractmethod
    def make(self) -> None:
        """Make it, tagged in the same call, so that whose it is can never be lost."""

    @abstractmethod
    def unmake(self, found: Found) -> None:
        """Remove it."""

    def mend(self, found: Found) -> None:  # noqa: B027 - most have nothing to do
        """Bring what is there to what is wanted; by default nothing can differ."""

    def settle(self) -> None:  # noqa: B027 - most have nothing to do
        """Wait until it can be used."""

    def vanish(self) -> None:  # noqa: B027 - most have nothing to do
        """Wait until it is gone."""

    def describe(self, found: Found) -> str:
        """What there is to say about it."""
        return self.name

    def cost(self, found: Found) -> str | None:
        """What it costs, in words; None when it is free."""
        return self.price and f"{self}: {self.price}"

    def owned(self, found: Found) -> bool:
        """Whether it was made here, for this cluster."""
        return found.tags.get(TAG) == self.wanted.name

    def ensure(self) -> None:
        """Make what is missing, mend what is there.

        Raises:
            SparkifyError: one of that name is there, made by somebody else.
        """
        found = self.find()
        if found is None:
            self.calls.tell(f"{self} is made")
            self.make()
        elif self.owned(found):
            self.mend(found)
        else:
            raise SparkifyError(
                f"{self} is there and was made by somebody else;"
                f" choose another name ({self.setting} in dwh.cfg)"
            )
        self.settle()

    def remove(self) -> None:
        """Remove it if it was made here."""
        found = self.find()
        if found is None:
            return
        if not self.owned(found):
            self.calls.tell(f"{self} stays: it was made by somebody else")
            return
        self.calls.tell(f"{self} is removed")
        self.unmake(found)
        self.vanish()

    def tags(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """The tags as a service wants them."""
        caller = str(self.calls.identity["Arn"]).rpartition("/")[2]
        return [{key: k, value: v} for k, v in self.wanted.tags(caller).items()]


def tags_of(answer: dict[str, Any], field: str = "Tags") -> dict[str, str]:
    """The tags in an answer."""
    return {tag["Key"]: tag["Value"] for tag in answer.get(field) or ()}
