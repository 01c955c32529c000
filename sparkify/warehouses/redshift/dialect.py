"""How statements for Amazon Redshift are written: sqlalchemy-redshift's dialect, corrected."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from inspect import signature
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from alembic.ddl.base import alter_column, alter_table, format_type
from alembic.ddl.postgresql import PostgresqlColumnType
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.ddl import ExecutableDDLElement
from sqlalchemy_redshift.dialect import RedshiftDialect_redshift_connector

from sparkify.models.statements import Compiler, EpochMs, LocalTime, Query
from sparkify.read.sql import fill

DRIVER = "redshift+redshift_connector"
WITHOUT = (  # it claims RETURNING, which Redshift does not have (upstream issues 281 and 330)
    "insert_returning",
    "update_returning",
    "delete_returning",
    "insert_executemany_returning",
    "update_executemany_returning",
    "use_insertmanyvalues",
)

NOTHING = SimpleNamespace(domains={}, enums={})
NAMED = len({"domains", "enums"} & signature(PGDialect._reflect_type).parameters.keys())


class Dialect(RedshiftDialect_redshift_connector):  # type: ignore[misc]
    """sqlalchemy-redshift's dialect, without what Redshift lacks."""

    supports_statement_cache = False
    cte_follows_insert = True  # Redshift knows INSERT..WITH..SELECT, and not WITH..INSERT

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        correct(self)

    def has_table(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> bool:
        """Whether a table or view exists; upstream also asks for external ones, which is slow."""
        query = (
            "SELECT count(*) FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON"
            " pg_namespace.oid = relnamespace WHERE relname = $name AND nspname = $schema"
        )
        values = {"name": table_name, "schema": str(schema or self.default_schema_name)}
        return bool(connection.exec_driver_sql(fill(query, values)).scalar())

    def has_multi_table(
        self,
        connection: sa.Connection,
        table_names: Iterable[str],
        schema: str | None = None,
        **kw: object,
    ) -> Iterator[tuple[tuple[str | None, str], bool]]:
        """Whether each of several tables exists, see `has_table`."""
        for name in table_names:
            yield (schema, name), self.has_table(connection, name, schema, **kw)

    def get_multi_table_options(self, connection: sa.Connection, **kw: Any) -> Any:
        """DISTKEY and so on, table by table; SQLAlchemy 2.1 would ask PostgreSQL's catalog."""
        reflect: Any = DefaultDialect.get_multi_table_options
        return reflect(self, connection, **kw)

    def _reflect_type(self, shown: str | None, *named: object, **how: object) -> object:
        # upstream passes domains and enums, of which Redshift has none; 2.1 takes one argument
        return super()._reflect_type(shown, *(named if len(named) == NAMED else (NOTHING,)), **how)


def correct(dialect: sa.Dialect) -> None:
    """Switch off what Redshift lacks, also in a dialect of upstream's, and double backslashes.

    In a literal Redshift reads two backslashes as one. SQLAlchemy 2.1 writes them once by default,
    and upstream does so in every version once it has connected.
    """
    for feature in WITHOUT:
        setattr(dialect, feature, False)
    settings = {"_backslash_escapes": True, "_set_backslash_escapes": lambda connection: None}
    vars(dialect).update(settings)


registry.register("redshift.redshift_connector", __name__, "Dialect")  # instead of upstream's


@dataclass(eq=False, kw_only=True)
class Copy(ExecutableDDLElement):
    """COPY of newline-delimited JSON or of Parquet, by a manifest. It names a role, no credentials.

    sqlalchemy-redshift's CopyCommand knows neither ZSTD nor `IAM_ROLE default`, and binds values
    where Redshift takes none (upstream issue 240).

    Attributes:
        target: the table.
        manifest: the manifest's `s3://` URL.
        iam_role: the role's ARN; None means the cluster's default role.
        region: the bucket's region; None means the cluster's, as it must be for Parquet.
        json: "auto", or the URL of a JSONPaths file; None if the files are Parquet, whose columns
            are taken by their order.
        words: more options of COPY of JSON, such as `ZSTD`.
    """

    target: sa.Table
    manifest: str
    iam_role: str | None
    region: str | None
    json: str | None = "auto"
    words: Sequence[str] = ()


@dataclass(eq=False, kw_only=True)
class Unload(ExecutableDDLElement):
    """UNLOAD of a query as Parquet, as one file unless it is larger than 6.2 GB.

    Attributes:
        select: the rows, in their order.
        folder: the `s3://` URL, with a slash at its end; what is below it is removed first.
        iam_role, region: see `Copy`.
        kms_key: the ARN of the KMS key by which S3 encrypts the file; None means S3's own.
    """

    select: Query
    folder: str
    iam_role: str | None
    region: str | None
    kms_key: str | None


def quoted(compiler: Compiler, value: str) -> str:
    """A text as an SQL literal."""
    return str(compiler.sql_compiler.render_literal_value(value, sa.String()))


def authority(compiler: Compiler, element: Copy | Unload) -> list[str]:
    """With which role the cluster reads or writes S3, and in which region."""
    role = "default" if element.iam_role is None else quoted(compiler, element.iam_role)
    region = [f"REGION {quoted(compiler, element.region)}"] if element.region else []
    return [f"IAM_ROLE {role}", *region]


@compiles(Copy)
def _copy(element: Copy, compiler: Compiler, **kw: object) -> str:
    columns = ", ".join(compiler.preparer.quote(column.name) for column in element.target.columns)
    form = ["FORMAT AS PARQUET"]  # with which Redshift takes none of the other options
    if element.json is not None:
        form = [f"FORMAT AS JSON {quoted(compiler, element.json)}", *element.words]
        form.append("COMPUPDATE OFF")
    parts = [
        f"COPY {compiler.preparer.format_table(element.target)} ({columns})",
        f"FROM {quoted(compiler, element.manifest)}",
        *authority(compiler, element),
        "MANIFEST",
        *form,
        "STATUPDATE OFF",
    ]
    return "\n".join(parts)


@compiles(Unload)
def _unload(element: Unload, compiler: Compiler, **kw: object) -> str:
    select = compiler.sql_compiler.process(element.select, literal_binds=True)
    key = (element.kms_key or "").rpartition("/")[2]  # its id, as in the manual
    encryption = [f"KMS_KEY_ID {quoted(compiler, key)}", "ENCRYPTED"] if key else []
    parts = [
        f"UNLOAD ({quoted(compiler, str(select))})",
        f"TO {quoted(compiler, element.folder)}",
        *authority(compiler, element),
        "FORMAT AS PARQUET",
        *encryption,
        "CLEANPATH",
        "PARALLEL OFF",
    ]
    return "\n".join(parts)


@compiles(EpochMs, "redshift")
def _epoch_ms(element: EpochMs, compiler: Compiler, **kw: object) -> str:
    (moment,) = element.clauses
    return f"DATEDIFF(ms, TIMESTAMP '1970-01-01', {compiler.process(moment, **kw)})"


@compiles(LocalTime, "redshift")
def _local_time(element: LocalTime, compiler: Compiler, **kw: object) -> str:
    return f"CONVERT_TIMEZONE({compiler.process(element.clause_expr.element, **kw)})"


@compiles(PostgresqlColumnType, "redshift")
def _alter_type(element: PostgresqlColumnType, compiler: Compiler, **kw: object) -> str:
    # Alembic registers ALTER COLUMN TYPE for "postgresql" alone
    table = alter_table(compiler, element.table_name, element.schema)
    column = alter_column(compiler, element.column_name)
    return f"{table} {column} TYPE {format_type(compiler, element.type_)}"
