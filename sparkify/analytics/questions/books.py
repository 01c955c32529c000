"""How the warehouse came to be: its loads, and what was refused."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.analytics.questions.question import Question
from sparkify.load.transform import ascending
from sparkify.models import Load, Reject, table


def loads(limit: int = 10) -> sa.Select[Any]:
    """The latest loads."""
    load = table(Load).c
    counts = (load.files, load.records_read, load.records_staged, load.records_rejected)
    found = sa.select(load.finished_at, load.source, *counts, load.version)
    return found.order_by(load.finished_at.desc(), load.load_id.desc()).limit(limit)


def rejects(limit: int = 10) -> sa.Select[Any]:
    """What was refused, by code and column, with one of the reasons."""
    reject = table(Reject).c
    names = (reject.code, reject.column_name)
    counted = sa.select(*names, func.min(reject.reason), func.count().label("records"))
    ordered = counted.group_by(*names).order_by(sa.desc("records"), *ascending(*names))
    return ordered.limit(limit)


BOOKS = (
    Question(
        "loads",
        "books",
        "What was loaded?",
        loads,
        ("finished", "source", "files", "read", "staged", "rejected", "version"),
        measure="staged",
    ),
    Question(
        "rejects",
        "books",
        "What was refused, and why?",
        rejects,
        ("code", "column", "for example", "records"),
        measure="records",
        chart="bars",
    ),
)
