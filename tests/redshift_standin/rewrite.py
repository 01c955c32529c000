"""What is not a matter of words: TOP, LISTAGG, DECODE, and aliases used where they are made.

The tree is that of a translated text; only statements that have one of these are written anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

#: The column names of a table: (schema or None, name) -> names.
Columns = Callable[[str | None, str], set[str]]
_NEEDED = re.compile(r"\b(top|listagg|decode)\b", re.IGNORECASE)


def needs_rewriting(text: str, tree: exp.Expr, columns: Columns) -> bool:
    """Whether PostgreSQL would not take the translated text as it is."""
    return bool(_NEEDED.search(text)) or any(_reused(s, columns) for s in tree.find_all(exp.Select))


def rewrite(tree: exp.Expr, columns: Columns) -> str:
    """The tree as PostgreSQL's text; the tree is changed."""
    for select in tree.find_all(exp.Select):
        aliases = _reused(select, columns)
        if aliases:
            _expand(select, aliases)
    for group in list(tree.find_all(exp.WithinGroup)):
        if isinstance(group.this, exp.GroupConcat):
            group.replace(_string_agg(group.this, group.expression))
    for call in list(tree.find_all(exp.GroupConcat)):
        call.replace(_string_agg(call, None))
    return tree.sql(dialect="postgres")


def _string_agg(call: exp.GroupConcat, order: exp.Expr | None) -> exp.Expr:
    separator = call.args.get("separator") or exp.Literal.string("")
    value = call.this
    # the arguments of an aggregate with DISTINCT arrive as a Distinct node
    if isinstance(value, exp.Distinct):
        value = exp.Distinct(expressions=[exp.cast(e, "text") for e in value.expressions])
    else:
        value = exp.cast(value, "text")
    if order is not None:
        separator = exp.Order(this=separator.copy(), expressions=order.expressions)
    return exp.Anonymous(this="string_agg", expressions=[value, separator])


def _reused(select: exp.Select, columns: Columns) -> dict[str, exp.Expr]:
    """The select's aliases that its own list or its WHERE uses; a table's column wins."""
    aliases = {e.alias.lower(): e.this for e in select.expressions if isinstance(e, exp.Alias)}
    if not aliases:
        return {}
    users = [e.unalias() for e in select.expressions]
    where = select.args.get("where")
    used = {
        column.name.lower()
        for tree in [*users, *([where] if where else [])]
        for column in tree.find_all(exp.Column)
        if not column.table
    }
    candidates = used & aliases.keys()
    if not candidates:
        return {}
    for source in _sources(select):
        candidates -= columns(source.db.lower() or None, source.name.lower())
    return {name: aliases[name] for name in candidates}


def _sources(select: exp.Select) -> list[exp.Table]:
    start = select.args.get("from_") or select.args.get("from")
    joins = [join.this for join in select.args.get("joins") or []]
    sources = [*([start.this] if start else []), *joins]
    return [source for source in sources if isinstance(source, exp.Table)]


def _expand(select: exp.Select, aliases: dict[str, exp.Expr]) -> None:
    seen: dict[str, exp.Expr] = {}
    for item in list(select.expressions):
        value = item.unalias()
        value.replace(_replace(value.copy(), seen))
        if item.alias.lower() in aliases:
            seen[item.alias.lower()] = item.unalias()
    where = select.args.get("where")
    if where:
        where.set("this", _replace(where.this, seen))


def _replace(tree: exp.Expr, names: dict[str, exp.Expr]) -> exp.Expr:
    def change(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name.lower() in names:
            return exp.paren(names[node.name.lower()].copy())
        return node

    return tree.transform(change)
