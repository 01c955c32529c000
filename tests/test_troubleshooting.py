"""docs/troubleshooting.md has every message, below the exit code that it comes with."""

import re
from pathlib import Path

from tests.support.messages import VALUE, messages, pattern

PAGE = Path(__file__).parents[1] / "docs" / "troubleshooting.md"
SECTION = re.compile(r"^## (.+)\n((?:(?!## ).*\n)*)", re.MULTILINE)
FENCE = re.compile(r"```text\n(.*?)```", re.DOTALL)
CODE = re.compile(r"Exit codes? (\d+)")


def lines() -> dict[int, list[str]]:
    """The messages on the page by exit code; those of warnings by 0."""
    found = {}
    for title, text in SECTION.findall(PAGE.read_text("utf-8")):
        if texts := FENCE.findall(text):
            code = CODE.match(title)
            found[int(code[1]) if code else 0] = "".join(texts).splitlines()
    return found


def test_every_message_is_explained() -> None:
    """Each message of the package is on the page, below its exit code."""
    known = lines()
    every = [line for texts in known.values() for line in texts]
    found = messages()
    assert len(found) > 200
    missing = {
        f"{code}: {message.replace(VALUE, '…')}"
        for message, code in found
        if not any(map(pattern(message).search, every if code is None else known[code]))
    }
    assert missing == set()


def test_no_other_message_is_there() -> None:
    """Each message on the page is one of the package."""
    patterns = [pattern(message) for message, _ in messages()]
    every = {line for texts in lines().values() for line in texts}
    assert {line for line in every if not any(each.search(line) for each in patterns)} == set()
