"""What the package shows to others: its names, its import paths, and that it is cheap to import."""

import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import sparkify
from sparkify import pipeline
from sparkify.cli.options import LOADING
from sparkify.settings import OPTIONS, Settings

PUBLIC = {
    "Erasure",
    "Plan",
    "Report",
    "SparkifyError",
    "TooManyRejects",
    "TryAgain",
    "UsageError",
    "WarehouseBusy",
    "__version__",
    "forget",
    "plan",
    "run",
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


@pytest.mark.parametrize("module", ["sparkify", "sparkify.cli"])
def test_importing_is_cheap(module: str) -> None:
    """Importing the package, or starting the command line, loads no engine and no AWS library."""
    heavy = ("sqlalchemy", "boto3", "duckdb", "alembic", "obstore", "importlib.metadata")
    known = heavy if module == "sparkify" else heavy[:-1]
    code = f"import sys, {module}; print([name for name in {known!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_has_the_parameters_that_the_settings_declare() -> None:
    """Each parameter that is a setting is declared as one; the others belong to the call."""
    parameters = inspect.signature(pipeline.run).parameters
    assert set(parameters) - set(OPTIONS) == {"full", "prune", "progress"}
    assert set(LOADING) <= set(parameters)
    by_environment = {option.name for option in OPTIONS.values() if option.environment}
    assert by_environment <= set(parameters)
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
