"""Redshift: what is sent, what goes wrong, and that nothing is ever doubled or lost for it."""

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from botocore.exceptions import ClientError
from redshift_connector.error import ProgrammingError

from sparkify import analytics, books, config, pipeline, warehouses
from sparkify.errors import SparkifyError, TryAgain, UsageError, WarehouseBusy
from sparkify.warehouses.redshift.credentials import provider
from sparkify.warehouses.redshift.faults import translate
from tests.factory import event, put, rows, song, staging, star
from tests.redshift_standin import StandIn
from tests.redshift_standin.authority import authority
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.faults import When
from tests.redshift_standin.fixtures import LOST_SOCKETS

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)

SECRET = "s3cr3t-never-shown"


@pytest.fixture
def loaded(lake: Path, cluster: StandIn) -> Path:
    """A lake of which a first part is loaded, and more has come since: new, changed, gone."""
    put(lake, "events", "kept.json", event())
    put(lake, "events", "changed.json", event(itemInSession=1))
    put(lake, "songs", "a.json", song())
    pipeline.run(str(lake), cluster.url())
    put(lake, "events", "changed.json", event(itemInSession=2), event(itemInSession=3, userId="7"))
    put(lake, "events", "new.json", event(itemInSession=4), b"not json")
    put(lake, "songs", "b.json", song(song_id="SO0", duration=254))
    cluster.statements.clear()
    return lake


def everything(url: str) -> tuple[Any, Any, Any]:
    """All that a warehouse holds, but for when it was loaded."""
    books = rows(url, "SELECT uri, records, rejects FROM staging.files")
    return star(url), staging(url), books


@pytest.mark.long
def test_both_engines_have_the_same_rows(sample: Path, cluster: StandIn, duckdb_url: str) -> None:
    """The real sample: every table is the same, row for row."""
    pipeline.run(str(sample / "lake"), cluster.url())
    pipeline.run(str(sample / "lake"), duckdb_url)
    assert everything(cluster.url()) == everything(duckdb_url)


def test_a_lake_in_s3_is_loaded_too(cluster: StandIn, s3: Bucket) -> None:
    """The lake may be in S3, in the same bucket as the parts; none of these are left."""
    s3.put("lake/log_data/a.json", event())
    report = pipeline.run(s3.url("lake"), cluster.url())
    assert (report.rows["songplays"], report.copy) == (1, "staged")
    assert s3.held("parts") == []


@pytest.mark.long
@pytest.mark.parametrize("new", [pytest.param(True, marks=pytest.mark.long), False])
def test_parts_of_a_run_that_died_are_swept(
    loaded: Path, cluster: StandIn, s3: Bucket, new: bool
) -> None:
    """What a killed run left below the staging prefix is removed by the next, new load or not."""
    if not new:
        pipeline.run(str(loaded), cluster.url())
    with warehouses.connect(cluster.url(), config.load()) as warehouse:
        left = warehouse.parts.url("dead/part.json.zst")  # type: ignore[attr-defined]
    s3.client.put_object(Bucket=s3.name, Key=left.split("/", 3)[3], Body=b"")
    s3.put("parts/of-somebody-else", "kept")
    pipeline.run(str(loaded), cluster.url())
    assert s3.held("parts") == [f"{s3.prefix}parts/of-somebody-else"]


def test_the_lock_comes_before_anything_is_read(loaded: Path, cluster: StandIn) -> None:
    """In the load's transaction LOCK is first, so that the snapshot is newer than the lock."""
    pipeline.run(str(loaded), cluster.url())
    sent = cluster.statements
    lock = sent.index("LOCK staging.lock")
    assert sent[lock - 2 : lock] == ["begin transaction", "SET statement_timeout TO 60000"]
    selects = [text for text in sent[lock:] if text.startswith("SELECT")]
    assert selects[0].startswith("SELECT staging.forgotten.")
    assert selects[1].startswith("SELECT max(staging.loads.load_id)")


@pytest.mark.long
def test_events_after_2038_are_loaded(lake: Path, cluster: StandIn, duckdb_url: str) -> None:
    """One event with a wrong clock does not stop all loads: seconds may need more than 32 bits."""
    put(lake, "events", "a.json", *(event(ts=ts) for ts in (2147483647999, 4102444799123)))
    for url in (cluster.url(), duckdb_url):
        assert pipeline.run(str(lake), url).rows["songplays"] == 2
    assert star(cluster.url()) == star(duckdb_url)


@pytest.mark.long
def test_external_tables_are_not_asked_for(lake: Path, cluster: StandIn) -> None:
    """Whether a table exists is told by the catalog alone: external schemas take half a minute."""
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), cluster.url())
    assert [text for text in cluster.statements if "svv_external" in text] == []


def test_no_secret_is_in_a_statement_or_a_report(loaded: Path, cluster: StandIn) -> None:
    """Neither COPY nor a report nor an error has the password or a key in it."""
    cluster.set_password(SECRET)
    report = pipeline.run(str(loaded), cluster.url())
    shown = " ".join([str(report), str(report.to_dict()), *cluster.statements])
    assert SECRET not in shown
    assert "ACCESS_KEY" not in shown.upper()


#: FAULT_STRIDE=1 lets each statement fail, which takes minutes
STRIDE = int(os.environ.get("FAULT_STRIDE", "20"))
FAULTS = [
    ("fail", 41, 200),
    pytest.param("drop", 31, 200, marks=pytest.mark.long),
    pytest.param("fail", 1, STRIDE, marks=pytest.mark.long),
    pytest.param("drop", 11, STRIDE, marks=pytest.mark.long),
]
CONFLICTS = [
    "1023",
    pytest.param("1018", marks=pytest.mark.long),
    pytest.param("could not open relation with OID 1082", marks=pytest.mark.long),
    pytest.param("conflict with concurrent transaction", marks=pytest.mark.long),
]


def statements_of_a_load(lake: Path, cluster: StandIn) -> int:
    """How many statements a run over the loaded lake sends."""
    pipeline.run(str(lake), cluster.url())
    return len(cluster.statements)


@pytest.mark.parametrize("message", CONFLICTS)
def test_a_conflict_is_tried_again(loaded: Path, cluster: StandIn, message: str) -> None:
    """A serialisation error anywhere makes the whole transaction start anew."""
    cluster.faults.fail("INSERT INTO songplays", message=message)
    report = pipeline.run(str(loaded), cluster.url(), max_rejects="1")
    assert report.rows["songplays"] == 4


@pytest.mark.long
def test_an_error_of_s3_that_may_pass_is_tried_again(loaded: Path, cluster: StandIn) -> None:
    """Redshift Spectrum reads the parts, and reports what S3 answers."""
    detail = "code: 15001 context: HTTP response error code: 503 Message: SlowDown"
    cluster.faults.fail("^COPY", message="Spectrum Scan Error", detail=detail)
    assert pipeline.run(str(loaded), cluster.url()).rows["songplays"] == 4


@pytest.mark.parametrize(("fault", "first", "stride"), FAULTS)
def test_a_fault_at_any_statement_changes_nothing_in_the_end(
    loaded: Path, cluster: StandIn, duckdb_url: str, fault: str, first: int, stride: int
) -> None:
    """Statements in turn fail, or lose the connection, once: the result is the same."""
    pipeline.run(str(loaded), duckdb_url)
    right = star(duckdb_url)
    url = cluster.url()
    total = statements_of_a_load(loaded, cluster)
    for nth in range(min(first, stride), total + 1, stride):
        put(loaded, "events", "new.json", event(itemInSession=4), b"not json", b" " * nth)
        strike: Callable[..., None] = getattr(cluster.faults, fault)
        strike(nth=nth)
        try:
            pipeline.run(str(loaded), url)
        except SparkifyError as error:  # not while a load is under way: that is tried again
            assert error.exit_code in (1, 4)
            pipeline.run(str(loaded), url)
        cluster.faults.clear()
        assert star(url) == right


@pytest.mark.long
@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.long), "after"])
def test_a_lost_answer_to_commit_never_loads_twice(
    loaded: Path, cluster: StandIn, when: When
) -> None:
    """Whether COMMIT took effect is looked up in the books."""
    before = rows(cluster.url(), "SELECT count(*) FROM staging.loads")
    cluster.statements.clear()
    cluster.faults.drop("^commit", nth=1, when=when)
    report = pipeline.run(str(loaded), cluster.url())
    assert report.rows["songplays"] == 4
    assert report.load_id is not None
    assert rows(cluster.url(), "SELECT count(*) FROM staging.loads") == [(before[0][0] + 1,)]


@pytest.mark.long
def test_a_password_that_expires_is_fetched_anew(
    loaded: Path, cluster: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials are asked for at each connection, so that a retry has valid ones."""
    asked = []

    def current(url: sa.URL, session: object) -> Callable[[], dict[str, str]]:
        def give() -> dict[str, str]:
            asked.append(cluster.password)
            if len(asked) == 1:
                cluster.faults.fail("^COPY", message="1023")
            return {"user": cluster.user, "password": cluster.password}

        return give

    monkeypatch.setattr("sparkify.warehouses.redshift.connection.provider", current)
    url = sa.make_url(cluster.url()).set(password=None)
    pipeline.run(str(loaded), url.render_as_string(hide_password=False))
    assert len(asked) == 2


def test_a_copy_that_loads_a_row_fewer_publishes_nothing(loaded: Path, cluster: StandIn) -> None:
    """Rows are counted after COPY; if one is missing all is as before."""
    before = everything(cluster.url())
    cluster.faults.lose_row()
    with pytest.raises(SparkifyError, match="COPY loaded") as error:
        pipeline.run(str(loaded), cluster.url())
    assert error.value.exit_code == 1
    assert everything(cluster.url()) == before


@pytest.mark.long
def test_a_part_that_is_missing_publishes_nothing(
    loaded: Path, cluster: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest makes each part mandatory; without one COPY fails, and so does the run."""
    from sparkify.lake.s3 import Bucket as Place  # noqa: PLC0415

    put_object = Place.put

    def forgetful(self: Place, key: str, content: Any) -> int:
        return 1 if key.endswith(".parquet") else put_object(self, key, content)

    before = everything(cluster.url())
    monkeypatch.setattr(Place, "put", forgetful)
    with pytest.raises(TryAgain) as error:
        pipeline.run(str(loaded), cluster.url())
    assert error.value.exit_code == 4
    assert everything(cluster.url()) == before


def test_a_cluster_that_is_held_is_waited_for(loaded: Path, cluster: StandIn) -> None:
    """Another run's lock is waited for as long as was asked; readers and status do not wait."""
    url = cluster.url()
    with warehouses.connect(url, config.load()) as other, other.writing(0) as connection:
        other.lock(other.executor(connection), 1)
        with pytest.raises(WarehouseBusy):
            pipeline.run(str(loaded), url, lock_timeout=0.3)
        assert len(star(url)["songplays"]) == 2
        with warehouses.connect(url, config.load()) as reader:
            assert books.read_status(reader, config.load()).rows["songplays"] == 2
        assert analytics.ask("plays-by-weekday", url).rows
    assert pipeline.run(str(loaded), url).rows["songplays"] == 4


@pytest.mark.parametrize("query", ["ssl=false", "sslmode=disable", "sslmode=prefer", "ssl=maybe"])
def test_less_than_verified_tls_has_to_be_asked_for_in_words(cluster: StandIn, query: str) -> None:
    """A URL cannot switch verification off; only `tls=False` can, and says so."""
    with pytest.raises(UsageError, match="disables certificate verification"):
        pipeline.plan("s3://lake", f"{cluster.url()}?{query}")


@pytest.fixture
def refused(lake: Path, cluster: StandIn, caplog: pytest.LogCaptureFixture) -> Callable[[str], str]:
    """A function that runs on a URL; the run ends at once, without a retry, with one line."""

    def run(url: str) -> str:
        put(lake, "events", "a.json", event())
        with pytest.raises(SparkifyError) as error:
            pipeline.run(str(lake), url)
        assert error.value.exit_code == 1
        assert "trying again" not in caplog.text
        assert not cluster.statements
        assert "\n" not in str(error.value)
        return str(error.value)

    return run


@pytest.mark.parametrize("query", ["", "?ssl=true", "?sslmode=verify-full"])
def test_a_wrong_authority_is_refused(
    refused: Callable[[str], str], cluster: StandIn, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """A certificate that nobody vouches for ends the run, whatever the URL says."""
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "from an unknown authority" in refused(f"{cluster.url()}{query}")


def test_another_hosts_certificate_is_refused(
    refused: Callable[[str], str], cluster: StandIn
) -> None:
    """The certificate has to carry the name that was connected to, also an address."""
    assert "is for another host" in refused(cluster.url().replace("localhost", "127.0.0.1"))


CERTIFICATES: list[tuple[dict[str, Any], str]] = [
    ({"begin": -9, "end": -2}, "the certificate has expired"),
    ({"begin": 2, "end": 9}, "the certificate is not valid yet"),
    ({"name": "other.example"}, "the certificate is for another host"),
]


@pytest.mark.parametrize(("made", "told"), CERTIFICATES)
def test_what_is_wrong_with_a_certificate_is_told(
    refused: Callable[[str], str],
    cluster: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    made: dict[str, Any],
    told: str,
) -> None:
    """Each fault has its own sentence."""
    tls, ca = authority(tmp_path, **made)
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    cluster.set_certificate(tls)
    assert told in refused(cluster.url())


def test_an_unknown_host_is_told(refused: Callable[[str], str], cluster: StandIn) -> None:
    """A typing error in the endpoint does not get better by a retry."""
    assert "no host of this name" in refused(cluster.url().replace("localhost", "none.invalid"))


@pytest.mark.long
def test_a_server_in_the_clear_is_refused(lake: Path, s3: Bucket, cluster: StandIn) -> None:
    """A server without TLS is not talked to, unless asked for."""
    put(lake, "events", "a.json", event())
    with StandIn(s3_endpoint=s3.endpoint, iam_roles={config.load().iam_role or ""}) as plain:
        with pytest.raises(SparkifyError):
            pipeline.run(str(lake), plain.url())
        assert not plain.statements
        assert pipeline.run(str(lake), plain.url(), tls=False).rows["songplays"] == 1


def test_a_wrong_password_is_told(refused: Callable[[str], str], cluster: StandIn) -> None:
    """A refused login names the cluster and not the password."""
    told = refused(cluster.url(password=SECRET))
    assert "the login was refused" in told
    assert SECRET not in told


def test_expired_aws_credentials_are_told(
    refused: Callable[[str], str], cluster: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that has expired, or may not ask for a password, is told as such."""
    for code, told in [("ExpiredToken", "have expired"), ("AccessDenied", "access denied")]:
        answer = ClientError({"Error": {"Code": code, "Message": "no"}}, "GetSecretValue")

        def fail(*args: object, answer: ClientError = answer, **named: object) -> None:
            raise answer

        monkeypatch.setattr("botocore.client.BaseClient._make_api_call", fail)
        assert told in refused(f"redshift://{cluster.user}@localhost:{cluster.port}/dev?secret=s")


SPECTRUM = "Spectrum Scan Error"
ANSWERS = [
    ("XX000", "1023", TryAgain),
    ("XX000", "ERROR: 1023 DETAIL: Serializable isolation violation on table", TryAgain),
    ("XX000", "1023 rows are too many", SparkifyError),
    ("22001", "value too long: 21023", SparkifyError),
    ("XX000", "could not open relation with OID 108263", TryAgain),
    ("40001", "could not serialize access", TryAgain),
    ("40P01", "deadlock detected", TryAgain),
    ("42P01", 'relation "deadlock" does not exist', SparkifyError),
    ("57P01", "terminating connection due to administrator command", TryAgain),
    ("53300", "connection limit exceeded", TryAgain),
    ("57014", "Query (7) cancelled on system's request", SparkifyError),
    ("XX000", f"{SPECTRUM} (code: 15001, HTTP response error code: 503 SlowDown)", TryAgain),
    ("XX000", f"{SPECTRUM} (S3 Query Exception (Fetch). Retries exceeded)", TryAgain),
    ("XX000", f"{SPECTRUM} (HTTP response error code: 403 Message: Forbidden)", SparkifyError),
    ("XX000", f"{SPECTRUM} (file has an incompatible Parquet schema)", SparkifyError),
    ("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied", SparkifyError),
    ("XX000", "S3ServiceException:x,Status 301,Error PermanentRedirect", SparkifyError),
    ("XX000", "S3ServiceException:x,Status 500,Error InternalError", TryAgain),
    ("28000", 'password authentication failed for user "a"', SparkifyError),
    ("08006", "connection failure", TryAgain),
]


@pytest.mark.parametrize(("code", "message", "kind"), ANSWERS)
def test_what_may_pass_is_told_by_codes(code: str, message: str, kind: type[Exception]) -> None:
    """A retry follows the code of an error, or words at their place, and no number anywhere."""
    error = ProgrammingError({"C": code, "M": message})
    assert type(translate("r://h", error, waiting=False)) is kind


def test_redshift_needs_a_staging_prefix(
    lake: Path, cluster: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a place for its parts a load cannot start, and says what to give."""
    put(lake, "events", "a.json", event())
    monkeypatch.delenv("SPARKIFY_STAGING")
    with pytest.raises(UsageError, match="--staging"):
        pipeline.run(str(lake), cluster.url())


@pytest.mark.parametrize(
    ("url", "works"),
    [
        ("r://u:p@h/d", True),
        ("r://u@h/d", False),
        ("r://u@c.abc.us-west-2.redshift.amazonaws.com/d", True),
        ("r://w.123456789012.us-west-2.redshift-serverless.amazonaws.com/d", True),
        ("r://h/d?secret=arn:aws:secretsmanager:us-west-2:123456789012:secret:x", True),
    ],
)
def test_a_url_says_where_credentials_come_from(url: str, works: bool) -> None:
    """A password, a secret, or the cluster's own endpoint for IAM; else the error says which."""
    if works:
        assert callable(provider(sa.make_url(url), lambda: pytest.fail("asked too early")))
    else:
        with pytest.raises(UsageError, match="secret"):
            provider(sa.make_url(url), lambda: pytest.fail("asked too early"))


def test_the_drivers_own_context_is_verified() -> None:
    """The test's premise: the driver takes its authorities from OpenSSL's defaults."""
    assert ssl.get_default_verify_paths().openssl_cafile_env == "SSL_CERT_FILE"
