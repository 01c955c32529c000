"""The star is a function of what is staged, whatever happened to the lake and in which order.

A long run, with other sequences each time, so many on DuckDB, staged and direct:

    SEQUENCES=300,30,30 pytest --long tests/pipeline/test_sequences.py
"""

import gzip
import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparkify import pipeline
from tests.factory import DIRECTORY, NOON, event, files, put, rejects, song, staging, star
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.support.oracle import Oracle

ON_DUCKDB, STAGED, DIRECT = map(int, os.environ.get("SEQUENCES", "60,10,10").split(","))
random = settings(derandomize="SEQUENCES" not in os.environ, deadline=None)

# few values, so that plays repeat, users and songs collide, and every tie comes up
NAMES = ["Björk", "Björk feat. Thom Yorke", "BjÃ\x83Â¶rk"]
TITLES = ["Jóga", "Hunter", "Jo\u0301ga "]
#: difficult texts: correct ones, and some that were encoded once or twice too often
TEXTS = ["CAFÉ®", "CAFÃ\x89Â®", "OÙ\u00a0?", "IRMÃ\u00a0!", "Å\u00a0koda", "SÃ\x83Â¥ng", "東京 "]
events = st.builds(
    event,
    artist=st.sampled_from(NAMES),
    song=st.sampled_from(TITLES),
    userId=st.sampled_from(["1", "2", ""]),
    sessionId=st.integers(1, 2),
    itemInSession=st.integers(0, 1),
    ts=st.integers(NOON, NOON + 2),
    level=st.sampled_from(["free", "paid"]),
    lastName=st.sampled_from(["A", "B", None]),
    page=st.sampled_from(["NextSong", "NextSong", "Home"]),
    length=st.sampled_from([100, 200.5, None]),
    location=st.sampled_from(["Here", None]),
)
songs = st.builds(
    song,
    song_id=st.sampled_from(["SO1", "SO2", "SO3"]),
    artist_id=st.sampled_from(["AR1", "AR2"]),
    artist_name=st.sampled_from(NAMES[:2]),
    title=st.sampled_from(TITLES),
    duration=st.sampled_from([90, 210, None]),
    year=st.sampled_from([0, 1997, 1998]),
    artist_location=st.sampled_from(["", "Rio", "Oslo"]),
    artist_latitude=st.sampled_from([1, 2, None]),
)
#: records that are not events, or not valid ones, and events that are written in an odd way
GOOD = json.dumps(event(sessionId=1, itemInSession=1)).encode()
ODD = [
    *(b"not json", b'{"ts": NaN}', GOOD[:-1] + b",}", GOOD[:40], b'"text"', b"17", b"{}"),
    *(GOOD[:-1] + b', "song": {"a": 1}}', b'{"song": ["x"], ' + GOOD[1:]),
    *(b'{"level": "paid", ' + GOOD[1:], b'{"userId": 39.5, ' + GOOD[1:]),
    *(b'{"x": "\\u0000", ' + GOOD[1:], b'{"x": "\\ud83d", ' + GOOD[1:]),
    *(b'{"x": "\xff", ' + GOOD[1:], b'{"x": {"a": [1, {}]}, ' + GOOD[1:]),
    *(GOOD.lower(), b'{"userId": 1e0, "ts": 1541073600001.0, ' + GOOD[1:]),
    *(b'{"sessionId": 9007199254740993.0, ' + GOOD[1:], b'{"artist": 112, ' + GOOD[1:]),
    *(b'{"page": "Home ", "userId": "", ' + GOOD[1:], b'{"song": "  ", ' + GOOD[1:]),
    *(b'{"length": 1e400, ' + GOOD[1:], b'{"length": "x", ' + GOOD[1:]),
    *(json.dumps(event(**{name: None})).encode() for name in ("ts", "page", "song", "userId")),
    *(json.dumps(event(song=text)).encode() for text in TEXTS),
    json.dumps(event(x={"a": [1] * 1500}, userId="1.0")).encode(),
]


def laid_out(records: list[Any], layout: str) -> list[bytes]:
    """An object with these records, as its only content."""
    raws = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in records]
    match layout:
        case "array" if all(map(sound, raws)):
            return [b"[" + b" ,\n".join(raws) + b"]"]
        case "printed":
            raws = [
                r if isinstance(r, bytes) else json.dumps(r, indent=1).encode() for r in records
            ]
        case "marks":
            raws = [b"\xef\xbb\xbf" + raw for raw in raws]
        case "gzip":
            return [gzip.compress(b"\n".join(raws))]
    return [b"\n".join(raws)]


def sound(raw: bytes) -> bool:
    """Whether bytes are JSON."""
    try:
        orjson.loads(raw)
    except ValueError:
        return False
    return True


layouts = st.sampled_from(["lines", "array", "printed", "marks", "gzip"])
contents: dict[str, st.SearchStrategy[Any]] = {
    "events": st.builds(
        laid_out, st.lists(events | st.sampled_from(ODD), min_size=1, max_size=5), layouts
    ),
    "songs": st.builds(laid_out, st.lists(songs, min_size=1, max_size=3), layouts),
}
names = st.sampled_from(["a.json", "b.json", "c/d.json"])
change = st.one_of(
    *(
        st.tuples(st.just("write"), st.just(kind), names, content)
        for kind, content in contents.items()
    ),
    st.tuples(st.just("damage"), st.sampled_from(["songs", "events"]), names, st.none()),
    st.tuples(st.just("vanish"), st.sampled_from(["songs", "events"]), names, st.none()),
    st.tuples(st.just("copy"), st.sampled_from(["songs", "events"]), names, names),
)
changes = st.lists(st.lists(change, min_size=1, max_size=3), min_size=1, max_size=4)


class Lakes:
    """A lake, and beside it the last readable version of every object it ever listed."""

    def __init__(self, root: Path) -> None:
        self.now, self.ever, self.seen = root / "now", root / "ever", set[Path]()
        for kind in DIRECTORY:
            put(self.now, kind, "always.json", b"")
            put(self.ever, kind, "always.json", b"")

    def change(self, what: str, kind: str, name: str, content: Any) -> None:
        """Do one thing to the lake."""
        path = self.now / DIRECTORY[kind] / name
        match what:
            case "write":
                put(self.now, kind, name, *content) if content else put(self.now, kind, name, b"")
            case "damage":
                put(self.now, kind, name, b"\xff\xfe{\0}\0")
            case "vanish":
                path.unlink(missing_ok=True)
            case "copy" if path.is_file():
                put(self.now, kind, content, path.read_bytes())

    def remember(self) -> None:
        """Note what a run sees now."""
        for path in self.now.rglob("*.json"):
            if not path.read_bytes().startswith(b"\xff\xfe"):
                target = self.ever / path.relative_to(self.now)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def follow(steps: list[list[Any]], folder: Path, url: str) -> None:
    """Change a lake step by step, with a run after each; then compare with the oracle."""
    lakes = Lakes(folder)
    for step in steps:
        for each in step:
            lakes.change(*each)
        lakes.remember()
        pipeline.run(str(lakes.now), url, max_rejects="100%")
    assert star(url) == Oracle(lakes.ever).star()


@settings(max_examples=2)
@given(steps=changes)
def test_any_sequence_of_runs_ends_as_the_oracle_says(steps: list[list[Any]]) -> None:
    """New, late, overwritten, shrunk, vanished, repeated, damaged, songs after their plays:

    at the end each star table is what the documentation says of the last readable version of
    every object ever listed.
    """
    with TemporaryDirectory() as folder:
        follow(steps, Path(folder), f"duckdb:///{folder}/steps.duckdb")


@pytest.mark.long
@settings(random, max_examples=ON_DUCKDB)
@given(steps=changes)
def test_any_of_many_sequences_ends_as_the_oracle_says(steps: list[list[Any]]) -> None:
    """The same for more of them."""
    with TemporaryDirectory() as folder:
        follow(steps, Path(folder), f"duckdb:///{folder}/steps.duckdb")


@settings(max_examples=1)
@given(steps=changes)
def test_any_sequence_of_runs_on_redshift_ends_as_one_run_on_duckdb(
    steps: list[list[Any]], cluster: StandIn
) -> None:
    """The same, and the two engines agree on every row."""
    cluster.restore()
    with TemporaryDirectory() as folder:
        follow(steps, Path(folder), cluster.url())


@pytest.mark.long
@settings(random, max_examples=STAGED)
@given(steps=changes)
def test_any_of_many_sequences_on_redshift_ends_as_on_duckdb(
    steps: list[list[Any]], cluster: StandIn
) -> None:
    """The same for more of them."""
    cluster.restore()
    with TemporaryDirectory() as folder:
        follow(steps, Path(folder), cluster.url())


bad = st.builds(
    event,
    ts=st.sampled_from([NOON, "yesterday", 5]),
    level=st.sampled_from(["gold", 1, None]),
    itemInSession=st.sampled_from([39.0, "7", 1.5]),
)
plain_contents: dict[str, st.SearchStrategy[Any]] = {
    "events": st.lists(events | bad, max_size=4),
    "songs": st.lists(songs, max_size=3),
}
plain_change = st.one_of(
    *(
        st.tuples(st.just("write"), st.just(kind), names, content)
        for kind, content in plain_contents.items()
    ),
    st.tuples(st.just("vanish"), st.sampled_from(["songs", "events"]), names, st.none()),
    st.tuples(st.just("copy"), st.sampled_from(["songs", "events"]), names, names),
)
#: of what all three ways of loading have to make the same
plain_changes = st.lists(st.lists(plain_change, min_size=1, max_size=3), min_size=1, max_size=3)


def mirror(lake: Path, s3: Bucket, below: str) -> str:
    """Make a prefix in S3 equal to a lake of this machine; its URL."""
    found = {str(path.relative_to(lake)): path.read_bytes() for path in lake.rglob("*.json")}
    for name, content in found.items():
        s3.put(f"{below}/{name}", content)
    for key in s3.held(f"{below}/"):
        if key.removeprefix(f"{s3.prefix}{below}/") not in found:
            s3.client.delete_object(Bucket=s3.name, Key=key)
    return s3.url(below)


def result(url: str) -> tuple[Any, ...]:
    """Star, staged records and rejects, without what tells of the objects they came from."""
    records = {
        kind: sorted(((*row[:-2], row[-1]) for row in found), key=repr)
        for kind, found in staging(url).items()
    }
    refused = sorted((str(each["column_name"]), each["code"]) for each in rejects(url))
    return star(url), records, refused


def three_ways(steps: list[list[Any]], cluster: StandIn, s3: Bucket) -> None:
    """Change a lake step by step, with a run after each, by each way of loading."""
    results = []
    for copy in ("direct", "staged", None):
        cluster.restore()
        with TemporaryDirectory() as folder:
            lakes = Lakes(Path(folder))
            below = uuid4().hex
            url = cluster.url() if copy else f"duckdb:///{folder}/read.duckdb"
            for step in steps:
                for each in step:
                    lakes.change(*each)
                source = mirror(lakes.now, s3, below) if copy else str(lakes.now)
                pipeline.run(source, url, copy=copy, max_rejects="100%", prune=True)
            results.append(result(url))
            oracle = Oracle(lakes.now)
            assert results[-1][0] == oracle.star()
            assert len(results[-1][2]) == oracle.rejected
    assert results[0] == results[2]
    assert results[1] == results[2]


ONE, TWO = event(artist=NAMES[2], ts=NOON), event(itemInSession="1", ts=NOON + 1, level="gold")
DAYS: list[list[Any]] = [
    [
        ("write", "events", "a.json", [ONE, TWO]),
        ("write", "events", "b.json", [event(ts=NOON + 2)]),
    ],
    [
        ("write", "songs", "a.json", [song(), song(year=0)]),
        ("copy", "events", "a.json", "c/d.json"),
    ],
    [
        ("write", "events", "a.json", [event(itemInSession=2.0)]),
        ("vanish", "events", "b.json", None),
    ],
]


@pytest.mark.long
def test_three_ways_of_loading_end_alike(cluster: StandIn, s3: Bucket) -> None:
    """COPY straight from the lake, by way of this machine, and DuckDB: equal tables and rejects."""
    three_ways(DAYS, cluster, s3)


@pytest.mark.long
@settings(random, max_examples=DIRECT)
@given(steps=plain_changes)
def test_three_ways_end_alike_often(steps: list[list[Any]], cluster: StandIn, s3: Bucket) -> None:
    """The same for more of them."""
    three_ways(steps, cluster, s3)


shuffled = given(
    batch=st.lists(events, min_size=1, max_size=8), order=st.randoms(use_true_random=False)
)


@settings(max_examples=2)
@shuffled
def test_no_order_of_records_or_objects_shows(batch: list[Any], order: Any, empty: Path) -> None:
    """Ties are broken by content: shuffled records, split over objects, make the same star."""
    shuffle(batch, order, empty)


@pytest.mark.long
@settings(max_examples=12)
@shuffled
def test_none_of_many_orders_shows(batch: list[Any], order: Any, empty: Path) -> None:
    """The same for more of them."""
    shuffle(batch, order, empty)


def shuffle(batch: list[Any], order: Any, empty: Path) -> None:
    """Load records in their order from one object, and shuffled from one object each."""
    with TemporaryDirectory() as folder:
        put(Path(folder) / "one", "events", "a.json", *batch)
        order.shuffle(batch)
        for index, record in enumerate(batch):
            put(Path(folder) / "many", "events", f"{index}.json", record)
        stars = []
        for lake in ("one", "many"):
            url = f"duckdb:///{shutil.copyfile(empty, Path(folder) / f'{lake}.duckdb')}"
            pipeline.run(f"{folder}/{lake}", url)
            stars.append(star(url))
            assert sum(records for records, _ in files(url).values()) == len(batch)
        assert stars[0] == stars[1]
