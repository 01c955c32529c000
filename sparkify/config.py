"""Settings: argument > environment > dwh.cfg > default, each with the place it came from."""

import configparser
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sparkify.errors import UsageError
from sparkify.options import CLUSTER_OPTIONS, Option, Threshold, parse_copy, parse_seconds

DEFAULT_WAREHOUSE = "duckdb:///sparkify.duckdb"
MASK = "***"
OPTIONS = (
    Option("source", "SPARKIFY_SOURCE"),
    Option("songs", "SPARKIFY_SONGS", ("S3", "SONG_DATA")),
    Option("events", "SPARKIFY_EVENTS", ("S3", "LOG_DATA")),
    Option("log_jsonpath", None, ("S3", "LOG_JSONPATH")),
    Option("warehouse", "SPARKIFY_WAREHOUSE", ("CLUSTER", "HOST"), default=DEFAULT_WAREHOUSE),
    Option("staging", "SPARKIFY_STAGING", ("S3", "STAGING")),
    Option("copy", "SPARKIFY_COPY", parse=parse_copy),
    Option("iam_role", "SPARKIFY_IAM_ROLE", ("IAM_ROLE", "ARN")),
    Option("region", "SPARKIFY_REGION", ("S3", "REGION")),
    Option("max_rejects", "SPARKIFY_MAX_REJECTS", parse=Threshold.parse, default=Threshold()),
    Option("lock_timeout", "SPARKIFY_LOCK_TIMEOUT", parse=parse_seconds, default=60.0),
    Option("aws_key", None, ("AWS", "KEY")),
    Option("aws_secret", None, ("AWS", "SECRET"), secret=True),
    Option("tls", default=True),
    *CLUSTER_OPTIONS,
)
CLUSTER_KEYS = {("CLUSTER", key) for key in ("DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PORT")}


@dataclass(frozen=True)
class Settings:
    """The settings of one call; `origins` names where each came from, `unknown` the keys that
    stand in dwh.cfg and mean nothing here.
    """

    source: str | None
    songs: str | None
    events: str | None
    log_jsonpath: str | None
    warehouse: str
    staging: str | None
    copy: str | None
    iam_role: str | None
    region: str | None
    max_rejects: Threshold
    lock_timeout: float
    aws_key: str | None
    aws_secret: str | None = field(repr=False)
    tls: bool
    cluster: str
    cluster_type: str
    cluster_nodes: int
    cluster_node_type: str
    cluster_capacity: int  # of a serverless one, in RPU
    cluster_role: str
    cluster_database: str
    cluster_user: str
    cluster_password: str | None = field(repr=False)
    cluster_port: int
    cluster_subnet_group: str | None
    cluster_owner: str | None
    cluster_hours: float  # it is meant to live so long
    cluster_price: float | None  # of a node for an hour, or of an RPU
    origins: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def masked(self) -> dict[str, str | None]:
        """Each setting as text, its secrets hidden."""
        values = {option.name: getattr(self, option.name) for option in OPTIONS}
        secrets = {option.name for option in OPTIONS if option.secret}
        return {
            name: None if value is None else MASK if name in secrets else mask_url(str(value))
            for name, value in values.items()
        }


def mask_url(text: str) -> str:
    """Hide the password of a URL, and any query parameter that is named like a secret."""
    text = re.sub(r"(?<=://)([^/?#]*):([^/?#]*)@", rf"\1:{MASK}@", text)
    named_so = r"([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&]*"
    return re.sub(named_so, rf"\1{MASK}", text, flags=re.IGNORECASE)


def load(
    arguments: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Gather the settings.

    Args:
        arguments: what the caller passed, by name; None values count as not passed.
        environ: the environment, by default the process's own.

    Raises:
        UsageError: a value that cannot be read, naming the place where it stands.
    """
    environ = os.environ if environ is None else environ
    arguments = {k: v for k, v in (arguments or {}).items() if v is not None}
    file, cfg = read_file(environ)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    ranks: dict[str, int] = {}
    for option in OPTIONS:
        rank, origin, value = find(option, arguments, environ, file, cfg)
        values[option.name] = parse(option, origin, value)
        origins[option.name], ranks[option.name] = origin, rank
    for place in ("songs", "events"):  # a source given closer to the call hides farther places
        if ranks["source"] < ranks[place]:
            values[place], origins[place] = None, f"below the source ({origins['source']})"
    known = {option.in_file for option in OPTIONS} | CLUSTER_KEYS
    unknown = tuple(f"[{section}] {key}" for section, key in cfg if (section, key) not in known)
    return Settings(**values, origins=origins, unknown=unknown)


def find(
    option: Option,
    arguments: Mapping[str, Any],
    environ: Mapping[str, str],
    file: str,
    cfg: Mapping[tuple[str, str], str],
) -> tuple[int, str, Any]:
    """The place that decides an option: its rank (0 nearest), its name, the value there."""
    if option.name in arguments:
        return 0, "argument", arguments[option.name]
    if option.environment and environ.get(option.environment):
        return 1, f"environment {option.environment}", environ[option.environment]
    if option.in_file and cfg.get(option.in_file):
        section, key = option.in_file
        value = cluster_url(cfg) if option.name == "warehouse" else cfg[option.in_file]
        return 2, f"{file} [{section}] {key}", value
    return 3, "default", option.default


def parse(option: Option, origin: str, value: Any) -> Any:
    """Read one value, or say where the unreadable one stands."""
    if not isinstance(value, str | int | float) or isinstance(value, bool) or origin == "default":
        return value
    try:
        return option.parse(str(value))
    except ValueError as error:
        shown = MASK if option.secret else repr(value)
        raise UsageError(f"{option.name} ({origin}) is {shown}: {error}") from None


def read_file(environ: Mapping[str, str]) -> tuple[str, dict[tuple[str, str], str]]:
    """Read dwh.cfg, or the file that SPARKIFY_CONFIG names: its name, its values by place."""
    named = environ.get("SPARKIFY_CONFIG")
    path = Path(named or "dwh.cfg")
    if not path.is_file():
        if named:
            raise UsageError(f"SPARKIFY_CONFIG names {named}, which is not a file")
        return path.name, {}
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
    except (configparser.Error, OSError, UnicodeError) as error:
        # only the error's kind: its text would quote lines, and they hold secrets
        raise UsageError(f"{path} is no configuration file: {type(error).__name__}") from None
    return path.name, {
        (section.upper(), key.upper()): unquote(value)
        for section in parser.sections()
        for key, value in parser.items(section)
    }


def unquote(value: str | None) -> str:
    """A value without the quotes it may stand in."""
    value = (value or "").strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1].strip() if quoted else value


def cluster_url(cfg: Mapping[tuple[str, str], str]) -> str:
    """The warehouse that [CLUSTER] describes; the console's host:port/database serves as HOST."""
    value = {key: cfg.get(("CLUSTER", key), "") for _, key in CLUSTER_KEYS}
    host, _, rest = cfg["CLUSTER", "HOST"].partition(":")
    port, _, database = rest.partition("/")
    user, password = quote(value["DB_USER"], safe=""), quote(value["DB_PASSWORD"], safe="")
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    address = f"{host}:{value['DB_PORT'] or port or '5439'}"
    name = quote(value["DB_NAME"] or database or "dev", safe="")
    return f"redshift+redshift_connector://{login}{address}/{name}"
