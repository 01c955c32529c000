"""Writes values into dwh.cfg or removes them; keeps other values, comments and the order."""

import configparser
import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from configupdater import Comment, ConfigUpdater, Option

from sparkify.cluster.spec import Spec
from sparkify.config import path_of
from sparkify.config.endpoint import ENDPOINT, HOST, SECRET
from sparkify.config.file import read_file
from sparkify.errors import SparkifyError
from sparkify.process.files import write_file
from sparkify.settings import OPTIONS, Key, Settings
from sparkify.warehouses.redshift.endpoint import Endpoint

Values = Mapping[Key, str]
ROLE: Key = ("IAM_ROLE", "ARN")


def write_endpoint(
    settings: Settings, endpoint: str | None, role: str | None, secret: str | None
) -> Path:
    """Write what a run needs to connect, except the password, into the configuration file.

    Args:
        endpoint: host and port.
        role: the ARN of the role that COPY reads with.
        secret: the ARN of the secret to sign in with; None for IAM.

    Raises:
        SparkifyError: the file cannot be read or written.
    """
    host, _, port = str(endpoint).rpartition(":")
    values = {HOST: host, **beside(settings), ("CLUSTER", "DB_PORT"): port, ROLE: str(role)}
    values |= {SECRET: secret} if secret else {}
    file = path_of(os.environ)
    update_file(file, values, () if secret else (SECRET,))
    return file


def beside(settings: Settings) -> dict[Key, str]:
    """What stands beside the host."""
    return {
        ("CLUSTER", "DB_NAME"): settings.cluster_database,
        ("CLUSTER", "DB_USER"): settings.cluster_user,
        ("CLUSTER", "DB_PORT"): str(settings.cluster_port),
    }


def remove_endpoint(spec: Spec, region: str, role: str | None) -> Path | None:
    """Remove what names a deleted cluster from the configuration file; None if nothing does.

    Args:
        region: where the cluster was.
        role: the ARN of the role, if it was deleted.

    Raises:
        SparkifyError: the file cannot be read or written.
    """
    keys = list(keys_of(spec, region, role))
    if keys:
        update_file(path_of(os.environ), {}, keys)
    return path_of(os.environ) if keys else None


def keys_of(spec: Spec, region: str, role: str | None) -> Iterator[Key]:
    """The keys of the configuration file whose values name a cluster, or its role."""
    values = read_file(os.environ).values
    for key in (HOST, ENDPOINT):
        found = Endpoint.parse(re.split("[:/]", values.get(key, ""))[0])
        if (found.name, found.region, found.serverless) == (spec.name, region, spec.serverless):
            yield key
            if key == HOST:
                written = beside(spec.settings).items()
                yield from (each for each, value in written if values.get(each) == value)
    if f":sparkify/{spec.name}-" in values.get(SECRET, ""):
        yield SECRET
    yield from (key for key in OPTIONS["iam_role"].keys if role and values.get(key) == role)


def update_file(file: Path, values: Values, gone: Collection[Key] = ()) -> None:
    """Write values into a configuration file, and remove keys: all of them, or none if it fails.

    Raises:
        SparkifyError: the file is not a valid configuration file, or cannot be written.
    """
    try:
        text = file.read_text(encoding="utf-8-sig") if file.exists() else ""
        # a new file is readable by its owner only: people add passwords to it
        write_file(file, updated(text, values, gone), private=not file.exists())
    except configparser.Error as error:
        # only the error's kind: its text would quote lines, and they hold secrets
        kind = type(error).__name__
        raise SparkifyError(f"{file} is not a valid configuration file: {kind}") from None
    except (OSError, UnicodeError) as error:
        raise SparkifyError(f"{file} cannot be written: {error}") from error


def updated(text: str, values: Values, gone: Collection[Key] = ()) -> str:
    """The text of a configuration file, with some values changed or added, and without others.

    >>> print(updated("[CLUSTER]\\nhost = old  # note\\n", {("CLUSTER", "HOST"): "new"}), end="")
    [CLUSTER]
    host=new
    """
    file = ConfigUpdater(space_around_delimiters=False)
    file.optionxform = str  # type: ignore[method-assign, assignment] # keep the case of new keys
    file.read_string(text if text.endswith("\n") or not text else f"{text}\n")
    for (section, key), value in values.items():
        set_value(file, section, key, value)
    for block in list(file.iter_sections()):
        options = [
            each for each in block.iter_options() if (block.name.upper(), each.key.upper()) in gone
        ]
        for option in options:
            option.detach()
        if options and not str(block).partition("\n")[2].strip():  # nothing is left of it
            block.detach()
    return str(file)


def set_value(file: ConfigUpdater, section: str, key: str, value: str) -> None:
    """Change a value where it is, or add it to the end of its section; any case matches."""
    block = next((each for each in file.iter_sections() if each.name.upper() == section), None)
    if block is None:
        if file.last_block:
            file.last_block.add_after.space()
        file.add_section(section)
        block = file[section]
    options = list(block.iter_options())
    option = next((each for each in options if each.key.upper() == key), None)
    if option:
        option.value = value
    elif options:
        last: Option | Comment = options[-1]
        while isinstance(last.next_block, Comment):  # it is about the option, not what follows
            last = last.next_block
        last.add_after.option(key, value)
    elif block.first_block:
        block.first_block.add_before.option(key, value)
    else:
        block.add_option(block.create_option(key, value))
