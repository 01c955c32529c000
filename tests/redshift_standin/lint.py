"""Default deny for queries and DML: what Redshift's manual does not have is an error.

A statement passes when every sign, word, construct, type and function in it is on a list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from . import functions
from .errors import lacks, not_in_manual
from .lint_shapes import lint_merge, lint_subqueries, lint_tuples
from .protocol import SqlError
from .reserved import RESERVED, VALUES
from .tokens import word_of
from .words import words

SIGNS = words("( ) , . ; + - * / % = <> != < > <= >= || :: ~ ! ^ |/ ||/ & | # @ $ : ?")
STRINGS = frozenset({TokenType.STRING, TokenType.NUMBER, TokenType.IDENTIFIER})

#: The constructs (classes of the syntax tree) a statement may be made of, besides functions.
CONSTRUCTS = words(
    """
    Add Alias Between BitwiseAnd BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift Boolean CTE
    Column Cube DPipe DataType DataTypeParam Delete Distinct Div EQ Escape Except From GT GTE Group
    GroupingSets Having ILike Identifier In Insert Intersect Interval Is JSONPath JSONPathKey
    JSONPathRoot JSONPathSubscript Join Like Limit Literal
    LT LTE Merge Mul NEQ Neg Not Null Offset Order Ordered Paren Placeholder Pow Rollup Schema
    Select SimilarTo Star Sub Subquery Table TableAlias TableColumn Tuple Union Update Values Var
    When Whens Where Window WindowSpec With WithinGroup Parameter Mod Any All AtTimeZone Dot
    """
)
#: Functions by class that are no functions by name.
CONSTRUCTS_LIKE_FUNCTIONS = words("And Or Xor Case If Cast Exists RegexpLike")
CATALOG_ONLY = frozenset({"Array", "Bracket", "ColumnDef", "ObjectIdentifier", "Any"})
LACKING = {"Into": "SELECT INTO", "Qualify": "QUALIFY", "Pivot": "PIVOT"}

TYPES = words(
    """
    BIGINT BOOLEAN BPCHAR CHAR DATE DECIMAL DOUBLE FLOAT INT INTERVAL NCHAR NVARCHAR SMALLINT
    TEXT TIME TIMESTAMP TIMESTAMPTZ TIMETZ VARCHAR
    """
)
LACKING_TYPES = frozenset({"SUPER", "VARBINARY", "GEOMETRY", "GEOGRAPHY", "HLLSKETCH"})
SYSTEM_RELATION = re.compile(r"(pg|svv|stl|stv|svl|sys|svcs)_")
STATEMENTS = (exp.Insert, exp.Update, exp.Delete, exp.Merge)


def lint(text: str, tokens: Sequence[Token], tree: exp.Expr) -> None:
    """Raise SqlError unless Redshift's manual allows the statement and the stand-in has it."""
    reads_tables = bool(user_tables(tree))
    _lint_signs(tokens)
    _lint_constructs(tree, reads_tables)
    _lint_clauses(tree)
    _lint_names(tree, reads_tables)
    _lint_functions(tokens, tree, reads_tables)
    _lint_types(tree, reads_tables)
    if reads_tables:
        lint_tuples(tree)
        lint_subqueries(tree)
    if isinstance(tree, exp.Merge):
        lint_merge(tree)


def user_tables(tree: exp.Expr) -> list[exp.Table]:
    """The tables of a statement that are neither the catalog's nor its own CTEs."""
    own = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    return [
        table
        for table in tree.find_all(exp.Table)
        if table.name
        and table.name.lower() not in own
        and table.db.lower() not in ("pg_catalog", "information_schema")
        and not SYSTEM_RELATION.match(table.name.lower())
    ]


def _lint_signs(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.token_type in STRINGS:
            continue
        if not re.match(r"[\w#]", token.text) and token.text not in SIGNS | {"[", "]"}:
            raise not_in_manual(f'syntax error at or near "{token.text}": this operator')
        if "STRING" in token.token_type.name:
            raise not_in_manual(f"syntax error: a string of kind {token.token_type.name}")


def _lint_constructs(tree: exp.Expr, reads_tables: bool) -> None:
    for node in tree.walk():
        name = type(node).__name__
        if name in LACKING:
            raise lacks(LACKING[name])
        if not reads_tables and name in CATALOG_ONLY:
            continue
        known = isinstance(node, exp.Func) or name in CONSTRUCTS
        if not known or name in ("Array", "Bracket"):
            raise not_in_manual(f"syntax error: the construct {name}", "0A000")
        if (
            isinstance(node, STATEMENTS)
            and node is not tree
            and not isinstance(node.parent, exp.When)
        ):
            raise not_in_manual(f"{name.upper()} inside another statement")


def _lint_clauses(tree: exp.Expr) -> None:
    if isinstance(tree, (exp.Insert, exp.Merge)) and tree.args.get("with_"):
        raise not_in_manual(f"WITH in front of {type(tree).__name__.upper()}")
    if isinstance(tree, exp.Insert) and tree.args.get("conflict"):
        raise not_in_manual('syntax error at or near "ON CONFLICT": it')
    for select in tree.find_all(exp.Select):
        distinct = select.args.get("distinct")
        if distinct and distinct.args.get("on"):
            raise not_in_manual("SELECT DISTINCT ON", "0A000")
    for values in tree.find_all(exp.Values):
        if not isinstance(values.parent, exp.Insert):
            raise not_in_manual("a VALUES list used as a table", "0A000")


def _lint_names(tree: exp.Expr, reads_tables: bool) -> None:
    for name in tree.find_all(exp.Identifier):
        word = name.name.lower()
        if name.args.get("quoted") or word not in RESERVED:
            continue
        if word in VALUES and isinstance(name.parent, exp.Column) and not name.parent.table:
            continue
        # the catalog has columns called oid, and its clients write labels such as AS DEFAULT
        if not reads_tables and (word == "oid" or isinstance(name.parent, exp.Alias)):
            continue
        raise not_in_manual(f'syntax error at or near "{word}": a reserved word as a bare name')


def _lint_functions(tokens: Sequence[Token], tree: exp.Expr, reads_tables: bool) -> None:
    for name in sorted(_called(tokens) - _named(tree)):
        if name in functions.LEADER_ONLY and reads_tables:
            raise SqlError("0A000", functions.REFUSED_ON_TABLES, f"{name} is the leader node's")
        if name in functions.SAME or name in functions.RENAMED or name in functions.LEADER_ONLY:
            continue
        if name in functions.MANUAL:
            raise lacks(f"function {name}()")
        raise not_in_manual(f"function {name}(...) does not exist: it", "42883")


def _called(tokens: Sequence[Token]) -> set[str]:
    """The words in front of a parenthesis, and those that are functions without one."""
    called = set()
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        word = word_of(token) if token.token_type != TokenType.IDENTIFIER else token.text.lower()
        if word is None or not re.fullmatch(r"[a-z_]\w*", word):
            continue
        bare = word in functions.LEADER_ONLY and word in RESERVED
        if bare or (word_of(following) == "(" and word not in functions.NOT_FUNCTIONS):
            called.add(word)
    return called


def _named(tree: exp.Expr) -> set[str]:
    """Names that may stand before a parenthesis: of tables, aliases and CTEs."""
    named = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    for source in tree.find_all(exp.Table, exp.Subquery):
        named.add(source.alias.lower())
        if not isinstance(source.this, exp.Func):
            named.add(source.name.lower())
    return named


def _lint_types(tree: exp.Expr, reads_tables: bool) -> None:
    for node in tree.find_all(exp.DataType):
        if isinstance(node, exp.Interval):
            continue
        kind = node.this.name if isinstance(node.this, exp.DataType.Type) else str(node.this)
        if kind in TYPES or not reads_tables:
            continue
        if kind in LACKING_TYPES:
            raise lacks(f"type {kind}")
        raise not_in_manual(f'type "{node.sql("redshift").lower()}" does not exist: it', "42704")
