"""The README says what is so."""

import re
import shlex
from pathlib import Path

import pytest

from sparkify import pipeline
from sparkify.models import diagram
from sparkify.read import select as fields
from sparkify.settings import OPTIONS, Option
from tests.cli.test_cli import Sparkify, sparkify

__all__ = ["sparkify"]

README = (Path(__file__).parents[1] / "README.md").read_text()
COMMANDS = re.findall(
    r"^\$ (sparkify .*?)(?:\s+#.*)?$", README.split("## Settings")[0], re.MULTILINE
)


def test_the_diagram_is_the_models() -> None:
    """The Mermaid diagram is the one that `sparkify schema --mermaid` prints."""
    assert f"```mermaid\n{diagram.mermaid()}\n```" in README


def test_the_commands_run(sparkify: Sparkify) -> None:
    """What the README tells a new user to type works, in its order."""
    assert len(COMMANDS) >= 4
    for command in COMMANDS:
        ended = sparkify(*shlex.split(command)[1:])
        assert ended.code == 0, ended.err


def test_the_python_runs(sparkify: Sparkify) -> None:
    """What the README tells a new user to write works."""
    sparkify("simulate", "lake", "--events", 100)
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    assert "pipeline.run" in code[1]
    report = pipeline.run("lake", "duckdb:///sparkify.duckdb")
    assert report.rows["songplays"] > 0
    assert pipeline.plan("lake").statements


@pytest.mark.parametrize(
    "option", [o for o in OPTIONS.values() if o.environment], ids=lambda o: o.name
)
def test_every_setting_is_told_of(option: Option) -> None:
    """Each setting stands in the README with its names."""
    assert f"`{option.environment}`" in README
    if option.in_file:
        assert option.in_file[1] in README


def test_every_code_is_told_of() -> None:
    """Each code that a reject can have stands in the README."""
    for code in fields.REASONS:
        assert f"`{code}`" in README
