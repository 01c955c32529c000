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
    first, version = sa.func.min(SEEN.c.file_id).label("first_id"), VERSIONS.c
    key = (version.kind, SEEN.c.name, SEEN.c.declared)
    joined = SEEN.join(VERSIONS, version.file_id == SEEN.c.file_id)
    records = sa.func.sum(SEEN.c.records).label("records")
    types = sa.select(*key, SEEN.c.type, records).select_from(joined).where(where)
    by_type = types.group_by(*key, SEEN.c.type).subquery("by_type")
    firsts = sa.select(*key, first).select_from(joined).where(where).group_by(*key)
    of_field = firsts.subquery("firsts")
    same = sa.and_(*(by_type.c[each.name] == of_field.c[each.name] for each in key))
    wanted = [by_type.c[name] for name in ("kind", "name", "declared", "type")]
    return (
        sa.select(*wanted, version.uri, by_type.c.records)
        .join_from(by_type, of_field, same)
        .join(VERSIONS, version.file_id == of_field.c.first_id)
        .order_by(*wanted)
    )
