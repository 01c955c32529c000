"""Gathers the settings: argument, then environment, then dwh.cfg, then default."""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sparkify.errors import UsageError
from sparkify.masking import MASK, mask_url
from sparkify.settings import OPTIONS, Option, Settings

File = Mapping[tuple[str, str], str]  # the values of dwh.cfg by section and key
DEFAULT = 3  # the rank of a setting that was not given
CLUSTER_KEYS = {("CLUSTER", key) for key in ("DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PORT")}


class Found(NamedTuple):
    """The value of a setting, and where it came from; `rank` 0 is the nearest to the call."""

    rank: int
    origin: str
    value: object


def load(
    arguments: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Gather the settings.

    Args:
        arguments: what the caller passed, by name; None values count as not passed.
        environ: the environment, by default the process's own.

    Raises:
        UsageError: a value is invalid; the message names its source.
    """
    environ = os.environ if environ is None else environ
    arguments = {k: v for k, v in (arguments or {}).items() if v is not None}
    name, file = read_file(environ)
    found = {option: find(OPTIONS[option], arguments, environ, name, file) for option in OPTIONS}
    values = {
        option: parse(OPTIONS[option], found[option]) for option in found if given(found[option])
    }
    origins = {option: each.origin for option, each in found.items()}
    for location in ("songs", "events"):  # a nearer source overrides farther locations
        if found["source"].rank < found[location].rank:
            values.pop(location, None)
            origins[location] = f"below the source ({origins['source']})"
    known = {option.in_file for option in OPTIONS.values()} | CLUSTER_KEYS
    unknown = tuple(f"[{section}] {key}" for section, key in file if (section, key) not in known)
    return Settings(**values, origins=origins, unknown=unknown)


def find(
    option: Option,
    arguments: Mapping[str, object],
    environ: Mapping[str, str],
    name: str,
    file: File,
) -> Found:
    """The value that decides a setting; `name` is the configuration file's."""
    if option.name in arguments:
        return Found(0, "argument", arguments[option.name])
    if option.environment and environ.get(option.environment):
        return Found(1, f"environment {option.environment}", environ[option.environment])
    if option.in_file and file.get(option.in_file):
        section, key = option.in_file
        value = cluster_url(file) if option.name == "warehouse" else file[option.in_file]
        return Found(2, f"{name} [{section}] {key}", value)
    return Found(DEFAULT, "default", None)


def given(found: Found) -> bool:
    """Whether a value was given, so that the default does not apply."""
    return found.rank < DEFAULT


def parse(option: Option, found: Found) -> Any:
    """Parse one value, or name the source of an invalid one."""
    value = os.fspath(found.value) if isinstance(found.value, os.PathLike) else found.value
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return value
    try:
        return option.parse(str(value))
    except ValueError as error:
        shown = MASK if option.secret else repr(value)
        raise UsageError(f"{option.name} ({found.origin}) is {shown}: {error}") from None


def masked(settings: Settings) -> dict[str, str | None]:
    """Each setting as text, with its secrets hidden."""
    shown: dict[str, str | None] = {}
    for name, option in OPTIONS.items():
        value = getattr(settings, name)
        shown[name] = None if value is None else MASK if option.secret else mask_url(str(value))
    return shown


def read_file(environ: Mapping[str, str]) -> tuple[str, dict[tuple[str, str], str]]:
    """Read dwh.cfg, or the file that SPARKIFY_CONFIG names: its name and its values."""
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
        raise UsageError(
            f"{path} is not a valid configuration file: {type(error).__name__}"
        ) from None
    return path.name, {
        (section.upper(), key.upper()): unquote(value)
        for section in parser.sections()
        for key, value in parser.items(section)
    }


def unquote(value: str | None) -> str:
    """A value without the quotes around it."""
    value = (value or "").strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1].strip() if quoted else value


def cluster_url(file: File) -> str:
    """The URL of the cluster in [CLUSTER]; HOST may be the console's host:port/database."""
    value = {key: file.get(("CLUSTER", key), "") for _, key in CLUSTER_KEYS}
    host, _, rest = file["CLUSTER", "HOST"].partition(":")
    port, _, database = rest.partition("/")
    user, password = quote(value["DB_USER"], safe=""), quote(value["DB_PASSWORD"], safe="")
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    address = f"{host}:{value['DB_PORT'] or port or '5439'}"
    name = quote(value["DB_NAME"] or database or "dev", safe="")
    return f"redshift+redshift_connector://{login}{address}/{name}"
