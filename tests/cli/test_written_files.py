"""What commands write: as a whole or not at all, and never over somebody else's file."""

import stat
from pathlib import Path

import duckdb
import pytest

from sparkify import analytics
from sparkify.cluster.configfile import update_file
from sparkify.errors import SparkifyError
from tests.cli.test_cli import Sparkify, sparkify
from tests.factory import event, put

__all__ = ["sparkify"]

STAR = {"songplays", "users", "songs", "artists", "time", "user_levels"}


@pytest.fixture
def loaded(lake: Path, sparkify: Sparkify) -> str:
    """The URL of a warehouse with a play and a reject."""
    put(lake, "events", "a.json", event(), b"not json")
    url = "duckdb:///music.duckdb"
    assert sparkify("run", lake, "--warehouse", url).code == 0
    return url


def test_an_export_replaces_an_earlier_one_as_a_set(loaded: str, sparkify: Sparkify) -> None:
    """The folder has one file for each table, and no other, after each export."""
    for _ in range(2):
        ended = sparkify("export", "star", "--warehouse", loaded)
        assert ended.code == 0, ended.err
        assert {path.stem for path in Path("star").iterdir()} == STAR
    with duckdb.connect() as connection:
        assert connection.sql("SELECT count(*) FROM 'star/songplays.parquet'").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "kind", ["export", pytest.param("page", marks=pytest.mark.long), "rejects"]
)
def test_a_file_that_is_not_ours_is_replaced_by_force_only(
    loaded: str, sparkify: Sparkify, kind: str
) -> None:
    """It stays as it is, exit 1; with --force it is replaced."""
    Path("mine").mkdir()
    target = Path("mine", "notes.txt") if kind == "export" else Path("mine.txt")
    target.write_text("my notes")
    command = {
        "export": ("export", "mine"),
        "page": ("report", "--html", "mine.txt"),
        "rejects": ("rejects", "--out", "mine.txt"),
    }[kind]
    ended = sparkify(*command, "--warehouse", loaded)
    assert (ended.code, ended.err.count("\n")) == (1, 1), ended.err
    assert "mine" in ended.err
    assert target.read_text() == "my notes"
    ended = sparkify(*command, "--warehouse", loaded, "--force")
    assert ended.code == 0, ended.err
    assert not target.exists() or "my notes" not in target.read_text()


@pytest.mark.long
def test_a_page_replaces_an_earlier_page(loaded: str, sparkify: Sparkify) -> None:
    """Without --force, since the page is known to be ours."""
    for _ in range(2):
        assert sparkify("report", "--html", "page.html", "--warehouse", loaded).code == 0
    assert Path("page.html").read_text().startswith("<!DOCTYPE html>\n")


def test_records_are_for_their_owner_only(loaded: str, sparkify: Sparkify) -> None:
    """A file of rejected records has mode 0600, and is not replaced: it may have been repaired."""
    assert sparkify("rejects", "--out", "bad.json", "--warehouse", loaded).code == 0
    assert stat.S_IMODE(Path("bad.json").stat().st_mode) == 0o600
    assert Path("bad.json").read_text() == "not json\n"
    assert sparkify("rejects", "--out", "bad.json", "--warehouse", loaded).code == 1


def test_a_failed_export_leaves_the_earlier_one(
    loaded: str, sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a table cannot be written, every file is still the earlier export's."""
    analytics.export("star", loaded)
    before = {path.name: path.read_bytes() for path in Path("star").iterdir()}
    with duckdb.connect("music.duckdb") as connection:
        connection.sql("UPDATE songplays SET level = 'paid'")
        connection.sql("ALTER TABLE user_levels RENAME TO levels_of_users")
    with pytest.raises(Exception, match="user_levels"):
        analytics.export("star", loaded)
    assert {path.name: path.read_bytes() for path in Path("star").iterdir()} == before
    assert not [path for path in Path().iterdir() if path.name.startswith(".star")]


def test_the_configuration_keeps_its_mode_and_its_link() -> None:
    """dwh.cfg is written through a link, keeps its mode, and is private if it is new."""
    Path("real.cfg").write_text("[S3]\n")
    Path("real.cfg").chmod(0o640)
    Path("dwh.cfg").symlink_to("real.cfg")
    update_file(Path("dwh.cfg"), {("CLUSTER", "HOST"): "h"})
    assert Path("dwh.cfg").is_symlink()
    assert stat.S_IMODE(Path("real.cfg").stat().st_mode) == 0o640
    assert "HOST=h" in Path("real.cfg").read_text()
    update_file(Path("new.cfg"), {("CLUSTER", "HOST"): "h"})
    assert stat.S_IMODE(Path("new.cfg").stat().st_mode) == 0o600
    with pytest.raises(SparkifyError, match="nowhere"):
        update_file(Path("nowhere/dwh.cfg"), {("CLUSTER", "HOST"): "h"})
