"""What COPY loaded straight from the lake, before it is staged: cleaned and checked by SQL.

COPY fills a temporary table of texts, because it can neither name the load nor check more than
types, and its casts are not the reader's. The checks are those of `read.rules`; here they become
Core SELECTs over the texts and the numbers that `values` makes of them. COPY itself refuses only
what is no JSON. What is found here can only be told by the record's own key.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Mapper
from sqlalchemy.sql.expression import func

from sparkify.errors import RejectedRecord
from sparkify.models.base import TITLE, table
from sparkify.models.staging import KINDS, PLAY
from sparkify.models.statements import Column, CreateTempTableAs, Query, Union, temporary
from sparkify.read.repair import compose, repair
from sparkify.read.rules import Check, Field, checks_of, fields_of, reason
from sparkify.warehouses.redshift import values

WIDER = 4  # times the bytes of a text that was encoded as UTF-8 twice too often, or is not NFC
KEY = 64  # characters of each part of a record's key that its reject tells

#: texts that are stored in another form: in NFC, and in NFC after repair
CLEANED = temporary(
    "cleaned_texts",
    sa.Column("arrived", sa.String(TITLE * WIDER)),
    sa.Column("composed", sa.String(TITLE * WIDER)),
    sa.Column("repaired", sa.String(TITLE * WIDER)),
    sa.Column("broken", sa.Boolean()),
)


def incoming(kind: str) -> sa.Table:
    """The temporary table that COPY fills: the fields as texts, wide enough to see what is wrong.

    COPY cuts what is wider (TRUNCATECOLUMNS); a text that fills its column is too long.
    """
    columns = (sa.Column(field.name, sa.String(width(field) + 1)) for field in fields_of(kind))
    return temporary(f"incoming_{kind}", *columns)


def width(field: Field) -> int:
    """The most bytes that a field may arrive with."""
    return field.length * WIDER if field.type == "text" else values.LONGEST


def suspects(kind: str) -> Union:
    """The distinct texts that may have to be cleaned: those with more bytes than characters."""
    row = incoming(kind).c
    texts = [values.trimmed(row[field.name]) for field in fields_of(kind) if field.type == "text"]
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
    """What arrived: texts cleaned, and whether they fit; of the others the text and the number."""
    arrived = incoming(kind)
    source: sa.FromClause = arrived
    columns: list[Column] = []
    repairs: list[Column] = []
    for field in fields_of(kind):
        value: Column = arrived.c[field.name]
        if field.type != "text":
            columns += [
                values.written(value).label(f"{field.name}_"),
                values.double(value).label(f"{field.name}_d"),
            ]
            continue
        texts = CLEANED.alias(f"cleaned_{field.name}")
        text = values.trimmed(value)
        source = source.outerjoin(texts, texts.c.arrived == text)
        stored = texts.c.repaired if field.rules.repair else texts.c.composed
        if field.rules.repair:
            repairs.append(texts.c.broken)
        columns += [
            func.coalesce(stored, text).label(f"{field.name}_"),
            (func.octet_length(value) > width(field)).label(f"{field.name}_cut"),
        ]
    repaired = sa.case((sa.or_(*repairs), sa.true()), else_=sa.false()).label("repaired")
    return sa.select(*columns, repaired).select_from(source).subquery("arrived")


def numbered(kind: str) -> sa.Subquery:
    """The same, with the numbers as their columns hold them."""
    row = sound(kind)
    numbers = (
        number(field, row).label(f"{field.name}_n")
        for field in fields_of(kind)
        if field.type != "text"
    )
    return sa.select(*row.c, *numbers).subquery("numbered")


def number(field: Field, row: sa.FromClause) -> Column:
    """A field of `sound` as the number that its column holds."""
    double = row.c[f"{field.name}_d"]
    return double if field.type == "number" else values.integer(row.c[f"{field.name}_"], double)


def checked(kind: str) -> CreateTempTableAs:
    """The temporary table of what arrived, as it is staged, with its fault, if it has one.

    It also has the record's own key, as it was written.
    """
    row = numbered(kind)
    key = (values.trimmed(func.left(row.c[f"{n}_"], KEY)).label(f"{n}_") for n in own_key(kind))
    staged = (staged_value(field, row).label(field.name) for field in fields_of(kind))
    select = sa.select(*staged, *key, row.c.repaired, fault(kind, row).label("fault"))
    return CreateTempTableAs(f"checked_{kind}", select)


def staged_value(field: Field, row: sa.FromClause) -> Column:
    """What is staged of a field of `numbered`."""
    if field.type == "text":
        return row.c[f"{field.name}_"]
    return values.staged(field, row.c[f"{field.name}_n"])


def stage(kind: str, row: sa.Table, file_id: Column) -> sa.Insert:
    """The INSERT of what passes every check."""
    names = [*(field.name for field in fields_of(kind)), "repaired"]
    select = sa.select(file_id.label("file_id"), *(row.c[name] for name in names)).where(
        row.c.fault.is_(None)
    )
    return sa.insert(table(KINDS[kind])).from_select(["file_id", *names], select)


def counts(kind: str, row: sa.Table) -> Query:
    """The SELECT of how many rows pass, how many were repaired, and their first and last ts."""
    repaired = func.count(sa.case((row.c.repaired, 1))).label("repaired")
    span = (func.min(row.c.ts), func.max(row.c.ts)) if "ts" in row.c else (sa.null(), sa.null())
    least, greatest = span[0].label("least_ts"), span[1].label("greatest_ts")
    return sa.select(func.count().label("rows"), repaired, least, greatest).where(
        row.c.fault.is_(None)
    )


def failed(kind: str, row: sa.Table) -> Query:
    """What fails a check: the fault as `code:column`, and the record's own key."""
    return sa.select(row.c.fault, *(row.c[f"{name}_"] for name in own_key(kind))).where(
        row.c.fault.is_not(None)
    )


def own_key(kind: str) -> list[str]:
    """The columns by which a record can be found."""
    mapper: Mapper[object] = sa.inspect(KINDS[kind], raiseerr=True)
    return [column.name for column in mapper.primary_key if "rules" in column.info]


def fault(kind: str, row: sa.FromClause) -> Column:
    """The first check that a row fails, as `code:column`; NULL if it passes all.

    As in the reader, an object or an array where a number is meant comes before the others.
    """
    numbers = [field for field in fields_of(kind) if field.type != "text"]
    nested = [(opens(row.c[f"{field.name}_"]), f"wrong_type:{field.name}") for field in numbers]
    tests = [
        (condition(check, row), f"{check.code}:{check.field.name}") for check in checks_of(kind)
    ]
    return sa.case(*((test, sa.literal(found)) for test, found in nested + tests), else_=sa.null())


def opens(text: Column) -> sa.ColumnElement[bool]:
    """Whether a text is an object or an array."""
    return func.left(text, 1).in_(["{", "["])


def condition(check: Check, row: sa.FromClause) -> sa.ColumnElement[bool]:
    """When a check fails."""
    field, text = check.field, row.c[f"{check.field.name}_"]
    if check.test in ("required", "required_in_play"):
        gone = text.is_(None) | (text == "")
        return gone if check.test == "required" else gone & (row.c.page_ == PLAY)
    if check.test == "length":
        return row.c[f"{field.name}_cut"] | (func.octet_length(text) > field.length)
    if check.test == "one_of":
        return text.not_in(field.rules.one_of)
    numeric = row.c[f"{field.name}_n"]
    match check.test:
        case "type":
            return (text != "") & ~values.is_number(field, text, numeric)
        case "fits":
            return (text != "") & numeric.is_(None)  # the text can be read
        case "least":
            return numeric < bound(field, field.rules.least)
    return numeric > bound(field, field.rules.most)


def bound(field: Field, limit: float | None) -> Column:
    """A limit as a value of the number's type."""
    if field.type == "number":
        return sa.literal(float(limit or 0), sa.Double())
    return sa.literal(limit, sa.BigInteger())


def reject(kind: str, found: str, key: Iterable[object]) -> RejectedRecord:
    """The reject for a row of `failed`."""
    code, _, name = found.partition(":")
    where = ", ".join(f"{n} {value}" for n, value in zip(own_key(kind), key, strict=True))
    text = f"{reason(kind, code, name)} (the record of {where})"
    return RejectedRecord(code, text, column_name=name)
