"""pytest fixtures and options that any test folder can use.

A conftest.py imports what it needs: `from tests.redshift_standin.fixtures import s3, standin`.
The options come from `add_options`, called by the conftest's own pytest_addoption.
"""

from __future__ import annotations

import functools
import gc
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import redshift_connector
import sqlalchemy

from . import StandIn
from .buckets import Bucket, local_bucket
from .context import HIDDEN, Form, Isolation

ROLE = "arn:aws:iam::123456789012:role/dwh"
REGION = "us-west-2"
PASSWORD = "S3cr3t-Passw0rd"
OPTIONS = {
    "--redshift-url": "URL of a real cluster: redshift+redshift_connector://…",
    "--s3-bucket": "a bucket the real cluster reads and this machine writes",
    "--iam-role": "the ARN of the real cluster's role",
}


#: For pytest.mark.filterwarnings, together with the fixture collect_lost_sockets.
LOST_SOCKETS = "ignore:Exception ignored in. <s.*socket:pytest.PytestUnraisableExceptionWarning"


def add_options(parser: pytest.Parser) -> None:
    """The options that send the tests to a real cluster."""
    group = parser.getgroup("redshift", "Amazon Redshift instead of the stand-in")
    for name, text in OPTIONS.items():
        # two conftests may both want them
        with suppress(ValueError):
            group.addoption(name, default=None, help=text)
    with suppress(ValueError):
        text = "which system tables the stand-in shows; by default those of a provisioned cluster"
        group.addoption("--standin-form", default=None, choices=sorted(HIDDEN), help=text)


def add_filters(config: pytest.Config) -> None:
    """Forgive redshift_connector, which makes its TLS context without naming a protocol."""
    config.addinivalue_line("filterwarnings", "ignore:ssl.* is deprecated:DeprecationWarning")


@pytest.fixture(scope="session")
def s3_server(request: pytest.FixtureRequest) -> Iterator[Bucket]:
    """A bucket: of a moto server of this process's own, or the one the options name."""
    real = request.config.getoption("--s3-bucket", None)
    if real:
        yield Bucket(boto3.client("s3"), real, None)
        return
    with local_bucket("lake", REGION) as bucket:
        yield bucket


@pytest.fixture
def s3(s3_server: Bucket) -> Bucket:
    """A prefix of the bucket that no other test uses."""
    prefix = f"test-{os.getpid()}-{uuid.uuid4().hex[:12]}/"
    return Bucket(s3_server.client, s3_server.name, s3_server.endpoint, prefix)


@pytest.fixture(scope="session")
def standin_server(
    request: pytest.FixtureRequest, s3_server: Bucket, form: Form
) -> Iterator[StandIn | None]:
    """The stand-in of this process; None when the tests run on a real cluster."""
    if request.config.getoption("--redshift-url", None):
        yield None
        return
    with StandIn(
        s3_endpoint=s3_server.endpoint,
        iam_roles={ROLE},
        password=PASSWORD,
        region=REGION,
        form=form,
    ) as running:
        yield running


@pytest.fixture(scope="session")
def form(request: pytest.FixtureRequest) -> Form:
    """Which cluster the stand-in plays.

    The long tests have the form that shows least, the others the one that shows most: so each form
    is tried at no cost, and what any of them sends must be good for all, which `elsewhere` tells.
    """
    option: Form | None = request.config.getoption("--standin-form", None)
    return option or ("serverless" if request.config.getoption("--long", False) else "provisioned")


@pytest.fixture
def clean_standin(standin_server: StandIn | None) -> StandIn | None:
    """The stand-in, as new for this test; None on a real cluster."""
    if standin_server is not None:
        standin_server.reset()
    return standin_server


@pytest.fixture
def standin(clean_standin: StandIn | None) -> StandIn:
    """The stand-in, as new. On a real cluster the test is skipped."""
    if clean_standin is None:
        pytest.skip("the test steers the stand-in; a real cluster cannot be steered")
    return clean_standin


class _Started(dict[Isolation, StandIn]):
    """Stand-ins by isolation level, each started when it is asked for."""

    def __init__(self, stack: ExitStack, bucket: Bucket) -> None:
        super().__init__()
        self._stack, self._bucket = stack, bucket

    def __missing__(self, isolation: Isolation) -> StandIn:
        made = StandIn(
            s3_endpoint=self._bucket.endpoint,
            iam_roles={ROLE},
            password=PASSWORD,
            region=REGION,
            isolation=isolation,
        )
        self[isolation] = self._stack.enter_context(made)
        return made


@dataclass(frozen=True)
class Target:
    """What the client tests connect to. `connect` opens a redshift_connector connection."""

    url: str
    iam_role: str
    ssl: bool
    schema: str | None

    def connect(self, **changes: Any) -> Any:
        """A connection; the caller closes it. `changes` go to redshift_connector.connect."""
        parts = sqlalchemy.make_url(self.url)
        options = {
            "host": parts.host,
            "port": parts.port or 5439,
            "user": parts.username,
            "password": parts.password,
            "database": parts.database,
            "ssl": self.ssl,
            # without it the driver only warns when the certificate names another host
            "sslmode": "verify-full",
        }
        connection = redshift_connector.connect(**(options | changes))
        if self.schema:
            with connection.cursor() as cursor:
                cursor.execute(f'SET search_path TO "{self.schema}"')
            connection.commit()
        return connection


@pytest.fixture
def target(request: pytest.FixtureRequest, clean_standin: StandIn | None) -> Iterator[Target]:
    """An empty database: the stand-in's, or a schema of its own on the real cluster."""
    with new_target(request.config, clean_standin) as made:
        yield made


@pytest.fixture(scope="module")
def lasting(request: pytest.FixtureRequest, standin_server: StandIn | None) -> Iterator[Any]:
    """One connection for all tests of a module, of which none uses another or commits anything."""
    if standin_server is not None:
        standin_server.reset()
    with new_target(request.config, standin_server) as made:
        connection = made.connect()
        yield connection
        connection.close()


@contextmanager
def new_target(config: pytest.Config, standin: StandIn | None) -> Iterator[Target]:
    """The stand-in, which is as new; or a schema of its own on the real cluster."""
    if standin is not None:
        yield Target(standin.url(), ROLE, ssl=False, schema=None)
        return
    url = config.getoption("--redshift-url")
    role = config.getoption("--iam-role") or "default"
    schema = f"standin_test_{uuid.uuid4().hex[:12]}"
    admin = Target(url, role, ssl=True, schema=None).connect()
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {schema}")
        yield Target(url, role, ssl=True, schema=schema)
        cursor.execute(f"DROP SCHEMA {schema} CASCADE")
    admin.close()


@pytest.fixture
def collect_lost_sockets() -> Iterator[None]:
    """Collect, in the test that is to blame, what a lost connection leaves behind.

    redshift_connector does not close its socket when the server drops it or refuses the password.
    """
    freeze_modules()
    yield
    gc.collect()
    gc.freeze()  # what outlives the test is looked at once


@functools.cache  # once a process; gc.get_freeze_count() would count hundreds of thousands
def freeze_modules() -> None:
    """Let the garbage collector look at modules and the like no more: it takes 0.1 s."""
    gc.collect()
    gc.freeze()


Servers = Callable[[Isolation], Target]


@pytest.fixture(scope="session")
def servers_by_isolation(s3_server: Bucket) -> Iterator[dict[Isolation, StandIn]]:
    """The stand-ins that `servers` has started so far, by isolation level."""
    with ExitStack() as stack:
        yield _Started(stack, s3_server)


@pytest.fixture
def servers(request: pytest.FixtureRequest) -> Servers:
    """A function that gives an empty database of an isolation level: "snapshot", "serializable".

    On a real cluster, whose database has its own level, the test is skipped.
    """
    if request.config.getoption("--redshift-url", None):
        pytest.skip("the test chooses the isolation level")
    started: dict[Isolation, StandIn] = request.getfixturevalue("servers_by_isolation")

    def choose(isolation: Isolation) -> Target:
        started[isolation].reset()
        return Target(started[isolation].url(), ROLE, ssl=False, schema=None)

    return choose


@pytest.fixture
def redshift(target: Target) -> Iterator[Any]:
    """A redshift_connector connection to an empty database."""
    connection = target.connect()
    yield connection
    connection.close()


@pytest.fixture
def engine(target: Target) -> Iterator[sqlalchemy.Engine]:
    """A SQLAlchemy engine on an empty database, by sqlalchemy-redshift as it is."""
    made = sqlalchemy.create_engine(target.url, connect_args={"ssl": target.ssl})
    if target.schema:
        schema = target.schema

        @sqlalchemy.event.listens_for(made, "connect", insert=True)
        def use_schema(connection: Any, record: object) -> None:
            connection.cursor().execute(f'SET search_path TO "{schema}"')
            connection.commit()

    yield made
    made.dispose()
