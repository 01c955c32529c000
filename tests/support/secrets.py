"""No test may show a secret: a pytest plugin that reads what each of them printed and raised.

Every password, key and token of the tests has the mark in it. What is looked at: the captured
stdout, stderr and log; what commands and processes printed; our errors; reports and plans.
"""

import subprocess
from collections.abc import Callable, Generator
from typing import Any

import pytest
from click.testing import Result

from sparkify.analytics.answers import Answers
from sparkify.errors import SparkifyError
from sparkify.load.removal import Erasure
from sparkify.report import Plan, Report

MARK = "s3cr3t"
overheard: list[str] = []


def shown(texts: list[str]) -> list[str]:
    """The places where a secret stands, with what is around it.

    >>> shown(["a b", "password S3cr3t!"])
    ['password S3cr3t!']
    """
    found = ((text, text.lower().find(MARK)) for text in texts)
    return [text[max(0, at - 60) : at + 60] for text, at in found if at >= 0]


def overhear(kind: type, first: int) -> Callable[[], None]:
    """Remember what the instances of a class are made of; call the result to stop.

    Args:
        kind: the class.
        first: how many of the arguments are the test's own words, as a command line is.
    """
    original = getattr(kind, "__init__")  # noqa: B009 - as mypy wants it

    def remembering(self: object, *values: Any, **named: Any) -> None:
        original(self, *values, **named)
        shown = self.args if isinstance(self, Exception) else values[first:]  # errors are masked
        overheard.append(f"{shown} {named}")

    setattr(kind, "__init__", remembering)  # noqa: B010
    return lambda: setattr(kind, "__init__", original)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """Listen for as long as tests run."""
    stops = [overhear(kind, 0) for kind in (SparkifyError, Report, Plan, Erasure, Answers, Result)]
    stops.append(overhear(subprocess.CompletedProcess, 1))
    result = yield
    for stop in stops:
        stop()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a test fail that showed a secret."""
    report = yield
    found = shown([text for _, text in report.sections] + overheard)
    overheard.clear()
    if found and report.passed:
        report.outcome = "failed"
        report.longrepr = "a secret was shown: " + " | ".join(found)
    return report
