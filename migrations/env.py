"""Alembic's environment: the warehouse from the settings, or the connection that is handed in."""

from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.util import CommandError

from sparkify import config as settings
from sparkify import warehouses
from sparkify.errors import SparkifyError
from sparkify.models import PUBLISHED, STAGING, Base, Version, table, views

ALL = 8  # the code of DISTSTYLE ALL in Redshift's catalog
TABLES = [table(model) for model in PUBLISHED]


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """Look at the default schema and at ours, and at no other."""
    return kind != "schema" or name in (None, STAGING)


def include_object(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Leave out keys and references: only Redshift is told of them, and does not enforce them."""
    return kind != "foreign_key_constraint"


OPTIONS: dict[str, Any] = {
    "target_metadata": Base.metadata,
    "include_schemas": True,
    "include_name": include_name,
    "include_object": include_object,
    "compare_type": True,
}


def migrate(connection: sa.Connection) -> None:
    """Run the migrations over a connection, and make the views anew, in one transaction."""
    context.configure(connection=connection, **OPTIONS)
    with context.begin_transaction():
        granted = views.granted(connection)
        context.run_migrations()
        if sa.inspect(connection).has_table(table(Version).name, schema=STAGING):
            views.refresh(connection, granted)
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


def main() -> None:
    """Run the migrations, or print them (`--sql`)."""
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    chosen = settings.load()
    if context.is_offline_mode():
        name = warehouses.backend_of(chosen.warehouse)
        dialect_name = warehouses.driver_name(name)
        context.configure(dialect_name=dialect_name, literal_binds=True, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()
            if context.get_revision_argument() == context.get_head_revision():
                for statement in views.statements():
                    context.execute(statement)
        return
    with (
        warehouses.connect(chosen.warehouse, chosen) as warehouse,
        warehouse.writing(chosen.lock_timeout) as connection,
    ):
        migrate(connection)


try:
    main()
except SparkifyError as error:  # one line, as for all that Alembic expects
    raise CommandError(str(error)) from error
