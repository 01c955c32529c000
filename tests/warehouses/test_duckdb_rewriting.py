"""What was deleted cannot be read in a DuckDB file any more, and the rest of it is as it was."""

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from sparkify import pipeline, warehouses
from sparkify.errors import SparkifyError
from sparkify.warehouses.duckdb import rewriting
from tests.factory import event, put, rows, star

KEY = "s3cr3t-of-those-forgotten"
THEM = 4711
MARKS = (b"Zebulonia", b"Nowhereville")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is in the environment."""
    monkeypatch.setenv("SPARKIFY_FORGET_KEY", KEY)


def theirs(**fields: Any) -> dict[str, Any]:
    """An event of the person."""
    own = {"userId": str(THEM), "firstName": "Zebulonia", "location": "Nowhereville, XX"}
    return event(**(own | fields))


@pytest.fixture
def file(tmp_path: Path, lake: Path) -> Path:
    """A warehouse that has the person, and someone else."""
    found = tmp_path / "warehouse.duckdb"
    put(lake, "events", "a.json", event(), theirs(itemInSession=1), theirs(level="gold"))
    pipeline.run(lake, f"duckdb:///{found}", max_rejects=1)
    return found


def remains(folder: Path) -> set[tuple[str, bytes]]:
    """The files of a folder that have a text of the person's, and the text."""
    found = ((path.name, path.read_bytes()) for path in folder.iterdir() if path.is_file())
    return {(name, mark) for name, content in found for mark in MARKS if mark in content}


def forget(file: Path, user: int = THEM) -> None:
    """Forget the person."""
    pipeline.forget(user, f"duckdb:///{file}")


def test_no_byte_of_them_is_left(file: Path, lake: Path) -> None:
    """Neither in the file nor beside it; nor after a run that leaves them out."""
    assert {mark for _, mark in remains(file.parent)} == set(MARKS)
    forget(file)
    assert remains(file.parent) == set()
    put(lake, "events", "b.json", theirs(itemInSession=2), event(itemInSession=2))
    pipeline.run(lake, f"duckdb:///{file}")
    assert remains(file.parent) == set()
    assert sorted(path.name for path in file.parent.iterdir()) == ["lake", file.name]


def test_rows_of_theirs_are_never_written_into_the_file(
    file: Path, lake: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """DuckDB writes rows of a large load before it commits them, so all are read beside it."""
    forget(file)
    put(lake, "events", "b.json", b'{"userId": "4711", ', theirs(itemInSession=2), event())
    with caplog.at_level(logging.DEBUG, "sparkify"):
        pipeline.run(lake, f"duckdb:///{file}")
    into = "INSERT INTO staging.event_rows"
    sent = (text.partition(" s: ")[2] for text in caplog.messages)
    found = {text for text in sent if text.startswith(into)}
    assert found == {f"{into} FROM temp.events_aside"}


def test_all_else_stays(file: Path) -> None:
    """Also people's own tables, views and macros, the file's permissions, and a link to it."""
    with duckdb.connect(file) as own:
        own.execute("CREATE TABLE notes AS SELECT 'of mine' AS note")
        own.execute("CREATE VIEW paid AS SELECT * FROM songplays WHERE level = 'paid'")
        own.execute("CREATE VIEW recent AS SELECT * FROM staging.staging_events")
        own.execute("CREATE MACRO twice(x) AS 2 * x")
        own.execute("CREATE INDEX by_user ON users (user_id)")
    file.chmod(0o640)
    link = file.with_name("link.duckdb")
    link.symlink_to(file)
    forget(link)
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    url = f"duckdb:///{file}"
    assert rows(url, "SELECT note, twice(21) FROM notes") == [("of mine", 42)]
    assert rows(url, "SELECT user_id FROM recent") == [(49,)]
    assert rows(url, "SELECT count(*) FROM paid") == [(0,)]
    assert rows(url, "SELECT index_name FROM duckdb_indexes()") == [("by_user",)]


def test_nobody_gets_in_between(file: Path) -> None:
    """While a copy takes the file's place, other processes find it held."""
    code = f"import duckdb; duckdb.connect({str(file)!r})"
    with rewriting.held(file):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert b"lock on file" in done.stderr
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_file_that_cannot_be_replaced(file: Path) -> None:
    """The rows are gone, and the message says what is left to do; then it can be done."""
    with duckdb.connect(file) as own:
        own.execute("CREATE TABLE sparkify_copy (x int)")
    blocked = file.with_name(f"{file.name}.wal")
    url = f"duckdb:///{file}"
    with warehouses.connect(url) as opened, opened.writing(0) as connection:
        blocked.mkdir()
        with pytest.raises(SparkifyError, match=r"but .* could not be rewritten"):
            opened.scrub(connection)
        blocked.rmdir()
    forget(file)
    assert remains(file.parent) == set()


def test_an_engine_of_the_callers_keeps_its_file(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is open there: the rows go, and a warning says what stays."""
    engine = sa.create_engine(f"duckdb:///{file}")
    erased = pipeline.forget(THEM, engine)
    assert erased.rows["event_rows"] == 1
    assert "is open by your Engine" in caplog.text
    engine.dispose()
    assert star(f"duckdb:///{file}")["users"] == [(49, "Chloe", "Cuevas", "F", "free")]


@pytest.mark.long
def test_a_database_in_memory(lake: Path) -> None:
    """There is no file, and so nothing to write anew."""
    engine = sa.create_engine("duckdb:///:memory:", poolclass=sa.StaticPool)
    put(lake, "events", "a.json", event(), theirs(itemInSession=1))
    pipeline.run(lake, engine)
    assert pipeline.forget(THEM, engine).rows["event_rows"] == 1
    assert pipeline.run(lake, engine, full=True).records.forgotten == 1
