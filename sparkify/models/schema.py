"""The schema of a warehouse, which Alembic creates and upgrades."""

import io
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from sparkify.errors import SparkifyError
from sparkify.models.base import Base, table
from sparkify.models.diagram import tidy
from sparkify.models.extensions import MODULES
from sparkify.models.grants import Privilege
from sparkify.models.revisions import (
    State,
    Step,
    alembic_config,
    commands,
    newest,
    revisions,
    team_folders,
)
from sparkify.models.star import STAR
from sparkify.models.statements import count
from sparkify.models.views import lacking

__all__ = ["State", "alembic_config"]  # of others

UPGRADE = "run `sparkify schema --upgrade` or `alembic upgrade head`"
REMEDIES = {
    State.EMPTY: "is empty; load a lake with `sparkify run`",
    State.BEHIND: f"is behind this version of Sparkify; {UPGRADE}",
    State.AHEAD: "was made by a newer version of Sparkify; run `pip install -U sparkify`",
    State.FOREIGN: "has other tables with these names; choose another database",
    State.OTHER: "has the table alembic_version of another project; choose another database",
}
Tell = Callable[[Step], object]


def current(connection: sa.Connection) -> frozenset[str]:
    """The revisions of a warehouse: the newest of each branch; none before the first upgrade."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return frozenset()
    version: sa.Select[Any] = sa.select(sa.column("version_num"))
    return frozenset(connection.scalars(version.select_from(sa.table("alembic_version"))))


def state(connection: sa.Connection) -> State:
    """Compare the schema of a warehouse with this version's.

    Raises:
        UsageError: a team's own revisions cannot be read.
    """
    look, found = sa.inspect(connection), current(connection)
    if not found:
        taken = any(look.has_table(table(model).name) for model in STAR)
        return State.FOREIGN if taken else State.EMPTY
    if not look.has_table(table(STAR[0]).name):  # every schema of ours has this table
        return State.OTHER
    if found == {newest()} and not team_folders():
        return State.HEAD  # without Alembic, which takes long to import
    return revisions().state(found)


def require(connection: sa.Connection, url: str) -> None:
    """Check that the schema is this version's.

    Raises:
        SparkifyError: it is not; the message names the command that helps.
    """
    complain(state(connection), connection, url)


def complain(found: State, connection: sa.Connection, url: str) -> None:
    """Raise what is wrong with a schema, if anything is."""
    if found is State.UNKNOWN:
        unknown = ", ".join(sorted(current(connection) - revisions().known))
        raise SparkifyError(
            f"{url} has the revision {unknown}, which is not one of Sparkify's; name the folder"
            " that has it in SPARKIFY_MIGRATIONS"
        )
    if remedy := REMEDIES.get(found):
        raise SparkifyError(f"{url} {remedy}")
    if MODULES and (missing := ", ".join(sorted(lacking(connection)))):
        names = ", ".join(module.__name__ for module in MODULES)
        raise SparkifyError(
            f"{url} lacks {missing}, which {names} declares; make a migration with"
            " `alembic revision --autogenerate`, then run `sparkify schema --upgrade`"
        )


def ensure(connection: sa.Connection, url: str) -> None:
    """Create the schema in an empty warehouse; check the schema of any other."""
    found = state(connection)
    if found is State.EMPTY:
        try:
            upgrade(connection)
        except sa.exc.DBAPIError:  # nothing can be locked yet: another run may have been faster
            connection.rollback()
            if state(connection) is State.EMPTY:
                raise
        found = state(connection)
    complain(found, connection, url)


def upgrade(connection: sa.Connection, tell: Tell | None = None) -> tuple[Step, ...]:
    """Create or upgrade the schema in one transaction, so that a kill leaves no half of it.

    Args:
        tell: called with each step that was done; it is committed with the last one.

    Returns:
        The steps.

    Raises:
        SparkifyError: a team's own revisions cannot be read, or do not lead from this schema to
            the newest.
    """
    from alembic import command

    steps: list[Step] = []

    def done(step: Step) -> None:
        steps.append(step)
        if tell:
            tell(step)

    connection.rollback()  # end the transaction in which the state was read
    revisions()  # checks those of a team before anything is written
    config = alembic_config(connection)
    config.attributes["tell"] = done
    with commands():
        command.upgrade(config, "heads")
    return tuple(steps)


def upgrade_sql(driver: str, found: Iterable[str] = (), granted: Iterable[Privilege] = ()) -> str:
    """The statements of an upgrade, as a script.

    Args:
        driver: the start of URLs that use our dialect, see `warehouses.driver_name`.
        found: the revisions that the warehouse has.
        granted: who may use the views.
    """
    from alembic import command

    revisions()
    config = alembic_config()
    config.output_buffer = io.StringIO()
    given = {"driver": driver, "current": sorted(found), "granted": list(granted)}
    config.attributes["script"] = given
    with commands():
        command.upgrade(config, "heads", sql=True)
    return tidy(config.output_buffer.getvalue().replace("%%", "%"))  # as in `Executor.text`


def check_upgradable(connection: sa.Connection, url: str) -> None:
    """Check that an upgrade or a reset would change no tables but this version's.

    Raises:
        SparkifyError: the tables are not Sparkify's, or have revisions that are not known.
    """
    found = state(connection)
    if found not in (State.EMPTY, State.BEHIND, State.HEAD):
        complain(found, connection, url)


def lost(connection: sa.Connection, url: str) -> dict[str, int]:
    """The rows that a reset would remove, by table; empty tables are left out.

    Raises:
        SparkifyError: the tables are not Sparkify's, or have revisions that are not known.
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
    with commands():
        command.downgrade(alembic_config(connection), "base")
    upgrade(connection)
