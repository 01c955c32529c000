"""Sparkify loads a music service's JSON logs into a star schema that you can query.

    sparkify.run("lake", "duckdb:///sparkify.duckdb")

A run passes objects through these folders, one step each:

    lake/        lists the objects of a folder or an S3 prefix, and fetches their bytes
    read/        turns objects into typed rows and rejects, by the rules of every field
    warehouses/  DuckDB and Redshift, and the routes by which rows get into staging tables
    load/        turns staged rows into the star and the books, and checks them
    pipeline     puts these steps in order: `run` and `plan`

Everything else is beside the flow: models/ (the tables and the rules of their fields), books/
(status, rejects), analytics/ (questions, answers, page, export), cluster/ (a Redshift cluster at
AWS), simulate/ (a lake to try things on), cli/ (the commands), process/ (signals, temporary
folders), settings and config, errors, report. Imports go in this direction only: errors, settings,
config, process < models < lake < read < warehouses < load < pipeline < books, analytics, cluster
< cli. docs/architecture.md says which files to touch for what.
"""

TYPE_CHECKING = False  # type checkers take it for True; importing `typing` takes milliseconds
if TYPE_CHECKING:
    from sparkify.errors import (
        SparkifyError,
        TooManyRejects,
        TryAgain,
        UsageError,
        WarehouseBusy,
    )
    from sparkify.load.erasure import Erasure
    from sparkify.pipeline import forget, plan, run
    from sparkify.report import Plan, Report

    __version__: str

__all__ = [
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
]
HOME = {"run": "pipeline", "plan": "pipeline", "forget": "pipeline"}
HOME |= {"Report": "report", "Plan": "report", "Erasure": "load.erasure"}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `import sparkify` alone costs nothing."""
    from importlib import import_module

    if name == "__version__":
        return import_module("importlib.metadata").version("sparkify")
    if name in __all__:
        return getattr(import_module(f"sparkify.{HOME.get(name, 'errors')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
