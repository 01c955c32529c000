"""The wheel: what `pip install` brings works in an empty folder, migrations and all."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was unpacked, built from a copy of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(".*", "build", "*.egg-info", "tests", "__pycache__")
    shutil.copytree(ROOT, folder / "checkout", ignore=left_out)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run(
        [*pip, str(folder / "site"), "--no-build-isolation", str(folder / "checkout")], check=True
    )
    return folder / "site"


@pytest.mark.long
def test_the_wheel_works_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """Simulate, run, look: with nothing of the checkout in sight."""
    # the dependencies come from this environment, the package only from the wheel
    path = os.pathsep.join([str(installed), sysconfig.get_path("purelib")])
    code = (
        f"import sys; sys.path[:0] = {path.split(os.pathsep)!r};"
        "import sparkify, sparkify.cli; print(sparkify.__file__, file=sys.stderr);"
        "sparkify.cli.main()"
    )
    for arguments in (["simulate", "lake", "--events", "100"], ["run", "lake"], ["status"]):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", code, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith(str(installed))
    assert "songplays" in done.stdout


@pytest.mark.long
def test_the_wheel_carries_the_migrations_and_the_types(installed: Path) -> None:
    """Migrations and py.typed are inside the package; tests and scripts are not installed."""
    package = installed / "sparkify"
    assert (package / "migrations" / "env.py").is_file()
    assert list((package / "migrations" / "versions").glob("0001_*.py"))
    assert (package / "py.typed").is_file()
    page = package / "analytics" / "page"
    assert (page / "style.css").is_file() and (page / "scripts" / "page.js").is_file()
    tops = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {"sparkify", "bin"}
