"""From the text of a statement to what runs it. A statement that is not on a list is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sqlglot.tokenizer_core import Token, TokenType

from . import alter_table, copy_command, create_table, queries, session_settings, simple_ddl, unload
from .context import Context, Emulated, Plan, Relay
from .errors import lacks, not_in_manual
from .protocol import SqlError
from .tokens import Tokens, space_parameters, tokenize, word_of
from .words import words

Planner = Callable[[str, Context], Plan]

#: Commands that have a page in the manual and are not emulated.
LACKING = words(
    """
    call cancel close declare fetch execute prepare deallocate revoke refresh
    attach detach use
    """
)
TRANSACTION_END = frozenset({"commit", "end", "rollback", "abort"})
ISOLATION = r"(serializable|read\s+(un)?committed|repeatable\s+read)"
BEGIN = re.compile(
    rf"(begin(\s+(work|transaction))?|start\s+transaction)(\s+isolation\s+level\s+{ISOLATION})?"
    r"(\s*,?\s*read\s+(?P<access>write|only))?",
    re.IGNORECASE,
)
END = re.compile(r"(commit|end|rollback|abort)(\s+(work|transaction))?", re.IGNORECASE)


def split(text: str) -> list[str]:
    """The statements of a text, without their semicolons."""
    parts: list[str] = []
    start: int | None = None
    for token in [*tokenize(space_parameters(text)), None]:
        if token is None or token.token_type == TokenType.SEMICOLON:
            if start is not None:
                parts.append(space_parameters(text)[start : token.start if token else None])
            start = None
        elif start is None:
            start = token.start
    return [part.strip() for part in parts if part.strip()]


def plan(text: str, context: Context) -> Plan:
    """How to run one statement. Raises SqlError when it is refused."""
    parts = split(text)
    if not parts:
        return Relay("")
    if len(parts) > 1:
        raise SqlError("42601", "cannot insert multiple commands into a prepared statement")
    tokens = tokenize(parts[0])
    return _planner(tokens)(parts[0], context)


def ends_transaction(text: str) -> bool:
    """Whether the statement is one that a failed transaction still takes."""
    words = text.lower().split(maxsplit=1)
    return bool(words) and words[0].rstrip(";") in TRANSACTION_END


def _planner(tokens: Sequence[Token]) -> Planner:
    words = [word for token in tokens[:6] if (word := word_of(token)) is not None]
    first = words[0] if words else ""
    if first == "(":
        return queries.plan
    if first == "create":
        return _creator(words)
    if first == "alter":
        return _pick(
            words[1:], {"table": alter_table.plan}, ("schema", "user", "database", "group")
        )
    if first == "drop":
        lacking = ("user", "group", "role", "function", "procedure", "database", "library")
        drops: dict[str, Planner] = dict.fromkeys(("table", "view", "schema"), simple_ddl.drop)
        return _pick(words[1:], drops, lacking)
    if first == "grant":
        return simple_ddl.grant
    if first in LACKING:
        return _lacks(first.upper())
    if first in PLANNERS:
        return PLANNERS[first]
    raise not_in_manual(f'syntax error at or near "{first}": this statement')


def _creator(words: list[str]) -> Planner:
    kinds = [w for w in words[1:] if w not in ("local", "temp", "temporary", "or", "replace")]
    known: dict[str, Planner] = {
        "table": create_table.plan,
        "schema": simple_ddl.create_schema,
        "view": simple_ddl.create_view,
    }
    lacking = ("user", "group", "role", "function", "procedure", "external", "materialized")
    return _pick(kinds, known, (*lacking, "database", "library", "model", "datashare"))


def _pick(words: list[str], known: dict[str, Planner], lacking: tuple[str, ...]) -> Planner:
    kind = words[0] if words else "end of input"
    if kind in known:
        return known[kind]
    if kind in lacking:
        return _lacks(f"this command on {kind.upper()}")
    raise not_in_manual(f'syntax error at or near "{kind}": this statement')


def _lacks(what: str) -> Planner:
    def refuse(text: str, context: Context) -> Plan:
        raise lacks(what)

    return refuse


def _begin(text: str, context: Context) -> Plan:
    match = BEGIN.fullmatch(text)
    if not match:
        raise not_in_manual("this form of BEGIN")
    read_only = (match.group("access") or "").lower() == "only"
    return Relay("BEGIN READ ONLY" if read_only else "BEGIN")


def _end(text: str, context: Context) -> Plan:
    if not END.fullmatch(text):
        raise not_in_manual("this form of COMMIT or ROLLBACK (savepoints, PREPARED)", "0A000")
    return Relay("COMMIT" if text.lower().startswith(("commit", "end")) else "ROLLBACK")


def _analyze(text: str, context: Context) -> Plan:
    tokens = Tokens(text)
    tokens.take()
    tokens.accept("verbose")
    if tokens.accept("compression"):
        raise lacks("ANALYZE COMPRESSION")
    if not tokens.done:
        tokens.name()
        if tokens.word() == "(":
            tokens.names()
    for columns in ("predicate", "all"):
        tokens.accept(columns, "columns")
    tokens.end()
    return Emulated(lambda context: "ANALYZE")


def _explain(text: str, context: Context) -> Plan:
    inner = re.sub(r"^explain(\s+verbose)?\s+", "", text, flags=re.IGNORECASE)
    explained = plan(inner, context)
    if not isinstance(explained, Relay):
        raise not_in_manual("EXPLAIN of this statement")
    return Relay("EXPLAIN " + explained.sql)


PLANNERS: dict[str, Planner] = {
    "select": queries.plan,
    "with": queries.plan,
    "insert": queries.plan,
    "update": queries.plan,
    "delete": queries.plan,
    "merge": queries.plan,
    "explain": _explain,
    "copy": copy_command.plan,
    "lock": simple_ddl.lock,
    "truncate": simple_ddl.truncate,
    "unload": unload.plan,
    "vacuum": simple_ddl.vacuum,
    "comment": simple_ddl.comment,
    "analyze": _analyze,
    "analyse": _analyze,
    "begin": _begin,
    "start": _begin,
    "commit": _end,
    "end": _end,
    "rollback": _end,
    "abort": _end,
    "set": session_settings.plan,
    "show": session_settings.plan,
    "reset": session_settings.plan,
}
