"""The settings there are: how each is named, where it may stand, and how its text is read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Threshold:
    """How many refused records a run may have and still publish.

    Attributes:
        records: at most so many; None: no such limit.
        percent: at most so many percent of the records read; None: no such limit.

    With both, a run stops only when both are passed (the default: 10 records and 1 %).
    """

    records: int | None = 10
    percent: float | None = 1.0

    @classmethod
    def parse(cls, text: str) -> "Threshold":
        """Read `N` or `P%`."""
        if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip()):
            return cls(records=None, percent=float(match[1]))
        if re.fullmatch(r"\d+", text.strip()):
            return cls(records=int(text), percent=None)
        raise ValueError("give a count like 100 or a share like 0.5%")

    def allows(self, rejected: int, read: int) -> bool:
        """Whether a run that refused `rejected` of `read` records may publish."""
        within = []
        if self.records is not None:
            within.append(rejected <= self.records)
        if self.percent is not None:
            within.append(rejected * 100 <= self.percent * read)
        return any(within)

    def __str__(self) -> str:
        parts = [str(self.records)] if self.records is not None else []
        parts += [f"{self.percent:g}%"] if self.percent is not None else []
        return " and ".join(parts)


def parse_seconds(text: str) -> float:
    """Read a number of seconds, 0 or more."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise ValueError("give a number of seconds, 0 or more")
    return seconds


def parse_copy(text: str) -> str:
    """Read a way to COPY into Redshift."""
    if text not in ("staged", "direct"):
        raise ValueError("choose staged or direct")
    return text


def parse_positive(text: str) -> float:
    """Read a number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise ValueError("give a number above 0")
    return number


def parse_count(text: str) -> int:
    """Read a whole number above 0."""
    if not re.fullmatch(r"0*[1-9]\d{0,8}", text.strip()):
        raise ValueError("give a whole number above 0")
    return int(text)


def parse_cluster_type(text: str) -> str:
    """Read what kind of cluster it is to be."""
    if text not in CLUSTER_TYPES:
        raise ValueError(f"choose one of {', '.join(CLUSTER_TYPES)}")
    return text


class Option(NamedTuple):
    """One setting: its name, where else than in the call it may stand, and how it is read."""

    name: str
    environment: str | None = None
    in_file: tuple[str, str] | None = None
    parse: Callable[[str], Any] = str
    default: Any = None
    secret: bool = False


CLUSTER_TYPES = ("single-node", "multi-node", "serverless")
CLUSTER_OPTIONS = (
    Option("cluster", None, ("DWH", "DWH_CLUSTER_IDENTIFIER"), str.lower, "sparkify"),
    Option("cluster_type", None, ("DWH", "DWH_CLUSTER_TYPE"), parse_cluster_type, "single-node"),
    Option("cluster_nodes", None, ("DWH", "DWH_NUM_NODES"), parse_count, 1),
    Option("cluster_node_type", None, ("DWH", "DWH_NODE_TYPE"), default="ra3.large"),
    Option("cluster_capacity", None, ("DWH", "DWH_BASE_CAPACITY"), parse_count, 8),
    Option("cluster_role", None, ("DWH", "DWH_IAM_ROLE_NAME"), default="sparkify-redshift"),
    Option("cluster_database", None, ("DWH", "DWH_DB"), str.lower, "sparkify"),
    Option("cluster_user", None, ("DWH", "DWH_DB_USER"), str.lower, "awsuser"),
    Option("cluster_password", None, ("DWH", "DWH_DB_PASSWORD"), secret=True),
    Option("cluster_port", None, ("DWH", "DWH_PORT"), parse_count, 5439),
    Option("cluster_subnet_group", None, ("DWH", "DWH_SUBNET_GROUP")),
    Option("cluster_owner", None, ("DWH", "DWH_OWNER")),
    Option("cluster_hours", None, ("DWH", "DWH_HOURS"), parse_positive, 24.0),
    Option("cluster_price", None, ("DWH", "DWH_PRICE"), parse_positive),
)
