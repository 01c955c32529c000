"""A warehouse that an earlier version wrote is brought up to date with its data intact."""

from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from sparkify import pipeline, warehouses
from sparkify.config import load
from sparkify.errors import SparkifyError
from sparkify.models import schema
from tests.chaos.worlds import picture
from tests.factory import NOON, event, put, song
from tests.support import redshift_is_long

REVISIONS = [
    each.revision
    for each in ScriptDirectory.from_config(schema.alembic_config()).walk_revisions()
    if not each.is_head
]


@pytest.mark.long
@redshift_is_long
@pytest.mark.parametrize("revision", REVISIONS)
def test_data_of_an_earlier_schema(lake: Path, warehouse: str, revision: str) -> None:
    """A run stops at it; once upgraded, all is as if written by the newest version."""
    put(lake, "songs", "a.json", song())
    put(lake, "events", "a.json", event(), event(level="paid", itemInSession=1, ts=NOON + 1))
    pipeline.run(str(lake), warehouse)
    right = picture(warehouse)
    move(warehouse, command.downgrade, revision)
    with pytest.raises(SparkifyError, match="sparkify schema --upgrade"):
        pipeline.run(str(lake), warehouse)
    move(warehouse, command.upgrade, "head")
    assert picture(warehouse) == right
    assert pipeline.run(str(lake), warehouse).load_id is None


@redshift_is_long
def test_a_newer_schema_is_refused(lake: Path, warehouse: str) -> None:
    """A run stops at it, says what to do, and changes nothing."""
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), warehouse)
    before = picture(warehouse)
    put(lake, "events", "b.json", event(itemInSession=1))
    with warehouses.connect(warehouse, load()) as opened, opened.writing(0) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(SparkifyError, match="newer version"):
        pipeline.run(str(lake), warehouse)
    assert picture(warehouse) == before


def move(url: str, how: object, revision: str) -> None:
    """Bring a warehouse's schema to a revision."""
    assert callable(how)
    with warehouses.connect(url, load()) as opened, opened.writing(0) as connection:
        how(schema.alembic_config(connection), revision)
