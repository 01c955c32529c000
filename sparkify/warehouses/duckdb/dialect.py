"""How statements for DuckDB are written, and how its databases are opened."""

import duckdb_sqlalchemy
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.engine.default import DefaultDialect

from sparkify.read.sql import fill


class Dialect(duckdb_sqlalchemy.Dialect):
    """DuckDB's dialect: schemas by their plain names, and INSERT before WITH as on Redshift."""

    supports_statement_cache = True
    cte_follows_insert = True

    def initialize(self, connection: sa.Connection) -> None:
        """Begin, without the parent's look into another database: DuckDB knows comments."""
        DefaultDialect.initialize(self, connection)

    def get_schema_names(self, connection: sa.Connection, **kw: object) -> list[str]:
        """The current database's schemas; as `database.schema` Alembic would not know them."""
        database = connection.exec_driver_sql("SELECT current_database()").scalar()
        own = f"{self.identifier_preparer.quote(str(database))}."
        names = super().get_schema_names(connection, **kw)
        return [name.removeprefix(own) for name in names if name.startswith(own)]

    def has_table(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> bool:
        """Whether a table exists; asked without parameters of the driver, see `read.sql`."""
        query = (
            "SELECT count(*) FROM system.information_schema.tables WHERE table_catalog ="
            " current_database() AND table_schema = $schema AND table_name = $name"
        )
        values = {"schema": schema or "main", "name": table_name}
        return bool(connection.exec_driver_sql(fill(query, values)).scalar())


DRIVER = "duckdb+sparkify"
registry.register("duckdb.sparkify", __name__, "Dialect")


def engine(warehouse: str | sa.URL, **options: object) -> sa.Engine:
    """An engine that keeps no connection: an idle one would keep the file's lock."""
    url = sa.make_url(warehouse).set(drivername=DRIVER)
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args=options)
