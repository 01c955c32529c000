"""A person who was forgotten is nowhere in a warehouse, and no later load brings them back."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sparkify import pipeline
from sparkify.errors import SparkifyError, UsageError
from sparkify.load.removal import Erasure
from tests.factory import DIRECTORY, NOON, event, files, lines, put, rows, song, star
from tests.pipeline.test_stage_then_publish import Killed, Reading, staged_by_a_dead_run
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.support import redshift_is_long

KEY = "s3cr3t-of-those-forgotten"
THEM = 4711
#: what only their records have
MARKS = ("Zebulonia", "Quagmire", "Nowhereville", "Netscape-4711")
OPEN: dict[str, Any] = {"max_rejects": "100%"}


def theirs(**fields: Any) -> dict[str, Any]:
    """An event of the person."""
    own = {
        "userId": str(THEM),
        "firstName": "Zebulonia",
        "lastName": "Quagmire",
        "location": "Nowhereville, XX",
        "userAgent": "Netscape-4711",
        "sessionId": 900,
    }
    return event(**(own | fields))


def others() -> dict[str, list[Any]]:
    """The events of others, by object: some are like those of the person."""
    return {
        "a.json": [event(device="phone"), event(userId="471", itemInSession=1, song="JÃ³ga")],
        "b/c.json": [
            event(userId="47110", sessionId=39, ts=NOON + 5),
            event(userId="", page="Home", artist=None, song=None, sessionId=900),
            event(userId="11", sessionId=41, level="gold"),
            b'{"userId":"47113","page":"NextSong',
        ],
        "only-theirs.json": [],
    }


def all_of_theirs() -> dict[str, list[Any]]:
    """The events of the person, by object; the second of each is rejected where one may be."""
    return {
        "a.json": [
            theirs(device="phone", mail="z@example.com"),
            theirs(level="gold", itemInSession=1),
            theirs(itemInSession=2, ts=NOON + 9, level="paid", song="JÃ³ga"),
        ],
        "b/c.json": [theirs(sessionId=901, ts=NOON + 5, userId=THEM, device=7)],
        "only-theirs.json": [theirs(sessionId=902, userId=f"{THEM}.0", page="Home", ts=NOON - 5)],
    }


#: records of the person that a reader of whole texts rejects, and a COPY too, but without a text
UNREADABLE = [
    b'{"firstName":"Zebulonia","userId":"4711","page":"NextSo',
    b'{"firstName":"Zebulonia","userid":4711,"page":"Home","level":"free","ts":1}',
    b'{"userId":"4711","page":"Home","level":"free","ts":[1],"sessionId":1,"itemInSession":0}',
]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is in the environment."""
    monkeypatch.setenv("SPARKIFY_FORGET_KEY", KEY)


def fill(write: Callable[[str, str, bytes], Any], *kinds: dict[str, list[Any]]) -> None:
    """Write a lake with the events of several."""
    for name in others():
        write("events", name, lines(record for kind in kinds for record in kind.get(name, ())))
    write("songs", "a.json", lines([song()]))


def everything(url: str) -> dict[str, Any]:
    """All that is published, and the books as far as they do not tell when and where."""
    version = "kind, uri, rows, rejects, repaired, least_ts, greatest_ts"
    view = "artist, first_name, level, page, session_id, song, ts, user_id, repaired, uri"
    return {
        "star": star(url),
        "events": rows(url, f"SELECT {view} FROM staging.staging_events"),
        "event_rows": rows(url, "SELECT count(*) FROM staging.event_rows"),
        "reject_rows": rows(url, "SELECT count(*) FROM staging.reject_rows"),
        "files": files(url),
        "versions": rows(url, f"SELECT {version} FROM staging.versions"),
        "heard": rows(url, "SELECT title, artist_name, least_ts, greatest_ts FROM staging.heard"),
        "fields": rows(url, "SELECT kind, name, types, declared FROM staging.fields"),
        "rejects": rows(url, "SELECT uri, code, raw_text, reason FROM staging.rejects"),
    }


def forget(url: str, **options: Any) -> Erasure:
    """Forget the person."""
    return pipeline.forget(THEM, url, **options)


@redshift_is_long
@pytest.mark.parametrize("unreadable", [[], UNREADABLE], ids=["", "unreadable"])
def test_a_warehouse_is_as_if_they_had_never_been(
    lake: Path, warehouse: str, cluster: StandIn, tmp_path: Path, unreadable: list[Any]
) -> None:
    """Forgotten after a load, before one, and after a full one: all other rows are the same."""
    at = {kind: lake / name for kind, name in DIRECTORY.items()}

    def write(kind: str, name: str, content: bytes) -> None:
        put(lake, kind, name, content)

    fill(write, others())
    at["events"].mkdir(exist_ok=True)
    fresh = f"duckdb:///{tmp_path}/fresh.duckdb"
    pipeline.run(lake, fresh, **OPEN)
    expected = everything(fresh)
    fill(write, others(), all_of_theirs(), {"a.json": unreadable})
    pipeline.run(lake, warehouse, **OPEN)
    assert everything(warehouse) != expected
    would = forget(warehouse, dry_run=True)
    erased = forget(warehouse)
    assert erased.rows == would.rows
    assert erased.rows == {
        "songplays": 3,
        "users": 1,
        "user_levels": 2,
        "time": 1,
        "event_rows": 4,
        "reject_rows": 1 + len(unreadable),
    }
    assert everything(warehouse) == expected
    assert forget(warehouse).rows == dict.fromkeys(erased.rows, 0)
    report = pipeline.run(lake, warehouse, full=True, **OPEN)
    records = report.records
    assert records.forgotten == 5 + len(unreadable)
    assert records.read == records.staged + records.rejected + records.forgotten
    assert everything(warehouse) == expected
    assert f"+ {records.forgotten} forgotten" in str(report)


@pytest.mark.long
def test_direct_loads_leave_them_out(
    cluster: StandIn, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if Redshift copies the lake's objects itself, and rejects have no text."""
    monkeypatch.delenv("SPARKIFY_STAGING")
    url, source = cluster.url(), s3.url("lake")

    def write(kind: str, name: str, content: bytes) -> None:
        s3.put(f"lake/{DIRECTORY[kind]}/{name}", content)

    fill(write, others())
    pipeline.run(source, url, **OPEN)
    expected = everything(url)
    cluster.restore()
    fill(write, others(), all_of_theirs())
    pipeline.run(source, url, **OPEN)
    assert everything(url) != expected
    # the session that a rejected record names is one that they alone have
    assert forget(url).rows["reject_rows"] == 1
    assert everything(url) == expected
    report = pipeline.run(source, url, full=True, **OPEN)
    assert (report.copy, report.records.forgotten) == ("direct", 5)
    assert everything(url) == expected


@redshift_is_long
def test_no_load_brings_them_back(lake: Path, warehouse: str) -> None:
    """A new object, one that changes, one that is pruned, one that a dead run has staged."""
    put(lake, "events", "a.json", event(), theirs())
    pipeline.run(lake, warehouse)
    forget(warehouse)
    put(lake, "events", "b.json", theirs(itemInSession=3), event(itemInSession=3))
    put(lake, "events", "c.json", theirs(itemInSession=4))
    report = pipeline.run(lake, warehouse)
    assert (report.records.read, report.records.staged, report.records.forgotten) == (3, 1, 2)
    found = rows(warehouse, "SELECT records_read, records_forgotten FROM staging.loads")
    assert found == [(2, 0), (3, 2)]
    assert files(warehouse)["c.json"] == (0, 0)
    put(lake, "events", "a.json", event(), event(itemInSession=1), theirs(itemInSession=5))
    (lake / "log_data" / "c.json").unlink()
    staged_by_a_dead_run(lake, warehouse)
    reading = Reading()
    report = pipeline.run(lake, warehouse, prune=True, progress=reading)
    assert (reading.read, report.records.forgotten, report.records.read) == (0, 1, 3)
    assert rows(warehouse, "SELECT DISTINCT user_id FROM staging.event_rows") == [(49,)]
    assert rows(warehouse, "SELECT user_id FROM users") == [(49,)]


@redshift_is_long
def test_what_a_dead_run_has_staged_is_forgotten_too(lake: Path, warehouse: str) -> None:
    """It is removed at once, and read again by the next run instead of adopted."""
    path = put(lake, "events", "a.json", event(), theirs(), theirs(level="gold"))
    staged_by_a_dead_run(lake, warehouse)
    assert forget(warehouse).rows["event_rows"] == 1
    assert rows(warehouse, "SELECT user_id FROM staging.event_rows") == [(49,)]
    assert rows(warehouse, "SELECT count(*) FROM staging.reject_rows") == [(0,)]
    reading = Reading()
    report = pipeline.run(lake, warehouse, progress=reading)
    assert reading.read == path.stat().st_size
    assert (report.records.forgotten, report.rows["users"]) == (2, 1)


@pytest.mark.long
def test_someone_is_forgotten_while_a_run_reads(lake: Path, cluster: StandIn) -> None:
    """The run notices it before it publishes, and reads again."""
    put(lake, "events", "a.json", event(), theirs())
    url, done = cluster.url(), list[Erasure]()

    def then() -> None:
        if not done:
            done.append(forget(url))

    report = pipeline.run(lake, url, progress=Reading(then))
    assert (done[0].rows["event_rows"], report.records.forgotten) == (1, 1)
    assert rows(url, "SELECT user_id FROM staging.staging_events") == [(49,)]


# ---------------------------------------------------------------------------- the key


@redshift_is_long
def test_a_run_needs_the_key(lake: Path, warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, or with another one, a run stops and names the setting; status works."""
    put(lake, "events", "a.json", event())
    pipeline.run(lake, warehouse)
    forget(warehouse)
    for given, message in ((None, "set SPARKIFY_FORGET_KEY"), ("s3cr3t-" * 4, "is not the key")):
        monkeypatch.delenv("SPARKIFY_FORGET_KEY")
        for call in (pipeline.run, pipeline.plan):
            with pytest.raises(UsageError, match=message):
                call(lake, warehouse, forget_key=given)
        monkeypatch.setenv("SPARKIFY_FORGET_KEY", KEY)
    with pytest.raises(UsageError, match="is not the key"):
        forget(warehouse, forget_key="s3cr3t-" * 4)
    assert pipeline.run(lake, warehouse).files.unchanged == 1


def test_to_forget_needs_a_key_of_some_length(
    duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are few: a short key would be found by trying."""
    with pytest.raises(UsageError, match="at least 16 characters"):
        forget(duckdb_url, forget_key="s3cr3t")
    monkeypatch.delenv("SPARKIFY_FORGET_KEY")
    with pytest.raises(UsageError, match=r"SPARKIFY_FORGET_KEY, or \[FORGET\] SECRET"):
        forget(duckdb_url)


@pytest.mark.parametrize("user", ["", "x", "-1", "1.5", str(2**63)])
def test_a_user_is_a_number(duckdb_url: str, user: str) -> None:
    """Whatever else is given is a mistake."""
    with pytest.raises(UsageError, match="a user is given by a number"):
        pipeline.forget(user, duckdb_url)


def test_nothing_is_made_to_forget_in(new_url: str) -> None:
    """A warehouse that does not exist is not created."""
    with pytest.raises(UsageError, match="not found"):
        forget(new_url)
    assert list(Path().iterdir()) == []


@redshift_is_long
def test_the_book_tells_when_and_not_who(lake: Path, warehouse: str) -> None:
    """A user whom nobody knows is kept out, too; each has one row, and two keys differ in it."""
    put(lake, "events", "a.json", event())
    pipeline.run(lake, warehouse)
    forget(warehouse)
    forget(warehouse)
    pipeline.forget(12, warehouse)
    found = rows(warehouse, "SELECT user_hash, key_check, forgotten_at FROM staging.forgotten")
    assert len({row[0] for row in found}) == len(found) == 2
    assert len({row[1] for row in found}) == 1
    assert all(len(row[0]) == 64 and row[2] for row in found)
    put(lake, "events", "b.json", event(userId="12"), event(userId=THEM))
    assert pipeline.run(lake, warehouse).records.forgotten == 2


@pytest.mark.long
def test_the_copy_for_readers_has_nothing_of_them(lake: Path, duckdb_url: str) -> None:
    """It is updated, but not by a dry run; a copy of another warehouse stops all before it."""
    put(lake, "events", "a.json", event(), theirs(song="Only Theirs"))
    copy = "public.duckdb"
    pipeline.run(lake, duckdb_url, publish=copy)
    before = Path(copy).read_bytes()
    forget(duckdb_url, publish=copy, dry_run=True)
    assert Path(copy).read_bytes() == before
    pipeline.run(lake, "duckdb:///other.duckdb", publish="others.duckdb")
    with pytest.raises(SparkifyError, match="copy of another warehouse"):
        forget(duckdb_url, publish="others.duckdb")
    assert len(star(duckdb_url)["users"]) == 2
    forget(duckdb_url, publish=copy)
    assert rows(f"duckdb:///{copy}", "SELECT user_id FROM users") == [(49,)]
    content = Path(copy).read_bytes()
    assert [mark for mark in (*MARKS, "Only Theirs") if mark.encode() in content] == []


@redshift_is_long
def test_logs_have_nothing_of_them(
    lake: Path, warehouse: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the run that leaves them out nor the command logs the id or the key."""
    put(lake, "events", "a.json", event(), theirs(ts=NOON + 7))
    pipeline.run(lake, warehouse)
    with caplog.at_level(logging.DEBUG, "sparkify"):
        forget(warehouse)
        pipeline.run(lake, warehouse, full=True)
    assert "$users" in caplog.text
    told = rf"\b{THEM}\b|{'|'.join([KEY, *MARKS])}|12:00:00\.007"
    assert [each for each in caplog.messages if re.search(told, each)] == []


# ---------------------------------------------------------------------------- all or nothing


@pytest.fixture
def interrupt() -> Iterator[Callable[[int], None]]:
    """Lets the nth statement from now on end the process, as far as the warehouse can tell."""
    left = [0]

    def strike(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    def at(nth: int) -> None:
        left[0] = nth

    sa.event.listen(sa.Engine, "before_cursor_execute", strike)
    yield at
    sa.event.remove(sa.Engine, "before_cursor_execute", strike)


def survive(lake: Path, url: str, interrupt: Callable[[int], None], stride: int) -> None:
    """Forget the person again and again, each time up to a later statement."""
    fill(lambda kind, name, content: put(lake, kind, name, content), others(), all_of_theirs())
    pipeline.run(lake, url, **OPEN)
    before, points = everything(url), 0
    for nth in range(1, 200, stride):
        interrupt(nth)
        try:
            forget(url)
        except Killed:
            interrupt(0)
            points += 1
            assert everything(url) == before
        else:
            break
    interrupt(0)
    assert points * stride > 20
    assert everything(url)["star"]["users"] == [
        row for row in before["star"]["users"] if row[0] != THEM
    ]


@pytest.mark.long
def test_killed_anywhere_all_is_as_before(
    lake: Path, duckdb_url: str, interrupt: Callable[[int], None]
) -> None:
    """Or as after."""
    survive(lake, duckdb_url, interrupt, 5)


@pytest.mark.long
def test_killed_anywhere_on_redshift_all_is_as_before(
    lake: Path, cluster: StandIn, interrupt: Callable[[int], None]
) -> None:
    """Or as after."""
    survive(lake, cluster.url(), interrupt, 1)


@pytest.mark.long
@pytest.mark.parametrize("statement", ["DELETE FROM staging.event_rows", "INSERT INTO songplays"])
def test_a_conflict_is_tried_again(lake: Path, cluster: StandIn, statement: str) -> None:
    """A serialisation error makes the transaction start anew."""
    put(lake, "events", "a.json", event(), theirs())
    pipeline.run(lake, cluster.url())
    cluster.faults.fail(statement, message="1023")
    assert forget(cluster.url()).rows["event_rows"] == 1
    assert rows(cluster.url(), "SELECT user_id FROM users") == [(49,)]
