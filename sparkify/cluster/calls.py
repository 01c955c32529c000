"""Every call to AWS: queries and changes, dry runs, waiting."""

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from sparkify.errors import SparkifyError, TryAgain, UsageError
from sparkify.lake.aws import Answer, Client
from sparkify.lake.aws_errors import ResourceNotFound, translate
from sparkify.masking import MASK, mask

if TYPE_CHECKING:
    import boto3

POLL_SECONDS = 10.0  # between two queries for the state of a resource
CONSISTENCY_SECONDS = 180.0  # until a change in one AWS service is visible in the others


def ignore(text: str) -> None:
    """Drop a progress message."""


class DryRunAnswer(Answer):
    """The answer to a call that a dry run did not make: every value is its key in brackets."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


class Calls:
    """Makes the calls of one command.

    Attributes:
        dry_run: print the calls that change something instead of making them.
        tell: receives progress messages for people.
        deadline: when waiting ends, on the clock of `time.monotonic()`.
        printed: the calls that a dry run did not make.
    """

    def __init__(
        self,
        session: "boto3.Session",
        *,
        dry_run: bool = False,
        tell: Callable[[str], None] = ignore,
        timeout: float = 1800,
    ) -> None:
        self.session, self.dry_run = session, dry_run
        self.tell = ignore if dry_run else tell
        self.timeout, self.deadline = timeout, time.monotonic() + timeout
        self.printed: list[str] = []
        self.clients: dict[str, Client] = {}
        self.cache: dict[str, Answer | None] = {}

    def client(self, service: str) -> Client:
        """The client of a service; each is made once."""
        from botocore.config import Config

        if service not in self.clients:
            if not self.session.region_name:
                raise UsageError("no AWS region; set REGION in [S3] of dwh.cfg, or AWS_REGION")
            make: Callable[..., Client] = self.session.client
            self.clients[service] = make(service, config=Config(retries={"mode": "standard"}))
        return self.clients[service]

    @cached_property
    def identity(self) -> Answer:
        """The caller's Account and Arn."""
        return self.send("sts", "get_caller_identity", {})

    @property
    def account(self) -> str:
        """The number of the caller's account."""
        return str(self.identity["Account"])

    @property
    def partition(self) -> str:
        """The partition in ARNs: `aws`, `aws-cn` in China, or a government's."""
        return str(self.identity["Arn"]).split(":")[1]

    @property
    def region(self) -> str:
        """The session's region."""
        return str(self.session.region_name)

    def query(self, service: str, operation: str, **parameters: object) -> Answer | None:
        """Make a call that changes nothing; None if the resource does not exist.

        Answers are cached until the next change or the next round of waiting.
        """
        question = f"{service} {operation} {parameters}"
        if question not in self.cache:
            try:
                self.cache[question] = self.send(service, operation, parameters)
            except ResourceNotFound:
                self.cache[question] = None
        return self.cache[question]

    def change(
        self, service: str, operation: str, retry_on: str = "", **parameters: object
    ) -> Answer:
        """Make a call that changes something; a dry run only prints it.

        Args:
            retry_on: a pattern of errors that pass once AWS's services agree with each other.
        """
        if self.dry_run:
            self.printed.append(call_text(service, operation, parameters))
            return DryRunAnswer()
        self.cache.clear()
        end = min(self.deadline, time.monotonic() + CONSISTENCY_SECONDS)
        while True:
            try:
                return self.send(service, operation, parameters)
            except SparkifyError as error:
                temporary = retry_on and re.search(retry_on, str(error))
                if not temporary or time.monotonic() > end:
                    raise
            time.sleep(POLL_SECONDS)

    def delete(
        self, service: str, operation: str, retry_on: str = "", **parameters: object
    ) -> None:
        """Make a call that deletes a resource, which may be gone already."""
        with suppress(ResourceNotFound):
            self.change(service, operation, retry_on, **parameters)

    def send(self, service: str, operation: str, parameters: dict[str, object]) -> Answer:
        """Make a call.

        Raises:
            SparkifyError: the call failed; see `lake/aws_errors.py`.
        """
        try:
            answer: Answer = getattr(self.client(service), operation)(**parameters)
        except Exception as error:
            action = iam_action(service, operation)
            if ours := translate(error, action, action, mask):
                raise ours from None  # the original may quote secrets
            raise
        return answer

    def wait(self, what: str, state: Callable[[], str], done: Callable[[str], bool]) -> str:
        """Query a state until it is final, and return it; a dry run does not wait.

        Raises:
            TryAgain: the timeout is over.
        """
        now, told = "", ""
        while not self.dry_run:
            try:
                now = state()
            except TryAgain as error:
                self.tell(f"{what}: {error}")
            if done(now):
                break
            if time.monotonic() > self.deadline:
                raise TryAgain(f"{what} is still {now} after {self.timeout:g} seconds")
            if now != told:
                self.tell(f"{what} is {now}")
                told = now
            time.sleep(POLL_SECONDS)
            self.cache.clear()
        return now


def iam_action(service: str, operation: str) -> str:
    """The name of a call in IAM, which is also the permission that it needs.

    >>> iam_action("iam", "create_role")
    'iam:CreateRole'
    """
    return f"{service}:{''.join(part.capitalize() for part in operation.split('_'))}"


def call_text(service: str, operation: str, parameters: dict[str, object]) -> str:
    """A call as a dry run prints it, with its secrets hidden."""
    shown = {
        name: MASK if re.search("(?i)password$|secretstring", name) else value
        for name, value in parameters.items()
    }
    return f"{iam_action(service, operation)} {json.dumps(shown, default=str)}"
