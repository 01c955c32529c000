"""What COPY took straight from the lake, before it is staged: mended and judged by SQL.

COPY fills a temporary table, since it can neither name the load nor check more than types. The
rules are those of the staging columns' `info`, as in `fields`; here they become Core SELECTs over
typed values. What COPY itself checks (types, lengths, what is required always) it refuses with file
and line; what is found here can only be told by the record's own key.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper
from sqlalchemy.sql.expression import func

from sparkify.models import KINDS, TITLE, table
from sparkify.read import select as fields
from sparkify.warehouses.base import Statement
from sparkify.warehouses.redshift.copy_log import rejected

WIDER = 4  # times the bytes of a text that was encoded as UTF-8 twice too often
ROUNDS = 4  # of undoing it, as the reader's macro does
EPOCH = datetime(1970, 1, 1)  # UTC, as every TIMESTAMP of ours
IS_PLAY = "NextSong"

#: texts that were encoded too often, and what they are
MENDED = sa.Table(
    "mended",
    sa.MetaData(),
    sa.Column("broken", sa.String(TITLE * WIDER)),
    sa.Column("sound", sa.String(TITLE * WIDER)),
)

Column = sa.ColumnElement[Any]


def fields_of(kind: str) -> list[sa.Column[Any]]:
    """The staging columns that hold fields of the records, in the table's order."""
    return [column for column in table(KINDS[kind]).columns if "key" in column.info]


def incoming(kind: str) -> sa.Table:
    """The temporary table that COPY fills: the fields, with room for texts not yet mended."""
    columns = [
        sa.Column(c.name, width(c), nullable=c.info.get("required") != "always")
        for c in fields_of(kind)
    ]
    return sa.Table(f"incoming_{kind}", sa.MetaData(), *columns)


def width(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    """The type of a field as it arrives."""
    match column.type:
        case sa.String(length=int(length)) if column.info.get("repair"):
            return sa.String(length * WIDER)
    return column.type


def suspects(kind: str) -> sa.CompoundSelect[Any]:
    """The distinct texts that may be broken: those with more bytes than characters."""
    row = incoming(kind).c
    texts = [row[column.name] for column in fields_of(kind) if column.info.get("repair")]
    more = (sa.select(t.label("text")).where(func.octet_length(t) > func.length(t)) for t in texts)
    return sa.union(*more)


def mended(texts: Iterable[str]) -> list[dict[str, str]]:
    """The rows of `MENDED` for those of the texts that are broken."""
    pairs = ((text, repair(text)) for text in texts)
    return [{"broken": broken, "sound": sound} for broken, sound in pairs if broken != sound]


def repair(text: str) -> str:
    """Undo UTF-8 that was read as Latin-1, for as long as that is what a text can be.

    >>> repair("BjÃ\x83Â¶rk"), repair("Björk")
    ('Björk', 'Björk')
    """
    for _ in range(ROUNDS):
        try:
            text = text.encode("latin-1").decode()
        except UnicodeError:
            break
    return text


def sound(kind: str) -> sa.Subquery:
    """What arrived, with its texts mended, and whether one of them was."""
    arrived = incoming(kind)
    source: sa.FromClause = arrived
    values: list[Column] = []
    repairs: list[Column] = []
    for column in fields_of(kind):
        value: Column = arrived.c[column.name]
        if column.info.get("repair"):
            mend = MENDED.alias(f"mended_{column.name}")
            source = source.outerjoin(mend, mend.c.broken == value)
            repairs.append(mend.c.sound.is_not(None))
            value = func.coalesce(mend.c.sound, value)
        values.append(value.label(column.name))
    repaired = sa.case((sa.or_(*repairs), sa.true()), else_=sa.false()).label("repaired")
    return sa.select(*values, repaired).select_from(source).subquery("arrived")


def stage(kind: str, load_id: str) -> Statement:
    """The INSERT of what breaks no rule; which object a row came from is not known."""
    row = sound(kind)
    names = [column.name for column in fields_of(kind)]
    values = [sa.literal(load_id), row.c.repaired, *(row.c[name] for name in names)]
    select = sa.select(*values).where(fault(kind, row.c).is_(None))
    return sa.insert(table(KINDS[kind])).from_select(["load_id", "repaired", *names], select)


def refused(kind: str) -> sa.Select[Any]:
    """What breaks a rule: the fault as `code:column`, and the record's own key."""
    row = sound(kind)
    found = fault(kind, row.c)
    return sa.select(found.label("fault"), *(row.c[name] for name in own_key(kind))).where(
        found.is_not(None)
    )


def own_key(kind: str) -> list[str]:
    """The fields that a record can be found by."""
    mapper: Mapper[Any] = sa.inspect(KINDS[kind], raiseerr=True)
    return [column.name for column in mapper.primary_key if "key" in column.info]


def fault(kind: str, row: Any) -> sa.Case[Any]:
    """The first rule that a row breaks, as `code:column`; NULL if it breaks none."""
    columns = fields_of(kind)
    found = [(test, f"missing:{c.name}") for c in columns for test in missing(c, row)]
    found += [(test, f"{code}:{c.name}") for c in columns for code, test in broken(c, row[c.name])]
    return sa.case(*((test, sa.literal(name)) for test, name in found), else_=sa.null())


def missing(column: sa.Column[Any], row: Any) -> Iterator[Column]:
    """The condition under which a field is required and not there, if there is one."""
    match column.info.get("required"):
        case "always":
            yield row[column.name].is_(None)
        case "play":
            yield row[column.name].is_(None) & (row.page == IS_PLAY)


def broken(column: sa.Column[Any], value: Column) -> Iterator[tuple[str, Column]]:
    """The codes of a field's checks, each with the condition under which it fails."""
    match column.type:
        case sa.String(length=int(length)):
            yield "too_long", func.octet_length(value) > length
        case sa.Double():
            text = func.lower(sa.cast(value, sa.String(WIDER * 8)))
            yield "out_of_range", text.in_(["nan", "infinity", "-infinity"])
    least, most = (bound(column, each) for each in column.info.get("between", (None, None)))
    if least is not None:
        yield "out_of_range", value < sa.literal(least, column.type)
    if most is not None:
        yield "out_of_range", value > sa.literal(most, column.type)
    if allowed := column.info.get("one_of"):
        yield "not_allowed", value.not_in(allowed)


def bound(column: sa.Column[Any], limit: int | None) -> int | float | datetime | None:
    """A limit as a value of the column's type; that of a time is in ms since the epoch."""
    if limit is None:
        return None
    if isinstance(column.type, sa.DateTime):
        return EPOCH + timedelta(milliseconds=limit)
    return float(limit) if isinstance(column.type, sa.Double) else limit


def reject(kind: str, found: str, key: Iterable[object]) -> dict[str, Any]:
    """A row of the rejects for what `refused` found."""
    code, _, name = found.partition(":")
    where = ", ".join(f"{n} {value}" for n, value in zip(own_key(kind), key, strict=True))
    reason = f"{fields.reason(kind, code, name)} (the record of {where})"
    return rejected(code=code, reason=reason, column_name=name)
