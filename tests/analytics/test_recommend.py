"""Recommendations: what listeners alike play, the same as in plain Python."""

import re
import runpy
from collections import Counter, defaultdict
from copy import copy
from math import floor, sqrt
from pathlib import Path

import pytest

from sparkify import analytics, pipeline
from sparkify.analytics.questions.recommendation import ITEMS
from sparkify.analytics.worth import PUBLIC, Worth, interval, measure
from sparkify.errors import SparkifyError
from tests.factory import NOON, event, put
from tests.redshift_standin import StandIn
from tests.support import ROOT, dialect
from tests.support.analysts import Loaded
from tests.support.plain import Plain

SCRIPT = ROOT / "scripts" / "hit_rate.py"
MILLION = 1_000_000


def plainly(plain: Plain, user: int, *fields: str) -> list[tuple[str | int | float, ...]]:
    """The first ten for a user, worked out without SQL."""
    artists, items = defaultdict(set), defaultdict(set)
    for play in plain.plays:
        artists[int(play["userId"])].add(play["artist"])
        items[int(play["userId"])].add(tuple(play[field] for field in fields))
    fame = Counter(artist for liked in artists.values() for artist in liked)
    weights = {}
    for other, liked in artists.items():
        if other != user and (shared := liked & artists[user]):
            weight = sum(floor(MILLION / sqrt(fame[artist])) for artist in shared)
            weights[other] = floor(weight / sqrt(len(liked)) / MILLION * MILLION)
    scores: Counter[tuple[str, ...]] = Counter()
    alike, listeners = Counter(scores), Counter(scores)
    for other, played in items.items():
        for item in played - items[user]:
            scores[item] += weights.get(other, 0)
            alike[item] += other in weights
            listeners[item] += 1
    ranked = sorted(scores, key=lambda item: (-scores[item], -listeners[item], item))
    return [(*i, alike[i], listeners[i], scores[i] / MILLION) for i in ranked[:10]]


@pytest.mark.long
@pytest.mark.parametrize("songs", [False, True])
def test_a_recommendation_is_what_plain_python_finds(loaded: Loaded, songs: bool) -> None:
    """Weights, scores and ties of the SELECT are those of loops over the events."""
    fields = ("song", "artist") if songs else ("artist",)
    users = sorted({int(play["userId"]) for play in loaded.plain.plays})
    for user in users[:: len(users) // 3]:
        found = analytics.recommend(user, loaded.url, songs=songs)
        assert list(found.rows) == plainly(loaded.plain, user, *fields)


def test_listeners_alike_decide(lake: Path, url: str) -> None:
    """Who shares artists counts, though others are many; what is known already never comes."""
    heard = {1: "AB", 2: "ABC", 3: "XY", 4: "XY", 5: "XY"}
    plays = [(user, artist) for user, artists in heard.items() for artist in artists]
    events = [
        event(userId=str(user), artist=artist, song=f"{artist} song", sessionId=user, ts=NOON + n)
        for n, (user, artist) in enumerate(plays)
    ]
    put(lake, "events", "a.json", *events)
    pipeline.run(str(lake), url)
    assert [row[0] for row in analytics.recommend(1, url).rows] == ["C", "X", "Y"]
    assert analytics.recommend(1, url, songs=True, limit=1).rows[0][:4] == ("C song", "C", 1, 1)
    assert [row[0] for row in analytics.recommend(3, url).rows] == ["A", "B", "C"]


@pytest.mark.long
def test_scores_are_the_same_on_redshift(lake: Path, url: str, cluster: StandIn) -> None:
    """Roots and quotients keep their decimals, so that the order is the same."""
    heard = {1: "AB", 2: "ABC", 3: "AX", 4: "BXYZ", 5: "XY"}
    plays = [(user, artist) for user, artists in heard.items() for artist in artists]
    events = [
        event(userId=str(user), artist=artist, sessionId=user, ts=NOON + n)
        for n, (user, artist) in enumerate(plays)
    ]
    put(lake, "events", "a.json", *events)
    for each in (url, cluster.url()):
        pipeline.run(str(lake), each)
    found = [analytics.recommend(1, each).rows for each in (url, cluster.url())]
    assert found[0] == found[1]
    assert all(row[-1] % 1 for row in found[0])


def test_who_never_played_gets_what_most_people_play(lake: Path, url: str) -> None:
    """A user without plays shares nothing with anybody; the most popular are still an answer."""
    events = [event(userId=str(u), artist=a, ts=NOON + u) for u, a in enumerate(["A", "B", "B"])]
    put(lake, "events", "a.json", *events, event(userId="9", page="Home"))
    pipeline.run(str(lake), url)
    assert analytics.recommend(9, url).rows == (("B", 0, 2, 0.0), ("A", 0, 1, 0.0))


def test_a_user_that_is_none_is_said_so(loaded: Loaded) -> None:
    """There is no recommendation for nobody."""
    with pytest.raises(SparkifyError, match="has no user 123456789"):
        analytics.recommend(123_456_789, loaded.url)


def hits_of(plain: Plain, kind: str, first: int) -> tuple[int, int, int]:
    """Listeners, hits and hits of the most popular items, by loops over the events."""
    fields = ("song", "artist") if kind == "songs" else ("artist",)
    sessions: dict[int, dict[int, int]] = defaultdict(dict)
    for play in plain.plays:
        sessions[int(play["userId"])][play["sessionId"]] = play["ts"]
    last = {
        user: max(ended, key=lambda session: (ended[session], session))
        for user, ended in sessions.items()
        if len(ended) > 1
    }
    before, after = copy(plain), defaultdict(set)
    before.plays = []
    for play in plain.plays:
        if last.get(user := int(play["userId"])) == play["sessionId"]:
            after[user].add(tuple(play[field] for field in fields))
        else:
            before.plays.append(play)
    heard = defaultdict(set)
    for play in before.plays:
        heard[int(play["userId"])].add(tuple(play[field] for field in fields))
    fame = Counter(item for items in heard.values() for item in items)
    popular = sorted(fame, key=lambda item: (-fame[item], item))
    found = [0, 0, 0]
    for user in after:
        if not (new := after[user] - heard[user]):
            continue
        mine = {row[: len(fields)] for row in plainly(before, user, *fields)[:first]}
        others = [item for item in popular if item not in heard[user]][:first]
        for place, hit in enumerate((True, bool(new & mine), bool(new & {*others}))):
            found[place] += hit
    return tuple(found)  # type: ignore[return-value]


@pytest.mark.long
@pytest.mark.parametrize("kind", ["artists", "songs"])
def test_hit_rates_are_what_plain_python_finds(loaded: Loaded, kind: str) -> None:
    """The last session of each listener is put aside, and both methods are judged by it."""
    with analytics.reading(loaded.url) as (warehouse, connection):
        found = measure(warehouse, connection, kind, (3, 10), sample=None)
    for each in found:
        counts = (each.listeners, each.hits, each.popular)
        assert counts == hits_of(loaded.plain, kind, each.first)
        assert each.only[0] - each.only[1] == each.hits - each.popular


def test_recommendations_say_what_they_are_worth(real: Loaded) -> None:
    """Rates stand beside those of the most popular items, with intervals; a sample is the same."""
    answer = analytics.recommend(49, real.url)
    assert answer.note == (
        "What this is worth: of 87 listeners, 22% (14 to 32%) played one of the first 10 artists"
        " in their next session; of the most popular artists, 17% (11 to 27%) did. The difference"
        " may be chance."
    )
    found = answer.to_dict()["worth"]
    assert (found["recommended"]["hits"], found["popular"]["hits"]) == (19, 15)
    assert not analytics.recommend(49, real.url, measure=False).note
    with analytics.reading(real.url) as (warehouse, connection):
        for kind, worth in PUBLIC.items():
            assert measure(warehouse, connection, kind) == [worth]
    with analytics.reading(real.url) as (warehouse, connection):
        few = [measure(warehouse, connection, "songs", sample=20) for _ in range(2)]
    assert few[0] == few[1]
    assert 10 <= few[0][0].listeners <= 20


def test_with_many_plays_it_is_measured_only_if_asked_for(
    simulated: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the figures of a public data set are given, and what measures those of this one."""
    monkeypatch.setattr("sparkify.analytics.worth.MANY", 1_000)
    user = int(simulated.plain.plays[0]["userId"])
    note = analytics.recommend(user, simulated.url, songs=True).note
    assert note.startswith("What this is worth was not measured, because there are more than 1,000")
    assert "use --measure. On a public data set, of 87 listeners, 13% (7 to 21%) played" in note
    assert "was not" not in analytics.recommend(user, simulated.url, measure=True).note


def test_nothing_can_be_said_without_a_second_session(lake: Path, url: str) -> None:
    """Where nobody came back, the note says that it cannot be measured."""
    put(lake, "events", "a.json", *(event(userId=str(u), ts=NOON + u) for u in range(1, 4)))
    pipeline.run(str(lake), url)
    assert "cannot be measured" in analytics.recommend(1, url).note


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (19, 87, 0.1443, 0.3158),
    ],
)
def test_intervals_are_wilsons(hits: int, trials: int, low: float, high: float) -> None:
    """The bounds are those of tables of Wilson's score interval, 95 %."""
    assert interval(hits, trials) == pytest.approx((low, high), abs=5e-4)


def test_a_large_difference_is_not_chance() -> None:
    """Ten listeners to none is no chance, three to none may be, and so is nothing at all."""
    worths = [Worth("songs", 10, 50, n, 0, (n, 0)) for n in (10, 3, 0)]
    assert [worth.may_be_chance for worth in worths] == [False, True, True]
    assert "chance" not in str(worths[0])


@pytest.mark.long
def test_hit_rates_are_alike_on_redshift(simulated: Loaded, cluster: StandIn) -> None:
    """The sample, the lists and the counts are the same."""
    pipeline.run(str(simulated.lake), cluster.url())
    found = []
    for url in (simulated.url, cluster.url()):
        with analytics.reading(url) as (warehouse, connection):
            found.append([measure(warehouse, connection, kind, sample=15) for kind in ITEMS])
    assert found[0] == found[1]
    assert dialect.refused(cluster.statements) == {}


@pytest.mark.long
def test_the_script_prints_the_figures_of_the_docs(
    real: Loaded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """scripts/hit_rate.py measures all listeners; docs/analysts.md gives its figures."""
    monkeypatch.setenv("SPARKIFY_WAREHOUSE", real.url)
    runpy.run_path(str(SCRIPT))["main"]()
    lines = capsys.readouterr().out.splitlines()
    docs = (ROOT / "docs" / "analysts.md").read_text("utf-8")
    for line in lines:
        for figure in re.findall(r"\d+% \(\d+ to \d+%\)", line):
            assert figure in docs
    assert len(lines) == 10
