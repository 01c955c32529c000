"""How staged rows are published: what is written in which order, and what is checked."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from sparkify import warehouses
from sparkify.load.publication import Publication, clear_all
from sparkify.models import PUBLISHED, Base, table
from sparkify.warehouses.executor import Recorder

TABLES = ["songplays", "time", "users", "songs", "artists", "user_levels"]


def texts(publication: Publication) -> list[str]:
    """The statements of a publication, as DuckDB writes them."""
    recorder = Recorder(warehouses.dialect_of("duckdb"))
    for statement in publication.statements():
        recorder.execute(statement)
    return recorder.texts


def test_tables_are_written_in_one_order() -> None:
    """The star comes first, in a fixed order, then the books."""
    for publication in (Publication("l", True, False), Publication("l", False, True)):
        inserts = [text for text in texts(publication) if text.startswith("INSERT INTO")]
        targets = [text.split()[2] for text in inserts]
        assert targets == [*TABLES, "staging.files"]


def test_a_first_load_rebuilds_everything() -> None:
    """Every table is emptied as a whole, and no list of changed keys is made."""
    sent = texts(Publication("l", everything=True, replaces=False))
    assert [text for text in sent if text.startswith("CREATE")] == []
    assert sent[:2:2] == ["DELETE FROM songplays"]


def test_a_later_load_rebuilds_only_what_its_keys_touch() -> None:
    """Each DELETE and each INSERT is limited to the keys of the rows that the load staged."""
    sent = texts(Publication("l", everything=False, replaces=False))
    created = [text.split()[3] for text in sent if text.startswith("CREATE TEMPORARY TABLE")]
    assert created == [
        "changed_times",
        "changed_user_ids",
        "changed_song_ids",
        "changed_artist_ids",
    ]
    for name in TABLES:
        (delete,) = [text for text in sent if text.startswith(f"DELETE FROM {name} ")]
        assert "IN (SELECT changed_" in delete


def test_replaced_rows_are_kept_until_their_keys_are_known() -> None:
    """Rows of changed or vanished objects are copied, removed, and count as touched."""
    publication = Publication("l", everything=False, replaces=True)
    sent = texts(publication)
    assert [text.split()[3] for text in sent[0:4:2]] == ["removed_events", "removed_songs"]
    assert [text.split()[2] for text in sent[1:4:2]] == [
        "staging.staging_events",
        "staging.staging_songs",
    ]
    (times,) = [text for text in sent if "TABLE changed_times" in text]
    assert "removed_events" in times
    assert "removed_songs" in times


def test_every_temporary_table_is_dropped() -> None:
    """The connection may be the caller's and live on: what is created is known by name."""
    publication = Publication("l", everything=False, replaces=True)
    created = [text.split()[3] for text in texts(publication) if text.startswith("CREATE")]
    names = [each.name for each in publication.temporary_tables()]
    assert names == ["read_files", *created]


def test_a_full_load_keeps_the_list_of_loads() -> None:
    """Everything else is emptied."""
    recorder = Recorder(warehouses.dialect_of("duckdb"))
    for statement in clear_all():
        recorder.execute(statement)
    emptied = {text.removeprefix("DELETE FROM ") for text in recorder.texts}
    every = {each.fullname for each in Base.metadata.sorted_tables}
    assert every - emptied == {"staging.loads"}


@pytest.mark.parametrize("name", [table(model).name for model in PUBLISHED])
def test_a_repeated_key_is_found(empty: Path, tmp_path: Path, name: str) -> None:
    """Before COMMIT, a key that two rows of a table share makes its two counts differ."""
    path = shutil.copy(empty, tmp_path / "warehouse.duckdb")
    target = Base.metadata.tables[name]
    values = {column.name: example(column) for column in target.columns}
    with warehouses.connect(f"duckdb:///{path}") as opened, opened.writing(0) as connection:
        connection.execute(sa.insert(target), [values])
        executor = opened.executor(connection)
        selects = dict(Publication("l", everything=True, replaces=False).checks())
        select = selects[f"the rows and the keys of {name}"]
        assert tuple(executor.counts(select)) == (1, 1)
        connection.execute(sa.insert(target), [values])
        assert tuple(executor.counts(select)) == (2, 1)
        connection.rollback()


def example(column: sa.Column[object]) -> object:
    """A value for a column."""
    if isinstance(column.type, sa.DateTime):
        return datetime(2018, 11, 1)
    return "x" if isinstance(column.type, sa.String) else 1
