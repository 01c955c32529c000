"""Markup is a type of its own: whatever else becomes a part of it is escaped."""

import html
from collections.abc import Iterable
from typing import Any


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


EMPTY = Markup("")
VOID = {"meta", "rect", "line", "path", "circle"}


def text(part: object) -> str:
    """A part of markup: markup as it is, everything else escaped."""
    return part if isinstance(part, Markup) else html.escape(str(part))


def tag(name: str, /, *parts: object, **attributes: Any) -> Markup:
    """An element; `_` in an attribute's name is `-`, at its end nothing (`class_`)."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID and not parts:
        return Markup(f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{''.join(map(text, parts))}</{name}>")


def join(parts: Iterable[Markup]) -> Markup:
    """Several elements, one after the other."""
    return Markup("".join(parts))
