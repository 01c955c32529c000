"""Every setting, declared once: its name, default, sources, and how its text is parsed.

`config` gathers the values, the command line and `docs/settings.md` take the help texts from here,
and a test holds the parameters of `pipeline.run` against this list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from sparkify.option import Key, Option, setting
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

__all__ = ["DEFAULT_WAREHOUSE", "OPTIONS", "Key", "Option", "Settings"]

DEFAULT_WAREHOUSE = "duckdb:///sparkify.duckdb"


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """The settings of one call.

    Attributes:
        origins: where each came from.
        unknown: the keys of dwh.cfg that are not settings.
        warnings: what a run should tell about the configuration file.
    """

    source: str | None = setting(
        None, "SPARKIFY_SOURCE", help="The lake: a folder or s3://bucket/prefix."
    )
    songs: str | None = setting(
        None,
        "SPARKIFY_SONGS",
        ("S3", "SONG_DATA"),
        help="Where the song records are, if not in song_data below the source.",
    )
    events: str | None = setting(
        None,
        "SPARKIFY_EVENTS",
        ("S3", "LOG_DATA"),
        help="Where the event records are, if not in log_data below the source.",
    )
    warehouse: str = setting(
        DEFAULT_WAREHOUSE,
        "SPARKIFY_WAREHOUSE",
        ("CLUSTER", "HOST"),
        also=(("DWH", "DWH_ENDPOINT"),),
        help="A SQLAlchemy URL, such as duckdb:///sparkify.duckdb.",
    )
    staging: str | None = setting(
        None,
        "SPARKIFY_STAGING",
        ("S3", "STAGING"),
        help="Redshift: the s3://bucket/prefix to which the parts of a load are uploaded.",
    )
    copy: str | None = setting(
        None, "SPARKIFY_COPY", parse=parse_copy, help='Redshift: "staged" or "direct".'
    )
    iam_role: str | None = setting(
        None,
        "SPARKIFY_IAM_ROLE",
        ("IAM_ROLE", "ARN"),
        also=(("DWH", "DWH_ROLE_ARN"),),
        help="Redshift: the role with which the cluster reads S3; by default its default role.",
    )
    region: str | None = setting(
        None,
        "SPARKIFY_REGION",
        ("S3", "REGION"),
        also=(("AWS", "REGION"),),
        help="The AWS region, if AWS's own chain has none.",
    )
    kms_key: str | None = setting(
        None,
        "SPARKIFY_KMS_KEY",
        ("S3", "KMS_KEY"),
        also=(("S3", "KMS_KEY_ID"), ("AWS", "KMS_KEY_ID")),
        parse=parse_kms_key,
        help="Redshift: the ARN of the KMS key for uploads and exports; then those of the lake.",
    )
    max_rejects: Threshold = setting(
        Threshold(),
        "SPARKIFY_MAX_REJECTS",
        parse=Threshold.parse,
        help="Rejected records allowed: N or P%; above that nothing is published.",
    )
    new_fields: str = setting(
        "keep",
        "SPARKIFY_NEW_FIELDS",
        parse=parse_new_fields,
        help="Fields that no column takes: keep (in `extra`), report, or reject (the record).",
    )
    lock_timeout: float = setting(
        60.0,
        "SPARKIFY_LOCK_TIMEOUT",
        parse=parse_seconds,
        help="Seconds to wait for another run or a reader.",
    )
    publish: str | None = setting(
        None,
        "SPARKIFY_PUBLISH",
        ("DUCKDB", "PUBLISH"),
        parse=parse_path,
        help="DuckDB: the file for a read-only copy after each load, which readers then use.",
    )
    log_jsonpath: str | None = setting(
        None, None, ("S3", "LOG_JSONPATH"), help="Redshift, direct: your JSONPaths file for events."
    )
    forget_key: str | None = setting(
        None,
        "SPARKIFY_FORGET_KEY",
        ("FORGET", "SECRET"),
        parse=parse_forget_key,
        secret=True,
        help="The secret by which forgotten users are recognised, at least 16 characters.",
    )
    extensions: str | None = setting(
        None,
        "SPARKIFY_EXTENSIONS",
        ("SPARKIFY", "EXTENSIONS"),
        help="Python modules with a team's own columns, tables and questions, separated by commas.",
    )
    migrations: str | None = setting(
        None,
        "SPARKIFY_MIGRATIONS",
        ("SPARKIFY", "MIGRATIONS"),
        help="Folders with a team's own schema revisions, separated as those of PATH.",
    )
    tls: bool = setting(True, help="Verify the certificate of a Redshift cluster.")
    aws_key: str | None = setting(
        None, None, ("AWS", "KEY"), help="An AWS access key; a profile is safer."
    )
    aws_secret: str | None = setting(
        None, None, ("AWS", "SECRET"), secret=True, help="The secret of that key."
    )
    aws_token: str | None = setting(
        None,
        None,
        ("AWS", "TOKEN"),
        also=(("AWS", "SESSION_TOKEN"),),
        secret=True,
        help="The session token of that key, if the key is a temporary one.",
    )
    cluster: str = setting(
        "sparkify", None, ("DWH", "DWH_CLUSTER_IDENTIFIER"), parse=str.lower, help="Cluster name."
    )
    cluster_type: str = setting(
        "single-node",
        None,
        ("DWH", "DWH_CLUSTER_TYPE"),
        parse=parse_cluster_type,
        help=f"One of {', '.join(CLUSTER_TYPES)}.",
    )
    cluster_nodes: int = setting(
        1, None, ("DWH", "DWH_NUM_NODES"), parse=parse_count, help="Number of nodes."
    )
    cluster_node_type: str = setting("ra3.large", None, ("DWH", "DWH_NODE_TYPE"), help="Node type.")
    cluster_capacity: int = setting(
        8, None, ("DWH", "DWH_BASE_CAPACITY"), parse=parse_count, help="Serverless: base RPU."
    )
    cluster_role: str = setting(
        "sparkify-redshift", None, ("DWH", "DWH_IAM_ROLE_NAME"), help="Name of the cluster's role."
    )
    cluster_database: str = setting(
        "sparkify",
        None,
        ("DWH", "DWH_DB"),
        also=(("DWH", "DWH_DB_NAME"),),
        parse=str.lower,
        help="Database name.",
    )
    cluster_user: str = setting(
        "awsuser", None, ("DWH", "DWH_DB_USER"), parse=str.lower, help="Administrator's name."
    )
    cluster_password: str | None = setting(
        None,
        None,
        ("DWH", "DWH_DB_PASSWORD"),
        secret=True,
        help="Administrator's password; by default a new one.",
    )
    cluster_port: int = setting(5439, None, ("DWH", "DWH_PORT"), parse=parse_port, help="Port.")
    cluster_subnet_group: str | None = setting(
        None, None, ("DWH", "DWH_SUBNET_GROUP"), help="Subnet group; by default the default VPC."
    )
    cluster_owner: str | None = setting(
        None, None, ("DWH", "DWH_OWNER"), help="Owner (a tag); by default the caller."
    )
    cluster_hours: float = setting(
        24.0, None, ("DWH", "DWH_HOURS"), parse=parse_positive, help="Planned lifetime (a tag)."
    )
    cluster_price: float | None = setting(
        None,
        None,
        ("DWH", "DWH_PRICE"),
        parse=parse_positive,
        help="Price of a node for an hour, for the cost so far.",
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
