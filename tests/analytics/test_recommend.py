"""Recommendations: what listeners alike play, the same as in plain Python."""

import runpy
from collections import Counter, defaultdict
from math import floor, sqrt
from pathlib import Path

import pytest

from sparkify import analytics, pipeline
from sparkify.errors import SparkifyError
from tests.factory import NOON, event, put
from tests.redshift_standin import StandIn
from tests.support import ROOT
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


@pytest.mark.long
def test_hit_rates_are_measured_beside_the_most_popular(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script puts each listener's last session aside and counts hits of both in it."""
    monkeypatch.setenv("SPARKIFY_WAREHOUSE", loaded.url)
    runpy.run_path(str(SCRIPT))["main"]()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0].rstrip(":") for line in lines] == [
        *("artists", "alike", "popular"),
        *("songs", "alike", "popular"),
    ]
    if "shared" in str(loaded.lake):  # the figures that docs/analysts.md gives
        assert "21.8% of the first 10" in lines[1]
        assert "17.2% of the first 10" in lines[2]
        assert "12.6% of the first 10" in lines[4]
        assert "14.9% of the first 10" in lines[5]
