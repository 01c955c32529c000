"""Two runs at once on a cluster: in every order of their statements, on both isolation levels."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sparkify import config, pipeline, warehouses
from sparkify.errors import TryAgain
from sparkify.load.runs import clean_up
from tests.conftest import use_parts
from tests.factory import event, put, song
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.context import Isolation
from tests.redshift_standin.fixtures import Servers, servers, servers_by_isolation

__all__ = ["servers", "servers_by_isolation"]

#: FAULT_STRIDE=1 strikes between all statements, which takes minutes
STRIDE = int(os.environ.get("FAULT_STRIDE", "31"))
LEVELS = [
    pytest.param("snapshot", marks=pytest.mark.long),
    pytest.param("serializable", marks=pytest.mark.long),
]

WHILE = 1.0  # seconds that the other session has, unless it waits for a table that we write


class Staged(Exception):
    """A run that has staged everything ends."""


@pytest.fixture
def engine(
    request: pytest.FixtureRequest,
    servers: Servers,
    s3: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    collect_lost_sockets: None,
) -> Iterator[Callable[[Isolation], sa.Engine]]:
    """An engine for a database of an isolation level, with settings that say where parts go."""
    use_parts(monkeypatch, s3)
    made: list[sa.Engine] = []

    def connect(isolation: Isolation) -> sa.Engine:
        url = servers(isolation).url
        made.append(sa.create_engine(url, poolclass=sa.NullPool, connect_args={"ssl": False}))
        return made[0]

    yield connect
    for each in made:
        each.dispose()


def stage(lake: Path, engine: sa.Engine) -> None:
    """A run that stages, and ends before it publishes."""

    def stop(step: str, done: int, total: int) -> None:
        if step == "reading" and done == total:
            raise Staged

    with pytest.raises(Staged):
        pipeline.run(lake, engine, tls=False, progress=stop)


def publish(lake: Path, engine: sa.Engine) -> None:
    """A whole run, which waits for the publication of the other."""
    pipeline.run(lake, engine, tls=False)


def tidy(lake: Path, engine: sa.Engine) -> None:
    """What a run does after its COMMIT; of two that do it at once, one may be in vain."""
    with (
        suppress(TryAgain),
        warehouses.connect(engine, config.load()) as opened,
        opened.writing(0) as connection,
    ):
        clean_up(opened.executor(connection), "another run")


def read(lake: Path, engine: sa.Engine) -> None:
    """An analyst, who never sees a part of a load."""
    with engine.connect() as connection:
        found = connection.execute(sa.text(SEEN)).one()
    assert tuple(found) in ((1, 1, "Jóga"), (2, 2, "Hyperballad"))


SEEN = (
    "SELECT (SELECT count(*) FROM songplays), (SELECT count(*) FROM staging.staging_events),"
    " (SELECT min(title) FROM songs)"
)


@pytest.mark.parametrize("isolation", LEVELS)
@pytest.mark.parametrize("other", [stage, publish, tidy, read])
def test_another_session_between_any_two_statements(
    lake: Path,
    engine: Callable[[Isolation], sa.Engine],
    isolation: Isolation,
    other: Callable[[Path, sa.Engine], None],
) -> None:
    """Whatever it does there, both end well, and all is there once."""
    used = engine(isolation)
    put(lake, "events", "a.json", event())
    put(lake, "songs", "a.json", song())
    pipeline.run(lake, used, tls=False)
    elsewhere = lake.parent / "elsewhere"
    put(elsewhere, "events", "x.json", event(sessionId=99, page="Home"))
    nth = 0
    while strike(lake, used, nth, lambda: other(elsewhere, used)):
        nth += STRIDE
    assert nth > 40


def strike(lake: Path, engine: sa.Engine, nth: int, other: Callable[[], None]) -> bool:
    """Load a changed lake; before the n-th statement the other session is let in.

    Returns:
        Whether the load had so many statements.
    """
    put(lake, "songs", "a.json", song())
    put(lake, "events", "a.json", event())
    (lake / "log_data" / "b.json").unlink(missing_ok=True)
    pipeline.run(lake, engine, tls=False, prune=True)
    put(lake, "songs", "a.json", song(title="Hyperballad"), b" " * nth)
    put(lake, "events", "b.json", event(itemInSession=nth + 1))
    seen: list[Any] = []
    own = threading.current_thread()

    def let_in(*_: object) -> None:
        if threading.current_thread() is not own:
            return
        seen.append(1)
        if len(seen) == nth + 1:
            found.append(elsewhere.submit(other))
            wait(found, WHILE)

    found: list[Future[None]] = []
    sa.event.listen(engine, "before_cursor_execute", let_in)
    with ThreadPoolExecutor(1) as elsewhere:
        try:
            report = pipeline.run(lake, engine, tls=False)
        finally:
            sa.event.remove(engine, "before_cursor_execute", let_in)
    for each in found:
        each.result()
    assert report.rows["songplays"] == 2
    return len(seen) > nth
