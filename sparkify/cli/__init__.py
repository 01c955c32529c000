"""The command line: results go to stdout, logs and progress to stderr.

    load      run, plan
    forget    forget
    books     status, loads, rejects
    analysts  ask, report, recommend, verify, export
    schema    config, simulate, schema
    cluster   the commands of `sparkify cluster`
    options   what commands share
    console   errors as one line, exit codes
    logs      -v, -q, --log-format
    progress  progress bars

Each command imports what it needs when it runs, so that the others start quickly.
"""

import gc
import sys
from functools import partial
from typing import Annotated

import typer

from sparkify.cli import analysts, books, cluster, forget, load, logs, schema
from sparkify.cli.console import guarded
from sparkify.masking import learn
from sparkify.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Load JSON logs of a music service into a star schema, and query it.",
)
for group in (cluster, load, forget, books, schema, analysts):
    app.add_typer(logs.accepted_after(group.app))


def main() -> None:
    """Run the command line."""
    for argument in sys.argv[1:]:  # messages may quote them
        learn(argument.partition("=")[2] if argument.startswith("-") else argument)
    logs.start(sys.argv[1:])
    gc.set_threshold(100_000)  # imports make many objects and little garbage: 0.1 s
    sys.exit(guarded(partial(app, standalone_mode=False)))


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"sparkify {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="The version.")
    ] = False,
    log_verbose: logs.Verbose = 0,
    log_quiet: logs.Quiet = False,
    log_format: logs.LogFormat = None,
) -> None:
    """Set up logging."""
    logs.CHOSEN.add(log_verbose=log_verbose, log_quiet=log_quiet, log_format=log_format)
