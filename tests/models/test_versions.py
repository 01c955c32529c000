"""The migration to versions keeps every row, those of direct loads too, and goes back again."""

import logging
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from sparkify import config, pipeline, warehouses
from sparkify.models.schema import alembic_config
from tests.factory import event, lines, put, rejects, rows, song, staging, star
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.support import redshift_is_long

BOOKS = "SELECT uri, kind, etag, size, load_id, records, rejects FROM staging.files"
OLD_BOOKS = "SELECT count(*) FROM staging.rejects WHERE load_id IS NULL"


def migrate(url: str, revision: str) -> None:
    """Bring the schema to a revision, up or down."""
    with warehouses.connect(url, config.load()) as opened, opened.writing(10) as connection:
        move = command.upgrade if revision == "head" else command.downgrade
        move(alembic_config(connection), revision)


def everything(url: str) -> list[Any]:
    """All that people see."""
    return [star(url), *older(url)]


def older(url: str) -> list[Any]:
    """What people see beside the star, whose tables have more columns today."""
    return [staging(url), rejects(url), rows(url, BOOKS)]


def make(lake: Path) -> None:
    """A lake that is loaded twice: an object is damaged by the second time, one has changed."""
    put(lake, "events", "a.json", event(), event(itemInSession=1, song="JÃ³ga"), b"no record")
    put(lake, "events", "b.json", event(itemInSession=2))
    put(lake, "events", "damaged.json", event(itemInSession=3), b"no record either")
    put(lake, "songs", "a.json", song())


def change(lake: Path) -> None:
    """What the second load finds."""
    put(lake, "events", "b.json", event(itemInSession=4), event(itemInSession=5))
    put(lake, "events", "damaged.json", b"\x1f\x8b of no use")
    put(lake, "events", "c.json", b"\x1f\x8b of no use from the start")


@redshift_is_long
def test_old_warehouses_are_kept(
    lake: Path, warehouse: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Down and up again, star, views and books are as they were, and later loads are right."""
    make(lake)
    pipeline.run(lake, warehouse, max_rejects=9)
    change(lake)
    pipeline.run(lake, warehouse, max_rejects=9)
    before = everything(warehouse)
    migrate(warehouse, "0002")
    assert older(warehouse) == before[1:]
    assert rows(warehouse, OLD_BOOKS) == [(0,)]
    with caplog.at_level(logging.WARNING):
        migrate(warehouse, "head")
    assert "copies 6 staged rows; until its end it needs" in caplog.text
    assert everything(warehouse) == before
    assert pipeline.run(lake, warehouse).load_id is None
    put(lake, "events", "damaged.json", event(itemInSession=6))
    (lake / "log_data" / "c.json").unlink()
    pipeline.run(lake, warehouse, prune=True)
    fresh = f"duckdb:///{lake.parent}/fresh.duckdb"
    pipeline.run(lake, fresh, max_rejects=9)
    assert everything(warehouse)[:3] == everything(fresh)[:3]


@pytest.mark.long
def test_direct_loads_are_kept(cluster: StandIn, s3: Bucket) -> None:
    """What a load copied is one version; when an object changes, all of it is copied again."""
    url, source = cluster.url(), s3.url("lake")
    s3.put("lake/log_data/a.json", lines([event(), event(itemInSession=1, level="gold")]))
    s3.put("lake/log_data/b.json", event(itemInSession=2))
    s3.put("lake/song_data/a.json", song())
    pipeline.run(source, url, copy="direct", max_rejects=9)
    before = everything(url)
    migrate(url, "0002")
    assert older(url) == before[1:]
    migrate(url, "head")
    assert everything(url) == before
    s3.put("lake/log_data/b.json", event(itemInSession=3))
    report = pipeline.run(source, url, copy="direct", max_rejects=9)
    assert (report.files.changed, report.records.read) == (1, 3)
    found = rows(url, "SELECT item_in_session FROM staging.staging_events")
    assert found == [(0,), (3,)]
    assert len(rejects(url)) == 1


@pytest.mark.long
def test_grants_hold_for_the_views(lake: Path, cluster: StandIn) -> None:
    """Who might read a table may read the view that has its name, after every upgrade."""
    url = cluster.url()
    put(lake, "events", "a.json", event())
    pipeline.run(lake, url)
    granted = (
        "SELECT relation_name FROM svv_relation_privileges"
        " WHERE identity_type = 'public' AND privilege_type = 'SELECT'"
    )
    migrate(url, "0002")
    with warehouses.connect(url, config.load()) as opened, opened.writing(10) as connection:
        for name in ("staging_events", "rejects"):
            connection.execute(sa.text(f"GRANT SELECT ON staging.{name} TO PUBLIC"))
        connection.commit()
    for _ in range(2):
        migrate(url, "head")
        assert rows(url, granted) == [("rejects",), ("staging_events",)]
