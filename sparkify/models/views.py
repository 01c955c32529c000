"""The views that people query: the rows of the versions that are published, and their rejects.

They are made anew after every upgrade. Only people read them: what Sparkify itself computes, it
computes from the tables, by way of `published`.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.ddl import ExecutableDDLElement

from sparkify.models.base import STAGING, Base, table
from sparkify.models.books import FieldRow, File, Load, RejectRow, Version
from sparkify.models.grants import Privilege, grant, privileges
from sparkify.models.staging import KINDS
from sparkify.models.statements import Compiler, Query

VERSION = table(Version).alias("v")
TYPES = ("array", "boolean", "null", "number", "object", "string")  # what JSON calls its values


@dataclass(eq=False)
class CreateView(ExecutableDDLElement):
    """CREATE VIEW in the schema `staging`; on Redshift it does not bind the tables."""

    name: str
    select: Query


@compiles(CreateView)
def _create_view(element: CreateView, compiler: Compiler, **kw: object) -> str:
    select = compiler.sql_compiler.process(element.select, literal_binds=True)
    unbound = " WITH NO SCHEMA BINDING" if compiler.dialect.name == "redshift" else ""
    return f"CREATE VIEW {STAGING}.{element.name} AS\n{select}{unbound}"


def fields(rows: sa.Table) -> list[str]:
    """The columns of staged rows that hold the fields of a record."""
    return [column.name for column in rows.columns if "rules" in column.info]


def with_versions(rows: sa.Table, names: Iterable[str]) -> Query:
    """The SELECT of columns of rows, and of their versions."""
    row = rows.alias("r")
    columns = (row.c[name] if name in row.c else VERSION.c[name] for name in names)
    return sa.select(*columns).join_from(row, VERSION, VERSION.c.file_id == row.c.file_id)


def published(rows: sa.Table, names: Iterable[str]) -> Query:
    """The SELECT of columns of the published rows of one kind, and of their versions."""
    return with_versions(rows, names).where(VERSION.c.published)


def rejects() -> Query:
    """The SELECT of the rejects of the versions that the objects have now."""
    now = VERSION.c.file_id.in_(sa.select(table(File).c.file_id))
    names = [c.name for c in table(RejectRow).columns if c.name != "file_id"]
    return with_versions(table(RejectRow), ["load_id", *names, "file_id"]).where(now)


def fields_seen() -> Query:
    """The SELECT of the fields that the records of the objects have and no column takes.

    One row per kind and name; `types` as in "number: 3, string: 12".
    """
    row, load = table(FieldRow).alias("r"), table(Load).alias("l")
    records = sa.func.sum(row.c.records)
    listed: sa.ColumnElement[str] = sa.literal("")
    for name in TYPES:
        own = sa.func.sum(sa.case((row.c.type == name, row.c.records), else_=0))
        shown = sa.literal(f", {name}: ").concat(sa.cast(own, sa.String(20)))
        listed = listed.concat(sa.case((own > 0, shown), else_=""))
    key = (VERSION.c.kind, row.c.name, row.c.declared)
    return (
        sa.select(
            *key,
            sa.cast(records, sa.BigInteger).label("records"),
            sa.func.ltrim(listed, ", ", type_=sa.String).label("types"),
            sa.func.min(load.c.finished_at).label("first_seen"),
            sa.func.max(load.c.finished_at).label("last_seen"),
        )
        .join_from(row, VERSION, VERSION.c.file_id == row.c.file_id)
        .join(load, load.c.load_id == VERSION.c.load_id)
        .where(VERSION.c.file_id.in_(sa.select(table(File).c.file_id)))
        .group_by(*key)
    )


def view_of(name: str, select: Query) -> sa.TableClause:
    """A view as a table to select from."""
    columns = (sa.column(c.name, c.type) for c in select.selected_columns)
    return sa.table(name, *columns, schema=STAGING)


REJECTS, FIELDS = view_of("rejects", rejects()), view_of("fields", fields_seen())


def views(missing: Container[str] = ()) -> Iterator[CreateView]:
    """The views: `staging_songs`, `staging_events`, `rejects` and `fields`.

    Args:
        missing: what an older schema lacks: columns of staged rows, `field_rows`.
    """
    for kind, model in KINDS.items():
        rows = table(model)
        names = [*fields(rows), "uri", "load_id", "repaired", "extra"]
        held = [name for name in names if f"{rows.name}.{name}" not in missing]
        yield CreateView(f"staging_{kind}", published(rows, held))
    yield CreateView("rejects", rejects())
    if table(FieldRow).name not in missing:
        yield CreateView("fields", fields_seen())


def statements(missing: Container[str] = ()) -> Iterator[CreateView | sa.TextClause]:
    """Make the views anew."""
    for view in views(missing):
        yield sa.text(f"DROP VIEW IF EXISTS {STAGING}.{view.name}")
        yield view


def refresh(
    connection: sa.Connection, granted: Iterable[Privilege], missing: Container[str] = ()
) -> None:
    """Make the views anew over a connection, for those who had these privileges."""
    for statement in (*statements(missing), *map(grant, granted)):
        connection.execute(statement)


def lacking(connection: sa.Connection) -> set[str]:
    """What the tables of a schema lack: tables by their name, columns as table.column."""
    look, found = sa.inspect(connection), set[str]()
    for target in Base.metadata.sorted_tables:
        if not look.has_table(target.name, schema=target.schema):
            found.add(target.name)
            continue
        held = {column["name"] for column in look.get_columns(target.name, schema=target.schema)}
        found |= {f"{target.name}.{name}" for name in set(target.columns.keys()) - held}
    return found


def granted(connection: sa.Connection) -> list[Privilege]:
    """Who may read the views, or the tables that had their names before."""
    names = [view.name for view in views()]
    found = privileges(connection, names)
    return [given for given in found if given.privilege.upper() == "SELECT"]
