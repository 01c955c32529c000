"""Alembic's environment: the warehouse from the settings, or the connection that is handed in."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.runtime.migration import MigrationInfo
from alembic.util import CommandError
from duckdb_sqlalchemy import alembic_impl  # noqa: F401 - it registers DuckDB with Alembic

from sparkify import config as settings
from sparkify import warehouses
from sparkify.errors import SparkifyError
from sparkify.models import PUBLISHED, STAGING, Base, Version, table, views
from sparkify.models.extensions import MODULES
from sparkify.models.grants import Privilege, grant
from sparkify.models.revisions import Step, migrations, team_folders
from sparkify.warehouses.redshift import design  # noqa: F401 - it extends Alembic's comparison

ALL = 8  # the code of DISTSTYLE ALL in Redshift's catalog
TABLES = [table(model) for model in PUBLISHED]


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """Look at the default schema and at ours, and at no other."""
    return kind != "schema" or name in (None, STAGING)


def render_item(kind: str, item: Any, autogenerating: object) -> str | Literal[False]:
    """Write keys into a new migration as the models have them: only Redshift is told of them."""
    if kind != "primary_key":
        return False
    columns = ", ".join(repr(column.name) for column in item.columns)
    return f"sa.PrimaryKeyConstraint({columns}, name={item.name!r}).ddl_if(dialect='redshift')"


def include_object(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Leave out keys and references: only Redshift is told of them, and does not enforce them."""
    return kind != "foreign_key_constraint"


OPTIONS: dict[str, Any] = {
    "target_metadata": Base.metadata,
    "include_schemas": True,
    "include_name": include_name,
    "include_object": include_object,
    "render_item": render_item,
    "compare_type": True,
}


def migrate(connection: sa.Connection, tell: Callable[[Step], object] | None) -> None:
    """Run the migrations over a connection, and make the views anew, in one transaction."""

    def applied(ctx: object, step: MigrationInfo, heads: object, run_args: object) -> None:
        if tell:
            tell(Step.of(step))

    context.configure(connection=connection, on_version_apply=applied, **OPTIONS)
    with context.begin_transaction():
        granted = views.granted(connection)
        context.run_migrations()
        moved = "destination_rev" in context.get_context().opts
        if moved and sa.inspect(connection).has_table(table(Version).name, schema=STAGING):
            here = context.get_context()
            newest = set(here.get_current_heads()) == set(context.script.get_heads())
            # what a schema lacks is only looked up if it may lack something: it takes long
            missing = () if newest and not MODULES else views.lacking(connection)
            views.refresh(connection, granted, missing)
    distribute(connection)


def distribute(connection: sa.Connection) -> None:
    """Distribute over Redshift's nodes what used to be on all of them, as the models say.

    Redshift alters this only outside a transaction, so it comes after the upgrade has committed.
    """
    if connection.dialect.name != "redshift":
        return
    keys = {each.name: each.dialect_options["redshift"]["distkey"] for each in TABLES}
    named, style = sa.column("relname", sa.String), sa.column("reldiststyle", sa.Integer)
    everywhere = (
        sa.select(named)
        .select_from(sa.table("pg_class", named, style, schema="pg_catalog"))
        .where(named.in_([name for name, key in keys.items() if key]), style == ALL)
    )
    text = str(everywhere.compile(connection, compile_kwargs={"literal_binds": True}))
    found = [name for (name,) in connection.exec_driver_sql(text)]
    connection.rollback()
    driver = connection.connection.dbapi_connection
    if not found or driver is None:
        return
    driver.autocommit = True
    try:
        for name in found:
            alter = f"ALTER TABLE {name} ALTER DISTSTYLE KEY DISTKEY {keys[name]}"
            driver.cursor().execute(alter)
    finally:
        driver.autocommit = False


def script(
    driver: str, current: list[str] | None = None, granted: Iterable[Privilege] = ()
) -> None:
    """Print the migrations, and the statements that make the views anew."""
    options = OPTIONS | {"dialect_name": driver, "literal_binds": True, "starting_rev": current}
    context.configure(**options)
    with context.begin_transaction():
        context.run_migrations()
        target = context.get_revision_argument()
        wanted = {target} if isinstance(target, str) else set(target or ())
        heads: Any = context.get_head_revisions()
        if wanted == set(heads):
            for statement in (*views.statements(), *map(grant, granted)):
                context.execute(statement)


def add_folders() -> None:
    """Add a team's own branches, for the `alembic` command."""
    known = context.script.version_locations or [str(migrations() / "versions")]
    there = {Path(each).resolve() for each in known}
    own = [str(folder) for folder in team_folders() if folder.resolve() not in there]
    context.script.version_locations = [*known, *own]


def command() -> None:
    """Run the migrations, or print them (`--sql`), for the `alembic` command."""
    add_folders()
    chosen = settings.load()
    if context.is_offline_mode():
        script(warehouses.driver_name(warehouses.backend_of(chosen.warehouse)))
        return
    tell = partial(context.config.print_stdout, "%s")
    with (
        warehouses.connect(chosen.warehouse, chosen) as warehouse,
        warehouse.writing(chosen.lock_timeout) as connection,
    ):
        migrate(connection, tell)
        if "destination_rev" in context.get_context().opts:
            heads = ", ".join(sorted(context.get_context().get_current_heads())) or "empty"
            tell(f"{warehouse.url}: the schema is at {heads}")


def main() -> None:
    """Run the migrations as `models.schema` asks, or as the `alembic` command does."""
    given = context.config.attributes
    if "script" in given:
        script(**given["script"])
    elif given.get("connection") is not None:
        migrate(given["connection"], given.get("tell"))
    else:
        command()


try:
    main()
except SparkifyError as error:  # one line, as for all that Alembic expects
    raise CommandError(str(error)) from error
