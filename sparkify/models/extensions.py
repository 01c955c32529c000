"""A team's own fields, columns, tables and questions, from the Python modules that a setting names.

Such a module is imported with the models, before anything is made of them. At its top it adds
columns and tables:

    EventRow.device = field(sa.String(64), "device")
    Songplay.device = of_event(sa.String(64), "device")

Two functions, which it may have, return the rest when it is needed: `star_tables`, a list of
`StarTable`, and `questions`, a list of `sparkify.analytics.Question`.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from sparkify import config
from sparkify.errors import UsageError, first_line
from sparkify.models.base import Base, table
from sparkify.models.staging import KINDS, StagedRow
from sparkify.models.star import PUBLISHED
from sparkify.models.statements import Column, Compiler, Query, Union
from sparkify.settings import OPTIONS

MODULES: list[ModuleType] = []
NUMBER = r"^-?[0-9]{1,15}([.][0-9]{1,15})?([eE][+-]?[0-9]{1,2})?$"
EARLY = "sparkify.load.transform.rows"  # what is composed from the models first


class StarTable(NamedTuple):
    """A table of the star that is a team's own.

    Attributes:
        model: the table; its primary key is declared.
        select: its rows, from a SELECT of staged rows: all of them, or those of some keys.
        key: a column of the staged rows, and of the table. A load rebuilds the rows of those
            values that it changes.
        kind: "events" or "songs": the staged rows that it is made of.
    """

    model: type[Base]
    select: Callable[[Query | Union], Query]
    key: str
    kind: str = "events"


def load_extensions() -> None:
    """Import the modules that the setting `extensions` names.

    Raises:
        UsageError: one of them cannot be imported, or has tables that cannot be published.
    """
    settings = config.load(unneeded=OPTIONS.keys() - {"extensions"})
    names = [name.strip() for name in (settings.extensions or "").split(",") if name.strip()]
    origin = settings.origins["extensions"]
    here = str(Path.cwd())
    if names and here not in sys.path:  # `python -m sparkify` has it, `sparkify` has not
        sys.path.insert(0, here)
    for name in names:
        try:
            MODULES.append(importlib.import_module(name))
            PUBLISHED.extend(checked(each).model for each in gathered("star_tables", MODULES[-1:]))
        except Exception as error:
            text = f"{type(error).__name__}: {first_line(error)}"
            raise UsageError(f"extensions ({origin}): {name} cannot be used: {text}") from error
        if hasattr(sys.modules.get(EARLY), "EVENTS"):
            raise UsageError(
                f"extensions ({origin}): {name} imports sparkify.load or sparkify.analytics at its"
                " top: import them inside of the functions that need them"
            )


def checked(own: StarTable) -> StarTable:
    """Check that a table can be published.

    Raises:
        ValueError: it cannot; the message names the table.
    """
    target = table(own.model)
    if own.kind not in KINDS:
        raise ValueError(f"{target.name}: the kind must be one of {', '.join(KINDS)}")
    if own.key not in target.columns or own.key not in table(KINDS[own.kind]).columns:
        raise ValueError(f"{target.name}: {own.key} must be a column of it and of the staged rows")
    if not target.primary_key.columns:
        raise ValueError(f"{target.name} must have a primary key")
    return own


class FromExtra(GenericFunction[str]):
    """The text of a field in `extra`, as DuckDB writes it; NULL if it is not there."""

    name = "json_extract_string"
    type = sa.String()
    inherit_cache = True


@compiles(FromExtra, "redshift")
def _from_extra(element: FromExtra, compiler: Compiler, **kw: object) -> str:
    extra, pointer = element.clauses
    name = sa.literal(pointer.value.removeprefix("/"))
    parsed = sa.func.nullif(sa.func.json_extract_path_text(extra, name), "")
    return str(compiler.process(parsed, literal_binds=True))


class ByteLength(GenericFunction[int]):
    """The number of bytes of a text, as DuckDB writes it."""

    name = "strlen"
    type = sa.Integer()
    inherit_cache = True


@compiles(ByteLength, "redshift")
def _byte_length(element: ByteLength, compiler: Compiler, **kw: object) -> str:
    return str(compiler.process(sa.func.octet_length(*element.clauses), **kw))


def fill(op: Any, model: type[StagedRow], name: str) -> None:
    """Give a new column the values that `extra` has; for a migration, behind `op.add_column`.

    What is too long, or not an integer or a number as the column wants it, stays NULL.

    Args:
        op: Alembic's operations.
        model: EventRow or SongRow.
        name: the column.
    """
    target = table(model)
    column = target.columns[name]
    text: Column = FromExtra(target.c.extra, f"/{column.info['rules'].key}")
    if isinstance(column.type, sa.String):
        good = ByteLength(text) <= column.type.length
    else:
        whole = isinstance(column.type, sa.Integer)
        good = text.regexp_match("^-?[0-9]{1,18}$" if whole else NUMBER)
    value = sa.case((good, sa.cast(text, column.type)))
    op.execute(sa.update(target).where(target.c.extra.is_not(None)).values({column: value}))


def gathered(hook: str, modules: list[ModuleType] | None = None) -> Iterator[Any]:
    """What the functions of this name return, of all modules that have one."""
    for module in MODULES if modules is None else modules:
        yield from getattr(module, hook, list)()
