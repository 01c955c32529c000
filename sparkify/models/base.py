"""What all tables share: columns with Redshift's encodings, keys, and lengths of text.

Redshift's physical design (DISTKEY, SORTKEY, ENCODE) is declared with the tables and ignored by
DuckDB. Keys exist on Redshift only, where its planner uses them. On DuckDB they would cost four
times the load, so uniqueness is counted inside the transaction, on both engines.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, mapped_column

from sparkify import layout

assert layout  # before any table is declared
SqlType = sa.types.TypeEngine[Any]
STAGING = "staging"  # the schema of everything that is not the star
TITLE, NAME, WORD, URI = 1024, 256, 64, 4096  # lengths of text in bytes, as Redshift counts
LONGEST = 65_535  # bytes; no text on Redshift is longer


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = sa.MetaData()

    def __repr__(self) -> str:
        """The loaded columns that have a value, as in Song(song_id='SO...', title='Lucky')."""
        loaded = sa.inspect(self).dict
        names = (each.key for each in sa.inspect(type(self)).column_attrs)
        values = ((name, loaded.get(name)) for name in names)
        shown = ", ".join(f"{name}={value!r}" for name, value in values if value is not None)
        return f"{type(self).__name__}({shown})"


def column(type_: SqlType, *, sort: bool = False, **options: Any) -> Any:
    """A column with the Redshift encoding that its type calls for.

    Args:
        type_: the column's type.
        sort: whether it is a sort key, which is stored raw.
        **options: those of SQLAlchemy's `mapped_column`.
    """
    numeric = isinstance(type_, sa.Integer | sa.DateTime)
    encode = "raw" if sort else "az64" if numeric else "zstd"
    options.setdefault("nullable", True)
    return mapped_column(type_, redshift_encode=encode, autoincrement=False, **options)


def key(*columns: str, table: str) -> sa.PrimaryKeyConstraint:
    """A primary key, declared on Redshift only."""
    constraint = sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")
    constraint.ddl_if(dialect="redshift")
    return constraint


def everywhere(sort: str, **options: str) -> dict[str, str]:
    """The options of a small table, of which each node of a cluster has a copy."""
    return {"redshift_diststyle": "ALL", "redshift_sortkey": sort, **options}


def spread(sort: str, **options: str) -> dict[str, str]:
    """The options of a table whose rows are spread over the nodes, and only read in order."""
    return {"redshift_diststyle": "EVEN", "redshift_sortkey": sort, **options}


def by(name: str) -> dict[str, str]:
    """The options of a table whose rows are spread over the nodes by a column, and sorted by it."""
    return {"redshift_distkey": name, "redshift_sortkey": name}


def reference(name: str, target: str, table: str = "songplays") -> sa.ForeignKeyConstraint:
    """A foreign key, declared on Redshift only: on DuckDB it would block ALTER."""
    constraint = sa.ForeignKeyConstraint([name], [target], name=f"fk_{table}_{name}")
    constraint.ddl_if(dialect="redshift")
    return constraint


def table(model: type[DeclarativeBase]) -> sa.Table:
    """The Core table of a model (`__table__` is typed as any FROM clause)."""
    found = model.__table__
    assert isinstance(found, sa.Table)
    return found
