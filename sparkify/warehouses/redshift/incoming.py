"""What COPY loaded straight from the lake, before it is staged: cleaned and checked by SQL.

COPY fills a temporary table, because it can neither name the load nor check more than types. The
checks are those of `read.rules`; here they become Core SELECTs over typed values. What COPY itself
checks (types, lengths, what is always required) it rejects with file and line. What is found here
can only be told by the record's own key.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapper
from sqlalchemy.sql.expression import func

from sparkify.errors import RejectedRecord
from sparkify.models.base import TITLE, table
from sparkify.models.staging import KINDS, PLAY
from sparkify.models.statements import Column, CreateTempTableAs, Query, Union, temporary
from sparkify.read.repair import compose, repair
from sparkify.read.rules import Check, Field, checks_of, fields_of, reason

WIDER = 4  # times the bytes of a text that was encoded as UTF-8 twice too often, or is not NFC
EPOCH = datetime(1970, 1, 1)  # UTC, as every TIMESTAMP of ours

#: texts that are stored in another form: in NFC, and in NFC after repair
CLEANED = temporary(
    "cleaned_texts",
    sa.Column("arrived", sa.String(TITLE * WIDER)),
    sa.Column("composed", sa.String(TITLE * WIDER)),
    sa.Column("repaired", sa.String(TITLE * WIDER)),
    sa.Column("broken", sa.Boolean()),
)


def incoming(kind: str) -> sa.Table:
    """The temporary table that COPY fills: the fields, wide enough for texts as they arrive."""
    types = table(KINDS[kind]).columns
    columns = [
        sa.Column(
            field.name,
            sa.String(field.length * WIDER) if field.type == "text" else types[field.name].type,
            nullable=field.rules.required != "always",
        )
        for field in fields_of(kind)
    ]
    return temporary(f"incoming_{kind}", *columns)


def suspects(kind: str) -> Union:
    """The distinct texts that may have to be cleaned: those with more bytes than characters."""
    row = incoming(kind).c
    texts = [row[field.name] for field in fields_of(kind) if field.type == "text"]
    longer = (func.octet_length(text) > func.length(text) for text in texts)
    selects = zip(texts, longer, strict=True)
    return sa.union(*(sa.select(text.label("text")).where(test) for text, test in selects))


def cleaned_rows(texts: Iterable[str]) -> list[dict[str, object]]:
    """The rows of `CLEANED` for those of the texts that are stored in another form."""
    forms = ((text, compose(text), repair(text)) for text in texts)
    return [
        {
            "arrived": text,
            "composed": composed,
            "repaired": compose(repaired),
            "broken": repaired != text,
        }
        for text, composed, repaired in forms
        if composed != text or repaired != text
    ]


def sound(kind: str) -> sa.Subquery:
    """What arrived, with its texts cleaned, and whether one of them was repaired."""
    arrived = incoming(kind)
    source: sa.FromClause = arrived
    values: list[Column] = []
    repairs: list[Column] = []
    for field in fields_of(kind):
        value: Column = arrived.c[field.name]
        if field.type == "text":
            texts = CLEANED.alias(f"cleaned_{field.name}")
            source = source.outerjoin(texts, texts.c.arrived == value)
            stored = texts.c.composed
            if field.rules.repair:
                stored = texts.c.repaired
                repairs.append(texts.c.broken)
            value = func.coalesce(stored, value)
        values.append(value.label(field.name))
    repaired = sa.case((sa.or_(*repairs), sa.true()), else_=sa.false()).label("repaired")
    return sa.select(*values, repaired).select_from(source).subquery("arrived")


def checked(kind: str) -> CreateTempTableAs:
    """The temporary table of what arrived, cleaned, with its fault, if it has one."""
    row = sound(kind)
    return CreateTempTableAs(f"checked_{kind}", sa.select(*row.c, fault(kind, row).label("fault")))


def stage(kind: str, row: sa.Table, file_id: Column) -> sa.Insert:
    """The INSERT of what passes every check."""
    names = [*(field.name for field in fields_of(kind)), "repaired"]
    select = sa.select(file_id.label("file_id"), *(row.c[name] for name in names)).where(
        row.c.fault.is_(None)
    )
    return sa.insert(table(KINDS[kind])).from_select(["file_id", *names], select)


def counts(kind: str, row: sa.Table) -> Query:
    """The SELECT of how many rows pass, how many were repaired, and their first and last ts."""
    repaired = func.count(sa.case((row.c.repaired, 1)))
    span = (
        (func.min(row.c.ts), func.max(row.c.ts))
        if "ts" in row.c
        else (sa.null().label("least"), sa.null().label("most"))
    )
    return sa.select(func.count(), repaired, *span).where(row.c.fault.is_(None))


def failed(kind: str, row: sa.Table) -> Query:
    """What fails a check: the fault as `code:column`, and the record's own key."""
    return sa.select(row.c.fault, *(row.c[name] for name in own_key(kind))).where(
        row.c.fault.is_not(None)
    )


def own_key(kind: str) -> list[str]:
    """The columns by which a record can be found."""
    mapper: Mapper[object] = sa.inspect(KINDS[kind], raiseerr=True)
    return [column.name for column in mapper.primary_key if "rules" in column.info]


def fault(kind: str, row: sa.FromClause) -> Column:
    """The first check that a row fails, as `code:column`; NULL if it passes all."""
    tests = [(condition(check, row), check) for check in checks_of(kind)]
    branches = (
        (test, sa.literal(f"{check.code}:{check.field.name}"))
        for test, check in tests
        if test is not None
    )
    return sa.case(*branches, else_=sa.null())


def condition(check: Check, row: sa.FromClause) -> Column | None:
    """When a check fails; None if COPY has checked it."""
    field, value = check.field, row.c[check.field.name]
    match check.test:
        case "required":
            return value.is_(None)
        case "required_in_play":
            return value.is_(None) & (row.c.page == PLAY)
        case "length":
            return func.octet_length(value) > field.length
        case "fits" if field.type == "number":
            text = func.lower(sa.cast(value, sa.String(32)))
            return text.in_(["nan", "infinity", "-infinity"])
        case "least":
            return value < bound(field, field.rules.least)
        case "most":
            return value > bound(field, field.rules.most)
        case "one_of":
            return value.not_in(field.rules.one_of)
    return None


def bound(field: Field, limit: float | None) -> Column:
    """A limit as a value of the column's type; that of a timestamp is in ms since the epoch."""
    if field.type == "timestamp":
        return sa.literal(EPOCH + timedelta(milliseconds=limit or 0), sa.DateTime())
    if field.type == "number":
        return sa.literal(float(limit or 0), sa.Double())
    return sa.literal(limit, sa.BigInteger())


def reject(kind: str, found: str, key: Iterable[object]) -> RejectedRecord:
    """The reject for a row of `failed`."""
    code, _, name = found.partition(":")
    where = ", ".join(f"{n} {value}" for n, value in zip(own_key(kind), key, strict=True))
    text = f"{reason(kind, code, name)} (the record of {where})"
    return RejectedRecord(code, text, column_name=name)
