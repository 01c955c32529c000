"""No command shows a secret, wherever it is: in an argument, the environment or dwh.cfg."""

import contextlib
import io
import logging
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparkify import cli, masking
from sparkify.config.endpoint import KEYS
from sparkify.settings import OPTIONS
from tests.factory import event, put, song

NASTY = "#?/@:%&=;'\"\\ +!$,<>[]{}|~^*`()"
ADDRESS = "127.0.0.1:9/dev"  # nothing listens there
NO_HOST = "redshift://me:{}"
TEMPLATES = (
    f"redshift://me:{{}}@{ADDRESS}",
    f"redshift://me:{{quoted}}@{ADDRESS}",
    f"redshift+redshift_connector://me:{{quoted}}@{ADDRESS}?ssl=true",
    f"redshift://me:x@{ADDRESS}?password={{}}",
    f"redshift://me:x@{ADDRESS}?secret_access_key={{quoted}}&timeout=x",
    f"redshift://me:x@{ADDRESS}?pwd={{}}",
    "redshift:///me:{}@host",
    NO_HOST,
    "postgresql://me:{}@host/db",
    "mysql+odd.one://me:{}@host:port/db",
    "duckdb://me:{}@x.duckdb",
    "duckdb:///x.duckdb?motherduck_token={}",
    "duckdb:///x.duckdb?foo=1&passwd={quoted}",
    "s3://AKIAEXAMPLE:{}@bucket/prefix",
    "https://me:{}@host/path",
    "https://host/path?X-Amz-Credential={quoted}&X-Amz-Signature={}",
    "https://host/path?X-Amz-Security-Token={}",
    "jdbc:redshift://host:5439/dev;UID=me;PWD={}",
    "me:{}@host:5439/dev",
    "host=host user=me password={}",
)
ARGUMENTS = {
    "source": "", **{name: f"--{name}" for name in ("warehouse", "songs", "events", "staging")},
    "copy": "--copy", "max_rejects": "--max-rejects", "lock_timeout": "--lock-timeout",
}  # fmt: skip
ENVIRONMENT = [o.environment for o in OPTIONS.values() if o.environment] + ["SPARKIFY_CONFIG"]
FILE = sorted({key for option in OPTIONS.values() for key in option.keys} | KEYS)
SECRET_KEYS = [(section, key) for section, key in FILE if masking.PASSWORD.search(key)]
ODD = [("ODD", "DATABASE_URL"), ("DEFAULT", "DATABASE_URL")]
BASE = {
    ("CLUSTER", "HOST"): "127.0.0.1",
    ("CLUSTER", "DB_PORT"): "9",
    ("CLUSTER", "DB_USER"): "me",
    ("S3", "STAGING"): "s3://staging-bucket/x",
    ("AWS", "KEY"): "AKIAEXAMPLE",
    ("AWS", "SECRET"): "x",
}
COMMANDS = ("config", "plan", "run", "status")


class Placement(NamedTuple):
    """A secret in one place."""

    parts: tuple[str, ...]  # of the secret: words, of which none may be shown
    kind: str  # "argument", "environment" or "file"
    place: object  # the name of an argument or a variable, or a key
    value: str


@st.composite
def placements(draw: st.DrawFn) -> Placement:
    """A random secret with nasty characters, in a random place."""
    words = draw(st.lists(st.text("QWXZKVJ0123456789", min_size=6, max_size=9), min_size=2,
                          max_size=4))  # fmt: skip
    secret = words[0]
    for word in words[1:]:
        secret += draw(st.text(NASTY, min_size=1, max_size=3)) + word
    kind = draw(st.sampled_from(["argument", "environment", "file", "secret key"]))
    if kind == "secret key":
        return Placement(tuple(words), "file", draw(st.sampled_from(SECRET_KEYS)), secret)
    places: dict[str, list[Any]] = {
        "argument": list(ARGUMENTS),
        "environment": ENVIRONMENT,
        "file": FILE + ODD,
    }
    template = draw(st.sampled_from(TEMPLATES))
    if template == NO_HOST:  # what follows an @ would be a host
        secret = secret.replace("@", "#")
    value = template.format(secret, quoted=quote(secret, safe=""))
    return Placement(tuple(words), kind, draw(st.sampled_from(places[kind])), value)


@pytest.fixture
def alone(lake: Path) -> Iterator[None]:
    """A lake with a song and an event; signals and logging as before after the test."""
    put(lake, "events", "a.json", event())
    put(lake, "songs", "a.json", song())
    before = {number: signal.getsignal(number) for number in (2, 14, 15)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    logging.basicConfig(force=True)


def write_file(values: Mapping[tuple[str, str], str]) -> None:
    """Write dwh.cfg."""
    sections: dict[str, list[str]] = {}
    for (section, key), value in values.items():
        sections.setdefault(section, [f"[{section}]"]).append(f"{key}={value}")
    text = "\n".join(line for lines in sections.values() for line in lines)
    Path("dwh.cfg").write_text(text, encoding="utf-8")


def output(placement: Placement, command: str, *, verbose: bool) -> str:
    """What a command prints, with a secret in its place; it must end in an expected way."""
    masking.KNOWN.clear()
    file, arguments = dict(BASE), {}
    if placement.kind == "file":
        file[placement.place] = placement.value  # type: ignore[index]
        if placement.place == ("DWH", "DWH_ENDPOINT"):
            del file["CLUSTER", "HOST"]
    if placement.kind == "argument":
        arguments[str(placement.place)] = placement.value
    write_file(file)
    line = ["-v"] * verbose + [command]
    if command in ("run", "plan"):
        line += [arguments.pop("source", "lake")]
        line += [word for name in arguments for word in (ARGUMENTS[name], arguments[name])]
    elif command == "status" and "warehouse" in arguments:
        line += [f"--warehouse={arguments['warehouse']}"]
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        if placement.kind == "environment":
            patch.setenv(str(placement.place), placement.value)
        patch.setattr(sys, "argv", ["sparkify", *line])
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
            pytest.raises(SystemExit),
        ):
            cli.main()
    return out.getvalue()


def check(placement: Placement, command: str, *, verbose: bool) -> None:
    """No word of the secret is in the output, in small letters or capitals."""
    said = output(placement, command, verbose=verbose)
    shown = [word for word in placement.parts if word.lower() in said.lower()]
    assert not shown, f"{command} showed {shown} of {placement}: {said}"


@settings(max_examples=15)
@given(placement=placements(), command=st.sampled_from(COMMANDS[1:]), verbose=st.booleans())
def test_no_command_shows_a_secret(
    alone: None, placement: Placement, command: str, verbose: bool
) -> None:
    """Passwords, keys and tokens in 40 places: `config` and another command hide them."""
    check(placement, "config", verbose=verbose)
    check(placement, command, verbose=verbose)


@pytest.mark.long
@settings(max_examples=2_000)
@given(placement=placements(), command=st.sampled_from(COMMANDS[1:]), verbose=st.booleans())
def test_no_command_shows_a_secret_in_any_place(
    alone: None, placement: Placement, command: str, verbose: bool
) -> None:
    """The same in 2,000 places."""
    check(placement, "config", verbose=verbose)
    check(placement, command, verbose=verbose)
