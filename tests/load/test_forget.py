"""Which rejects are a person's, also if their text was cut before it names anybody."""

from pathlib import Path
from typing import Any

import pytest

from sparkify import pipeline
from tests.factory import event, put, rejects

KEY = "s3cr3t-of-those-forgotten"
THEM = 4711
LONG = "x" * 5000  # cut before its userId, which comes last


def theirs(**fields: Any) -> dict[str, Any]:
    """An event of the person, in a session of their own."""
    return event(**({"userId": str(THEM), "sessionId": 900} | fields))


def cut_within(user: str, session: int) -> bytes:
    """A record that is rejected, and whose text is cut within its user's id."""
    start = f'{{"sessionId":{session},"song":"'.encode()
    end = f'","userId":"{user}'.encode()
    return start + b"x" * (4096 - len(start) - len(end)) + end + b'00"}'


THEIRS = [
    theirs(song=LONG),
    theirs(itemInSession=1, song=LONG, userId="bad"),
    cut_within("4711", 900),
    cut_within("47", 900),
]
OTHERS = [
    event(song=LONG),  # a session of someone else
    event(sessionId=901, song=LONG),  # one that both have
    event(sessionId=900, level="gold"),  # it names someone else
    event(sessionId=900, userId="", level="gold"),  # nobody, and the text is whole
    event(sessionId=900, artist=LONG),  # cut before its session
    cut_within("4711", 38),
]


def test_a_text_that_was_cut_is_theirs_by_its_session(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If they alone have the session that it names; otherwise it stays."""
    monkeypatch.setenv("SPARKIFY_FORGET_KEY", KEY)
    staged = [theirs(), theirs(sessionId=901), event(sessionId=901), event()]
    put(lake, "events", "a.json", *staged, *OTHERS)
    put(lake, "events", "b.json", *THEIRS)
    pipeline.run(lake, duckdb_url, max_rejects="100%")
    assert len(rejects(duckdb_url)) == len(THEIRS) + len(OTHERS)
    assert pipeline.forget(THEM, duckdb_url).rows["reject_rows"] == len(THEIRS)
    assert [Path(each["uri"]).name for each in rejects(duckdb_url)] == ["a.json"] * len(OTHERS)
