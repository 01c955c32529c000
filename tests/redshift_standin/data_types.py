"""Redshift's data types in PostgreSQL's words."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import lacks, not_in_manual
from .protocol import SqlError
from .tokens import Tokens
from .words import words

NAMES = {
    "smallint": "smallint",
    "int2": "smallint",
    "integer": "integer",
    "int": "integer",
    "int4": "integer",
    "bigint": "bigint",
    "int8": "bigint",
    "decimal": "numeric",
    "numeric": "numeric",
    "real": "real",
    "float4": "real",
    "double precision": "double precision",
    "float8": "double precision",
    "float": "double precision",
    "boolean": "boolean",
    "bool": "boolean",
    "char": "char",
    "character": "char",
    "nchar": "char",
    "bpchar": "char",
    "varchar": "varchar",
    "character varying": "varchar",
    "nvarchar": "varchar",
    "text": "varchar",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp without time zone": "timestamp",
    "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz",
    "time": "time",
    "time without time zone": "time",
    "timetz": "timetz",
    "time with time zone": "timetz",
}
LACKING = words("super varbyte varbinary binary geometry geography hllsketch interval")
DEFAULT_BYTES = {"char": 1, "character": 1, "nchar": 1}
UNSIZED_BYTES = 256
MAXIMUM_BYTES = {"varchar": 65535, "char": 4096}
MAXIMUM_PRECISION = 38


@dataclass(frozen=True)
class DataType:
    """A type as PostgreSQL writes it; `octets` is the most bytes a text may have, or None."""

    sql: str
    octets: int | None = None

    @property
    def is_varchar(self) -> bool:
        """Whether it is a text of variable length."""
        return self.sql.startswith("varchar")


def read_type(tokens: Tokens) -> DataType:
    """Read a type. Raises SqlError when Redshift does not have it."""
    name = _name(tokens)
    if name in LACKING:
        raise lacks(f"type {name.upper()}")
    if name not in NAMES:
        raise not_in_manual(f'type "{name}" does not exist: it', "42704")
    kind = NAMES[name]
    arguments = _arguments(tokens, kind)
    if kind in MAXIMUM_BYTES:
        return _text_type(name, kind, arguments)
    if kind == "numeric":
        return _decimal_type(arguments)
    if arguments:
        raise not_in_manual(f"a length of type {name}")
    return DataType(kind)


def _name(tokens: Tokens) -> str:
    for pair in (("double", "precision"), ("character", "varying")):
        if tokens.accept(*pair):
            return " ".join(pair)
    name = tokens.take().text.lower()
    if name in ("timestamp", "time"):
        for zone in ("with", "without"):
            if tokens.accept(zone, "time", "zone"):
                return f"{name} {zone} time zone"
    return name


def _arguments(tokens: Tokens, kind: str) -> list[int]:
    if not tokens.accept("("):
        return []
    if kind in MAXIMUM_BYTES and tokens.accept("max"):
        found = [MAXIMUM_BYTES[kind]]
    else:
        found = [tokens.integer()]
        if tokens.accept(","):
            found.append(tokens.integer())
    tokens.expect(")")
    return found


def _text_type(name: str, kind: str, arguments: list[int]) -> DataType:
    octets = arguments[0] if arguments else DEFAULT_BYTES.get(name, UNSIZED_BYTES)
    if name == "text":
        octets = UNSIZED_BYTES
    if not 0 < octets <= MAXIMUM_BYTES[kind]:
        limit = MAXIMUM_BYTES[kind]
        raise SqlError("22023", f"length for type {kind} cannot exceed {limit}")
    return DataType(f"{kind}({octets})", octets)


def _decimal_type(arguments: list[int]) -> DataType:
    precision, scale = ([*arguments, 0] if arguments else [18, 0])[:2]
    if not 0 < precision <= MAXIMUM_PRECISION or not 0 <= scale <= precision:
        raise SqlError("22023", f"DECIMAL precision {precision} must be between 1 and 38")
    return DataType(f"numeric({precision},{scale})")
