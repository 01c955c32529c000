"""What sqlfluff, a second reader beside the stand-in's lint, makes of statements for Redshift."""

from collections.abc import Iterable
from functools import cache

from sqlfluff.core import FluffConfig, Linter

#: SQLAlchemy's own question when it connects, the one that no parser takes
ALWAYS = {"show transaction isolation level"}


@cache
def linter() -> Linter:
    """One linter a process: to make it takes time."""
    return Linter(config=FluffConfig(overrides={"dialect": "redshift"}))


@cache
def faults(text: str) -> tuple[str, ...]:
    """Why a statement is none of Redshift's."""
    found = [str(violation) for violation in linter().parse_string(f"{text}\n").violations]
    found += [word for word in ("$1", "RETURNING", "ON CONFLICT") if word in text]
    return tuple(found)


def refused(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The statements that Redshift would not take, each with the reasons.

    What drivers and Alembic ask the catalog is theirs, and left out.
    """
    ours = {text for text in texts if "pg_catalog" not in text} - ALWAYS
    return {text: found for text in sorted(ours) if (found := faults(text))}
