"""SELECT, INSERT, UPDATE, DELETE and MERGE: linted, then put into PostgreSQL's words."""

from __future__ import annotations

import re
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from .context import HIDDEN, Context, Emulated, Plan, Relay
from .errors import lacks
from .lint import lint, user_tables
from .lint_shapes import lint_match_condition
from .protocol import SqlError
from .rewrite import needs_rewriting, rewrite
from .tokens import literal, quoted, tokenize
from .translate import OVERLAID, SCHEMA, SYSTEM_VIEWS, translate
from .trusted_keys import trust, trusts

COLOURS = re.compile(r"\x1b\[\d+m")
REMOVE_DUPLICATES = re.compile(r"\s+remove\s+duplicates\s*$", re.IGNORECASE)


def plan(text: str, context: Context) -> Plan:
    """How to run a query or a change of rows."""
    if re.match(r"merge\b", text, re.IGNORECASE) and REMOVE_DUPLICATES.search(text):
        return _remove_duplicates(REMOVE_DUPLICATES.sub("", text))
    tree, translated = _understand(text)
    return Relay(_compile(tree, translated, context), _writes(tree))


def compile_query(text: str, context: Context) -> str:
    """The text for PostgreSQL. Raises SqlError when the query is refused."""
    return _compile(*_understand(text), context)


@lru_cache(maxsize=4096)  # all that the text alone decides; the tree is not to be changed
def _understand(text: str) -> tuple[exp.Expr, str]:
    """The tree of a statement that is in the manual, and its text for PostgreSQL."""
    tree, tokens = _parse(text), tokenize(text)
    lint(text, tokens, tree)
    return tree, translate(text, tokens)


def _compile(tree: exp.Expr, translated: str, context: Context) -> str:
    _refuse_hidden(tree, context)
    if isinstance(tree, exp.Merge):
        return translated

    def columns(schema: str | None, name: str) -> set[str]:
        return _columns(context, schema, name)

    def keys(schema: str | None, name: str) -> set[frozenset[str]]:
        return _keys(context, schema, name)

    if not needs_rewriting(translated, tree, columns) and not trusts(tree, keys):
        return translated
    rewritten = _parse(translated)
    trust(rewritten, keys)
    return rewrite(rewritten, columns)


def _parse(text: str) -> exp.Expr:
    try:
        trees = [tree for tree in sqlglot.parse(text, read="redshift") if tree]
    except SqlglotError as error:
        first_line = COLOURS.sub("", str(error)).split("\n")[0]
        raise SqlError(
            "42601", f"syntax error, not in the manual's grammar: {first_line}"
        ) from error
    if len(trees) != 1:
        raise SqlError("42601", "cannot insert multiple commands into a prepared statement")
    tree = trees[0]
    if isinstance(tree, exp.Merge):
        _mend_merge(tree)
    return tree


def _mend_merge(merge: exp.Merge) -> None:
    """INSERT VALUES (...) without a column list is parsed as a list of one function's call."""
    for when in merge.args["whens"].expressions:
        insert = when.args.get("then")
        if not isinstance(insert, exp.Insert) or not isinstance(insert.this, exp.Tuple):
            continue
        first = insert.this.expressions[0]
        if isinstance(first, exp.Anonymous) and first.name.lower() == "values":
            insert.set("expression", exp.Tuple(expressions=first.expressions))
            insert.set("this", None)


def _writes(tree: exp.Expr) -> tuple[str, ...]:
    if not isinstance(tree, (exp.Insert, exp.Update, exp.Delete, exp.Merge)):
        return ()
    target = tree.find(exp.Table)
    if target is None or target not in user_tables(tree):
        return ()
    return (quoted(target.db.lower(), target.name.lower()),)


def _columns(context: Context, schema: str | None, name: str) -> set[str]:
    if context.failed:
        return set()
    if name in OVERLAID or name in SYSTEM_VIEWS:
        schema = SCHEMA
    relation = literal(quoted(schema, name))
    rows = context.backend.query(
        f"SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass({relation}) "
        "AND attnum > 0 AND NOT attisdropped"
    )
    return {str(row[0]) for row in rows}


def _keys(context: Context, schema: str | None, name: str) -> set[frozenset[str]]:
    """The keys that a table declares; a key of several columns counts as a whole."""
    if context.failed:
        return set()
    rows = context.backend.query(
        "SELECT c.id, a.attname FROM standin.constraints c JOIN pg_catalog.pg_attribute a"
        " ON a.attrelid = c.relation AND a.attnum = ANY (c.columns)"
        f" WHERE c.kind IN ('p', 'u') AND c.relation = to_regclass({literal(quoted(schema, name))})"
    )
    found: dict[str | None, set[str]] = {}
    for number, column in rows:
        found.setdefault(number, set()).add(str(column))
    return set(map(frozenset, found.values()))


def _refuse_hidden(tree: exp.Expr, context: Context) -> None:
    """Refuse system tables that the form does not show, and note those that others do not."""
    settings = context.settings
    for table in tree.find_all(exp.Table):
        name = table.name.lower()
        if name.startswith(HIDDEN[settings.form]):
            raise SqlError("42501", f"permission denied for relation {name}")
        settings.elsewhere.extend({name for each in HIDDEN.values() if name.startswith(each)})


def _remove_duplicates(text: str) -> Plan:
    """MERGE in its short form: the source's rows, each once, in place of those they match."""
    with_when = f"{text} WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)"
    tree = _parse(with_when)
    if not isinstance(tree, exp.Merge) or not isinstance(tree.args["using"], exp.Table):
        raise lacks("this form of MERGE ... REMOVE DUPLICATES")
    lint(with_when, tokenize(with_when), tree)
    lint_match_condition(tree.args["on"])
    target = tree.this.sql("postgres")
    source = tree.args["using"]
    condition = tree.args["on"].sql("postgres")

    def run(context: Context) -> str:
        with context.transaction() as backend:
            backend.query(f"LOCK TABLE {target} IN SHARE ROW EXCLUSIVE MODE")
            backend.query(f"DELETE FROM {target} USING {source.sql('postgres')} WHERE {condition}")
            source.set("alias", None)
            backend.query(f"INSERT INTO {target} SELECT DISTINCT * FROM {source.sql('postgres')}")
        return "MERGE"

    return Emulated(run)
