"""The schema of a warehouse, which Alembic creates and upgrades."""

import threading
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sparkify.errors import SparkifyError
from sparkify.models.base import Base, table
from sparkify.models.star import STAR
from sparkify.models.statements import count

if TYPE_CHECKING:
    from alembic.config import Config

ALEMBIC = threading.Lock()  # Alembic's context is one for the whole process
PACKAGE = Path(__file__).parents[1]


class State(Enum):
    """How a warehouse's schema compares with this version of Sparkify."""

    EMPTY = "empty"
    BEHIND = "behind"
    HEAD = "at head"
    AHEAD = "ahead"
    FOREIGN = "not Sparkify's"
    OTHER = "another project's"


def migrations() -> Path:
    """The folder of the migrations: the package's, or the checkout's."""
    inside = PACKAGE / "migrations"
    return inside if inside.is_dir() else PACKAGE.parent / "migrations"


def alembic_config(connection: sa.Connection | None = None) -> "Config":
    """Alembic's configuration."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations()))
    config.attributes["connection"] = connection
    return config


def revisions() -> list[str]:
    """The revisions from the first to the newest; their files' names start with them.

    Alembic itself takes 0.2 s to tell.
    """
    files = (migrations() / "versions").glob("[0-9]*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def state(connection: sa.Connection) -> State:
    """Compare the schema of a warehouse with this version's."""
    look = sa.inspect(connection)
    version: sa.Select[Any] = sa.select(sa.column("version_num")).select_from(
        sa.table("alembic_version")
    )
    current = connection.scalar(version) if look.has_table("alembic_version") else None
    if current is None:
        taken = any(look.has_table(table(model).name) for model in STAR)
        return State.FOREIGN if taken else State.EMPTY
    if not look.has_table(table(STAR[0]).name):  # every schema of ours has this table
        return State.OTHER
    known = revisions()
    if current == known[-1]:
        return State.HEAD
    return State.BEHIND if current in known else State.AHEAD


def require(connection: sa.Connection, url: str) -> None:
    """Check that the schema is this version's.

    Raises:
        SparkifyError: it is not; the message names the command that helps.
    """
    remedies = {
        State.EMPTY: "is empty; load a lake with `sparkify run`",
        State.BEHIND: "is behind this version of Sparkify; run `sparkify schema --upgrade` or"
        " `alembic upgrade head`",
        State.AHEAD: "was made by a newer version of Sparkify; run `pip install -U sparkify`",
        State.FOREIGN: "has other tables with these names; choose another database",
        State.OTHER: "has the table alembic_version of another project; choose another database",
    }
    if remedy := remedies.get(state(connection)):
        raise SparkifyError(f"{url} {remedy}")


def ensure(connection: sa.Connection, url: str) -> None:
    """Create the schema in an empty warehouse; check the schema of any other."""
    if state(connection) is State.EMPTY:
        try:
            upgrade(connection)
        except sa.exc.DBAPIError:  # nothing can be locked yet: another run may have been faster
            connection.rollback()
            if state(connection) is State.EMPTY:
                raise
    require(connection, url)


def upgrade(connection: sa.Connection) -> None:
    """Create or upgrade the schema in one transaction, so that a kill leaves no half of it."""
    from alembic import command

    connection.rollback()  # end the transaction in which the state was read
    with ALEMBIC:
        command.upgrade(alembic_config(connection), "head")


def check_upgradable(connection: sa.Connection, url: str) -> None:
    """Check that an upgrade or a reset would change no tables but this version's.

    Raises:
        SparkifyError: the tables are not Sparkify's, or a newer version's.
    """
    if state(connection) in (State.FOREIGN, State.OTHER, State.AHEAD):
        require(connection, url)


def lost(connection: sa.Connection, url: str) -> dict[str, int]:
    """The rows that a reset would remove, by table; empty tables are left out.

    Raises:
        SparkifyError: the tables are not Sparkify's, or a newer version's.
    """
    check_upgradable(connection, url)
    inspector = sa.inspect(connection)
    counts = {
        each.name: connection.scalar(count(each))
        for each in Base.metadata.sorted_tables
        if inspector.has_table(each.name, schema=each.schema)
    }
    return {name: count for name, count in counts.items() if count}


def reset(connection: sa.Connection) -> None:
    """Drop every table and create them again, empty."""
    from alembic import command

    connection.rollback()
    with ALEMBIC:
        command.downgrade(alembic_config(connection), "base")
        command.upgrade(alembic_config(connection), "head")
