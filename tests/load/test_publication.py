"""How staged rows are published: what is written in which order, and what is checked."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from sparkify import config, warehouses
from sparkify.load.publication import Publication
from sparkify.load.rebuilding import checks
from sparkify.models import PUBLISHED, Base, EventRow, Songplay, Version, schema, table
from sparkify.warehouses.executor import Recorder
from tests.redshift_standin import StandIn

NOON = datetime(2018, 11, 1)
TABLES = ["songplays", "time", "users", "songs", "artists", "user_levels"]


def texts(publication: Publication) -> list[str]:
    """The statements of a publication, as DuckDB writes them."""
    recorder = Recorder(warehouses.dialect_of("duckdb"))
    for statement in publication.statements():
        recorder.execute(statement)
    return recorder.texts


FIRST = Publication("l", [1, 2], first=True)
LATER = Publication("l", [3, 4, 7])
CHANGED = Publication("l", [5], replaces=True)
FULL = Publication("l", [6], full=True)
TEMPORARY = ["changed_users", "kept_levels", "changed_songs", "changed_times"]


def first() -> Publication:
    """A first load, of plays at one moment."""
    publication = Publication("l", [1, 2], first=True)
    publication.changes.moments = [(NOON, NOON)]
    return publication


def created(sent: list[str]) -> list[str]:
    """The temporary tables that statements make."""
    return [text.split()[3] for text in sent if text.startswith("CREATE TEMPORARY TABLE")]


@pytest.mark.parametrize("publication", [FIRST, LATER, CHANGED, FULL])
def test_tables_are_written_in_one_order(publication: Publication) -> None:
    """Versions come first, then the star in a fixed order, what was heard, and the files."""
    written = [
        text.split()[{"INSERT": 2, "DELETE": 2, "UPDATE": 1}[text.split()[0]]]
        for text in texts(publication)
        if not text.startswith(("CREATE", "SELECT"))
    ]
    order = list(dict.fromkeys(written))
    assert order == ["staging.versions", *TABLES, "staging.heard", "staging.files"]
    assert written == sorted(written, key=order.index)


def test_no_staged_row_is_written() -> None:
    """Rows are staged before and removed after: what is published are versions."""
    for publication in (FIRST, LATER, CHANGED, FULL):
        for text in texts(publication):
            assert not text.startswith(("INSERT INTO staging.event_rows", "DELETE FROM staging.e"))


def test_a_first_load_rebuilds_everything() -> None:
    """Every table is emptied as a whole, and no list of changed keys is made."""
    sent = texts(FIRST)
    assert created(sent) == []
    assert "DELETE FROM songplays" in sent


def test_a_later_load_rebuilds_only_what_its_keys_touch() -> None:
    """Each DELETE and each INSERT is limited to the keys of the rows that the load publishes."""
    sent = texts(LATER)
    assert created(sent) == TEMPORARY
    for name in TABLES:
        (delete,) = [text for text in sent if text.startswith(f"DELETE FROM {name} ")]
        assert "IN (SELECT changed_" in delete


def test_the_keys_of_superseded_rows_count_as_touched() -> None:
    """Where rows may be replaced, the versions that they are of are known by then."""
    sent = texts(CHANGED)
    assert sorted(created(sent)) == sorted(["superseded", "lost_users", *TEMPORARY])
    for name in ("changed_users", "changed_songs", "changed_times"):
        (keys,) = [text for text in sent if f"TABLE {name}" in text]
        assert keys.count("SELECT superseded.file_id") == 1


def test_a_full_load_supersedes_all_that_is_published() -> None:
    """The rows stay until the load has committed."""
    sent = texts(FULL)
    assert created(sent) == ["superseded"]
    assert "DELETE FROM staging.files" in sent


def test_every_temporary_table_is_dropped() -> None:
    """The connection may be the caller's and live on: what is created is known by name."""
    for publication in (FIRST, LATER, CHANGED, FULL):
        sent = created(texts(publication))
        tables = {*(each.name for each in publication.superseded), *publication.changes.tables}
        assert tables == set(sent)


def test_a_play_too_many_or_too_few_is_found(empty: Path, tmp_path: Path) -> None:
    """Before COMMIT, there are as many rows of songplays as there are plays."""
    path = shutil.copy(empty, tmp_path / "warehouse.duckdb")
    event = {column.name: example(column) for column in table(EventRow).columns}
    play = {column.name: example(column) for column in table(Songplay).columns}
    with warehouses.connect(f"duckdb:///{path}") as opened, opened.writing(0) as connection:
        executor = opened.executor(connection)
        select = dict(checks(first().changes))["the plays and the rows of songplays"]
        version = {"file_id": 1, "published": True}
        connection.execute(sa.insert(table(Version)), [version])
        connection.execute(sa.insert(table(EventRow)), [event | {"page": "NextSong"}] * 2)
        assert tuple(executor.counts(select)) == (1, 0)
        connection.execute(sa.insert(table(Songplay)), [play])
        assert tuple(executor.counts(select)) == (1, 1)
        connection.execute(sa.insert(table(Songplay)), [play])
        assert tuple(executor.counts(select)) == (1, 2)
        connection.rollback()


@pytest.mark.parametrize(
    "name", [table(model).name for model in PUBLISHED if model is not Songplay]
)
def test_a_repeated_key_is_found(empty: Path, tmp_path: Path, name: str) -> None:
    """Before COMMIT, a key that two rows of a table share makes its two counts differ."""
    path = shutil.copy(empty, tmp_path / "warehouse.duckdb")
    target = Base.metadata.tables[name]
    values = {column.name: example(column) for column in target.columns}
    with warehouses.connect(f"duckdb:///{path}") as opened, opened.writing(0) as connection:
        connection.execute(sa.insert(target), [values])
        executor = opened.executor(connection)
        selects = dict(checks(first().changes))
        select = selects[f"the rows and the keys of {name}"]
        assert tuple(executor.counts(select)) == (1, 1)
        connection.execute(sa.insert(target), [values])
        assert tuple(executor.counts(select)) == (2, 1)
        connection.rollback()


@pytest.mark.long
def test_a_repeated_key_is_found_although_the_cluster_believes_it(cluster: StandIn) -> None:
    """Redshift's planner takes declared keys for unique; the check still counts them."""
    with (
        warehouses.connect(cluster.url(), config.load()) as opened,
        opened.writing(0) as connection,
    ):
        schema.upgrade(connection)
        executor = opened.executor(connection)
        selects = dict(checks(first().changes))
        found = {}
        for target in (table(model) for model in PUBLISHED if model is not Songplay):
            values = {column.name: example(column) for column in target.columns}
            select = selects[f"the rows and the keys of {target.name}"]
            executor.execute(sa.insert(target).values([values]))
            once = tuple(executor.counts(select))
            executor.execute(sa.insert(target).values([values]))
            found[target.name] = [once, tuple(executor.counts(select))]
        connection.rollback()
    assert found == {key: [(1, 1), (2, 1)] for key in found}
    assert len(found) == len(TABLES) - 1


def example(column: sa.Column[object]) -> object:
    """A value for a column."""
    if isinstance(column.type, sa.DateTime):
        return NOON
    return "x" if isinstance(column.type, sa.String) else 1
