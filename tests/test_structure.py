"""The package's own rules: who may import whom, and where SQL text may stand."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sparkify"

#: each line may import what stands in it or before it
LAYERS = (
    ("errors", "options", "stopping"),
    ("config", "models", "console", "scratch"),
    ("ddl", "lake", "aws"),
    ("s3",),
    ("warehouses", "schema", "records", "fields", "places"),
    ("diagram",),
    ("spool", "transform", "results"),
    ("reader", "publication"),
    ("loader", "report", "ledger"),
    ("pipeline",),
    ("status", "rejected", "questions", "cluster"),
    ("answers",),
    ("analytics", "page", "cli_options"),
    ("cli_answers",),
    ("simulate", "cli", "__main__"),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
MODULES = sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    """The module or package of ours that a file belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The modules of ours that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "sparkify":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sparkify."):
            found.add(str(node.module).split(".")[1])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    """A module imports what is below it or beside it, never what is above it."""
    if path == PACKAGE / "__init__.py":
        return
    above = {name for name in imported(path) if RANK[name] > RANK[part(path)]}
    assert not above


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    """No file grows past what a reader keeps in mind; tables and options are lists, not code."""
    limit = 300
    assert len(path.read_text().splitlines()) <= limit
