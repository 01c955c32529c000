"""The schema to look at: as DDL, and as a Mermaid diagram."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.schema import CreateSchema, CreateTable
from sqlalchemy.sql.ddl import ExecutableDDLElement

from sparkify.models.base import STAGING, Base, table
from sparkify.models.star import PUBLISHED
from sparkify.models.views import views


def ddl(dialect: sa.Dialect) -> str:
    """The CREATE statements of every table and view, as a dialect writes them."""
    statements: list[ExecutableDDLElement] = [CreateSchema(STAGING, if_not_exists=True)]
    statements += map(CreateTable, Base.metadata.sorted_tables)
    statements += views()
    texts = (str(statement.compile(dialect=dialect)) for statement in statements)
    return "\n\n".join(f"{tidy(text)};" for text in texts)


def tidy(text: str) -> str:
    """A statement without blanks at the ends of its lines."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines()).replace("\t", "    ")


def mermaid() -> str:
    """The star as an entity-relationship diagram in Mermaid."""
    tables = [table(model) for model in PUBLISHED]
    lines = [line for each in tables for line in entity(each)]
    return "\n".join(["erDiagram", *lines, *(relation(key) for key in references(tables))])


def references(tables: Sequence[sa.Table]) -> list[sa.ForeignKey]:
    """Their foreign keys, by table and column."""
    return [
        reference
        for each in tables
        for reference in sorted(each.foreign_keys, key=lambda key: key.parent.name)
    ]


def relation(reference: sa.ForeignKey) -> str:
    """The line of one foreign key; a play need not have its song."""
    column, target = reference.parent, reference.column.table
    one = "o|" if column.nullable else "||"
    return f"    {target.name} {one}--o{{ {column.table.name} : {column.name}"


def entity(of: sa.Table) -> list[str]:
    """The lines of one table."""
    references = {key.parent.name for key in of.foreign_keys}
    lines = [f"    {of.name} {{"]
    for column in of.columns:
        key = " PK" if column.primary_key else " FK" if column.name in references else ""
        type_ = str(column.type).lower().split("(")[0].replace(" ", "_")
        lines.append(f"        {type_} {column.name}{key}")
    return [*lines, "    }"]
