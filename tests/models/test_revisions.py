"""A team's own branches of the schema: they are applied, and missed where they are not known."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sparkify import pipeline
from sparkify.errors import SparkifyError, UsageError
from sparkify.models import schema
from sparkify.models.revisions import Revisions, State, revisions
from tests.cli.test_cli import Sparkify, sparkify
from tests.factory import event, put, rows
from tests.models.test_schema import alembic_here
from tests.models.test_upgrade import execute
from tests.support import redshift_is_long

__all__ = ["sparkify"]

REVISION = '''"""{doc}."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = {revision!r}, {down!r}
branch_labels = None
depends_on = {needs!r}


def upgrade() -> None:
    """Make a table."""
    op.create_table({table!r}, sa.Column("a", sa.BigInteger()))


def downgrade() -> None:
    """Drop it."""
    op.drop_table({table!r})
'''
VERSIONS = "SELECT version_num FROM alembic_version"


def write(folder: Path, revision: str, down: str | None = None, needs: str | None = None) -> Path:
    """Write a revision of a team's own, which makes a table of its name."""
    folder.mkdir(exist_ok=True)
    values = {"doc": f"Table {revision}", "table": f"team_{revision}"}
    text = REVISION.format(revision=revision, down=down, needs=needs, **values)
    path = folder / f"{revision}_table.py"
    path.write_text(text)
    return path


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for revisions, which the settings name."""
    folder = tmp_path / "team's 100% own"
    folder.mkdir()
    monkeypatch.setenv("SPARKIFY_MIGRATIONS", str(folder))
    return folder


def newest() -> str:
    """Our newest revision."""
    return max(revisions().ours)


@redshift_is_long
def test_a_teams_branches_are_upgraded(lake: Path, warehouse: str, team: Path) -> None:
    """One that starts by itself and one that follows ours: a run makes both, an upgrade more."""
    write(team, "aa", needs=newest())
    write(team, "bb", down=newest())
    put(lake, "events", "a.json", event())
    pipeline.run(lake, warehouse)
    assert rows(warehouse, VERSIONS) == [("aa",), ("bb",)]
    write(team, "cc", down="aa")
    with pytest.raises(SparkifyError, match="run `sparkify schema --upgrade`"):
        pipeline.run(lake, warehouse)
    (step,) = pipeline.upgrade(warehouse)
    assert (step.revision, step.after, str(step)) == ("cc", ("aa",), "cc: Table cc.")
    assert rows(warehouse, "SELECT count(*) FROM team_cc") == [(0,)]
    assert pipeline.run(lake, warehouse).load_id is None


@pytest.mark.long
def test_a_branch_that_is_not_configured(
    lake: Path, duckdb_url: str, team: Path, monkeypatch: pytest.MonkeyPatch, sparkify: Sparkify
) -> None:
    """It is not taken for a newer version's; one line says which revision it is, and the remedy."""
    write(team, "bb", down=newest())
    put(lake, "events", "a.json", event())
    pipeline.run(lake, duckdb_url)
    monkeypatch.delenv("SPARKIFY_MIGRATIONS")
    for command in (["run", str(lake)], ["status"], ["schema", "--upgrade"]):
        done = sparkify(*command, "--warehouse", duckdb_url)
        assert done.code == 1
        assert "has the revision bb, which is not one of Sparkify's" in done.err
        assert "SPARKIFY_MIGRATIONS" in done.err
        assert "newer" not in done.err
    Path("dwh.cfg").write_text(f"[SPARKIFY]\nMIGRATIONS = {str(team).replace('%', '%%')}\n")
    assert sparkify("run", str(lake), "--warehouse", duckdb_url).code == 0


def test_several_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are separated as the folders of PATH; ~ is the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "one", "aa", down="0001")
    write(tmp_path / "two", "bb", down="aa")
    monkeypatch.setenv("SPARKIFY_MIGRATIONS", os.pathsep.join(["~/one", str(tmp_path / "two")]))
    found = revisions()
    assert found.heads == {newest(), "bb"}
    assert found.known - found.ours == {"aa", "bb"}


def test_the_alembic_command_knows_them_too(duckdb_url: str, team: Path) -> None:
    """From a checkout, `alembic upgrade heads` applies them and says what it did."""
    write(team, "aa", needs=newest())
    printed = alembic_here("upgrade", "heads", warehouse=duckdb_url).splitlines()
    assert printed[0] == "0001: The star, the staging tables and the books."
    assert printed[-2] == "aa: Table aa."
    assert printed[-1].endswith("the schema is at aa")
    printed = alembic_here("downgrade", "base", warehouse=duckdb_url).splitlines()
    assert printed[0] == "aa: taken back: Table aa."
    assert printed[-1].endswith("the schema is at empty")


@pytest.mark.long
def test_a_revision_is_generated_outside_a_checkout(
    tmp_path: Path, duckdb_url: str, team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an alembic.ini of their own, a team lets Alembic write a revision, and applies it."""
    folder = str(team).replace("%", "%%")
    ini = "script_location = sparkify:migrations\npath_separator = newline\nversion_locations =\n"
    ini += f"    sparkify:migrations/versions\n    {folder}\n"
    (tmp_path / "alembic.ini").write_text(f"[alembic]\n{ini}")
    pipeline.upgrade(duckdb_url)
    execute(duckdb_url, "ALTER TABLE users DROP COLUMN gender")
    monkeypatch.setenv("SPARKIFY_WAREHOUSE", duckdb_url)
    options = ["--head", newest(), "--version-path", str(team), "--rev-id", "aa"]
    for words in (["revision", "--autogenerate", "-m", "gender", *options], ["upgrade", "heads"]):
        command = [sys.executable, "-m", "alembic", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    assert "aa: gender." in done.stdout
    assert rows(duckdb_url, "SELECT gender FROM users") == []
    assert pipeline.upgrade(duckdb_url) == ()


BROKEN = {
    "bb_table.py": ("revision =", "SyntaxError"),
    "env.py": ("", "revision id"),
    "aa.py": (REVISION.format(doc="", revision="aa", down="zz", needs=None, table="t"), "zz"),
}


@pytest.mark.filterwarnings("ignore:Revision zz")
@pytest.mark.parametrize("name", BROKEN)
def test_revisions_that_cannot_be_read(team: Path, duckdb_url: str, name: str) -> None:
    """One line names the setting and the cause."""
    text, cause = BROKEN[name]
    (team / name).write_text(text)
    with pytest.raises(UsageError, match=f"that `migrations` names cannot be read: .*{cause}"):
        pipeline.upgrade(duckdb_url)


def test_ids_like_ours_are_refused(team: Path, duckdb_url: str) -> None:
    """Otherwise a later version of ours could have the same, or seem to have made the schema."""
    write(team, "0999", down="0001")
    with pytest.raises(UsageError, match=r"0999_table\.py: revisions of four digits"):
        pipeline.upgrade(duckdb_url)


def test_a_folder_that_is_not_there(team: Path, duckdb_url: str) -> None:
    """The message names where the setting comes from."""
    shutil.rmtree(team)
    with pytest.raises(UsageError, match=r"environment SPARKIFY_MIGRATIONS\): no such folder"):
        pipeline.upgrade(duckdb_url)


OURS = frozenset({"0001", "0002", "0003"})
STATES = [
    ({"0003"}, {}, State.HEAD),
    ({"0002"}, {}, State.BEHIND),
    ({"0004"}, {}, State.AHEAD),
    ({"ffff"}, {}, State.UNKNOWN),
    ({"0003", "ffff"}, {}, State.UNKNOWN),
    ({"0003", "0009"}, {}, State.UNKNOWN),  # it is not ours: a warehouse has one of our line
    ({"0004", "aa"}, {"aa"}, State.AHEAD),
    ({"0003"}, {"aa"}, State.BEHIND),
    ({"0003", "aa"}, {"aa"}, State.HEAD),
    ({"aa"}, {"aa"}, State.BEHIND),
]


@pytest.mark.parametrize(("current", "team", "state"), STATES)
def test_states(current: set[str], team: set[str], state: State) -> None:
    """Only a newer revision of our own line means a newer version."""
    known = Revisions(OURS, OURS | set(team), frozenset({"0003", *team}))
    assert known.state(current) is state


def test_our_own_revisions_have_four_digits() -> None:
    """By that the next version's are known; the newest is the greatest."""
    found = revisions()
    assert all(name.isdigit() and len(name) == 4 for name in found.ours)
    assert found.heads == {newest()}
    assert found.known == found.ours
    assert schema.State is State
