"""What a CREATE TABLE says, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .data_types import DataType
from .errors import BLANK_CHECK, BYTES_CHECK
from .tokens import quoted
from .words import words

ENCODINGS = words(
    """
    auto az64 bytedict delta delta32k lzo mostly16 mostly32 mostly8 raw runlength text255 text32k
    zstd
    """
)
Kind = Literal["p", "u", "f"]
KIND_WORDS = {"p": "PRIMARY KEY", "u": "UNIQUE", "f": "FOREIGN KEY"}


@dataclass
class Constraint:
    """A key that is remembered and never enforced."""

    name: str
    kind: Kind
    columns: list[str]
    references: tuple[str | None, str] | None = None
    referenced_columns: list[str] = field(default_factory=list)

    @property
    def definition(self) -> str:
        """As pg_get_constraintdef shows it."""
        text = f"{KIND_WORDS[self.kind]} ({', '.join(self.columns)})"
        if self.references:
            table = ".".join(part for part in self.references if part)
            text += f" REFERENCES {table}({', '.join(self.referenced_columns)})"
        return text


@dataclass
class Layout:
    """How the rows are spread and sorted. Names are column names."""

    style: str | None = None
    distkey: str | None = None
    sortkey: list[str] = field(default_factory=list)
    interleaved: bool = False


@dataclass
class ColumnDefinition:
    """One column."""

    name: str
    type: DataType
    not_null: bool = False
    default: str | None = None
    encode: str | None = None
    identity: tuple[int, int] | None = None
    identity_by_default: bool = False

    def sql(self, slices: int, *, trailing_blanks: bool = False) -> str:
        """The column as PostgreSQL declares it."""
        text = f"{quoted(self.name)} {self.type.sql}"
        if self.identity:
            text += self._identity(slices)
        if self.default is not None:
            text += f" DEFAULT {self.default}"
        if self.not_null:
            text += " NOT NULL"
        checks = self.checks(trailing_blanks=trailing_blanks)
        return text + "".join(f" {check}" for check in checks)

    def checks(self, *, trailing_blanks: bool = False) -> list[str]:
        """The stand-in's own constraints on a text: its length in bytes, no blank at its end."""
        if self.type.octets is None:
            return []
        column = quoted(self.name)
        found = [_check(BYTES_CHECK, self.name, f"octet_length({column}) <= {self.type.octets}")]
        if self.type.is_varchar and not trailing_blanks:
            found.append(_check(BLANK_CHECK, self.name, f"{column} NOT LIKE '% '"))
        return found

    def _identity(self, slices: int) -> str:
        assert self.identity
        seed, step = self.identity
        when = "BY DEFAULT" if self.identity_by_default else "ALWAYS"
        bound = f"MINVALUE {seed}" if step > 0 else f"MAXVALUE {seed}"
        # as with several slices: unique and increasing, with gaps
        increment = step * slices
        return f" GENERATED {when} AS IDENTITY (START WITH {seed} INCREMENT BY {increment} {bound})"


def _check(prefix: str, column: str, condition: str) -> str:
    return f"CONSTRAINT {quoted(prefix + column)} CHECK ({condition})"


@dataclass
class TableDefinition:
    """A whole CREATE TABLE; `query` is the text behind AS."""

    schema: str | None
    name: str
    temporary: bool = False
    if_not_exists: bool = False
    columns: list[ColumnDefinition] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    likes: list[tuple[str, bool]] = field(default_factory=list)
    layout: Layout = field(default_factory=Layout)
    column_names: list[str] = field(default_factory=list)
    query: str | None = None

    @property
    def full_name(self) -> str:
        """The name in PostgreSQL's quotes."""
        return quoted(self.schema, self.name)
