"""The wheel and the source distribution: what `pip install` brings works in an empty folder."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from alembic import command

from sparkify import config, pipeline, warehouses
from sparkify.models.revisions import alembic_config
from tests.chaos.worlds import picture
from tests.factory import NOON, event, put, song
from tests.support import ROOT

BUILD = "import sys; import setuptools.build_meta as backend; backend.build_{}(sys.argv[1])"

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the source distribution, built from a copy of the checkout."""
    folder = tmp_path_factory.mktemp("built")
    left_out = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, folder / "checkout", ignore=left_out, symlinks=True)
    for kind in ("wheel", "sdist"):
        made = folder / kind
        made.mkdir()
        code = BUILD.format(kind)
        run([sys.executable, "-c", code, str(made)], folder / "checkout")
    shutil.rmtree(folder / "checkout")
    return {kind: next((folder / kind).iterdir()) for kind in ("wheel", "sdist")}


@pytest.fixture(scope="module")
def environments(
    distributions: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A fresh environment for each, with nothing of ours but what is built.

    The dependencies come from this environment.
    """
    made = {}
    for kind, built in distributions.items():
        folder = tmp_path_factory.mktemp(kind) / "venv"
        run([sys.executable, "-m", "venv", "--without-pip", str(folder)], folder.parent)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--ignore-installed"]
        run([*pip, "install", *options, str(built)], folder.parent)
        made[kind] = folder
    return made


def run(words: Sequence[str], folder: Path, environ: dict[str, str] | None = None) -> str:
    """Run a command, which has to succeed; what it printed."""
    done = subprocess.run(
        words, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


Installed = Callable[..., str]


@pytest.fixture(params=["wheel", "sdist"])
def installed(
    request: pytest.FixtureRequest, environments: dict[str, Path], tmp_path: Path
) -> Installed:
    """Runs a program of an environment in an empty folder, with the settings of this process."""
    folder = environments[request.param]
    home = tmp_path / "empty"
    home.mkdir()

    def program(name: str, *arguments: str) -> str:
        around = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        return run([str(folder / "bin" / name), *arguments], home, around)

    return program


def test_it_works_in_an_empty_folder(installed: Installed) -> None:
    """Simulate, run, look: with nothing of the checkout in sight."""
    code = "import sparkify; print(sparkify.__file__, sparkify.__version__)"
    where, version = installed("python", "-c", code).split()
    assert "venv" in where
    assert installed("sparkify", "--version") == f"sparkify {version}\n"
    installed("sparkify", "simulate", "lake", "--events", "100")
    assert "100 staged" in installed("sparkify", "run", "lake")
    assert "songplays" in installed("sparkify", "status")


def test_a_former_warehouse_is_upgraded(
    installed: Installed, lake: Path, warehouse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warehouse of the former schema, with rows, becomes what a fresh load would make."""
    put(lake, "songs", "a.json", song())
    put(lake, "events", "a.json", event(), event(level="paid", itemInSession=1, ts=NOON + 1))
    put(lake, "events", "b.json", event(itemInSession=2, song="JÃ³ga"), b"no record")
    pipeline.run(lake, warehouse, max_rejects=9)
    fresh = picture(warehouse)
    with (
        warehouses.connect(warehouse, config.load()) as opened,
        opened.writing(10) as connection,
    ):
        command.downgrade(alembic_config(connection), "0002")
    monkeypatch.setenv("SPARKIFY_WAREHOUSE", warehouse)
    shown = installed("sparkify", "schema", "--upgrade", "--sql")
    assert shown.startswith("BEGIN;")
    first, *_, last = installed("sparkify", "schema", "--upgrade").splitlines()
    assert first.startswith("0003: Rows belong to a version of a file")
    assert last == "the schema is up to date"
    assert picture(warehouse) == fresh
    assert pipeline.run(lake, warehouse, max_rejects=9).load_id is None


FILL = """
    from sparkify.models import EventRow
    from sparkify.models.extensions import fill

    fill(op, EventRow, "device")


def downgrade"""


@pytest.mark.parametrize("installed", ["wheel"], indirect=True)
def test_a_team_adapts_it(
    installed: Installed, lake: Path, warehouse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page about adapting works as it stands: field, migration, table, question."""
    page = (ROOT / "docs" / "adapting.md").read_text("utf-8")
    home = lake.parent / "empty"
    parts = re.findall(r"```python\n# our_sparkify.py\n(.*?)```", page, re.DOTALL)
    (home / "our_sparkify.py").write_text("\n\n".join(parts))
    (settings, ini) = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    for item, device in enumerate(["phone", "phone", "car", None]):
        put(lake, "events", f"{item}.json", event(itemInSession=item, device=device, colour=item))
    put(lake, "events", "long.json", event(itemInSession=9, device="x" * 65))
    monkeypatch.setenv("SPARKIFY_WAREHOUSE", warehouse)
    installed("sparkify", "run", str(lake))
    (lake / "log_data" / "0.json").unlink()  # its rows stay
    (home / "alembic.ini").write_text(ini)
    (home / "dwh.cfg").write_text(settings)
    mkdir, *commands = re.findall(r"^\$ (.*)$", page, re.MULTILINE)
    assert mkdir == "mkdir our_migrations"
    (home / "our_migrations").mkdir()
    for command_line in commands:
        for made in (home / "our_migrations").glob("*.py"):
            made.write_text(made.read_text().replace("\n\ndef downgrade", FILL, 1))
        words = shlex.split(command_line)
        installed(*(["python", "-m", *words] if words[0] == "alembic" else words))
    plays = "SELECT device, count(*) FROM songplays GROUP BY device"
    filled = [("car", 1), ("phone", 2), (None, 2)]
    assert asked(installed, plays) == filled
    assert asked(installed, "SELECT device, events FROM devices") == filled[:2]
    put(lake, "events", "1.json", event(itemInSession=1, device="car"))
    put(lake, "events", "long.json", event(itemInSession=9, device="tv"))
    installed("sparkify", "run", str(lake), "--json")
    assert asked(installed, plays) == [("car", 2), ("phone", 1), ("tv", 1), (None, 1)]
    before = asked(installed, "SELECT device, events FROM devices")
    assert before == [("car", 2), ("phone", 1), ("tv", 1)]
    assert "Which devices do people play on?" in installed("sparkify", "report")
    fields = json.loads(installed("sparkify", "run", str(lake), "--full", "--json"))
    assert [field["name"] for field in fields["unknown_fields"]] == ["colour"]
    assert asked(installed, "SELECT device, events FROM devices") == [("car", 2), ("tv", 1)]
    monkeypatch.setenv("SPARKIFY_FORGET_KEY", "s3cr3t-of-those-forgotten")
    other = [
        event(userId="12", itemInSession=n, device=each) for n, each in enumerate(["tv", "hat"])
    ]
    put(lake, "events", "other.json", *other)
    installed("sparkify", "run", str(lake))
    devices = asked(installed, "SELECT device, events FROM devices")
    assert devices == [("car", 2), ("hat", 1), ("tv", 2)]
    installed("sparkify", "forget", "12", "--yes")
    assert asked(installed, "SELECT device, events FROM devices") == [("car", 2), ("tv", 1)]
    assert "No new upgrade operations" in installed("python", "-m", "alembic", "check")


def asked(installed: Installed, query: str) -> list[tuple[object, ...]]:
    """The rows of a query over the warehouse of the settings, in order."""
    code = (
        "import sys; import sqlalchemy as sa; from sparkify import config, warehouses\n"
        "settings = config.load()\n"
        "with warehouses.connect(settings.warehouse, settings) as opened:\n"
        "    with opened.reading(9) as connection:\n"
        "        print([tuple(row) for row in connection.execute(sa.text(sys.argv[1]))])"
    )
    found: list[tuple[object, ...]] = ast.literal_eval(installed("python", "-c", code, query))
    return sorted(found, key=lambda row: (row[0] is None, row))


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_what_is_installed(environments: dict[str, Path], kind: str) -> None:
    """Migrations and py.typed are inside the package; tests and scripts are not installed."""
    (site,) = environments[kind].glob("lib/python*/site-packages")
    package = site / "sparkify"
    assert (package / "migrations" / "env.py").is_file()
    assert list((package / "migrations" / "versions").glob("0001_*.py"))
    assert (package / "py.typed").is_file()
    page = package / "analytics" / "page"
    assert (page / "style.css").is_file()
    assert (page / "scripts" / "page.js").is_file()
    tops = {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {"sparkify", "dependencies.pth"}
