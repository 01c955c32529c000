"""The fields that records have and no column takes, as the books know them."""

from typing import TypedDict

import sqlalchemy as sa

from sparkify.models import FieldRow, File, Version, table
from sparkify.models.statements import Query
from sparkify.read.unknown import meant
from sparkify.report import SeenField
from sparkify.warehouses.executor import Executor

SEEN, VERSIONS = table(FieldRow), table(Version)
CURRENT = SEEN.c.file_id.in_(sa.select(table(File).c.file_id))


class SeenFields(TypedDict, total=False):
    """Fields as a report and a status have them, the commonest first."""

    unknown_fields: list[SeenField]
    mistyped_fields: list[SeenField]


def seen_fields(executor: Executor, where: sa.ColumnElement[bool] = CURRENT) -> SeenFields:
    """The fields of some versions, by default those that the objects have now."""
    found: dict[tuple[str, str, bool], SeenField] = {}
    for kind, name, declared, type_, uri, records in executor.rows(counted(where)):
        hint = None if declared else meant(kind, name)
        field = SeenField(name, kind, 0, {}, uri, bool(declared), hint)
        found.setdefault((kind, name, declared), field).types[type_] = int(records)
    totals = (each.totalled() for each in found.values())
    ranked = sorted(totals, key=lambda each: (-each.records, each.kind, each.name))
    return SeenFields(
        unknown_fields=[each for each in ranked if not each.declared],
        mistyped_fields=[each for each in ranked if each.declared],
    )


def counted(where: sa.ColumnElement[bool]) -> Query:
    """The SELECT of each field's records by JSON type, and the first object that has it."""
    key = (VERSIONS.c.kind, SEEN.c.name, SEEN.c.declared, SEEN.c.type)
    first, records = sa.func.min(SEEN.c.file_id), sa.func.sum(SEEN.c.records)
    counts = sa.select(*key, first.label("first_id"), records.label("records"))
    joined = counts.join_from(SEEN, VERSIONS, VERSIONS.c.file_id == SEEN.c.file_id).where(where)
    found = joined.group_by(*key).subquery("found")
    names = (found.c[name] for name in ("kind", "name", "declared", "type"))
    first_one = VERSIONS.c.file_id == found.c.first_id
    wanted = sa.select(*names, VERSIONS.c.uri, found.c.records)
    return wanted.join_from(found, VERSIONS, first_one).order_by(found.c.first_id)
