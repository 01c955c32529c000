"""What sqlfluff, a second reader beside the stand-in's lint, makes of statements for Redshift."""

import re
from collections.abc import Iterable
from functools import cache

from sqlfluff.core import FluffConfig, Linter

#: SQLAlchemy's own question when it connects, the one that no parser takes
ALWAYS = {"show transaction isolation level"}
#: a quoted name or an odd text, left alone; a plain text; a whole number that is no part of a word
PLAIN = re.compile(
    r"""((?<![\w'])'[\w .:/-]*'(?!'))|"(?:[^"]|"")*"|'(?:[^'\\]|''|\\.)*'"""
    r"""|(?<![\w.$])(\d+)(?![\w.])"""
)

QUOTED = re.compile(r"""'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*\"""")
BARE_DECIMAL = re.compile(r"\b(?:NUMERIC|DECIMAL|DEC)\b(?!\s*\()", re.IGNORECASE)


@cache
def linter() -> Linter:
    """One linter a process: to make it takes time."""
    return Linter(config=FluffConfig(overrides={"dialect": "redshift"}))


def shape(text: str) -> str:
    """A statement with one plain value in the place of all: it is parsed as any other of them.

    >>> shape("SELECT 'a b', 'it''s', 2018 FROM t1")
    "SELECT 'x', 'it''s', 1 FROM t1"
    """
    return PLAIN.sub(lambda found: "'x'" if found[1] else "1" if found[2] else found[0], text)


@cache
def violations(text: str) -> tuple[str, ...]:
    """What sqlfluff has against a statement; to parse one takes up to a second."""
    return tuple(str(each) for each in linter().parse_string(f"{text}\n").violations)


def bare_decimals(text: str) -> list[str]:
    """The decimal types without a precision, outside texts and quoted names.

    Redshift takes them for NUMERIC(18, 0), which cuts the decimals; other engines keep them.

    >>> bare_decimals("SELECT CAST(a AS NUMERIC), 'NUMERIC', b::decimal(3, 1), c::dec")
    ['NUMERIC', 'dec']
    """
    return BARE_DECIMAL.findall(QUOTED.sub("''", text))


def faults(text: str) -> tuple[str, ...]:
    """Why a statement is none of Redshift's."""
    words = (word for word in ("$1", "RETURNING", "ON CONFLICT") if word in text)
    return (*violations(shape(text)), *words, *bare_decimals(text))


def refused(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The statements that Redshift would not take, each with the reasons.

    What drivers and Alembic ask the catalog is theirs, and left out.
    """
    ours = {text for text in texts if "pg_catalog" not in text} - ALWAYS
    return {text: found for text in sorted(ours) if (found := faults(text))}
