"""The options of Redshift's dialect are known without it."""

import subprocess
import sys

import sqlalchemy as sa
from sqlalchemy.dialects import registry

from sparkify.layout import Options
from sparkify.models import Load, table


def test_the_options_are_those_of_the_dialect() -> None:
    """What upstream's dialect takes for tables, columns and indexes, and no other name."""
    upstream = registry.load("redshift.redshift_connector")
    assert upstream.construct_arguments == Options.construct_arguments
    assert table(Load).dialect_options["redshift"]["sortkey"] == "load_id"


def test_a_url_still_finds_upstreams_dialect() -> None:
    """A `redshift://` of somebody else in the same process means what it meant."""
    found = sa.make_url("redshift://host/db").get_dialect()
    assert found is registry.load("redshift.psycopg2")


def test_the_models_load_neither_the_dialect_nor_alembic() -> None:
    """They cost each run on DuckDB a third of a second."""
    code = "import sys, sparkify.models; print({'alembic', 'sqlalchemy_redshift'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
