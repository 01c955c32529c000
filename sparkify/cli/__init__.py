"""The command line: results go to stdout, logs and progress to stderr.

    load      run, plan
    forget    forget
    books     status, rejects
    analysts  report, recommend, export
    schema    config, simulate, schema
    cluster   the commands of `sparkify cluster`
    options   what commands share
    console   errors as one line, exit codes
    progress  progress bars

Each command imports what it needs when it runs, so that the others start quickly.
"""

import gc
import logging
import sys
from functools import partial
from importlib.metadata import version
from typing import Annotated

import typer

from sparkify.cli import analysts, books, cluster, forget, load, schema
from sparkify.cli.console import OneLine, guarded
from sparkify.masking import learn

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Load JSON logs of a music service into a star schema, and query it.",
)
for group in (cluster, load, forget, books, schema, analysts):
    app.add_typer(group.app)


def main() -> None:
    """Run the command line."""
    for argument in sys.argv[1:]:  # messages may quote them
        learn(argument.partition("=")[2] if argument.startswith("-") else argument)
    gc.set_threshold(100_000)  # imports make many objects and little garbage: 0.1 s
    sys.exit(guarded(partial(app, standalone_mode=False)))


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"sparkify {version('sparkify')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="The version.")
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", help="Log more.")] = False,
    quiet: Annotated[bool, typer.Option("-q", help="Log errors only.")] = False,
) -> None:
    """Set up logging."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING
    logging.getLogger("sparkify").setLevel(level)
