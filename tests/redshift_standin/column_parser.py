"""Reads columns and keys of CREATE TABLE and ALTER TABLE, by the manual's grammar."""

from __future__ import annotations

from .data_types import read_type
from .errors import not_in_manual
from .protocol import SqlError
from .reserved import SYSTEM_COLUMNS
from .table_model import ENCODINGS, ColumnDefinition, Constraint, Kind, TableDefinition
from .tokens import Tokens
from .words import words

DEFAULT_ENDS = words(
    """
    identity encode distkey sortkey collate not null unique primary references constraint
    """
)


def read_column(tokens: Tokens, table: TableDefinition) -> None:
    """One column with its attributes and constraints, added to the table."""
    name = tokens.identifier()
    if name in SYSTEM_COLUMNS:
        message = f'column name "{name}" conflicts with a system column name'
        raise SqlError("42701", message)
    if any(column.name == name for column in table.columns):
        raise SqlError("42701", f'column "{name}" specified more than once')
    column = ColumnDefinition(name, read_type(tokens))
    table.columns.append(column)
    while tokens.word() not in (",", ")", None):
        if not (_attribute(tokens, column) or _key(tokens, column, table)):
            raise tokens.error()


def _attribute(tokens: Tokens, column: ColumnDefinition) -> bool:
    if tokens.accept("not", "null"):
        column.not_null = True
    elif tokens.accept("null"):
        pass
    elif tokens.accept("default"):
        column.default = tokens.expression(DEFAULT_ENDS)
    elif tokens.accept("encode"):
        column.encode = read_encoding(tokens)
    elif tokens.accept("collate"):
        _collation(tokens)
    elif tokens.accept("identity"):
        _identity(tokens, column)
    elif tokens.accept("generated", "by", "default", "as", "identity"):
        column.identity_by_default = True
        _identity(tokens, column)
    else:
        return False
    return True


def _key(tokens: Tokens, column: ColumnDefinition, table: TableDefinition) -> bool:
    layout = table.layout
    if tokens.accept("distkey"):
        if layout.distkey:
            raise SqlError("42601", "multiple DISTKEY columns are not allowed")
        layout.distkey = column.name
    elif tokens.accept("sortkey"):
        if layout.sortkey:
            raise SqlError("42601", "multiple SORTKEY clauses are not allowed")
        layout.sortkey = [column.name]
    else:
        name = tokens.identifier() if tokens.accept("constraint") else None
        return _column_constraint(tokens, column.name, table, name)
    return True


def _column_constraint(
    tokens: Tokens, column: str, table: TableDefinition, name: str | None
) -> bool:
    kind: Kind
    if tokens.accept("primary", "key"):
        kind = "p"
    elif tokens.accept("unique"):
        kind = "u"
    elif tokens.word() == "references":
        kind = "f"
    elif tokens.word() == "check":
        raise not_in_manual("CHECK constraints: this kind", "0A000")
    else:
        return False
    constraint = Constraint(name or default_name(table.name, kind, [column]), kind, [column])
    _references(tokens, constraint)
    table.constraints.append(constraint)
    return True


def read_table_constraint(tokens: Tokens, table: TableDefinition) -> bool:
    """A key of the table, added to it; False when none comes next."""
    name = tokens.identifier() if tokens.accept("constraint") else None
    kind: Kind
    if tokens.accept("primary", "key"):
        kind = "p"
    elif tokens.word() == "unique" and tokens.word(1) == "(":
        tokens.take()
        kind = "u"
    elif tokens.accept("foreign", "key"):
        kind = "f"
    elif tokens.word() in ("check", "exclude"):
        raise not_in_manual(f"{str(tokens.word()).upper()} constraints: this kind", "0A000")
    elif name:
        raise tokens.error()
    else:
        return False
    columns = tokens.names()
    constraint = Constraint(name or default_name(table.name, kind, columns), kind, columns)
    _references(tokens, constraint)
    table.constraints.append(constraint)
    return True


def default_name(table: str, kind: Kind, columns: list[str]) -> str:
    """The name a key gets when it is given none."""
    if kind == "p":
        return f"{table}_pkey"
    return f"{table}_{'_'.join(columns)}_{'key' if kind == 'u' else 'fkey'}"


def _references(tokens: Tokens, constraint: Constraint) -> None:
    if constraint.kind != "f":
        return
    tokens.expect("references")
    constraint.references = tokens.name()
    if tokens.word() == "(":
        constraint.referenced_columns = tokens.names()


def read_encoding(tokens: Tokens) -> str:
    """The name of a compression encoding."""
    name = tokens.take().text.lower()
    if name not in ENCODINGS:
        raise SqlError("22023", f'unsupported encoding type "{name}": not in the manual')
    return str(name)


def _collation(tokens: Tokens) -> None:
    if tokens.word() not in ("case_sensitive", "case_insensitive"):
        raise tokens.error()
    tokens.take()


def _identity(tokens: Tokens, column: ColumnDefinition) -> None:
    if column.type.sql not in ("integer", "bigint"):
        raise SqlError("42804", "IDENTITY column must be INT or BIGINT")
    tokens.expect("(")
    seed = tokens.integer()
    tokens.expect(",")
    column.identity = seed, tokens.integer()
    tokens.expect(")")
