"""The check that no test shows a secret, checked."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

WAYS = {
    "stdout": "print({})",
    "stderr": "sys.stderr.write({})",
    "log": "logging.getLogger('sparkify').warning({})",
    "process": "subprocess.run([sys.executable, '-c', 'print(' + repr({}) + ')'], "
    "capture_output=True)",
    "error": "errors.UsageError({})",
    "command": "CliRunner().invoke(app, ['run', '/no-lake-' + {}])",
}
HEAD = """
import logging, subprocess, sys
from sparkify import errors
from sparkify.cli import app
from typer.testing import CliRunner
"""


@pytest.mark.long
def test_a_secret_that_is_shown_fails_the_test(tmp_path: Path) -> None:
    """Whichever way it is shown; another text fails nothing."""
    texts = [
        f"def test_{way}_{name}(): {call.format(repr(text))}"
        for way, call in WAYS.items()
        for name, text in (("shows", "S3cr3t!"), ("hides", "plain"))
    ]
    (tmp_path / "test_it.py").write_text("\n".join([HEAD, *texts]))
    command = [sys.executable, "-m", "pytest"]
    command += ["-p", "tests.support.secrets", "-p", "no:cacheprovider"]
    command += ["-rA", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path / "test_it.py")]
    said = tmp_path / "said"  # what a process hands over would be looked at, too
    with said.open("wb") as file:
        subprocess.run(command, cwd=ROOT, stdout=file, check=False)
    lines = [line.split() for line in said.read_text().lower().splitlines()]
    ends = [line for line in lines if line and line[0] in ("passed", "failed")]
    assert sorted((end[0], end[1].rpartition("::")[2]) for end in ends) == sorted(
        (outcome, f"test_{way}_{name}")
        for way in WAYS
        for outcome, name in (("failed", "shows"), ("passed", "hides"))
    )
