"""The URL of the cluster that dwh.cfg describes, and what is odd about the file."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

from sparkify.config.file import ConfigFile
from sparkify.errors import UsageError
from sparkify.masking import mask_url
from sparkify.settings import Key
from sparkify.values import parse_port

HOST, ENDPOINT = ("CLUSTER", "HOST"), ("DWH", "DWH_ENDPOINT")
SECRET: Key = ("CLUSTER", "DB_SECRET")  # in Secrets Manager: its ARN or its name
#: the keys beside the host, the first before the others; those of [DWH] only with DWH_ENDPOINT
BESIDE: dict[str, tuple[Key, ...]] = {
    "port": (("CLUSTER", "DB_PORT"), ("DWH", "DWH_PORT")),
    "database": (("CLUSTER", "DB_NAME"), ("DWH", "DWH_DB"), ("DWH", "DWH_DB_NAME")),
    "user": (("CLUSTER", "DB_USER"), ("DWH", "DWH_DB_USER")),
    "password": (("CLUSTER", "DB_PASSWORD"), ("DWH", "DWH_DB_PASSWORD")),
    "secret": (SECRET,),
}
KEYS = {HOST, ENDPOINT, *(key for keys in BESIDE.values() for key in keys)}
NAME_OF_WAREHOUSE = "{warehouse}"  # stands for its URL in a warning
DEFAULT_PORT, DEFAULT_DATABASE = 5439, "dev"


class Given(NamedTuple):
    """A value of the file, and its key."""

    key: Key
    value: str


def cluster_url(file: ConfigFile, host: Key) -> str:
    """The URL of the cluster whose host is in `host`.

    The host may be the endpoint as AWS shows it, `host:port/database`.

    Raises:
        UsageError: a value is invalid; the message names its key.
    """
    beside = {part: first(file, keys, host) for part, keys in BESIDE.items()}
    name, port, database = split(file, host)
    if (given := beside["port"]).value:
        try:
            port = parse_port(given.value)
        except ValueError as error:
            raise invalid(file, given, str(error)) from None
    for part in ("database", "user"):
        if re.search(r"^<.*>$|://|@.*:|:.*@", (given := beside[part]).value):
            raise invalid(file, given, f"must be the name of a {part}")
    user, password = (quote(beside[part].value, safe="") for part in ("user", "password"))
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    path = quote(beside["database"].value or database or DEFAULT_DATABASE, safe="")
    secret = quote(beside["secret"].value, safe="")
    query = f"?secret={secret}" if secret and not password else ""
    return f"redshift+redshift_connector://{login}{name}:{port or DEFAULT_PORT}/{path}{query}"


def first(file: ConfigFile, keys: tuple[Key, ...], host: Key) -> Given:
    """The first value that is given beside a host."""
    wanted = [key for key in keys if key[0] == "CLUSTER" or host == ENDPOINT]
    return next((Given(key, text) for key in wanted if (text := file.get(key))), Given(keys[0], ""))


def split(file: ConfigFile, host: Key) -> tuple[str, int | None, str]:
    """The name, port and database in the value of a host."""
    text = file.get(host)
    match = re.fullmatch(r"([\w.-]+|\[[\da-fA-F:]+\])(?::(\d+))?(?:/([\w$-]*))?", text)
    if not match:
        example = "cluster.abc.us-west-2.redshift.amazonaws.com"
        raise invalid(file, Given(host, text), f"must be a host name, such as {example}")
    name, port, database = match.groups()
    try:
        return name, parse_port(port) if port else None, database or ""
    except ValueError as error:
        raise invalid(file, Given(host, text), str(error)) from None


def invalid(file: ConfigFile, given: Given, fault: str) -> UsageError:
    """The error for an invalid value."""
    return UsageError(f"{file.label(given.key)} is {mask_url(given.value)!r}: {fault}")


def oddities(file: ConfigFile, *, needs_host: bool) -> tuple[str, ...]:
    """What a run should tell about the file."""
    hostless = no_host(file) if needs_host else ()
    return (*file.warnings, *half_key(file), *hostless)


def no_host(file: ConfigFile) -> Iterator[str]:
    """A warning if the file describes a cluster, but not its host."""
    if any(section == "CLUSTER" for section, _ in file.values):
        fault = "empty" if HOST in file.values else "missing"
        yield f"{file.label(HOST)} is {fault}; the warehouse is {NAME_OF_WAREHOUSE}"


def half_key(file: ConfigFile) -> Iterator[str]:
    """A warning if an AWS key has no secret, or a secret no key: then neither is used."""
    there, gone = "KEY", "SECRET"
    if not file.values.get(("AWS", there)):
        there, gone = gone, there
    if file.values.get(("AWS", there)) and not file.values.get(("AWS", gone)):
        used = "it is not used; AWS's own credentials are"
        yield f"{file.name} [AWS] has {there} but no {gone}: {used}"
