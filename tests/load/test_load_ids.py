"""The ids of loads follow the order of the commits, whatever the clock says."""

import datetime
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from sparkify import books, config, pipeline, warehouses
from sparkify.load import ids
from tests.factory import event, put, rows
from tests.support import redshift_is_long

FORM = r"\d{8}T\d{12}-[0-9a-f]{6}"
LOADS = "SELECT load_id FROM staging.loads"


@pytest.mark.long
@redshift_is_long
def test_the_clock_goes_back(lake: Path, warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later load has a greater id, and is the last load, though its clock was behind."""
    made: list[str | None] = []
    for number, day in enumerate((9, 2, 2, 5, 12)):
        moment = datetime.datetime(2018, 11, day)
        monkeypatch.setattr(ids, "now", lambda moment=moment: moment)
        put(lake, "events", f"{number}.json", event(itemInSession=number))
        made.append(pipeline.run(lake, warehouse).load_id)
        settings = config.load({"warehouse": warehouse})
        with warehouses.connect(warehouse, settings) as opened:
            last = books.read_status(opened, settings).last_load
        assert last is not None
        assert last["load_id"] == made[-1]
    assert made == sorted(made, key=str)
    assert made[-1] is not None
    assert made[-1].startswith("20181112T000000000000")
    assert all(re.fullmatch(FORM, str(each)) for each in made)
    assert [found for (found,) in rows(warehouse, LOADS)] == made


@pytest.mark.long
def test_an_id_of_another_form_is_no_obstacle(lake: Path, duckdb_url: str) -> None:
    """It tells no time, so the clock decides."""
    put(lake, "events", "a.json", event())
    pipeline.run(lake, duckdb_url)
    with warehouses.connect(duckdb_url) as opened, opened.writing(0) as connection:
        connection.execute(sa.text("UPDATE staging.loads SET load_id = 'first'"))
        connection.commit()
    put(lake, "events", "b.json", event(itemInSession=1))
    assert re.fullmatch(FORM, str(pipeline.run(lake, duckdb_url).load_id))
