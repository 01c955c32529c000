"""Whether a run would work, checked before it: a line each, and what to do about a failure."""

import ssl
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from sparkify import warehouses
from sparkify.cluster.setup import Setup
from sparkify.cluster.tls import greet
from sparkify.errors import SparkifyError, TryAgain, UsageError
from sparkify.lake.locations import open_lake
from sparkify.lake.s3 import split
from sparkify.models import schema
from sparkify.report import Shown
from sparkify.settings import Settings

MEND = "`sparkify cluster create` mends it"


@dataclass(frozen=True)
class Check:
    """One thing that a run needs, and what was found: a detail, or what is wrong."""

    name: str
    passed: bool
    text: str


@dataclass(frozen=True)
class Diagnosis(Shown):
    """All that was checked."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether a run would work."""
        return all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis for programs, of plain values only."""
        return {"passed": self.passed, "checks": [asdict(check) for check in self.checks]}

    def lines(self) -> list[tuple[str, str]]:
        """The diagnosis for people."""
        word = {True: "passed", False: "FAILED"}
        return [(check.name, f"{word[check.passed]}: {check.text}") for check in self.checks]


def examine(setup: Setup) -> Diagnosis:
    """Check everything, each thing whatever became of the others."""
    setup = of_warehouse(setup)
    return Diagnosis(tuple(checked(name, check, setup) for name, check in CHECKS.items()))


def checked(name: str, check: Callable[[Setup], str], setup: Setup) -> Check:
    """The outcome of one check."""
    try:
        return Check(name, True, check(setup))
    except (SparkifyError, OSError) as error:
        return Check(name, False, " ".join(str(error).split()))


def host_and_port(settings: Settings) -> tuple[str, int] | None:
    """Where the cluster of the settings is; None when the warehouse is no cluster."""
    if warehouses.backend_of(settings.warehouse) != "redshift":
        return None
    url = sa.make_url(settings.warehouse)
    if not url.host:
        raise UsageError("the warehouse has no host: set HOST in [CLUSTER]; `create --write` does")
    return url.host, url.port or settings.cluster_port


def of_warehouse(setup: Setup) -> Setup:
    """The set-up of the cluster that the warehouse's address names, as runs go there."""
    if warehouses.backend_of(setup.wanted.settings.warehouse) != "redshift":
        return setup
    host = sa.make_url(setup.wanted.settings.warehouse).host or ""
    if not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return setup
    kind = {"cluster_type": "serverless"} if "redshift-serverless" in host else {}
    settings = replace(setup.wanted.settings, cluster=host.partition(".")[0], **kind)  # type: ignore[arg-type]
    return Setup(setup.calls, replace(setup.wanted, settings=settings))


def credentials(setup: Setup) -> str:
    """Somebody is signed in."""
    settings = setup.wanted.settings
    places = (settings.source, settings.songs, settings.events, settings.staging)
    if host_and_port(settings) is None and not any((at or "").startswith("s3:") for at in places):
        return "not needed: nothing is at AWS"
    return str(setup.calls.identity["Arn"])


def lake_readable(setup: Setup) -> str:
    """The lake can be listed, and an object of each kind be read."""
    lake = open_lake(setup.wanted.settings)
    for kind, place in lake.locations.items():
        item = next((found for found in place.scan(kind) if found), None)
        if item is None:
            raise SparkifyError(f"no {kind} below {place.uri}")
        next(iter(place.fetch([item])))
    return lake.name


def staging_writable(setup: Setup) -> str:
    """An object can be put below the staging prefix, and be deleted again."""
    staging = setup.wanted.settings.staging
    if not staging:
        return "no staging prefix is set (STAGING): COPY reads the lake itself"
    bucket, prefix = split(staging)
    key = "/".join(part for part in (prefix, f"doctor-{uuid.uuid4()}") if part)
    setup.calls.send("s3", "put_object", {"Bucket": bucket, "Key": key, "Body": b""})
    setup.calls.send("s3", "delete_object", {"Bucket": bucket, "Key": key})
    return staging


def role_assumable(setup: Setup) -> str:
    """The role is there, and Redshift may assume it."""
    if host_and_port(setup.wanted.settings) is None:
        return "not needed: the warehouse is no cluster"
    arn = role_arn(setup)
    answer = setup.calls.look("iam", "get_role", RoleName=arn.rpartition("/")[2])
    if answer is None:
        raise SparkifyError(f"{arn} is not there; {MEND}")
    statements = answer["Role"]["AssumeRolePolicyDocument"]["Statement"]
    services = [each["Principal"].get("Service", ()) for each in statements]
    if not any("redshift.amazonaws.com" in service for service in services):
        raise SparkifyError(f"Redshift may not assume {arn}; {MEND}")
    return arn


def role_attached(setup: Setup) -> str:
    """The role is attached to the cluster."""
    if host_and_port(setup.wanted.settings) is None:
        return "not needed: the warehouse is no cluster"
    arn, compute = role_arn(setup), setup.compute
    state = compute.roles().get(arn)
    if state is None:
        raise SparkifyError(f"{arn} is not attached to {compute}; attach it, or name one that is")
    if state != "in-sync":
        raise TryAgain(f"{arn} is {state} at {compute}; try again in a minute")
    return str(compute)


def role_arn(setup: Setup) -> str:
    """The role that COPY is given."""
    return setup.wanted.settings.iam_role or setup.role.arn


def reachable(setup: Setup) -> str:
    """The cluster answers, and shows a certificate that is good for its name."""
    where = host_and_port(setup.wanted.settings)
    if where is None:
        return "not needed: the warehouse is no cluster"
    host, port = where
    try:
        version = greet(host, port)
    except ssl.SSLError as error:
        raise SparkifyError(f"{host}:{port} has no good certificate: {error}") from error
    except OSError as error:
        raise TryAgain(
            f"{host}:{port} does not answer ({error}); is it paused, is your network the one of"
            " --allow, and is it --public or are you inside its VPC?"
        ) from error
    return f"{host}:{port}, {version}"


def schema_at_head(setup: Setup) -> str:
    """The schema is this version's, or there is none yet."""
    settings = setup.wanted.settings
    with warehouses.connect(settings.warehouse, settings) as opened:
        if not opened.exists():
            return f"{opened.url} is not there yet; the first run makes it"
        with opened.reading(settings.lock_timeout) as connection:
            if schema.state(connection) is schema.State.EMPTY:
                return f"{opened.url} is empty; the first run makes the schema"
            schema.require(connection, opened.url)
        return f"{opened.url} is at head"


CHECKS: dict[str, Callable[[Setup], str]] = {
    "credentials": credentials,
    "lake": lake_readable,
    "staging": staging_writable,
    "role": role_assumable,
    "attached": role_attached,
    "TLS": reachable,
    "schema": schema_at_head,
}
