"""Every statement that is sent to Redshift is Redshift's, whoever sends it.

They are collected as they arrive. The stand-in has refused what its lint does not know; here a
second parser looks at them.
"""

import re
from pathlib import Path

import pytest

from sparkify import analytics, books, config, pipeline, warehouses
from sparkify.analytics.questions import recommendation
from sparkify.models import schema
from tests.factory import event, put, song
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.support import dialect
from tests.support.analysts import Loaded


@pytest.fixture
def loaded(lake: Path, cluster: StandIn) -> Path:
    """A lake of which a first part is loaded, and more has come since: new, changed, bad."""
    put(lake, "events", "kept.json", event())
    put(lake, "events", "changed.json", event(itemInSession=1))
    put(lake, "songs", "a.json", song())
    pipeline.run(str(lake), cluster.url())
    put(lake, "events", "changed.json", event(itemInSession=2), b"it's \\ %s :no \x00 'json'")
    put(lake, "events", "it's % \\.json", event(itemInSession=4))
    put(lake, "songs", "b.json", song(song_id="SO0", duration=254))
    return lake


@pytest.mark.long
def test_the_schema(cluster: StandIn) -> None:
    """Migrations up and down, and a reset."""
    with (
        warehouses.connect(cluster.url(), config.load()) as opened,
        opened.writing(1) as connection,
    ):
        schema.upgrade(connection)
        schema.reset(connection)
    tables = [text for text in cluster.statements if text.lstrip().startswith("CREATE TABLE")]
    assert len(tables) > 10
    assert any("DROP TABLE" in text for text in cluster.statements)
    assert dialect.refused(cluster.statements) == {}


def test_no_type_cuts_decimals(
    lake: Path, duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement that is composed, for whomever, has a NUMERIC or DECIMAL without a precision."""
    monkeypatch.setenv("SPARKIFY_STAGING", "s3://bucket/parts")
    put(lake, "events", "a.json", event())
    put(lake, "songs", "a.json", song())
    texts = list(pipeline.plan(str(lake), "redshift").statements)
    questions = (*analytics.QUESTIONS, recommendation.ARTISTS, recommendation.SONGS)
    with warehouses.connect("redshift", config.load()) as opened:
        for question in questions:
            given = {"user_id": 49} if "user_id" in question.parameter_names else {}
            texts.append(opened.text(question.select(**given)))
    assert len(texts) > len(questions) + 20
    assert {text: found for text in texts if (found := dialect.bare_decimals(text))} == {}


@pytest.mark.long
def test_runs_that_read(loaded: Path, cluster: StandIn) -> None:
    """The first load, what is new, all of it anew, and what is gone."""
    pipeline.run(str(loaded), cluster.url())
    (loaded / "log_data" / "kept.json").unlink()
    pipeline.run(str(loaded), cluster.url(), prune=True)
    pipeline.run(str(loaded), cluster.url(), full=True)
    assert len(set(cluster.statements)) > 60
    assert dialect.refused(cluster.statements) == {}


@pytest.mark.long
def test_runs_that_copy_directly(
    cluster: StandIn, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first load and another, with repairs and what breaks a rule."""
    monkeypatch.delenv("SPARKIFY_STAGING")
    for item in range(2):
        s3.put(f"lake/log_data/{item}.json", event(itemInSession=item, artist="BjÃ¶rk"))
        s3.put(f"lake/song_data/{item}.json", song(song_id=f"SO{item}", year=-item))
        pipeline.run(s3.url("lake"), cluster.url())
    assert sum(text.startswith("COPY incoming") for text in cluster.statements) == 4
    assert dialect.refused(cluster.statements) == {}


@pytest.mark.long
def test_what_readers_ask(loaded: Path, cluster: StandIn, s3: Bucket) -> None:
    """Status, rejects, and an export; of an UNLOAD its query, too."""
    pipeline.run(str(loaded), cluster.url())
    cluster.statements.clear()
    with warehouses.connect(cluster.url(), config.load()) as opened:
        assert books.read_status(opened, config.load()).rejects == 1
        assert len(books.read_rejects(opened, config.load()).rows) == 1
    analytics.export(s3.url("star"), cluster.url())
    unloads = [text for text in cluster.statements if text.startswith("UNLOAD")]
    queries = [re.findall(r"UNLOAD \('((?:[^']|'')*)'\)", text)[0] for text in unloads]
    assert len(queries) == 6
    sent = [*cluster.statements, *(query.replace("''", "'") for query in queries)]
    assert dialect.refused(sent) == {}


@pytest.mark.long
def test_what_analysts_ask(simulated: Loaded, cluster: StandIn) -> None:
    """Every question and both recommendations; the answers are those of DuckDB."""
    pipeline.run(str(simulated.lake), cluster.url())
    cluster.statements.clear()
    for question in analytics.QUESTIONS:
        mine, right = (analytics.ask(question.name, u) for u in (cluster.url(), simulated.url))
        if question.name != "loads":  # each has its own
            assert mine.rows == right.rows, question.name
    users = [user for user, *_ in simulated.plain.top_users()][:2]
    for user in users:
        for songs in (False, True):
            asked = [
                analytics.recommend(user, u, songs=songs) for u in (cluster.url(), simulated.url)
            ]
            assert asked[0].rows == asked[1].rows
    assert dialect.refused(cluster.statements) == {}


def test_the_check_can_fail() -> None:
    """What PostgreSQL takes and Redshift does not is found."""
    bad = ["SELECT DISTINCT ON (a) a FROM", "INSERT INTO t VALUES (1) RETURNING a"]
    assert set(dialect.refused([*bad, "SELECT 1"])) == set(bad)
