"""What to create: the settings and the options of a cluster, validated before any call."""

import ipaddress
import re
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sparkify.errors import UsageError
from sparkify.settings import Settings

TAG = "sparkify:cluster"  # on every resource we create; others are never changed or deleted
LOGIN_RULE = (
    "it must have 8 to 64 ASCII characters, with a lower-case letter, an upper-case letter and a"
    " digit, and without spaces and ' \" \\ / @"
)
NODE_TYPES = re.compile(r"d[csw]\d\.", re.IGNORECASE)  # dc2, dc1, ds2 and older
NO_NODES = "AWS has discontinued the node types dc1, dc2 and ds2: no new cluster can have them"
WIDEST = 8  # a network with a shorter prefix is a large part of the Internet


@dataclass(frozen=True)
class Spec:
    """What to create or to delete.

    Attributes:
        settings: names, sizes and locations.
        allow: the one network that may connect, as a CIDR; None if nothing is created.
        public: give the cluster an address outside its VPC.
        snapshot: make a final snapshot before the cluster is deleted.
    """

    settings: Settings
    allow: str | None = None
    public: bool = False
    snapshot: bool = True

    @property
    def name(self) -> str:
        """The name of the cluster, from which other names are derived."""
        return self.settings.cluster

    @property
    def serverless(self) -> bool:
        """Whether it is a serverless namespace and workgroup, not a provisioned cluster."""
        return self.settings.cluster_type == "serverless"

    def tags(self, caller: str) -> dict[str, str]:
        """The tags of every resource.

        Args:
            caller: the owner if the settings name none.
        """
        expires = datetime.now(UTC) + timedelta(hours=self.settings.cluster_hours)
        owner = self.settings.cluster_owner or caller
        return {
            TAG: self.name,
            "sparkify:owner": re.sub(r"[^\w .:/=+@-]", "-", owner, flags=re.ASCII)[:255],
            "sparkify:expires": expires.isoformat(timespec="minutes"),
        }


def validate(settings: Settings) -> None:
    """Reject settings that no cluster can have.

    Raises:
        UsageError: naming the key of dwh.cfg.
    """
    if not re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]{1,61}[a-z0-9]", settings.cluster):
        raise UsageError(
            f"DWH_CLUSTER_IDENTIFIER is {settings.cluster!r}: it must have 3 to 63 letters, digits"
            " and single hyphens, and start with a letter"
        )
    fits = {"single-node": settings.cluster_nodes == 1, "multi-node": settings.cluster_nodes > 1}
    if not fits.get(settings.cluster_type, True):
        raise UsageError(
            f"DWH_CLUSTER_TYPE is {settings.cluster_type} and DWH_NUM_NODES is"
            f" {settings.cluster_nodes}: single-node needs 1, multi-node at least 2"
        )
    if settings.cluster_password is not None and not is_valid_password(settings.cluster_password):
        raise UsageError(f"DWH_DB_PASSWORD is not a valid password for Redshift: {LOGIN_RULE}")


def is_discontinued(node_type: str) -> bool:
    """Whether AWS has discontinued a node type.

    >>> is_discontinued("dc2.large"), is_discontinued("ra3.large")
    (True, False)
    """
    return NODE_TYPES.match(node_type) is not None


def is_valid_password(password: str) -> bool:
    """Whether Redshift accepts a password.

    >>> is_valid_password("Passw0rd")
    True
    >>> is_valid_password("password"), is_valid_password("Pass/w0rd")
    (False, False)
    """
    allowed = re.fullmatch(r"[!-~]{8,64}", password) and not set(password) & set("'\"\\/@")
    return bool(allowed) and all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", r"\d"))


def new_password() -> str:
    """A random password of 40 letters and digits."""
    alphabet = string.ascii_letters + string.digits
    while True:
        password = "".join(secrets.choice(alphabet) for _ in range(40))
        if is_valid_password(password):
            return password


def parse_network(allow: str | None, *, open_to_the_world: bool = False) -> str:
    """The network that may connect, as a CIDR.

    >>> parse_network("203.0.113.5"), parse_network("10.0.0.0/16")
    ('203.0.113.5/32', '10.0.0.0/16')

    Raises:
        UsageError: it is missing, not valid, or most of the Internet, which needs a second option.
    """
    if not allow:
        raise UsageError("--allow is missing: name the network that may connect, 203.0.113.5/32")
    try:
        network = ipaddress.ip_network(allow)
    except ValueError as error:
        raise UsageError(f"--allow {allow} is not a valid network: {error}") from None
    if network.prefixlen < WIDEST and not open_to_the_world:
        raise UsageError(
            f"--allow {allow} opens the cluster to the world: name your own network, or add"
            " --open-to-the-world"
        )
    return str(network)
