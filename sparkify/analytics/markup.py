"""Builds HTML and SVG from escaped parts; markupsafe keeps markup and plain text apart."""

from collections.abc import Iterable

from markupsafe import Markup, escape

#: elements that are written without an end tag if they are empty
VOID = {"meta", "input", "rect", "line", "path", "circle"}


def tag(name: str, /, *parts: object, **attributes: object) -> Markup:
    """Build an element; parts that are not `Markup` are escaped.

    Args:
        name: The element's name.
        *parts: Its content.
        **attributes: Its attributes. `_` stands for `-`; a trailing one is dropped, so that
            `class_` is possible. An attribute that is None is left out.

    >>> tag("p", "a < b", class_="note")
    Markup('<p class="note">a &lt; b</p>')
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID and not parts:
        return Markup("<{}{}/>").format(name, written)
    return Markup("<{}{}>{}</{}>").format(name, written, join(parts), name)


def join(parts: Iterable[object]) -> Markup:
    """Put parts one after the other; those that are not `Markup` are escaped."""
    return Markup("").join(map(escape, parts))


def raw(text: str) -> Markup:
    """Mark text as markup; only for our own files, and for what a library has escaped."""
    return Markup(text)  # noqa: S704
