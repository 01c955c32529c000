"""Lays out SQL for people, by sqlglot: one column or condition a line.

What is sent is what SQLAlchemy writes. The text that is shown means the same to the same engine,
and may spell it differently: `VARCHAR` as `TEXT`, functions in capitals.
"""

import re

import sqlglot
from sqlglot import exp

COPY = re.compile(r"COPY (\S+) \(([^()]*)\)")  # COPY, the table and its columns
FIRST_WORDS = {"SELECT", "WITH", "INSERT", "DELETE", "UPDATE", "CREATE"}


def is_known(statement: exp.Expr) -> bool:
    """Whether sqlglot knows every word of a kind of statement; of most others it does not."""
    if isinstance(statement, exp.Create):
        return statement.kind == "TABLE" and isinstance(statement.expression, exp.Query)
    is_kind = isinstance(statement, exp.Query | exp.Insert | exp.Delete | exp.Update)
    return is_kind and not statement.find(exp.Command)


def readable(text: str, engine: str) -> str:
    """Lay out a query, COPY, or a statement that changes rows; others stay as they are.

    Args:
        text: One statement.
        engine: "duckdb" or "redshift".

    >>> print(readable("SELECT a, count(*) AS n FROM t WHERE b = 1 GROUP BY a", "duckdb"))
    SELECT
      a,
      COUNT(*) AS n
    FROM t
    WHERE
      b = 1
    GROUP BY
      a
    """
    if copy := COPY.match(text):
        names = ",\n  ".join(copy[2].split(", "))
        return f"COPY {copy[1]} (\n  {names}\n){text[copy.end() :]}"
    if text.split(maxsplit=1)[0].upper() not in FIRST_WORDS:
        return text
    try:
        statement = sqlglot.parse_one(text, dialect=engine)
    except sqlglot.errors.SqlglotError:
        return text
    if is_known(statement):
        return statement.sql(dialect=engine, pretty=True)
    return re.sub(r" *\n\t?", lambda found: "\n  " if found[0][-1] == "\t" else "\n", text)
