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
folders), settings and config, layout, errors, report, version. Imports go in this direction only:
errors, settings, layout, config, process < models < lake < read < warehouses < load < pipeline <
books, analytics, cluster < cli. docs/architecture.md says which files to touch for what.
"""

from sparkify.version import __version__

TYPE_CHECKING = False  # type checkers take it for True; importing `typing` takes milliseconds
if TYPE_CHECKING:
    from sparkify.errors import (
        SparkifyError,
        Stale,
        TooManyRejects,
        TryAgain,
        UsageError,
        WarehouseBusy,
    )
    from sparkify.load.removal import Erasure
    from sparkify.pipeline import forget, plan, run, upgrade
    from sparkify.report import Plan, Report

__all__ = [
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
]
HOME = {
    "run": "pipeline",
    "plan": "pipeline",
    "forget": "pipeline",
    "upgrade": "pipeline",
    "Report": "report",
    "Plan": "report",
    "Erasure": "load.removal",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `import sparkify` alone costs nothing."""
    from importlib import import_module

    if name in __all__:
        return getattr(import_module(f"sparkify.{HOME.get(name, 'errors')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
