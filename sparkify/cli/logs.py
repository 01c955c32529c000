"""What is logged, and how: -v, -q and --log-format, before or after the name of a command."""

import datetime
import inspect
import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import pairwise
from typing import Annotated, Literal

import typer

from sparkify.masking import mask
from sparkify.process.output import printable

Verbose = Annotated[
    int,
    typer.Option(
        "-v",
        count=True,
        show_default=False,
        help="Narrate the steps; -vv: show every statement, too.",
    ),
]
Quiet = Annotated[bool, typer.Option("-q", help="Print errors only.")]
LogFormat = Annotated[
    Literal["text", "json"] | None,
    typer.Option("--log-format", help="json: one JSON object a line on stderr."),
]
OPTIONS = {
    "log_verbose": (Verbose, 0),
    "log_quiet": (Quiet, False),
    "log_format": (LogFormat, None),
}


@dataclass
class Chosen:
    """What the options say so far; those after the command's name add to those before it."""

    verbose: int = 0
    quiet: bool = False
    as_json: bool = False

    def add(self, *, log_verbose: int, log_quiet: bool, log_format: str | None) -> None:
        """Take what was given, and log accordingly."""
        self.verbose += log_verbose
        self.quiet |= log_quiet
        if log_format:
            self.as_json = log_format == "json"
        self.apply()

    def apply(self) -> None:
        """Log to stderr, at the level and in the format that were chosen."""
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines() if self.as_json else OneLine())
        logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
        chatty = (logging.INFO, logging.DEBUG)[self.verbose > 1]
        level = chatty if self.verbose else logging.ERROR if self.quiet else logging.WARNING
        logging.getLogger("sparkify").setLevel(level)


CHOSEN = Chosen()


def start(arguments: Sequence[str]) -> None:
    """Begin anew; a format is looked for at once, since the options themselves may be wrong."""
    pairs = pairwise([*arguments, ""])
    as_json = any(f"{one}={two}" == "--log-format=json" for one, two in pairs)
    vars(CHOSEN).update(vars(Chosen(as_json=as_json or "--log-format=json" in arguments)))


def accepted_after(app: typer.Typer) -> typer.Typer:
    """Let every command of a group accept the options after its name, too."""
    for command in app.registered_commands:
        if command.callback:
            command.callback = with_options(command.callback)
    return app


def with_options(command: Callable[..., object]) -> Callable[..., object]:
    """A command with the options of this module."""

    @wraps(command)
    def logged(**arguments: object) -> object:
        given = {name: arguments.pop(name) for name in OPTIONS}
        if any(given.values()):
            CHOSEN.add(**given)  # type: ignore[arg-type]
        return command(**arguments)

    own = inspect.signature(command)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option)
        for name, (option, default) in OPTIONS.items()
    ]
    logged.__signature__ = own.replace(parameters=[*own.parameters.values(), *added])  # type: ignore[attr-defined]
    return logged


def note(text: str, *, always: bool = False) -> None:
    """Tell what is neither a result nor logged, on stderr; not with -q, unless `always`."""
    if always or not CHOSEN.quiet:
        typer.echo(json_line("info", text) if CHOSEN.as_json else text, err=True)


def one_line(text: str) -> str:
    """What we say on stderr: a line, with our name before it."""
    return f"sparkify: {printable(' '.join(mask(text).split()))}"


def json_line(level: str, message: str, **more: object) -> str:
    """The same for programs: a JSON object in a line, without secrets."""
    time = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    text = " ".join(mask(message).split())
    return json.dumps({"time": time, "level": level, "message": text, **more})


def message(record: logging.LogRecord) -> str:
    """The text of a record; of an error that a library logs with a traceback, its cause."""
    cause = record.exc_info[1] if record.exc_info else None
    text = record.getMessage()
    return text if cause is None else f"{text}: {cause}"


class OneLine(logging.Formatter):
    """What is logged, as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        return one_line(message(record))


class JsonLines(logging.Formatter):
    """What is logged, as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        return json_line(record.levelname.lower(), message(record), logger=record.name)
