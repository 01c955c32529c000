"""Questions about the loads: what was loaded, and what was rejected."""

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import Question
from sparkify.load.transform.rows import ascending
from sparkify.models import Load, table
from sparkify.models.statements import Query
from sparkify.models.views import FIELDS, REJECTS


def loads(limit: int = 10) -> Query:
    """Select the latest loads."""
    load = table(Load).c
    counts = (load.files, load.records_read, load.records_staged, load.records_rejected)
    rows = sa.select(load.finished_at, load.source, *counts, load.version)
    return rows.order_by(load.finished_at.desc(), load.load_id.desc()).limit(limit)


def rejects(limit: int = 10) -> Query:
    """Count the rejects by code and column, with one reason as an example."""
    reject = REJECTS.c
    names = (reject.code, reject.column_name)
    counted = sa.select(
        *names, func.min(reject.reason).label("example"), func.count().label("records")
    )
    ordered = counted.group_by(*names).order_by(sa.desc("records"), *ascending(*names))
    return ordered.limit(limit)


def unknown_fields(limit: int = 20) -> Query:
    """Select the fields whose values no column takes; the commonest first."""
    field = FIELDS.c
    declared = sa.case((field.declared, "of another type"), else_="unknown").label("field_is")
    rows = sa.select(field.name, field.kind, declared, field.records, field.types)
    return rows.order_by(field.records.desc(), *ascending(field.name, field.kind)).limit(limit)


BOOKS = (
    Question(
        "loads",
        "books",
        "Which loads were the latest?",
        loads,
        ("finished", "source", "files", "read", "staged", "rejected", "version"),
        clock="Times are in UTC.",
        first="the latest {limit}",
    ),
    Question(
        "rejects",
        "books",
        "Which records were rejected, and why?",
        rejects,
        ("code", "column", "example", "records"),
        measure="records",
        chart="bars",
    ),
    Question(
        "unknown-fields",
        "books",
        "Which fields of the records have values that no column takes?",
        unknown_fields,
        ("field", "kind", "is", "records", "types"),
        measure="records",
        chart="bars",
    ),
)
