"""What is declared of each setting: where its value may come from, and how its text is parsed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sparkify.masking import MASK, mask, mask_url

Key = tuple[str, str]  # a section and a key of dwh.cfg


@dataclass(frozen=True)
class Option:
    """Where a setting may come from besides an argument, and how its text is parsed.

    Attributes:
        name: the setting, as an argument and in `config`.
        environment: the name of its environment variable.
        in_file: its section and key in dwh.cfg.
        also: other sections and keys, which other projects use; `in_file` comes before them.
        parse: turns its text into its value; raises ValueError with what the text must be.
        secret: never shown.
        help: one sentence for people.
    """

    name: str
    environment: str | None = None
    in_file: Key | None = None
    parse: Callable[[str], object] = str
    secret: bool = False
    help: str = ""
    also: tuple[Key, ...] = ()

    def shown(self, value: object) -> str | None:
        """A value of the setting as text, with its secrets hidden."""
        if value is None:
            return None
        return MASK if self.secret else mask(mask_url(str(value)))

    @property
    def keys(self) -> tuple[Key, ...]:
        """All sections and keys of dwh.cfg that give it a value, the first before the others."""
        return (self.in_file, *self.also) if self.in_file else ()


def setting(
    default: object,
    environment: str | None = None,
    in_file: Key | None = None,
    *,
    also: tuple[Key, ...] = (),
    parse: Callable[[str], object] = str,
    secret: bool = False,
    help: str = "",
) -> Any:
    """A field of `Settings` with its `Option`."""
    names = {"environment": environment, "in_file": in_file, "also": also}
    return field(
        default=default, metadata={**names, "parse": parse, "secret": secret, "help": help}
    )
