"""What is logged: -v, -vv, -q and --log-format, before or after the command's name."""

import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparkify import pipeline
from sparkify.read import ahead
from tests.cli.test_cli import Sparkify, sparkify
from tests.factory import event, put, song

__all__ = ["sparkify"]


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    """What the options do to the log is taken back."""
    yield
    logging.getLogger("sparkify").setLevel(logging.NOTSET)


@pytest.fixture
def full(lake: Path) -> Path:
    """A lake with something in it, and something wrong."""
    put(lake, "events", "a.json", event(), b"not json")
    put(lake, "songs", "a.json", song())
    return lake


@pytest.mark.parametrize("after", [False, True])
def test_v_narrates_the_steps(sparkify: Sparkify, full: Path, after: bool) -> None:
    """With figures, and without statements."""
    ended = sparkify(*(["run", full, "-v"] if after else ["-v", "run", full]))
    steps = [line.removeprefix("sparkify: ") for line in ended.err.splitlines()]
    assert steps[0] == f"listed {full}: 2 objects, 0 other names"
    assert steps[1:3] == [
        "reading 2 objects (2 new)",
        "records: 3 read = 2 staged + 1 rejected",
    ]
    assert re.match(r"load \S+ is published: songplays 1, ", steps[3])
    assert steps[-1].startswith("seconds: extract ")
    assert "SELECT" not in ended.err


@pytest.mark.long
@pytest.mark.parametrize("options", [["-vv"], ["-v", "-v"]])
def test_vv_shows_the_statements_with_their_times(
    sparkify: Sparkify, full: Path, options: list[str]
) -> None:
    """Those of the reader, too; one line each."""
    before, *after = options
    err = sparkify(before, "run", full, *after).err
    timed = re.findall(r"^sparkify: \d+\.\d{3} s: (\w+ \w+)", err, re.MULTILINE)
    assert {"INSERT INTO", "DELETE FROM"} <= set(timed)
    assert re.search(r"\d s: INSERT INTO staging\.event_rows", err)
    assert "listed" in err


@pytest.mark.long
@pytest.mark.parametrize("after", [False, True])
def test_q_prints_errors_only(sparkify: Sparkify, full: Path, after: bool) -> None:
    """No warning, and nothing about files that were written."""
    assert "1 records rejected" in sparkify("run", full).err
    (full / "log_data" / "a.json").touch()
    for command in (["run", full], ["report", "--html", "page.html"]):
        assert sparkify(*([*command, "-q"] if after else ["-q", *command])).err == ""
    assert sparkify("-q", "run", "nowhere").err.startswith("sparkify: ")


@pytest.mark.long
@pytest.mark.parametrize("after", [False, True])
def test_json_lines(sparkify: Sparkify, full: Path, after: bool) -> None:
    """Everything on stderr is one JSON object a line; an error has its exit code."""
    option = ["--log-format", "json"]
    for command, code, level in (
        (["run", full], 0, "warning"),
        (["run", full, "--full", "--max-rejects", "0"], 3, "error"),
        (["run", "--no-such-option"], 2, "error"),
        (["report", "--html", "page.html"], 0, "info"),
    ):
        ended = sparkify(*([*command, *option] if after else [*option, *command]))
        (said,) = map(json.loads, ended.err.splitlines())
        assert (ended.code, said["level"], said.get("exit_code", 0)) == (code, level, code)
        assert {"time", "level", "message"} <= said.keys()
    said = sparkify("run", full, "-vv", "--log-format=json").err
    assert all(json.loads(line)["message"] for line in said.splitlines())
    assert sparkify("run", full, "--log-format", "xml").code == 2


def test_no_format_shows_a_secret(sparkify: Sparkify, full: Path) -> None:
    """Passwords of URLs are masked in JSON lines, too."""
    url = "redshift://me:s3cr3t-word@localhost:1/dev"
    os.environ["SPARKIFY_LOCK_TIMEOUT"] = "0"
    for options in (["-vv"], ["-vv", "--log-format", "json"]):
        ended = sparkify("run", full, "--warehouse", url, *options)
        assert ended.code != 0
        assert "s3cr3t" not in ended.err


def test_the_progress_moves_with_the_bytes(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown while objects arrive, never goes back, and ends when all of them are staged."""
    monkeypatch.setattr(ahead, "PATIENCE", 0.0)
    sizes = [
        put(lake, "events", f"{n}.json", event(sessionId=n)).stat().st_size for n in range(300)
    ]
    shown: list[tuple[str, int, int]] = []
    pipeline.run(str(lake), duckdb_url, progress=lambda *step: shown.append(step))
    reading = [done for what, done, _ in shown if what == "reading"]
    assert {total for what, _, total in shown if what == "reading"} == {sum(sizes)}
    assert reading == sorted(reading)
    assert reading[-1] == sum(sizes)
    assert len(set(reading)) > 2


def test_without_arguments_it_helps(sparkify: Sparkify) -> None:
    """`sparkify` alone shows its help."""
    done = sparkify()
    assert done.out.startswith("Usage: sparkify") or "Usage: sparkify" in done.err
