"""How tables are laid out on Redshift, declared without its dialect.

SQLAlchemy looks up the options of a dialect (`redshift_distkey`) when a table is declared. To load
sqlalchemy-redshift for that would cost every run on DuckDB 0.3 s, since it imports Alembic.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.schema import SchemaItem

TABLE = ("diststyle", "distkey", "sortkey", "interleaved_sortkey")
COLUMN = ("encode", "distkey", "sortkey", "identity")
KNOWN: list[tuple[type[SchemaItem] | type[sa.ClauseElement], Mapping[str, Any]]] = [
    (sa.Index, {"using": False, "where": None, "ops": {}}),
    (sa.Table, {"ignore_search_path": False, **dict.fromkeys(TABLE)}),
    (sa.Column, dict.fromkeys(COLUMN)),
]


class Options(DefaultDialect):
    """The options of sqlalchemy-redshift's dialects, and the way to the one of a URL."""

    construct_arguments = KNOWN

    @classmethod
    def get_dialect_cls(cls, url: sa.URL) -> type[sa.Dialect]:
        """The dialect of `redshift://`, which is what upstream registers under this name."""
        found: type[sa.Dialect] = registry.load("redshift.psycopg2")
        return found


registry.register("redshift", __name__, "Options")
