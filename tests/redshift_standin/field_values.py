"""One field of a record into one column: COPY's conversions and the errors it logs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from . import time_formats
from .copy_options import CopyOptions
from .errors import lacks
from .json_rows import BadValueError, as_text

INTEGER_BITS = {"int2": 15, "int4": 31, "int8": 63}
INTEGER_NAMES = {"int2": "Short", "int4": "Integer", "int8": "Long"}
TRUE = frozenset({"t", "true", "y", "yes", "1"})
FALSE = frozenset({"f", "false", "n", "no", "0"})
DEFAULT_FORMATS = {
    "date": "YYYY-MM-DD",
    "timestamp": "YYYY-MM-DD HH:MI:SS",
    "timestamptz": "YYYY-MM-DD HH:MI:SSOF",
}
TYPE_MODIFIER_HEADER = 4
WHITE_SPACE = " \t\n\v\f\r"


@dataclass(frozen=True)
class Column:
    """A column of the table that is loaded; `modifier` is PostgreSQL's, without its header."""

    name: str
    type: str
    modifier: int
    not_null: bool
    always_identity: bool

    @property
    def octets(self) -> int:
        """The most bytes a text may have."""
        return self.modifier

    @property
    def precision(self) -> int:
        """The digits of a decimal."""
        return self.modifier >> 16 & 0xFFFF

    @property
    def scale(self) -> int:
        """Those of them behind the point."""
        return self.modifier & 0x7FF


def convert(value: Any, column: Column, copy: CopyOptions) -> str | None:
    """The text PostgreSQL's COPY takes, None for NULL. Raises BadValueError."""
    if value is None:
        return None
    text = as_text(value)
    if column.type in ("varchar", "bpchar"):
        return _text(text, column, copy)
    # blank fields of other types are always NULL
    text = text.strip()
    if not text:
        return None
    if column.type not in CONVERTERS:
        raise lacks(f"COPY into a column of type {column.type}")
    return CONVERTERS[column.type](text, column, copy)


def _text(text: str, column: Column, copy: CopyOptions) -> str | None:
    if text == "\0":
        return None
    text = _before_nul(text, column)
    if (not text and "emptyasnull" in copy) or (
        text and not text.strip(WHITE_SPACE) and "blanksasnull" in copy
    ):
        return None
    varying = column.type == "varchar"
    if varying and "trimblanks" in copy:
        text = text.rstrip(WHITE_SPACE)
    octets = _octets(text, column)
    if len(octets) > column.octets:
        if octets[column.octets :].strip(b" ") and "truncatecolumns" not in copy:
            raise BadValueError(1204, "String length exceeds DDL length", column.name, text)
        text = octets[: column.octets].decode("utf-8", "ignore")
    return text  # the table refuses a blank at its end, by the stand-in's own rule


def _before_nul(text: str, column: Column) -> str:
    """A text up to its first NUL character, where COPY cuts it without a word.

    One that starts with NUL and goes on is an error: r_Load_Error_Reference, where the option
    NULL AS '\\0' is what makes NUL alone a NULL. JSON takes no such option; that its texts are cut,
    and which error comes, is what people's clusters did.
    """
    kept, nul, _ = text.partition("\0")
    if nul and not kept:
        raise BadValueError(1218, "Invalid null byte - field longer than 1 byte", column.name, text)
    return kept


def _octets(text: str, column: Column) -> bytes:
    invalid = "String contains invalid or unsupported UTF8 codepoints."
    try:
        octets = text.encode()
    except UnicodeEncodeError as error:
        raise BadValueError(1220, invalid, column.name, text, error.start) from error
    if column.type == "bpchar" and len(octets) != len(text):
        raise BadValueError(1220, "Multibyte character not supported for CHAR", column.name, text)
    return octets


def _integer(text: str, column: Column, copy: CopyOptions) -> str:
    if not re.fullmatch(r"[+-]?\d+", text):
        wrong = re.search(r"[^\d]", text[1:]) if text[0] in "+-" else re.search(r"[^\d]", text)
        place = wrong.start() + (text[0] in "+-") if wrong else 0
        kind = INTEGER_NAMES[column.type]
        reason = f"Invalid digit, Value '{text[place]}', Pos {place}, Type: {kind}"
        raise BadValueError(1207, reason, column.name, text, place)
    limit = 1 << INTEGER_BITS[column.type]
    if not -limit <= int(text) < limit:
        raise BadValueError(1207, f"Overflow, Column type: {column.type}", column.name, text)
    return text


def _float(text: str, column: Column, copy: CopyOptions) -> str:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        raise BadValueError(1208, "Invalid digit in a floating point value", column.name, text)
    if float(text) in (float("inf"), float("-inf")):
        raise BadValueError(1208, "Overflow of a floating point value", column.name, text)
    return text


def _decimal(text: str, column: Column, copy: CopyOptions) -> str:
    try:
        number = Decimal(text)
        if not number.is_finite():
            raise InvalidOperation
        # COPY cuts, unless ROUNDEC; INSERT rounds
        rounding = ROUND_HALF_UP if "roundec" in copy else ROUND_DOWN
        number = number.quantize(Decimal(1).scaleb(-column.scale), rounding)
    except InvalidOperation as error:
        raise BadValueError(1207, "Invalid digit in a decimal value", column.name, text) from error
    if len(number.as_tuple().digits) > column.precision:
        raise BadValueError(1207, "Numeric data overflow (result precision)", column.name, text)
    return f"{number:f}"


def _boolean(text: str, column: Column, copy: CopyOptions) -> str:
    if text.lower() in TRUE:
        return "t"
    if text.lower() in FALSE:
        return "f"
    raise BadValueError(1210, "Unknown boolean format", column.name, text)


def _moment(text: str, column: Column, copy: CopyOptions) -> str | None:
    is_date = column.type == "date"
    default = DEFAULT_FORMATS[column.type]
    wanted = copy.text("dateformat" if is_date else "timeformat", default)
    try:
        moment = time_formats.parse(text, wanted)
    except ValueError as error:
        if "acceptanydate" in copy:
            return None
        what = "Date" if is_date else "Timestamp"
        reason = f"Invalid {what} Format - format is [{wanted}]"
        raise BadValueError(1205 if is_date else 1206, reason, column.name, text) from error
    if is_date:
        return moment.strftime("%Y-%m-%d")
    return moment.isoformat(" ") + ("+00" if column.type == "timestamptz" else "")


CONVERTERS: dict[str, Callable[[str, Column, CopyOptions], str | None]] = {
    "int2": _integer,
    "int4": _integer,
    "int8": _integer,
    "float4": _float,
    "float8": _float,
    "numeric": _decimal,
    "bool": _boolean,
    "date": _moment,
    "timestamp": _moment,
    "timestamptz": _moment,
}
