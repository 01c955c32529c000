"""What the package shows to others: its names, its import paths, and that it is cheap to import."""

import inspect
import runpy
import subprocess
import sys
from dataclasses import fields
from importlib import metadata
from pathlib import Path

import pytest

import sparkify
from sparkify import pipeline
from sparkify.cli.options import LOADING
from sparkify.settings import OPTIONS, Settings
from tests.cli.test_cli import Sparkify
from tests.cli.test_cli import sparkify as sparkify_command
from tests.factory import event, put, rows
from tests.support import ROOT

__all__ = ["sparkify_command"]

PUBLIC = {
    "Erasure",
    "Plan",
    "Report",
    "SparkifyError",
    "Stale",
    "TooManyRejects",
    "TryAgain",
    "UsageError",
    "WarehouseBusy",
    "__version__",
    "forget",
    "plan",
    "run",
    "upgrade",
}


def test_the_public_names() -> None:
    """The package exports these names and no others, and each can be had."""
    assert set(sparkify.__all__) == PUBLIC
    assert all(getattr(sparkify, name) for name in PUBLIC)
    assert sparkify.run is pipeline.run
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        sparkify.runn  # noqa: B018


def test_the_import_paths_of_old_stay() -> None:
    """What people import today can still be imported."""
    code = (
        "from sparkify.pipeline import run, plan; from sparkify.models import Songplay, table;"
        "from sparkify.analytics import ask, report, recommend, export, QUESTIONS;"
        "from sparkify.errors import SparkifyError; from sparkify.cli import main"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_version_has_one_source(
    sparkify_command: Sparkify, lake: Path, duckdb_url: str
) -> None:
    """The metadata, the command and the books say what is written in one file."""
    written = runpy.run_path(str(ROOT / "sparkify" / "version.py"))["__version__"]
    assert sparkify.__version__ == written
    assert metadata.version("sparkify") == written
    assert sparkify_command("--version").out == f"sparkify {written}\n"
    put(lake, "events", "a.json", event())
    pipeline.run(lake, duckdb_url)
    assert rows(duckdb_url, "SELECT version FROM staging.loads") == [(written,)]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## [{written}] - 20" in changelog
    assert "## [Unreleased]" in changelog


def test_the_metadata() -> None:
    """What an index of packages shows is there; its files are in the checkout."""
    found = metadata.metadata("sparkify")
    assert found["License"] == "MIT"
    assert "redshift" in found["Keywords"]
    pythons = {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)}
    assert pythons <= set(found.get_all("Classifier") or ())
    urls = dict(text.split(", ") for text in found.get_all("Project-URL") or ())
    assert {"Documentation", "Changelog"} <= set(urls)
    assert [name for name in urls.values() if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("module", ["sparkify", "sparkify.cli"])
def test_importing_is_cheap(module: str) -> None:
    """Importing the package, or starting the command line, loads no engine and no AWS library."""
    heavy = ("sqlalchemy", "boto3", "duckdb", "alembic", "obstore")
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


WINDOWS = "import sys; [sys.modules.__setitem__(name, None) for name in ('fcntl', 'pwd', 'grp')];"
NOT_HERE = "Sparkify runs on Linux and macOS; on Windows, install it in WSL and run it there"


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        (
            "import runpy; runpy.run_module('sparkify', run_name='__main__')",
            f"sparkify: {NOT_HERE}",
        ),
        ("import sparkify.__main__", f"sparkify: {NOT_HERE}"),  # as the command does
        ("import sparkify; sparkify.run", f"ImportError: {NOT_HERE}"),
    ],
)
def test_windows(code: str, printed: str) -> None:
    """Where the modules of POSIX are missing, one line says where it runs instead."""
    done = subprocess.run(
        [sys.executable, "-c", f"{WINDOWS} {code}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == printed
    assert len(done.stderr.splitlines()) == 1 or printed.startswith("ImportError")


def test_a_run_has_the_parameters_that_the_settings_declare() -> None:
    """Each parameter that is a setting is declared as one; the others belong to the call."""
    parameters = inspect.signature(pipeline.run).parameters
    own = {"full", "prune", "since", "until", "limit", "objects", "progress"}
    assert set(parameters) - set(OPTIONS) == own
    assert set(LOADING) <= set(parameters)
    by_environment = {option.name for option in OPTIONS.values() if option.environment}
    assert by_environment - set(parameters) == {"migrations", "extensions"}  # of the warehouse
    assert all(
        parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in list(parameters)[2:]
    )
    documented = inspect.getdoc(pipeline.run) or ""
    assert [name for name in parameters if f"    {name}: " not in documented] == []


def test_a_plan_has_the_parameters_of_a_run() -> None:
    """They are declared once; a misspelt name is a TypeError for both."""
    run, plan = inspect.signature(pipeline.run), inspect.signature(pipeline.plan)
    assert list(plan.parameters.values()) == list(run.parameters.values())
    for function in (pipeline.run, pipeline.plan):
        with pytest.raises(TypeError, match="max_reject"):
            function("lake", max_reject=1)  # type: ignore[call-arg]


def test_every_setting_says_what_it_is() -> None:
    """Each setting has a sentence for people, which help texts and docs show."""
    assert {each.name for each in fields(Settings)} - {"origins", "unknown", "warnings"} == set(
        OPTIONS
    )
    assert [name for name, option in OPTIONS.items() if not option.help.endswith(".")] == []


@pytest.mark.long
def test_a_run_imports_no_pandas(tmp_path: Path) -> None:
    """DuckDB imports pandas, where it is, with the first parameter of a statement: 0.5 s."""
    code = (
        "import sys; from pathlib import Path; from sparkify import run; from sparkify.simulate"
        " import simulate; simulate(Path('lake'), events=20, songs=2, users=2, days=1);"
        " [run('lake', 'duckdb:///w.duckdb') for _ in range(2)]; print('pandas' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
