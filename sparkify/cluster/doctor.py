"""Checks whether a run would work: one line for each check, with advice if it fails."""

import ssl
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import sqlalchemy as sa

from sparkify import warehouses
from sparkify.cluster.setup import Setup
from sparkify.cluster.tls import handshake
from sparkify.errors import SparkifyError, TryAgain, UsageError
from sparkify.lake import aws
from sparkify.lake.locations import open_lake, staging_uri
from sparkify.lake.objects import LakeObject
from sparkify.lake.uris import split
from sparkify.models import schema
from sparkify.report import Shown
from sparkify.settings import Settings
from sparkify.warehouses.redshift.endpoint import Endpoint

FIX = "run `sparkify cluster create` to fix it"
NO_CLUSTER = "not needed: the warehouse is not a cluster"


@dataclass(frozen=True)
class Check:
    """The result of one check; its text is a detail, or says what is wrong."""

    name: str
    passed: bool
    text: str


@dataclass(frozen=True)
class Diagnosis(Shown):
    """The results of all checks."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether a run would work."""
        return all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, object]:
        """The diagnosis for programs, of plain values only."""
        return {"passed": self.passed, "checks": [asdict(check) for check in self.checks]}

    def lines(self) -> list[tuple[str, str]]:
        """The diagnosis for people."""
        word = {True: "passed", False: "FAILED"}
        return [(check.name, f"{word[check.passed]}: {check.text}") for check in self.checks]


def diagnose(setup: Setup) -> Diagnosis:
    """Make every check, even if others fail."""
    setup = for_warehouse(setup)
    return Diagnosis(tuple(make_check(name, check, setup) for name, check in CHECKS.items()))


def make_check(name: str, check: Callable[[Setup], str], setup: Setup) -> Check:
    """Make one check."""
    try:
        return Check(name, True, check(setup))
    except (SparkifyError, OSError) as error:
        return Check(name, False, " ".join(str(error).split()))


def host_and_port(settings: Settings) -> tuple[str, int] | None:
    """The address of the cluster; None if the warehouse is not a cluster."""
    if warehouses.backend_of(settings.warehouse) != "redshift":
        return None
    url = sa.make_url(settings.warehouse)
    if not url.host:
        raise UsageError("the warehouse has no host; set HOST in [CLUSTER] (`create --write` does)")
    return url.host, url.port or settings.cluster_port


def for_warehouse(setup: Setup) -> Setup:
    """The set-up of the cluster that the warehouse's host names, because runs connect to it."""
    settings = setup.spec.settings
    if warehouses.backend_of(settings.warehouse) != "redshift":
        return setup
    endpoint = Endpoint.parse(sa.make_url(settings.warehouse).host)
    if endpoint.name is None:
        return setup
    kind = settings.cluster_type
    if endpoint.serverless:
        kind = "serverless"
    elif kind == "serverless":  # the host knows better
        kind = "single-node" if settings.cluster_nodes == 1 else "multi-node"
    settings = replace(settings, cluster=endpoint.name, cluster_type=kind)
    return Setup(setup.calls, replace(setup.spec, settings=settings))


def credentials(setup: Setup) -> str:
    """AWS accepts the credentials."""
    settings = setup.spec.settings
    locations = (settings.source, settings.songs, settings.events, settings.staging)
    in_s3 = any((location or "").startswith("s3:") for location in locations)
    if host_and_port(settings) is None and not in_s3:
        return "not needed: neither the lake nor the warehouse is at AWS"
    return str(setup.calls.identity["Arn"])


def lake_readable(setup: Setup) -> str:
    """The lake can be listed, and an object of each kind can be read."""
    lake = open_lake(setup.spec.settings)
    for kind, location in lake.locations.items():
        found = (each for each in location.scan(kind) if isinstance(each, LakeObject))
        item = next(found, None)
        if item is None:
            raise SparkifyError(f"no {kind} below {location.uri}")
        next(iter(location.fetch([item])))
    return lake.name


def staging_writable(setup: Setup) -> str:
    """An object can be written where parts and manifests go, and deleted again."""
    settings = setup.spec.settings
    staging = staging_uri(settings)
    if not staging:
        if host_and_port(settings) is None:
            return NO_CLUSTER
        raise SparkifyError("Redshift needs an S3 prefix for parts: set STAGING in [S3]")
    bucket, prefix = split(staging)
    key = "/".join(part for part in (prefix, f"doctor-{uuid.uuid4()}") if part)
    encrypted = aws.encryption(settings)
    setup.calls.send("s3", "put_object", {"Bucket": bucket, "Key": key, "Body": b"", **encrypted})
    setup.calls.send("s3", "delete_object", {"Bucket": bucket, "Key": key})
    if settings.staging:
        return staging
    return f"{staging}, because no staging prefix is set (STAGING): COPY reads the lake itself"


def role_assumable(setup: Setup) -> str:
    """The role exists, and Redshift may assume it."""
    if host_and_port(setup.spec.settings) is None:
        return NO_CLUSTER
    arn = role_arn(setup)
    answer = setup.calls.query("iam", "get_role", RoleName=arn.rpartition("/")[2])
    if answer is None:
        raise SparkifyError(f"{arn} does not exist; {FIX}")
    statements = answer["Role"]["AssumeRolePolicyDocument"]["Statement"]
    services = [each["Principal"].get("Service", ()) for each in statements]
    if not any("redshift.amazonaws.com" in service for service in services):
        raise SparkifyError(f"Redshift may not assume {arn}; {FIX}")
    return arn


def role_attached(setup: Setup) -> str:
    """The role is attached to the cluster."""
    if host_and_port(setup.spec.settings) is None:
        return NO_CLUSTER
    arn, compute = role_arn(setup), setup.compute
    state = compute.roles().get(arn)
    if state is None:
        raise SparkifyError(
            f"{arn} is not attached to {compute}; attach it, or set ARN in [IAM_ROLE] to a role"
            " that is"
        )
    if state != "in-sync":
        raise TryAgain(f"attaching {arn} to {compute} is {state}; try again in a minute")
    existing = compute.find()
    return f"{compute}, {compute.summary(existing)}" if existing else str(compute)


def role_arn(setup: Setup) -> str:
    """The ARN of the role that COPY uses."""
    return setup.spec.settings.iam_role or setup.role.arn


def reachable(setup: Setup) -> str:
    """The cluster answers, and its certificate is trusted and valid for its name."""
    address = host_and_port(setup.spec.settings)
    if address is None:
        return NO_CLUSTER
    host, port = address
    try:
        version = handshake(host, port)
    except ssl.SSLError as error:
        raise SparkifyError(f"{host}:{port} has no valid certificate: {error}") from error
    except OSError as error:
        raise TryAgain(
            f"{host}:{port} does not answer ({error}); is it paused? does --allow include your"
            " network? are you inside its VPC, or is it --public?"
        ) from error
    return f"{host}:{port}, {version}"


def schema_at_head(setup: Setup) -> str:
    """The schema has the installed version, or there is none yet."""
    settings = setup.spec.settings
    with warehouses.connect(settings.warehouse, settings) as opened:
        if not opened.exists():
            return f"{opened.url} does not exist yet; the first run creates it"
        with opened.reading(settings.lock_timeout) as connection:
            if schema.state(connection) is schema.State.EMPTY:
                return f"{opened.url} is empty; the first run creates the schema"
            schema.require(connection, opened.url)
        return f"{opened.url} is up to date"


CHECKS: dict[str, Callable[[Setup], str]] = {
    "credentials": credentials,
    "lake": lake_readable,
    "staging": staging_writable,
    "role": role_assumable,
    "attached": role_attached,
    "TLS": reachable,
    "schema": schema_at_head,
}
