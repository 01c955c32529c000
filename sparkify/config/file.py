"""Reads dwh.cfg as its users' ConfigParser does."""

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sparkify.errors import UsageError
from sparkify.masking import PASSWORD, learn, remember
from sparkify.settings import Key

NAMES = ("dwh.cfg", "dhw.cfg")  # the second is one project's own spelling
REFERENCE = re.compile(r"%\(([^)]+)\)s")
COMMENT = re.compile(r"(^|\s)[#;]")


@dataclass(frozen=True)
class ConfigFile:
    """The values of a configuration file.

    Attributes:
        name: the file's name, for people.
        values: the text of each value, by section and key in capitals, without quotes around it.
        helpers: keys that only serve other values: those of [DEFAULT], and those in `%(KEY)s`.
        commented: keys whose value seems to end in a comment, which ConfigParser does not remove.
        warnings: what a run should tell about the file.
    """

    name: str
    values: Mapping[Key, str] = field(default_factory=dict)
    helpers: frozenset[str] = frozenset()
    commented: frozenset[Key] = frozenset()
    warnings: tuple[str, ...] = ()

    def get(self, key: Key) -> str:
        """A value; an empty text if it is not there.

        Raises:
            UsageError: the value seems to end in a comment.
        """
        if key in self.commented:
            raise UsageError(
                f"{self.label(key)} has a comment behind its value; put it on a line of its own"
            )
        return self.values.get(key, "")

    def label(self, key: Key) -> str:
        """What to call a key in a message."""
        return f"{self.name} [{key[0]}] {key[1]}"


def path_of(environ: Mapping[str, str]) -> Path:
    """The configuration file: the one that SPARKIFY_CONFIG names, or dwh.cfg, or dhw.cfg."""
    if named := environ.get("SPARKIFY_CONFIG"):
        return Path(named)
    return next((Path(name) for name in NAMES if Path(name).is_file()), Path(NAMES[0]))


def read_file(environ: Mapping[str, str]) -> ConfigFile:
    """Read the configuration file; it may be missing unless SPARKIFY_CONFIG names it.

    Raises:
        UsageError: it is missing, or not a valid configuration file.
    """
    path = path_of(environ)
    named = environ.get("SPARKIFY_CONFIG")
    if not path.is_file():
        if named:
            raise UsageError(f"SPARKIFY_CONFIG names {named}, which is not a file")
        return ConfigFile(path.name)
    parser = parsed(path)
    values = list(texts(parser))
    both = not named and all(Path(name).is_file() for name in NAMES)
    return ConfigFile(
        path.name,
        values={key: unquote(text) for key, text in values},
        helpers=frozenset(helpers(parser)),
        commented=frozenset(key for key, text in values if has_comment(key, text)),
        warnings=("both dwh.cfg and dhw.cfg are here; dhw.cfg is not read",) if both else (),
    )


def parsed(path: Path) -> configparser.ConfigParser:
    """The content of a configuration file.

    Raises:
        UsageError: it is not valid.
    """
    parser = configparser.ConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
    except (configparser.Error, OSError, UnicodeError) as error:
        # only the error's kind: its text would quote lines, and they hold secrets
        line = getattr(error, "lineno", None)
        at = f" (line {line})" if line else ""
        raise UsageError(
            f"{path} is not a valid configuration file: {type(error).__name__}{at}"
        ) from None
    return parser


def texts(parser: configparser.ConfigParser) -> Iterator[tuple[Key, str]]:
    """Each section, key and text; their secrets are remembered."""
    for section in parser.sections():
        for name in parser[section]:
            try:
                text = parser.get(section, name)
            except configparser.InterpolationError:
                text = parser.get(section, name, raw=True)  # a plain % that is not doubled
            if PASSWORD.search(name):
                remember(unquote(text))
            learn(text)
            yield (section.upper(), name.upper()), text


def helpers(parser: configparser.ConfigParser) -> Iterator[str]:
    """The keys of [DEFAULT], and those that other values refer to, in capitals."""
    yield from (name.upper() for name in parser.defaults())
    for section in parser.sections():
        for _, text in parser.items(section, raw=True):
            yield from (name.upper() for name in REFERENCE.findall(text))


def has_comment(key: Key, text: str) -> bool:
    """Whether a value, which is neither a secret nor in quotes, seems to end in a comment."""
    return not PASSWORD.search(key[1]) and unquote(text) == text and bool(COMMENT.search(text))


def unquote(value: str) -> str:
    """A value without the quotes around it.

    >>> unquote("'x'"), unquote("x'")
    ('x', "x'")
    """
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1].strip() if quoted else value
