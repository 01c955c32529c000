"""What is asked for: the settings and the options of a cluster, checked before any call."""

import ipaddress
import re
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sparkify.errors import UsageError
from sparkify.settings import Settings

TAG = "sparkify:cluster"  # on all that is made: nothing without it is changed or removed
LOGIN_RULE = (
    "Redshift wants 8 to 64 ASCII characters, with a small letter, a capital and a digit,"
    " and without blanks and ' \" \\ / @"
)
WORLD = 8  # a network with a shorter prefix is a good part of the Internet


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        settings: its names, sizes and places.
        allow: the one network that may connect, as a CIDR; None where nothing is to be made.
        public: whether the cluster has an address outside its VPC.
        snapshot: whether a last snapshot is made before it is deleted.
    """

    settings: Settings
    allow: str | None = None
    public: bool = False
    snapshot: bool = True

    @property
    def name(self) -> str:
        """The name of the cluster, and the stem of the other names."""
        return self.settings.cluster

    @property
    def serverless(self) -> bool:
        """Whether it is a namespace and a workgroup instead of a cluster."""
        return self.settings.cluster_type == "serverless"

    def tags(self, caller: str) -> dict[str, str]:
        """What is written on all that is made.

        Args:
            caller: who makes it, for when the settings name no owner.
        """
        expires = datetime.now(UTC) + timedelta(hours=self.settings.cluster_hours)
        owner = self.settings.cluster_owner or caller
        return {
            TAG: self.name,
            "sparkify:owner": re.sub(r"[^\w .:/=+@-]", "-", owner, flags=re.ASCII)[:255],
            "sparkify:expires": expires.isoformat(timespec="minutes"),
        }


def check(settings: Settings) -> None:
    """Refuse settings that no cluster can have.

    Raises:
        UsageError: naming the key of dwh.cfg.
    """
    if not re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]{1,61}[a-z0-9]", settings.cluster):
        raise UsageError(
            f"DWH_CLUSTER_IDENTIFIER is {settings.cluster!r}: 3 to 63 letters, digits and single"
            " hyphens, the first one a letter"
        )
    fits = {"single-node": settings.cluster_nodes == 1, "multi-node": settings.cluster_nodes > 1}
    if not fits.get(settings.cluster_type, True):
        raise UsageError(
            f"DWH_CLUSTER_TYPE is {settings.cluster_type} and DWH_NUM_NODES is"
            f" {settings.cluster_nodes}: single-node has 1, multi-node at least 2"
        )
    if settings.cluster_password is not None and not acceptable(settings.cluster_password):
        raise UsageError(f"DWH_DB_PASSWORD cannot be used: {LOGIN_RULE}")


def acceptable(password: str) -> bool:
    """Whether Redshift takes a password.

    >>> acceptable("Passw0rd"), acceptable("password"), acceptable("Pass/w0rd")
    (True, False, False)
    """
    allowed = re.fullmatch(r"[!-~]{8,64}", password) and not set(password) & set("'\"\\/@")
    return bool(allowed) and all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", r"\d"))


def new_password() -> str:
    """A password of 40 letters and digits."""
    alphabet = string.ascii_letters + string.digits
    while True:
        password = "".join(secrets.choice(alphabet) for _ in range(40))
        if acceptable(password):
            return password


def network(allow: str | None, *, open_to_the_world: bool = False) -> str:
    """The network that may connect, as a CIDR.

    >>> network("203.0.113.5"), network("10.0.0.0/16")
    ('203.0.113.5/32', '10.0.0.0/16')

    Raises:
        UsageError: none is named, it is no network, or it is the world and that was not asked for.
    """
    if not allow:
        raise UsageError("--allow is missing: name the network that may connect, 203.0.113.5/32")
    try:
        found = ipaddress.ip_network(allow)
    except ValueError as error:
        raise UsageError(f"--allow {allow} is no network: {error}") from None
    if found.prefixlen < WORLD and not open_to_the_world:
        raise UsageError(
            f"--allow {allow} lets the world in: name your own network, or say"
            " --open-to-the-world as well"
        )
    return str(found)
