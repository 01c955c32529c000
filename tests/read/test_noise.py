"""Noise: whatever stands in an object, nothing crashes, hangs, or costs a good record beside it.

A long run, with other examples each time:

    NOISE_EXAMPLES=5000 pytest --long tests/read/test_noise.py
"""

import gzip
import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sparkify import pipeline
from sparkify.lake import objects as lakes
from tests.factory import event, put, rejects, song, staging

FEW, MANY = 1, int(os.environ.get("NOISE_EXAMPLES", "12"))
GOOD = json.dumps(event()).encode()
OTHER = json.dumps(song()).encode()
TOKENS = [
    *(bytes([byte]) for byte in b'{}[]",:\\\r\n\t\0 -.0eE'),
    *(
        b"\xef\xbb\xbf",
        b"\xff",
        b"\xed\xa0\x80",
        b"\\u0000",
        b"\\ud800",
        b"\\n",
        b"//",
        b"null",
        b"NaN",
    ),
    *(
        b"1e400",
        b"-0",
        b"1" * 30,
        b"1" * 5000,
        b"[" * 1100,
        b"]" * 1100,
        b'{"a":' * 700,
        b"}" * 700,
    ),
    *(
        b", }",
        b"\n{",
        b"\n{\n",
        b"}{",
        b"} {",
        b'"ts"',
        b'"song":',
        b'{"_sparkify_object":9,',
        b"\v",
        b"\f",
    ),
    *(
        GOOD,
        GOOD[:50],
        GOOD[50:],
        OTHER,
        json.dumps(event(), indent=1).encode(),
        gzip.compress(GOOD),
    ),
]
piece = st.one_of(
    st.binary(max_size=30), st.text(max_size=20).map(str.encode), st.sampled_from(TOKENS)
)
noise = st.lists(piece, max_size=6).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Good records, and then something cut out of their text, doubled, or put in."""
    data = b"\n".join(draw(st.lists(st.sampled_from([GOOD, OTHER]), min_size=1, max_size=3)))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 20)))
        data = data[:start] + draw(piece | st.just(data[start:end] * 2)) + data[end:]
    return data


content = st.one_of(noise, mutated())


def load(lake: Path, warehouse: Path) -> tuple[Any, Any, Any]:
    """Run, and all that became of it."""
    url = f"duckdb:///{warehouse}"
    report = pipeline.run(str(lake), url, full=True, max_rejects="100%")
    return report.records, rejects(url), staging(url)


lots = given(objects=st.lists(st.tuples(content, content), min_size=1, max_size=20))
no_shrinking = settings(phases=[Phase.explicit, Phase.generate])


@settings(no_shrinking, max_examples=FEW)
@lots
def test_noise_never_costs_a_good_record(
    objects: list[tuple[bytes, bytes]], empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random bytes and damaged records in objects never crash, nor lose what is beside them."""
    survive(objects, empty, monkeypatch)


@pytest.mark.long
@settings(no_shrinking, max_examples=MANY, derandomize="NOISE_EXAMPLES" not in os.environ)
@lots
def test_much_noise_never_costs_a_good_record(
    objects: list[tuple[bytes, bytes]], empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for more of it."""
    survive(objects, empty, monkeypatch)


def survive(
    objects: list[tuple[bytes, bytes]], empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random bytes and damaged records in objects never crash, and never lose what is beside them.

    Each record read is staged or refused, and it is the same whether an object is read together
    with others or, being large, in place.
    """
    with TemporaryDirectory() as folder:
        lake, warehouse = Path(folder) / "lake", Path(folder) / "w.duckdb"
        shutil.copyfile(empty, warehouse)
        for number, (before, after) in enumerate(objects):
            good = json.dumps(event(sessionId=10**9 + number)).encode()
            put(lake, "events", f"{number}.json", b"\n".join([before, good, after]))
        records, refused, staged = load(lake, warehouse)
        with monkeypatch.context() as patch:
            patch.setattr(lakes, "LARGE", 0)
            assert load(lake, warehouse) == (records, refused, staged)
    lost = {int(Path(row["uri"]).stem) for row in refused if row["line_number"] is None}
    found = {value - 10**9 for row in staged["events"] for value in row if is_mark(value)}
    assert found | lost >= set(range(len(objects)))  # what is lost is told of: gzip, UTF-16
    assert records.read == records.staged + records.rejected


def is_mark(value: object) -> bool:
    """Whether a value is the session of one of the good records."""
    return isinstance(value, int) and 10**9 <= value < 10**9 + 100
