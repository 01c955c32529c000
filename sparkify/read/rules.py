"""The checks of every field, as data, and the sentence for a record that fails one.

The rules are declared with the staging columns (`models.staging.Rules`). Two small compilers turn
the checks into SQL: `read.conditions` into the reader's SELECT, which starts from text, and
`warehouses.redshift.incoming` into SQLAlchemy Core, for the texts that COPY has loaded.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from sparkify.models.base import LONGEST, table
from sparkify.models.staging import KINDS, Rules

Type = Literal["text", "integer", "number", "timestamp"]
Test = Literal["required", "required_in_play", "type", "fits", "length", "least", "most", "one_of"]


class Field(NamedTuple):
    """A field of a record.

    Attributes:
        name: the column of the staging table.
        type: what it holds; a timestamp is in the record as milliseconds since the epoch, UTC.
        length: the most bytes of a text.
        rules: what it must be; see `Rules`.
    """

    name: str
    type: Type
    length: int
    rules: Rules

    @property
    def key(self) -> str:
        """Its name in the record."""
        return self.rules.key


class Check(NamedTuple):
    """One thing that must hold for a field.

    Attributes:
        code: the code of a record for which it does not.
        test: what is tested: "type" whether the text can be read as the column's type at all,
            "fits" whether the number is finite and within 64 bits; the others say so themselves.
    """

    code: str
    field: Field
    test: Test


@cache
def fields_of(kind: str) -> tuple[Field, ...]:
    """The fields of the records of one kind, "songs" or "events", in the table's order."""
    columns = table(KINDS[kind]).columns
    return tuple(field_of(column) for column in columns if "rules" in column.info)


def field_of(column: sa.Column[Any]) -> Field:
    """The field that a staging column holds."""
    rules = column.info["rules"]
    match column.type:
        case sa.String(length=int(length)):
            return Field(column.name, "text", length, rules)
        case sa.DateTime():
            return Field(column.name, "timestamp", 0, rules)
        case sa.Integer():
            return Field(column.name, "integer", 0, rules)
    return Field(column.name, "number", 0, rules)


@cache
def checks_of(kind: str) -> tuple[Check, ...]:
    """The checks of a record of one kind; the first that fails decides."""
    fields = fields_of(kind)
    required = (check for field in fields for check in required_checks(field))
    return (*required, *(check for field in fields for check in value_checks(field)))


def required_checks(field: Field) -> Iterator[Check]:
    """Whether a required field is there."""
    if field.rules.required:
        in_play = field.rules.required == "play"
        yield Check("missing", field, "required_in_play" if in_play else "required")


def value_checks(field: Field) -> Iterator[Check]:
    """Whether a value is of its type, and allowed."""
    rules = field.rules
    if field.type == "text":
        yield Check("too_long", field, "length")
    else:
        yield Check("wrong_type", field, "type")
        yield Check("out_of_range", field, "fits")
    if rules.least is not None:
        yield Check("out_of_range", field, "least")
    if rules.most is not None:
        yield Check("out_of_range", field, "most")
    if rules.one_of:
        yield Check("not_allowed", field, "one_of")


def key_of(kind: str, name: str) -> str:
    """The key of a record's field, by its column."""
    return next(field.key for field in fields_of(kind) if field.name == name)


TYPES = {"text": "a plain value", "number": "a number"}
REASONS = {
    "malformed": "DuckDB's JSON reader cannot parse it",
    "missing": "{key} is required and is missing or empty",
    "wrong_type": "{key} must be {type}",
    "out_of_range": "{key} must be {range}",
    "not_allowed": "{key} must be {one_of}",
    "too_long": "{key} must be at most {length} bytes long",
    "unknown_field": "no column takes this field",
}


def reason(kind: str, code: str, name: str = "") -> str:
    """The sentence for a fault.

    Args:
        kind: of the record.
        code: of the check that failed.
        name: the column; empty for a fault of the record as a whole.
    """
    if not name:
        return REASONS[code]
    if name == "extra":
        return f"the fields that no column takes must be at most {LONGEST} bytes long in all"
    field = next(field for field in fields_of(kind) if field.name == name)
    return REASONS[code].format(
        key=field.key,
        type=TYPES.get(field.type, "an integer"),
        range=range_of(field),
        one_of=" or ".join(f'"{text}"' for text in field.rules.one_of),
        length=field.length,
    )


def range_of(field: Field) -> str:
    """The range of a number, in words."""
    least, most = field.rules.least, field.rules.most
    if field.type == "number" and most is None:
        return "a finite number" if least is None else f"{least} or more"
    low = "-2^63" if least is None else f"{least}"
    return f"from {low} to {'2^63 - 1' if most is None else most}"
