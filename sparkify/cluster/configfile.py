"""Writes values into dwh.cfg, and leaves everything else in it as it is."""

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sparkify.errors import SparkifyError
from sparkify.settings import Settings

Values = Mapping[tuple[str, str], str]  # by section and key


def put(settings: Settings, endpoint: str | None, role: str | None) -> Path:
    """Put what a run needs into the file of the settings; the password stays where it is kept.

    Args:
        endpoint: host and port.
        role: the ARN of the role that COPY reads with.
    """
    host, _, port = str(endpoint).rpartition(":")
    values = {
        ("CLUSTER", "HOST"): host,
        ("CLUSTER", "DB_NAME"): settings.cluster_database,
        ("CLUSTER", "DB_USER"): settings.cluster_user,
        ("CLUSTER", "DB_PORT"): port,
        ("IAM_ROLE", "ARN"): str(role),
    }
    file = Path(os.environ.get("SPARKIFY_CONFIG") or "dwh.cfg")
    write(file, values)
    return file


def write(file: Path, values: Values) -> None:
    """Put values into a file, whole or not at all.

    Raises:
        SparkifyError: it cannot be written.
    """
    try:
        text = file.read_text(encoding="utf-8-sig") if file.exists() else ""
        folder = file.resolve().parent
        handle, name = tempfile.mkstemp(prefix=f".{file.name}", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            new.write(edited(text, values))
        if file.exists():
            Path(name).chmod(file.stat().st_mode & 0o777)
        Path(name).replace(file.resolve())
    except (OSError, UnicodeError) as error:
        raise SparkifyError(f"{file} cannot be written: {error}") from error


def edited(text: str, values: Values) -> str:
    """A configuration file's text with some values set.

    >>> print(edited("[CLUSTER]\\nhost = old\\n", {("CLUSTER", "HOST"): "new"}), end="")
    [CLUSTER]
    host=new
    """
    blocks = re.split(r"(?m)^(?=\[)", text)
    for section in dict.fromkeys(section for section, _ in values):
        own = {key: value for (name, key), value in values.items() if name == section}
        at = next((i for i, block in enumerate(blocks) if title(block) == section), None)
        if at is None:
            blocks.append(f"{gap(blocks)}[{section}]\n")
            at = len(blocks) - 1
        for key, value in own.items():
            blocks[at] = with_value(blocks[at], key, value)
    return "".join(blocks)


def title(block: str) -> str | None:
    """The section that a block is of."""
    match = re.match(r"\[([^\]]+)\]", block)
    return match[1].upper() if match else None


def gap(blocks: list[str]) -> str:
    """What sets a new section apart from the text before it."""
    before = "".join(blocks)
    return "" if not before else "\n" if before.endswith("\n") else "\n\n"


def with_value(block: str, key: str, value: str) -> str:
    """A section's block with one value set: in its line, or in a new one at the end."""
    line = re.compile(rf"(?im)^({key})[ \t]*[=:].*(?:\n[ \t]+\S.*)*$")
    if line.search(block):
        return line.sub(lambda match: f"{match[1]}={value}", block, count=1)
    body = block.rstrip("\n")
    return f"{body}\n{key}={value}{block[len(body) :] or chr(10)}"
