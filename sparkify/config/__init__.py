"""Gathers the settings: argument, then environment, then dwh.cfg, then default.

file      reads dwh.cfg
endpoint  the URL of the cluster that dwh.cfg describes
"""

import logging
import os
from collections.abc import Container, Mapping
from typing import Any, NamedTuple

from sparkify.config.endpoint import KEYS, NAME_OF_WAREHOUSE, cluster_url, oddities
from sparkify.config.file import ConfigFile, path_of, read_file
from sparkify.errors import UsageError
from sparkify.masking import MASK, URL, learn, remember
from sparkify.settings import OPTIONS, Option, Settings

__all__ = ["load", "path_of", "warn"]

logger = logging.getLogger(__name__)

DEFAULT = 3  # the rank of a setting that was not given


class Found(NamedTuple):
    """The value of a setting, and where it came from; `rank` 0 is the nearest to the call."""

    rank: int
    origin: str
    value: object


NOT_GIVEN = Found(DEFAULT, "default", None)


def load(
    arguments: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    unneeded: Container[str] = (),
) -> Settings:
    """Gather the settings; `origins` of the result says where each came from.

    Args:
        arguments: what the caller passed, by name; None values count as not passed.
        environ: the environment, by default the process's own.
        unneeded: settings that are not read, so that they may be invalid.

    Raises:
        UsageError: a value is invalid; the message names its source.
    """
    environ = os.environ if environ is None else environ
    arguments = {name: value for name, value in (arguments or {}).items() if value is not None}
    learn_secrets(arguments, environ)
    file = read_file(environ)
    needed = [option for name, option in OPTIONS.items() if name not in unneeded]
    found = dict.fromkeys(OPTIONS, NOT_GIVEN)
    found |= {option.name: find(option, arguments, environ, file) for option in needed}
    values = {name: parse(OPTIONS[name], each) for name, each in found.items() if given(each)}
    origins = {name: each.origin for name, each in found.items()}
    for location in ("songs", "events"):  # a nearer source overrides farther locations
        if found["source"].rank < found[location].rank:
            values.pop(location, None)
            origins[location] = f"below the source ({origins['source']})"
    warnings = oddities(file, needs_host=not given(found["warehouse"]))
    return Settings(**values, origins=origins, unknown=unknown(file), warnings=warnings)


def learn_secrets(arguments: Mapping[str, object], environ: Mapping[str, str]) -> None:
    """Remember the secrets of the arguments and of the environment, so that none is shown."""
    for name, value in (*arguments.items(), *environ.items()):
        if name in OPTIONS or name.startswith("SPARKIFY_") or URL.fullmatch(str(value)):
            learn(value)
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        remember(environ.get(name))
    for name, option in OPTIONS.items():
        if option.secret:
            remember(arguments.get(name))
            remember(environ.get(option.environment or ""))


def unknown(file: ConfigFile) -> tuple[str, ...]:
    """The keys of the file that are not settings."""
    known = KEYS.union(*(option.keys for option in OPTIONS.values()))
    odd = [key for key in file.values if key not in known and key[1] not in file.helpers]
    return tuple(f"[{section}] {key}" for section, key in odd)


def find(
    option: Option, arguments: Mapping[str, object], environ: Mapping[str, str], file: ConfigFile
) -> Found:
    """The value that decides a setting."""
    if option.name in arguments:
        return Found(0, "argument", arguments[option.name])
    if option.environment and environ.get(option.environment):
        return Found(1, f"environment {option.environment}", environ[option.environment])
    for key in option.keys:
        if value := file.get(key):
            url = option.name == "warehouse"
            return Found(2, file.label(key), cluster_url(file, key) if url else value)
    if option.name == "aws_token":
        return session_token(find(OPTIONS["aws_key"], arguments, environ, file), environ)
    return NOT_GIVEN


def session_token(key: Found, environ: Mapping[str, str]) -> Found:
    """The environment's token for the key in the file, unless it has a key of its own."""
    token = environ.get("AWS_SESSION_TOKEN")
    same = environ.get("AWS_ACCESS_KEY_ID") in (None, "", key.value)
    if given(key) and token and same:
        return Found(1, "environment AWS_SESSION_TOKEN", token)
    return NOT_GIVEN


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
        shown = MASK if option.secret else repr(option.shown(value))
        raise UsageError(f"{option.name} ({found.origin}) is {shown}: {error}") from None


def warn(settings: Settings, warehouse: str) -> None:
    """Log what is odd about the configuration file, once for each run.

    Args:
        warehouse: the URL of the one that is used, without secrets.
    """
    if settings.unknown:
        names = ", ".join(settings.unknown)
        logger.warning("unknown settings, not used: %s (see `sparkify config`)", names)
    for text in settings.warnings:
        logger.warning(text.replace(NAME_OF_WAREHOUSE, warehouse))
