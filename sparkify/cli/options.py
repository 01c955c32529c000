"""Options that several commands share, and how a result is printed."""

import inspect
import json
from collections.abc import Callable
from typing import Annotated, Protocol, TypeVar

import typer

from sparkify.errors import UsageError
from sparkify.settings import OPTIONS

T = TypeVar("T")

WarehouseUrl = Annotated[
    str | None,
    typer.Option("--warehouse", metavar="URL", help=OPTIONS["warehouse"].help, show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Force = Annotated[
    bool, typer.Option("--force", help="Also replace files that Sparkify did not write.")
]
Full = Annotated[bool, typer.Option("--full", help="Replace all rows by a load of the whole lake.")]
Prune = Annotated[
    bool, typer.Option("--prune", help="Also remove the rows of objects that no longer exist.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="DAY", help="Read files with events of this day or later (UTC) again."
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="DAY", help="Read files with events of this day or earlier (UTC) again."
    ),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="Read at most N files in this run."),
]
Source = Annotated[str | None, typer.Argument(help=OPTIONS["source"].help, show_default=False)]
LOADING = {  # the settings that a run takes as options, and what stands for their values
    "songs": "LOCATION",
    "events": "LOCATION",
    "staging": "S3PREFIX",
    "copy": "staged|direct",
    "max_rejects": "N|P%",
    "new_fields": "keep|report|reject",
    "lock_timeout": "SECONDS",
    "publish": "PATH",
}


class Result(Protocol):
    """What a command prints."""

    def to_dict(self) -> object:
        """The result for programs, of plain values only."""


def show(result: Result, *, as_json: bool) -> None:
    """Print a result for people or for programs."""
    typer.echo(json.dumps(result.to_dict()) if as_json else str(result))


def parsed(name: str, text: str | None, parse: Callable[[str], T]) -> T | None:
    """The value of an option, if it was given.

    Raises:
        UsageError: the value is invalid.
    """
    try:
        return None if text is None else parse(text)
    except ValueError as error:
        raise UsageError(f"{name} is {text!r}: {error}") from None


def parameter(name: str, annotation: object, default: object = None) -> inspect.Parameter:
    """A parameter of a command."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def loading(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the parameters of a run in place of its `**arguments`."""
    *own, _ = inspect.signature(command).parameters.values()
    settings = [
        parameter(name, Annotated[str | None, typer.Option(metavar=value, help=OPTIONS[name].help)])
        for name, value in LOADING.items()
    ]
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            parameter("source", Source),
            parameter("warehouse", WarehouseUrl),
            *settings,
            parameter("full", Full, False),
            parameter("prune", Prune, False),
            parameter("since", Since),
            parameter("until", Until),
            parameter("limit", Limit),
            *(each.replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD) for each in own),
        ]
    )
    return command
