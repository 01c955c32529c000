"""The Redshift driver, without the part of it that would take a tenth of each run's time.

redshift_connector looks at every character of a statement for placeholders. In one without a
percent sign there are none, and the text stays as it is.
"""

from collections.abc import Callable
from typing import Any

from redshift_connector import core

Values = Callable[[Any], Any]
convert = core.convert_paramstyle


def convert_paramstyle(style: str, query: str) -> tuple[str, Values]:
    """The statement with its placeholders numbered, and what makes the arguments of the values."""
    if style == "format" and "%" not in query:
        return query, lambda values: values
    found: tuple[str, Values] = convert(style, query)
    return found


def hasten() -> None:
    """Have the driver use it, in this process."""
    core.convert_paramstyle = convert_paramstyle
