"""What becomes of odd lines, to the letter: code, column, sentence, place and text of each reject.

The reader decides about most refused lines in SQL, and about few in Python. Whichever does, the
outcome is the one in `golden/refused.json`. After a change that is meant:

    pytest tests/read/test_refused.py --update-golden && git diff tests/read/golden
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sparkify import pipeline
from sparkify.lake import objects as lakes
from sparkify.read import reader
from tests.factory import event, lines, put, rejects, rows, song, staging
from tests.read.test_bad_input import CASES, FINE

GOLDEN = Path(__file__).parent / "golden" / "refused.json"
GOOD = json.dumps(event(sessionId=77)).encode()
GOLD = json.dumps(event(level="gold")).encode()


def with_extra(record: bytes, text: bytes) -> bytes:
    """A record with one more field, whose value is written so."""
    return record[:-1] + b', "x": ' + text + b"}"


def deep(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    """A value that is nested so deep."""
    return opening * levels + b"1" + closing * levels


VALUES = {
    "a comma too many in an array": b"[1,]",
    "a comma and blanks too many": b'{"a": [1, \t ] }',
    "a comma too many in an object": b'{"a": 1,}',
    "nan in an array": b"[nan]",
    "NaN behind a comma": b"[1, NaN]",
    "minus inf in an array": b"[-inf]",
    "-Infinity behind a comma": b"[1,-Infinity]",
    "infinity in an object": b'{"a" : infinity}',
    "NULs in an object": b'{"a": "\\u0000"}',
    "a backslash and no NUL": b'["\\\\u0000"]',
    "half of a pair in an array": b'["\\ud83d"]',
    "1e400 in an array": b"[1e400]",
    "text like NaN in an object": b'{"a": ", NaN", "b": ": -inf", "c": ",}"}',
    "text like India": b'["a, India", ", nan"]',
    "known keys in an object": b'{"song": {"level": [1]}, "ts": []}',
    "1,000 deep": deep(1000),
    "1,020 deep": deep(1020),
    "1,025 deep": deep(1025),
    "1,030 deep": deep(1030),
    "500 objects deep": deep(500, b'{"a":', b"}"),
    "1,030 objects deep": deep(1030, b'{"a":', b"}"),
    "10,000 deep and open": b"[" * 10_000,
    "a long text in an array": b'["' + b"y" * 3000 + b'"]',
    "a lower-case nan": b"nan",
    "minus inf": b"-inf",
    "a NULL in capitals": b"NULL",
}
LINES = {
    "nested by an escaped key": b'{"\\u0073ong": {"a": 1}, ' + GOOD[1:],
    "nested behind a plain one": GOOD[:-1] + b', "song": {"a": 1}, "level": ["x"]}',
    "nested in two": json.dumps(event(song={"a": 1}, artist=[1], level="gold")).encode(),
    "nested page": json.dumps(event(page={"a": 1})).encode(),
    "nested ts": json.dumps(event(ts=[1], level="gold")).encode(),
    "nested number behind a brace text": json.dumps(event(song="{", length=[1])).encode(),
    "text like an object and gold": json.dumps(event(song='{"a": 1}', level="gold")).encode(),
    "gold and our own key": b'{"_sparkify_object":9,' + GOLD[1:],
    "gold and our own number": b'{"_sparkify_number":"x", "_sparkify_object":[1],' + GOLD[1:],
    "our own key alone": b'{"_sparkify_object":0}',
    "a blank object": b"{ \t}",
    "gold behind a mark": b"\xef\xbb\xbf" + GOLD,
    "gold behind a separator": b"\x1e" + GOLD,
    "gold between odd blanks": b" \v\t" + GOLD + b"\f \r",
    "gold and CR": GOLD + b"\r",
    "two gold on a line": GOLD + b" " + GOLD,
    "gold behind damage on a line": b"[1 " + GOLD,
    "gold over many lines": json.dumps(event(level="gold", x={"a": [1]}), indent=1).encode(),
    "gold and a text behind it": GOLD + b" x",
    "gold, repeated": b"\n".join([GOLD] * 3),
    "keys in lower case": json.dumps({k.lower(): v for k, v in event().items()}).encode(),
    "keys in lower case, nested": with_extra(GOLD.replace(b"sessionId", b"sessionid"), b"[1]"),
    "braces": b"{\n{\n{",
    "closing braces": b"}\n}",
    "brackets": b"[\n[",
    "numbers": b"1\n2\n3 4",
    "words": b"nope\nnope\n\nNaN\nnope",
    "quotes": b'"\n"\n"',
    "a brace and a closing one": b"{\n}",
    "tabs and controls": b"\ta\x01b\x7f\nc\xc2\x85",
    "an array of gold": b"[" + GOLD + b",\n" + GOLD + b", " + GOOD + b",]",
    "too long after composing": json.dumps(event(gender="\u0958" * 20)).encode(),
    "just short enough": json.dumps(event(gender="\u0958" * 10)).encode(),
    "2^53": json.dumps(event(sessionId=1)).encode().replace(b": 1,", b": 9007199254740993.0,"),
    "level in a wide text": json.dumps(event(level="ﬁee")).encode(),
    "a page with a blank": json.dumps(event(page="NextSong ", song=None)).encode(),
    "a song event": json.dumps(song() | {"level": "free"}).encode(),
}
ALL = (
    {f"case: {name}": case.raw for name, case in CASES.items() if case.kind == "events"}
    | {f"fine: {name}": raw for name, raw in FINE.items()}
    | {f"good with {name}": with_extra(GOOD, value) for name, value in VALUES.items()}
    | {f"gold with {name}": with_extra(GOLD, value) for name, value in VALUES.items()}
    | LINES
)


def outcomes(lake: Path, url: str) -> dict[str, dict[str, Any]]:
    """What became of each object: records, repaired ones, and every reject; not its rows."""
    pipeline.run(str(lake), url, max_rejects="100%", full=True)
    query = "SELECT uri, records, rejects FROM staging.files"
    found = {Path(uri).name: {"counts": counts, "rejects": []} for uri, *counts in rows(url, query)}
    for row in sorted(rejects(url), key=lambda row: (row["line_number"] or 0, row["byte_offset"])):
        row["raw_text"] = row["raw_text"] and row["raw_text"][:60]
        found[Path(row.pop("uri")).name]["rejects"].append(list(row.values()))
    return found


@pytest.fixture(scope="module")
def odd_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each case alone and among good lines."""
    lake = tmp_path_factory.mktemp("odd")
    for number, raw in enumerate(ALL.values()):
        put(lake, "events", f"{number}-alone", raw)
        put(lake, "events", f"{number}-among", lines([GOOD, raw, GOOD]))
    return lake


ROWS = dict[Path, str]()  # of the ways that were tested before
LIMITS = {
    "small": {},
    "large": {(lakes, "LARGE"): 0},
    "many": {(reader, "MANY"): 0},
    "in portions": {(reader, "AGAIN"): 1000},
}


LONG = [pytest.param(way, marks=pytest.mark.long) for way in LIMITS if way != "small"]


@pytest.mark.parametrize("way", ["small", *LONG])
def test_outcomes_are_the_same_to_the_letter(
    odd_lake: Path,
    duckdb_url: str,
    empty: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    *,
    update_golden: bool,
) -> None:
    """Small or large, few or many, in one portion or in several: the rejects are the golden ones.

    The rows are the same as well.
    """
    shutil.copyfile(empty, duckdb_url.removeprefix("duckdb:///"))
    for (module, name), value in LIMITS[way].items():
        monkeypatch.setattr(module, name, value)
    found = outcomes(odd_lake, duckdb_url)
    shown = {
        f"{name}, {place}": found[f"{number}-{place}"]
        for number, name in enumerate(ALL)
        for place in ("alone", "among")
    }
    if update_golden and way == "small":
        GOLDEN.parent.mkdir(exist_ok=True)
        text = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in shown.items())
        GOLDEN.write_text(f"{{\n{text}\n}}\n")
    expected = json.loads(GOLDEN.read_text())
    assert set(shown) == set(expected)
    for name, outcome in shown.items():
        assert outcome == expected[name], name
    digest = hashlib.sha256(repr(staging(duckdb_url)["events"]).encode()).hexdigest()
    assert ROWS.setdefault(odd_lake, digest) == digest
