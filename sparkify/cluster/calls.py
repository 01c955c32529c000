"""Every call to AWS: looked at or changed, printed by a dry run, waited for."""

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sparkify.cluster.refusals import NotThere, translate
from sparkify.errors import SparkifyError, TryAgain, UsageError
from sparkify.masking import MASK

if TYPE_CHECKING:
    import boto3

Answer = dict[str, Any]
POLL = 10.0  # seconds between two looks at what takes minutes
PATIENCE = 180.0  # seconds in which AWS's services come to agree with each other


def silently(text: str) -> None:
    """Tell nobody."""


class Unknown(dict[str, Any]):
    """The answer to a call that a dry run did not make: every value is its name in brackets."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


class Calls:
    """What is called, by whom, and how.

    Attributes:
        dry_run: print the calls that change something instead of making them.
        tell: gets a line for people on what goes on.
        deadline: of `time.monotonic()`; waiting ends there.
        hidden: texts that no message may have in it.
    """

    def __init__(
        self,
        session: "boto3.Session",
        *,
        dry_run: bool = False,
        tell: Callable[[str], None] = silently,
        timeout: float = 1800,
    ) -> None:
        self.session, self.dry_run = session, dry_run
        self.tell = silently if dry_run else tell
        self.timeout, self.deadline = timeout, time.monotonic() + timeout
        self.hidden: set[str] = set()
        self.printed: list[str] = []
        self.clients: dict[str, Any] = {}
        self.seen: dict[str, Answer | None] = {}

    def client(self, service: str) -> Any:
        """The client of a service."""
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        if service not in self.clients:
            if not self.session.region_name:
                raise UsageError("no AWS region: set REGION in [S3] of dwh.cfg, or AWS_REGION")
            try:
                make: Any = self.session.client
                self.clients[service] = make(service, config=Config(retries={"mode": "standard"}))
            except (BotoCoreError, ValueError) as error:
                raise SparkifyError(f"{service} cannot be used: {error}") from None
        return self.clients[service]

    @cached_property
    def identity(self) -> Answer:
        """Who calls: the answer's Account and Arn."""
        return self.send("sts", "get_caller_identity", {})

    @property
    def account(self) -> str:
        """The account's number."""
        return str(self.identity["Account"])

    @property
    def partition(self) -> str:
        """`aws`, or what stands in its place in China and for governments."""
        return str(self.identity["Arn"]).split(":")[1]

    @property
    def region(self) -> str:
        """The region."""
        return str(self.session.region_name)

    def look(self, service: str, operation: str, **parameters: Any) -> Answer | None:
        """Make a call that changes nothing; None when what it asks for is not there.

        The same question is asked once, until something is changed or time has passed.
        """
        question = f"{service} {operation} {parameters}"
        if question not in self.seen:
            try:
                self.seen[question] = self.send(service, operation, parameters)
            except NotThere:
                self.seen[question] = None
        return self.seen[question]

    def change(self, service: str, operation: str, patient: str = "", **parameters: Any) -> Answer:
        """Make a call that changes something; a dry run prints it.

        Args:
            patient: a pattern of refusals that pass when AWS's services agree with each other.
        """
        if self.dry_run:
            self.printed.append(text_of(service, operation, parameters))
            return Unknown()
        self.seen.clear()
        end = min(self.deadline, time.monotonic() + PATIENCE)
        while True:
            try:
                return self.send(service, operation, parameters)
            except SparkifyError as error:
                hopeful = patient and re.search(patient, str(error))
                if not hopeful or time.monotonic() > end:
                    raise
            time.sleep(POLL)

    def remove(self, service: str, operation: str, patient: str = "", **parameters: Any) -> None:
        """Make a call that removes something, which may be gone already."""
        with suppress(NotThere):
            self.change(service, operation, patient, **parameters)

    def send(self, service: str, operation: str, parameters: dict[str, Any]) -> Answer:
        """Make a call."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: Answer = getattr(self.client(service), operation)(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise translate(action(service, operation), error, self.hide) from None
        return answer

    def hide(self, text: str) -> str:
        """A text without the secrets that are known here, as one line."""
        for secret in self.hidden:
            text = text.replace(secret, MASK)
        return " ".join(text.split()).rstrip(".")

    def wait(self, what: str, look: Callable[[], str], done: Callable[[str], bool]) -> str:
        """Look until it is done, and return the last state; a dry run does not wait.

        Raises:
            TryAgain: the time is over.
        """
        state, told = "", ""
        while not self.dry_run:
            try:
                state = look()
            except TryAgain as error:
                self.tell(f"{what}: {error}")
            if done(state):
                break
            if time.monotonic() > self.deadline:
                raise TryAgain(f"{what} is still {state} after {self.timeout:g} seconds")
            if state != told:
                self.tell(f"{what} is {state}")
                told = state
            time.sleep(POLL)
            self.seen.clear()
        return state


def action(service: str, operation: str) -> str:
    """A call as IAM names it, which is the name of the permission it takes.

    >>> action("iam", "create_role")
    'iam:CreateRole'
    """
    return f"{service}:{''.join(part.capitalize() for part in operation.split('_'))}"


def text_of(service: str, operation: str, parameters: dict[str, Any]) -> str:
    """A call as a dry run prints it, its secrets hidden."""
    shown = {
        name: MASK if re.search("(?i)password$|secretstring", name) else value
        for name, value in parameters.items()
    }
    return f"{action(service, operation)} {json.dumps(shown, default=str)}"
