"""The wheel and the source distribution: what `pip install` brings works in an empty folder."""

import os
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


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_what_is_installed(environments: dict[str, Path], kind: str) -> None:
    """Migrations and py.typed are inside the package; tests and scripts are not installed."""
    (site,) = environments[kind].glob("lib/python*/site-packages")
    package = site / "sparkify"
    assert (package / "migrations" / "env.py").is_file()
    assert list((package / "migrations" / "versions").glob("0001_*.py"))
    assert (package / "py.typed").is_file()
    tops = {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {"sparkify", "dependencies.pth"}
