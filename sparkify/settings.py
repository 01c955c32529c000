"""Every setting, declared once: its name, default, sources, and how its text is parsed.

`config` gathers the values, the command line and `docs/settings.md` take the help texts from here,
and a test holds the parameters of `pipeline.run` against this list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sparkify.masking import MASK, mask, mask_url
from sparkify.values import (
    CLUSTER_TYPES,
    Threshold,
    parse_cluster_type,
    parse_copy,
    parse_count,
    parse_forget_key,
    parse_kms_key,
    parse_new_fields,
    parse_path,
    parse_port,
    parse_positive,
    parse_seconds,
)

DEFAULT_WAREHOUSE = "duckdb:///sparkify.duckdb"
Key = tuple[str, str]  # a section and a key of dwh.cfg


@dataclass(frozen=True)
class Option:
    """Where a setting may come from besides an argument, and how its text is parsed.

    Attributes:
        name: the setting, as an argument and in `config`.
        help: one sentence for people.
        keys: the sections and keys of dwh.cfg that give it a value, the first before the others.
        listed: whether it has an environment variable, too.
        parse: turns its text into its value; raises ValueError with what the text must be.
        secret: never shown.
    """

    name: str
    help: str
    keys: tuple[Key, ...]
    listed: bool
    parse: Callable[[str], object] = str
    secret: bool = False

    @property
    def environment(self) -> str | None:
        """The name of its environment variable."""
        return f"SPARKIFY_{self.name.upper()}" if self.listed else None

    def shown(self, value: object) -> str | None:
        """A value of the setting as text, with its secrets hidden."""
        if value is None:
            return None
        return MASK if self.secret else mask(mask_url(str(value)))


def setting(help: str, *keys: str, default: object = None, listed: bool = True, **how: Any) -> Any:
    """A field of `Settings` with its `Option`; `keys` as "SECTION KEY"."""
    pairs = tuple(tuple(key.split()) for key in keys)
    metadata = {"help": help, "keys": pairs, "listed": listed, **how}
    return field(default=default, metadata=metadata)


def in_file(help: str, *keys: str, **how: Any) -> Any:
    """A setting without an environment variable of its own."""
    return setting(help, *keys, listed=False, **how)


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """The settings of one call.

    Attributes:
        origins: where each came from.
        unknown: the keys of dwh.cfg that are not settings.
        warnings: what a run should tell about the configuration file.
    """

    source: str | None = setting("The lake: a folder or s3://bucket/prefix.")
    songs: str | None = setting(
        "Where the song records are, if not in song_data below the source.", "S3 SONG_DATA"
    )
    events: str | None = setting(
        "Where the event records are, if not in log_data below the source.", "S3 LOG_DATA"
    )
    warehouse: str = setting(
        "A SQLAlchemy URL, such as duckdb:///sparkify.duckdb.",
        "CLUSTER HOST",
        "DWH DWH_ENDPOINT",
        default=DEFAULT_WAREHOUSE,
    )
    staging: str | None = setting(
        "Redshift: the s3://bucket/prefix to which the parts of a load are uploaded.", "S3 STAGING"
    )
    copy: str | None = setting('Redshift: "staged" or "direct".', parse=parse_copy)
    iam_role: str | None = setting(
        "Redshift: the role with which the cluster reads S3; by default its default role.",
        "IAM_ROLE ARN",
        "DWH DWH_ROLE_ARN",
    )
    region: str | None = setting(
        "The AWS region, if AWS's own chain has none.", "S3 REGION", "AWS REGION"
    )
    kms_key: str | None = setting(
        "Redshift: the ARN of the KMS key for uploads and exports; then those of the lake.",
        "S3 KMS_KEY",
        "S3 KMS_KEY_ID",
        "AWS KMS_KEY_ID",
        parse=parse_kms_key,
    )
    max_rejects: Threshold = setting(
        "Rejected records allowed: N or P%; above that nothing is published.",
        default=Threshold(),
        parse=Threshold.parse,
    )
    new_fields: str = setting(
        "Fields that no column takes: keep (in `extra`), report, or reject (the record).",
        default="keep",
        parse=parse_new_fields,
    )
    lock_timeout: float = setting(
        "Seconds to wait for another run or a reader.", default=60.0, parse=parse_seconds
    )
    publish: str | None = setting(
        "DuckDB: the file for a read-only copy after each load, which readers then use.",
        "DUCKDB PUBLISH",
        parse=parse_path,
    )
    log_jsonpath: str | None = in_file(
        "Redshift, direct: your JSONPaths file for events.", "S3 LOG_JSONPATH"
    )
    forget_key: str | None = setting(
        "The secret by which forgotten users are recognised, at least 16 characters.",
        "FORGET SECRET",
        parse=parse_forget_key,
        secret=True,
    )
    extensions: str | None = setting(
        "Python modules with a team's own columns, tables and questions, separated by commas.",
        "SPARKIFY EXTENSIONS",
    )
    migrations: str | None = setting(
        "Folders with a team's own schema revisions, separated as those of PATH.",
        "SPARKIFY MIGRATIONS",
    )
    tls: bool = in_file("Verify the certificate of a Redshift cluster.", default=True)
    aws_key: str | None = in_file("An AWS access key; a profile is safer.", "AWS KEY")
    aws_secret: str | None = in_file("The secret of that key.", "AWS SECRET", secret=True)
    aws_token: str | None = in_file(
        "The session token of that key, if the key is a temporary one.",
        "AWS TOKEN",
        "AWS SESSION_TOKEN",
        secret=True,
    )
    cluster: str = in_file(
        "Cluster name.", "DWH DWH_CLUSTER_IDENTIFIER", default="sparkify", parse=str.lower
    )
    cluster_type: str = in_file(
        f"One of {', '.join(CLUSTER_TYPES)}.",
        "DWH DWH_CLUSTER_TYPE",
        default="single-node",
        parse=parse_cluster_type,
    )
    cluster_nodes: int = in_file(
        "Number of nodes.", "DWH DWH_NUM_NODES", default=1, parse=parse_count
    )
    cluster_node_type: str = in_file("Node type.", "DWH DWH_NODE_TYPE", default="ra3.large")
    cluster_capacity: int = in_file(
        "Serverless: base RPU.", "DWH DWH_BASE_CAPACITY", default=8, parse=parse_count
    )
    cluster_role: str = in_file(
        "Name of the cluster's role.", "DWH DWH_IAM_ROLE_NAME", default="sparkify-redshift"
    )
    cluster_database: str = in_file(
        "Database name.", "DWH DWH_DB", "DWH DWH_DB_NAME", default="sparkify", parse=str.lower
    )
    cluster_user: str = in_file(
        "Administrator's name.", "DWH DWH_DB_USER", default="awsuser", parse=str.lower
    )
    cluster_password: str | None = in_file(
        "Administrator's password; by default a new one.", "DWH DWH_DB_PASSWORD", secret=True
    )
    cluster_port: int = in_file("Port.", "DWH DWH_PORT", default=5439, parse=parse_port)
    cluster_subnet_group: str | None = in_file(
        "Subnet group; by default the default VPC.", "DWH DWH_SUBNET_GROUP"
    )
    cluster_owner: str | None = in_file("Owner (a tag); by default the caller.", "DWH DWH_OWNER")
    cluster_hours: float = in_file(
        "Planned lifetime (a tag).", "DWH DWH_HOURS", default=24.0, parse=parse_positive
    )
    cluster_price: float | None = in_file(
        "Price of a node for an hour, for the cost so far.", "DWH DWH_PRICE", parse=parse_positive
    )
    origins: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self.masked().items())
        return f"Settings({', '.join(shown)})"

    def masked(self) -> dict[str, str | None]:
        """Each setting as text, with its secrets hidden."""
        return {name: option.shown(getattr(self, name)) for name, option in OPTIONS.items()}


OPTIONS = {
    each.name: Option(each.name, **each.metadata) for each in fields(Settings) if each.metadata
}
