"""Declared keys are not enforced, but the planner believes them (t_Defining_constraints).

Where a statement asks for distinct values of a declared key, each row counts as one: SELECT
DISTINCT keeps duplicates, COUNT(DISTINCT key) is COUNT(key), and each row is a group of its own.
Only of one table alone; whether a cluster also does so across joins is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from sqlglot import exp

#: The declared keys of a table, each a set of columns: (schema or None, name) -> keys.
Keys = Callable[[str | None, str], Collection[frozenset[str]]]
ROW = "ctid"  # PostgreSQL's own column that tells rows apart


def trusts(tree: exp.Expr, keys: Keys) -> bool:
    """Whether a statement asks for distinct values of a declared key."""
    return any(True for _ in _found(tree, keys))


def trust(tree: exp.Expr, keys: Keys) -> None:
    """Change the tree to what a planner makes of it that believes the keys."""
    for select, node in list(_found(tree, keys)):
        if isinstance(node, exp.Count):
            node.set("this", node.this.expressions[0])
        elif isinstance(node, exp.Group):
            source = select.args["from_"].this
            node.append("expressions", exp.column(ROW, table=source.alias_or_name))
        else:
            select.set("distinct", None)


def _found(tree: exp.Expr, keys: Keys) -> Iterator[tuple[exp.Select, exp.Expr]]:
    """The parts of selects, with their selects, that name a whole key."""
    for select in tree.find_all(exp.Select):
        parts = list(_parts(select))
        source = select.args["from_"].this if parts else None
        if not isinstance(source, exp.Table) or select.args.get("joins"):
            continue
        known = keys(source.db.lower() or None, source.name.lower())
        for node, values in parts:
            names = {value.name.lower() for value in values if isinstance(value, exp.Column)}
            if any(key <= names for key in known):
                yield select, node


def _parts(select: exp.Select) -> Iterator[tuple[exp.Expr, list[exp.Expr]]]:
    """What makes values distinct in a select of a table, and these values."""
    if not select.args.get("from_"):
        return
    if distinct := select.args.get("distinct"):
        yield distinct, [each.unalias() for each in select.expressions]
    if group := select.args.get("group"):
        yield group, group.expressions
    for count in select.find_all(exp.Count):
        if isinstance(count.this, exp.Distinct) and count.find_ancestor(exp.Select) is select:
            yield count, count.this.expressions
