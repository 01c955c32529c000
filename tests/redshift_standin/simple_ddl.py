"""The short commands: schemas, views, DROP, GRANT, COMMENT, LOCK, TRUNCATE, VACUUM."""

from __future__ import annotations

import re

from . import queries
from .backend import FAILED
from .context import Context, Emulated, Plan, Relay
from .errors import lacks, not_in_manual
from .protocol import SqlError
from .tokens import Tokens, literal, quoted

VIEW = re.compile(
    r"(?P<head>create\s+(or\s+replace\s+)?view\s+.*?\bas)\b\s*(?P<query>(select|with|\().*)",
    re.IGNORECASE | re.DOTALL,
)
UNQUALIFIED = re.compile(r"\b(from|join)\s+(?!\w+\s*\.|\()\w+", re.IGNORECASE)
UNBOUND = re.compile(r"\s+with\s+no\s+schema\s+binding\s*$", re.IGNORECASE)


def create_schema(text: str, context: Context) -> Plan:
    """CREATE SCHEMA (r_CREATE_SCHEMA)."""
    tokens = Tokens(text)
    tokens.expect("create", "schema")
    condition = "IF NOT EXISTS " if tokens.accept("if", "not", "exists") else ""
    if tokens.word() in ("authorization", "quota"):
        raise lacks("CREATE SCHEMA without a name")
    name = tokens.identifier()
    if tokens.accept("authorization"):
        tokens.identifier()
    if tokens.accept("quota"):
        _quota(tokens)
    tokens.end()
    return Relay(f"CREATE SCHEMA {condition}{quoted(name)}")


def _quota(tokens: Tokens) -> None:
    if tokens.accept("unlimited"):
        return
    tokens.integer()
    if not any(tokens.accept(unit) for unit in ("mb", "gb", "tb")):
        raise tokens.error()


def create_view(text: str, context: Context) -> Plan:
    """CREATE VIEW (r_CREATE_VIEW).

    One WITH NO SCHEMA BINDING is bound all the same: what it refers to must exist, and cannot be
    dropped before it. On a cluster it need not exist yet, and can be dropped.
    """
    unbound = UNBOUND.search(text)
    match = VIEW.fullmatch(UNBOUND.sub("", text))
    if not match:
        raise not_in_manual("this form of CREATE VIEW")
    if unbound and UNQUALIFIED.search(match["query"]):
        raise not_in_manual("a table without its schema in a view WITH NO SCHEMA BINDING")
    return Relay(f"{match['head']} {queries.compile_query(match['query'], context)}")


def drop(text: str, context: Context) -> Plan:
    """DROP TABLE, VIEW or SCHEMA."""
    tokens = Tokens(text)
    tokens.expect("drop")
    kind = tokens.take().text.upper()
    condition = "IF EXISTS " if tokens.accept("if", "exists") else ""
    names = [quoted(*tokens.name())]
    while tokens.accept(","):
        names.append(quoted(*tokens.name()))
    behaviour = " CASCADE" if tokens.accept("cascade") else ""
    tokens.accept("restrict")
    tokens.end()
    return Relay(f"DROP {kind} {condition}{', '.join(names)}{behaviour}")


PRIVILEGES = ("select", "insert", "update", "delete", "references")


def grant(text: str, context: Context) -> Plan:
    """GRANT privilege, … ON [TABLE] name TO PUBLIC (r_GRANT); there is only one user here."""
    tokens = Tokens(text)
    tokens.expect("grant")
    privileges = [tokens.take().text.lower()]
    while tokens.accept(","):
        privileges.append(tokens.take().text.lower())
    if unknown := set(privileges) - set(PRIVILEGES):
        raise lacks(f"GRANT {', '.join(sorted(unknown))}")
    tokens.expect("on")
    tokens.accept("table")
    name = quoted(*tokens.name())
    tokens.expect("to")
    if not tokens.accept("public"):
        raise lacks("GRANT to anybody but PUBLIC")
    tokens.end()
    return Relay(f"GRANT {', '.join(privileges)} ON {name} TO PUBLIC")


def comment(text: str, context: Context) -> Plan:
    """COMMENT ON (r_COMMENT)."""
    tokens = Tokens(text)
    tokens.expect("comment", "on")
    if tokens.word() not in ("table", "column", "view"):
        raise lacks(f"COMMENT ON {(tokens.word() or '').upper()}")
    kind = tokens.take().text.upper()
    parts = [tokens.identifier()]
    while tokens.accept("."):
        parts.append(tokens.identifier())
    tokens.expect("is")
    value = "NULL" if tokens.accept("null") else literal(tokens.string())
    tokens.end()
    return Relay(f"COMMENT ON {kind} {quoted(*parts)} IS {value}")


def lock(text: str, context: Context) -> Plan:
    """LOCK [TABLE] name, …: always ACCESS EXCLUSIVE; there is no other mode (r_LOCK)."""
    tokens = Tokens(text)
    tokens.expect("lock")
    tokens.accept("table")
    names = [quoted(*tokens.name())]
    while tokens.accept(","):
        names.append(quoted(*tokens.name()))
    tokens.end()

    def run(context: Context) -> str:
        _refuse_views(context, names)
        with context.transaction() as backend:
            # one utility statement: it takes no snapshot before the lock is held
            backend.query(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
        return "LOCK TABLE"

    return Emulated(run)


def _refuse_views(context: Context, names: list[str]) -> None:
    """In another session: a look into the catalog would take this one's snapshot too early."""
    path = context.backend.value("SHOW search_path")
    other = context.open_backend()
    try:
        other.query(f"SET search_path = {path}")
        for name in names:
            kind = f"SELECT relkind FROM pg_class WHERE oid = to_regclass({literal(name)})"
            if other.value(kind) == "v":
                raise SqlError("42809", f"cannot lock {name}: it is a view")
    finally:
        other.close()


def truncate(text: str, context: Context) -> Plan:
    """TRUNCATE [TABLE] name: commits what is open, then itself (r_TRUNCATE)."""
    tokens = Tokens(text)
    tokens.expect("truncate")
    tokens.accept("table")
    name = quoted(*tokens.name())
    tokens.end()

    def run(context: Context) -> str:
        if context.backend.status == FAILED:
            raise SqlError("25P02", "current transaction is aborted")
        if context.in_transaction:
            context.backend.query("COMMIT")
        context.backend.query(f"TRUNCATE {name}")
        return "TRUNCATE"

    return Emulated(run)


def vacuum(text: str, context: Context) -> Plan:
    """VACUUM: checked, then nothing; not in a transaction block (r_VACUUM_command)."""
    tokens = Tokens(text)
    tokens.expect("vacuum")
    for kind in (("full",), ("sort", "only"), ("delete", "only"), ("reindex",), ("recluster",)):
        if tokens.accept(*kind):
            break
    if not tokens.done and tokens.word() != "to":
        tokens.name()
    if tokens.accept("to"):
        tokens.integer()
        tokens.expect("percent")
    tokens.accept("boost")
    tokens.end()

    def run(context: Context) -> str:
        context.refuse_in_transaction("VACUUM")
        return "VACUUM"

    return Emulated(run)
