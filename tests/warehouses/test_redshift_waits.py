"""Redshift: connections that are silent, and everything that a run may wait for."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sparkify import analytics, books, config, pipeline, warehouses
from sparkify.errors import SparkifyError, TryAgain, WarehouseBusy
from sparkify.lake.folder import Folder
from sparkify.read import ahead
from sparkify.values import parse_seconds
from sparkify.warehouses.redshift import connection, limits
from sparkify.warehouses.redshift import warehouse as redshift
from tests.factory import event, put, rows
from tests.redshift_standin import StandIn
from tests.redshift_standin.fixtures import LOST_SOCKETS

SET = "SET statement_timeout TO"
#: statements of every phase that may be the last one to which there is an answer
LATE = [
    "SHOW statement",
    "LOCK staging.lock",
    "LOCK staging.id_lock",
    "^COPY",
    "FROM staging.files",
]

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)


def test_the_system_asks_whether_the_other_side_is_there(cluster: StandIn) -> None:
    """A silent connection is kept alive by TCP within a minute; a dark network ends it in two."""
    with (
        warehouses.connect(cluster.url(), config.load()) as opened,
        opened.reading(1) as connection,
    ):
        used = warehouses.executor.driver(connection)._usock
        asked = [
            used.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
        ]
        assert used.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert asked[0] <= 60
    assert asked[0] + asked[1] * asked[2] <= 120


@pytest.mark.long
def test_a_session_is_not_silent_while_objects_are_read(
    lake: Path, cluster: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that forgets silent connections does not end a load whose objects take long.

    Meanwhile status and analysts get their answers.
    """
    plays = list[int]()
    fetch = Folder.fetch

    def slowly(self: Folder, objects: Any) -> Iterator[Any]:
        for each in fetch(self, objects):
            time.sleep(2.2)
            with warehouses.connect(cluster.url(), config.load()) as reader:
                plays.append(books.read_status(reader, config.load()).rows["songplays"])
            plays.append(len(analytics.ask("top-songs", cluster.url()).rows))
            yield each

    for name in ("a.json", "b.json"):
        put(lake, "events", name, event(itemInSession=ord(name[0])))
    monkeypatch.setattr(Folder, "fetch", slowly)
    monkeypatch.setattr(redshift, "BEAT", 0.5)
    monkeypatch.setattr(ahead, "PATIENCE", 0.2)
    cluster.limit_silence(3)
    attempts: list[object] = []
    monkeypatch.setattr(pipeline.Run, "attempt", counted(pipeline.Run.attempt, attempts))
    assert pipeline.run(str(lake), cluster.url()).rows["songplays"] == 2
    assert len(attempts) == 1
    assert plays == [0, 0] * 2
    beats = [text for text in cluster.statements if "SET heartbeat=getdate()" in text]
    assert len(beats) >= 5
    assert rows(cluster.url(), "SELECT count(*) FROM staging.versions") == [(2,)]


def counted(function: Callable[..., Any], calls: list[object]) -> Callable[..., Any]:
    """A function that notes each of its calls."""

    def call(*args: Any) -> Any:
        calls.append(args)
        return function(*args)

    return call


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower limits, so that the tests need not wait for long."""
    for name, seconds in [("SHORT", 0.5), ("LOCK", 0.5), ("SLACK", 0.5), ("STATEMENT", 5)]:
        monkeypatch.setattr(limits, name, seconds)
    monkeypatch.setattr(connection, "CONNECT", 1)


@pytest.fixture
def loaded(lake: Path, cluster: StandIn) -> Path:
    """A lake that is loaded but for one new object."""
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), cluster.url())
    put(lake, "events", "b.json", event(itemInSession=1))
    cluster.statements.clear()
    return lake


HELD = [
    "LOCK songplays",
    "UPDATE users SET level = 'paid'",
    pytest.param("LOCK alembic_version", marks=pytest.mark.long),
    pytest.param("LOCK staging.files", marks=pytest.mark.long),
    pytest.param("LOCK staging.id_lock", marks=pytest.mark.long),
    pytest.param("LOCK staging.lock", marks=pytest.mark.long),
    pytest.param("DELETE FROM staging.files", marks=pytest.mark.long),
    pytest.param("ALTER TABLE songplays ADD COLUMN x INTEGER", marks=pytest.mark.long),
    pytest.param("DROP TABLE staging.event_rows CASCADE", marks=pytest.mark.long),
]


@pytest.mark.parametrize("statement", HELD)
def test_no_lock_is_waited_for_for_ever(
    loaded: Path, cluster: StandIn, impatient: None, statement: str
) -> None:
    """Whatever another session holds, the run says so after --lock-timeout, and changes nothing."""
    engine = sa.create_engine(cluster.url(), connect_args={"ssl": True, "sslmode": "verify-full"})
    with engine.connect() as other:
        other.exec_driver_sql(statement)
        begun = time.monotonic()
        with pytest.raises(WarehouseBusy, match="held by another"):
            pipeline.run(str(loaded), cluster.url(), lock_timeout=0.5)
        assert time.monotonic() - begun < 5
        other.rollback()
    engine.dispose()
    assert pipeline.run(str(loaded), cluster.url(), lock_timeout=0).rows["songplays"] == 2


@pytest.mark.long
@pytest.mark.parametrize(
    "pattern", ["INSERT INTO songplays", *(pytest.param(p, marks=pytest.mark.long) for p in LATE)]
)
def test_a_server_that_says_nothing_more_is_given_up(
    loaded: Path, cluster: StandIn, impatient: None, pattern: str
) -> None:
    """A network that goes dark, or a server that hangs, costs one attempt."""
    cluster.faults.hang(pattern)
    begun = time.monotonic()
    assert pipeline.run(str(loaded), cluster.url(), lock_timeout=1).rows["songplays"] == 2
    assert time.monotonic() - begun < 20
    assert cluster.faults.pending == 0


@pytest.mark.long
def test_a_server_that_never_speaks_is_given_up(
    lake: Path, cluster: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something that accepts connections and does not answer is no cluster."""
    put(lake, "events", "a.json", event())
    monkeypatch.setattr(connection, "CONNECT", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        begun = time.monotonic()
        with pytest.raises(TryAgain, match="no answer in time"):
            pipeline.run(str(lake), f"redshift://a:b@localhost:{port}/dev")
        assert time.monotonic() - begun < 10


def test_what_is_cancelled_while_it_works_is_not_held(loaded: Path, cluster: StandIn) -> None:
    """Another reason than a lock may end a statement; the message has the cluster's own words."""
    words = "Query (7) cancelled on system's request"
    cluster.faults.fail("INSERT INTO songplays", code="57014", message=words, detail="")
    with pytest.raises(SparkifyError, match="system's request") as error:
        pipeline.run(str(loaded), cluster.url())
    assert error.value.exit_code == 1


@pytest.mark.parametrize(("given", "limit"), [("0", 1000), ("0.3", 1000), ("7", 7000)])
def test_lock_is_never_cancelled_by_its_own_limit(cluster: StandIn, given: str, limit: int) -> None:
    """With --lock-timeout 0 LOCK has a second, since a limit of nothing would end it at once."""
    with warehouses.connect(cluster.url(), config.load()) as opened:
        recorder = opened.recorder()
        opened.lock(recorder, parse_seconds(given))
    assert recorder.texts[:2] == [f"{SET} {limit}", "LOCK staging.lock"]
    assert f"{SET} 0" not in recorder.texts


@pytest.mark.long
def test_the_limit_of_an_administrator_stays(loaded: Path, cluster: StandIn) -> None:
    """A session has its own statement_timeout for the work, and after the run."""
    arguments = {"ssl": True, "sslmode": "verify-full"}
    engine = sa.create_engine(cluster.url(), poolclass=sa.StaticPool, connect_args=arguments)
    with engine.connect() as own:
        own.exec_driver_sql("SET statement_timeout TO 90000")
        own.commit()
    pipeline.run(str(loaded), engine)
    with engine.connect() as own:
        assert own.exec_driver_sql("SHOW statement_timeout").scalar() in ("90s", "90000")
    engine.dispose()
    sent = cluster.statements
    limit = next(
        text for text in reversed(sent[: find(sent, "INSERT INTO songplays")]) if SET in text
    )
    assert limit == f"{SET} 90000"


def find(texts: list[str], start: str) -> int:
    """The position of the first text that starts so."""
    return next(n for n, text in enumerate(texts) if text.startswith(start))
