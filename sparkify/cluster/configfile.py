"""Writes values into dwh.cfg, and keeps its other values, its comments and its order."""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

from configupdater import Comment, ConfigUpdater, Option

from sparkify.config import path_of
from sparkify.errors import SparkifyError
from sparkify.process.files import write_file
from sparkify.settings import Settings

Values = Mapping[tuple[str, str], str]  # by section and key


def write_endpoint(settings: Settings, endpoint: str | None, role: str | None) -> Path:
    """Write what a run needs to connect, except the password, into the configuration file.

    Args:
        endpoint: host and port.
        role: the ARN of the role that COPY reads with.

    Raises:
        SparkifyError: the file cannot be read or written.
    """
    host, _, port = str(endpoint).rpartition(":")
    values = {
        ("CLUSTER", "HOST"): host,
        ("CLUSTER", "DB_NAME"): settings.cluster_database,
        ("CLUSTER", "DB_USER"): settings.cluster_user,
        ("CLUSTER", "DB_PORT"): port,
        ("IAM_ROLE", "ARN"): str(role),
    }
    file = path_of(os.environ)
    update_file(file, values)
    return file


def update_file(file: Path, values: Values) -> None:
    """Write values into a configuration file: all of them, or none if it fails.

    Raises:
        SparkifyError: the file is not a valid configuration file, or cannot be written.
    """
    try:
        text = file.read_text(encoding="utf-8-sig") if file.exists() else ""
        # a new file is readable by its owner only: people add passwords to it
        write_file(file, updated(text, values), private=not file.exists())
    except configparser.Error as error:
        # only the error's kind: its text would quote lines, and they hold secrets
        kind = type(error).__name__
        raise SparkifyError(f"{file} is not a valid configuration file: {kind}") from None
    except (OSError, UnicodeError) as error:
        raise SparkifyError(f"{file} cannot be written: {error}") from error


def updated(text: str, values: Values) -> str:
    """The text of a configuration file, with some values changed or added.

    >>> print(updated("[CLUSTER]\\nhost = old  # note\\n", {("CLUSTER", "HOST"): "new"}), end="")
    [CLUSTER]
    host=new
    """
    file = ConfigUpdater(space_around_delimiters=False)
    file.optionxform = str  # type: ignore[method-assign, assignment] # keep the case of new keys
    file.read_string(text if text.endswith("\n") or not text else f"{text}\n")
    for (section, key), value in values.items():
        set_value(file, section, key, value)
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
