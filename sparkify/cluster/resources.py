"""The interface of a resource at AWS: find it, create it, update it, delete it."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from sparkify.cluster.calls import Calls
from sparkify.cluster.spec import TAG, Spec
from sparkify.errors import SparkifyError
from sparkify.lake.aws import Answer


class Existing(NamedTuple):
    """A resource that exists: AWS's description of it, and its tags."""

    answer: Answer
    tags: dict[str, str]


class Resource(ABC):
    """One resource at AWS.

    Attributes:
        kind: what people call it.
        setting: the key of dwh.cfg that names it.
        price: what it costs while it exists, in words; None if it is free.
    """

    kind: ClassVar[str]
    setting: ClassVar[str] = "DWH_CLUSTER_IDENTIFIER"
    price: ClassVar[str | None] = None

    def __init__(self, calls: Calls, spec: Spec) -> None:
        self.calls, self.spec = calls, spec

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def name(self) -> str:
        """Its name at AWS."""
        return self.spec.name

    @abstractmethod
    def find(self) -> Existing | None:
        """Look it up; None if it does not exist."""

    def check(self) -> None:
        """Check, before anything is created, that it can be created with these settings.

        Raises:
            UsageError: it cannot.
        """
        return

    @abstractmethod
    def create(self) -> None:
        """Create it, tagged in the same call, so that its owner is always known."""

    @abstractmethod
    def delete(self, existing: Existing) -> None:
        """Delete it."""

    def update(self, existing: Existing) -> None:
        """Change an existing resource to match the spec; by default nothing can differ."""
        return

    def wait_until_ready(self) -> None:
        """Wait until it can be used; most resources can at once."""
        return

    def wait_until_gone(self) -> None:
        """Wait until it is deleted; most resources are at once."""
        return

    def summary(self, existing: Existing) -> str:
        """What `status` shows of it."""
        return self.name

    def cost(self, existing: Existing) -> str | None:
        """What it costs, in words; None if it is free."""
        return self.price and f"{self}: {self.price}"

    def is_ours(self, existing: Existing) -> bool:
        """Whether sparkify created it for this cluster."""
        return existing.tags.get(TAG) == self.spec.name

    def ensure(self) -> None:
        """Create it if it is missing, otherwise update it, and wait until it can be used.

        Raises:
            SparkifyError: somebody else has created one of this name.
        """
        existing = self.find()
        if existing is None:
            self.calls.tell(f"creating {self}")
            self.create()
        elif self.is_ours(existing):
            self.update(existing)
        else:
            raise SparkifyError(
                f"{self} already exists and was not created by sparkify;"
                f" choose another name ({self.setting} in dwh.cfg)"
            )
        self.wait_until_ready()

    def remove(self) -> bool:
        """Delete it if sparkify created it, and wait until it is gone; whether it is."""
        existing = self.find()
        if existing is None:
            return True
        if not self.is_ours(existing):
            self.calls.tell(f"{self} is kept: it was not created by sparkify")
            return False
        self.calls.tell(f"deleting {self}")
        self.delete(existing)
        self.wait_until_gone()
        return True

    def tags(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """The tags of the spec, with the field names that a service expects."""
        caller = str(self.calls.identity["Arn"]).rpartition("/")[2]
        return [{key: k, value: v} for k, v in self.spec.tags(caller).items()]


def tags_of(answer: Answer, field: str = "Tags") -> dict[str, str]:
    """The tags in an answer."""
    return {tag["Key"]: tag["Value"] for tag in answer.get(field) or ()}
