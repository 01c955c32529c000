"""The package's own rules: who may import whom, and how large things may be."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sparkify"

#: a module may import from its own line and from the lines before it
LAYERS = (
    ("version", "errors", "masking", "values", "settings", "layout"),
    ("config", "process"),
    ("models",),
    ("lake",),
    ("read",),
    ("warehouses",),
    ("report",),
    ("load",),
    ("pipeline",),
    ("books", "analytics", "cluster"),
    ("simulate",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
MODULES = {
    ".".join(("sparkify", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "migrations" not in path.parts
}


def imported(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports, also inside functions and for types alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module


IMPORTS = {name: set(imported(path)) - {name} for name, path in MODULES.items()}


def layer(name: str) -> int:
    """The layer of a module, by its first part below `sparkify`."""
    return RANK[name.split(".")[1]]


@pytest.mark.parametrize("name", [name for name in MODULES if name != "sparkify"])
def test_imports_run_one_way(name: str) -> None:
    """A module imports from its own layer or from those before it, never from a later one."""
    assert {other for other in IMPORTS[name] if layer(other) > layer(name)} == set()


def test_no_import_is_circular() -> None:
    """No module imports itself by way of others, not even inside a function."""
    assert list(TopologicalSorter(IMPORTS).static_order())


@pytest.mark.parametrize("name", MODULES)
def test_a_module_can_be_read_in_one_go(name: str) -> None:
    """A module has at most 250 lines, a function at most 30 unless a comment gives the reason."""
    text = MODULES[name].read_text()
    assert len(text.splitlines()) <= 250
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 30:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            assert "long because" in lines[first - 2], f"{name}.{node.name}"


def test_few_modules_are_loose() -> None:
    """At most ten modules stand directly in the package."""
    assert (
        len(
            [
                name
                for name in MODULES
                if name.count(".") < 2 and MODULES[name].name != "__init__.py"
            ]
        )
        <= 10
    )


def test_types_are_named() -> None:
    """At most 8 `Any` and 2 suppressed warnings in 1,000 lines."""
    text = "".join(path.read_text() for path in MODULES.values())
    thousands = text.count("\n") / 1000
    assert len(re.findall(r"\bAny\b", text)) <= 8 * thousands
    assert text.count("# noqa") <= 2 * thousands
