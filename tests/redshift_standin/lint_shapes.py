"""Default deny for the shape of a statement: MERGE, correlated subqueries, rows as values."""

from __future__ import annotations

from sqlglot import exp

from .errors import not_in_manual
from .protocol import SqlError

CORRELATED = "This type of correlated subquery pattern is not supported yet"


def lint_merge(merge: exp.Merge) -> None:
    """MERGE as the manual has it: r_MERGE."""
    target, source = merge.this, merge.args["using"]
    if not isinstance(source, exp.Table):
        raise not_in_manual("a subquery as the source of MERGE", "0A000")
    if target.args.get("alias"):
        raise not_in_manual("an alias of MERGE's target")
    if (source.db.lower(), source.name.lower()) == (target.db.lower(), target.name.lower()):
        raise not_in_manual("the same table as MERGE's target and source", "0A000")
    whens = merge.args["whens"].expressions
    if [bool(when.args.get("matched")) for when in whens] != [True, False]:
        raise not_in_manual("MERGE without exactly one WHEN MATCHED and one WHEN NOT MATCHED")
    if any(when.args.get("condition") for when in whens):
        raise not_in_manual("WHEN ... AND condition in MERGE")
    if any(when.args.get("source") for when in whens):
        raise not_in_manual("WHEN NOT MATCHED BY SOURCE in MERGE")
    lint_match_condition(merge.args["on"])


def lint_match_condition(condition: exp.Expr) -> None:
    """Only equalities, joined by AND."""
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        lint_match_condition(condition.left)
        lint_match_condition(condition.right)
    elif not isinstance(condition, exp.EQ):
        raise not_in_manual("a MERGE condition other than equality", "0A000")


def lint_tuples(tree: exp.Expr) -> None:
    """Row constructors (c_unsupported-postgresql-features); lists for IN and VALUES are none."""
    for node in tree.find_all(exp.Tuple):
        if isinstance(node.parent, exp.Binary) and not isinstance(node.parent, exp.In):
            raise not_in_manual("a comparison of row constructors", "0A000")


def lint_subqueries(tree: exp.Expr) -> None:
    """The patterns of r_correlated_subqueries that show in the text alone."""
    for holder in tree.find_all(exp.Subquery, exp.Exists, exp.In):
        inner = holder.find(exp.Select)
        if inner is not None:
            _lint_correlation(holder, inner)


def _lint_correlation(holder: exp.Expr, inner: exp.Select) -> None:
    own = {table.alias_or_name.lower() for table in inner.find_all(exp.Table)}
    own |= {query.alias.lower() for query in inner.find_all(exp.Subquery) if query.alias}
    outer = [c for c in inner.find_all(exp.Column) if c.table and c.table.lower() not in own]
    if not outer:
        return
    if inner.find(exp.Window):
        raise SqlError("0A000", CORRELATED, "a window function in a correlated subquery")
    if inner.args.get("limit"):
        raise SqlError("0A000", CORRELATED, "LIMIT in a correlated subquery")
    join = holder.find_ancestor(exp.Join)
    if join is not None and join.side and holder.parent_select is join.parent_select:
        raise SqlError("0A000", CORRELATED, "correlation in ON of an outer join")
    if any(column.parent_select is not inner for column in outer):
        raise SqlError("0A000", CORRELATED, "a reference that skips a level")
