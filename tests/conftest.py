"""What all tests share."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

from sparkify import masking, pipeline, warehouses
from sparkify.models import schema
from tests.redshift_standin import TLS, StandIn
from tests.redshift_standin.authority import authority as make_authority
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.context import Form
from tests.redshift_standin.fixtures import (
    REGION,
    ROLE,
    add_filters,
    add_options,
    collect_lost_sockets,
    form,
    s3,
    s3_server,
)
from tests.support import driver, secrets
from tests.support.analysts import loaded, real, simulated, url

__all__ = ["collect_lost_sockets", "form", "loaded", "real", "s3", "s3_server", "simulated", "url"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options for the tests of a real cluster, for the long ones, and for golden files."""
    add_options(parser)
    parser.addoption("--long", action="store_true", help="run what is marked as long, alone")
    text = "write what is found into the golden files instead of comparing it"
    parser.addoption("--update-golden", action="store_true", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Forgive what is the driver's, and let it be quick; let no test show a secret."""
    add_filters(config)
    driver.hasten()
    if config.getoption("--long"):
        config.option.markexpr = "long"
    config.pluginmanager.register(secrets)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of random examples, which take longest, so that none is the last."""
    items.sort(key=lambda item: not getattr(getattr(item, "obj", None), "is_hypothesis_test", 0))


# the machines that run this are slow and noisy: no deadline, and the same examples every time
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("suite")

SAMPLE = Path(__file__).parents[2] / "shared"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test in an empty folder of its own, with no settings and no AWS account around it.

    What it sets itself is gone after it.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(masking, "KNOWN", {})
    for name in list(os.environ):
        if name.startswith(("SPARKIFY_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=hasty))
    with patch.dict(os.environ):
        yield


def hasty(seconds: float) -> None:
    """Wait between two attempts of a run, for less long than people do."""
    time.sleep(seconds / 20)


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A folder to make a lake in."""
    return tmp_path / "lake"


@pytest.fixture(params=["duckdb", "redshift"])
def warehouse(request: pytest.FixtureRequest) -> str:
    """The URL of a warehouse with its schema and no rows, of each kind in turn."""
    if request.param == "duckdb":
        return str(request.getfixturevalue("duckdb_url"))
    found: StandIn = request.getfixturevalue("cluster")
    return found.url()


@pytest.fixture(params=["duckdb", "redshift"])
def new_warehouse(request: pytest.FixtureRequest) -> str:
    """The URL of a warehouse without a schema, of each kind in turn."""
    if request.param == "duckdb":
        return str(request.getfixturevalue("new_url"))
    found: StandIn = request.getfixturevalue("new_cluster")
    return found.url()


@pytest.fixture
def new_url(tmp_path: Path) -> str:
    """The URL of a DuckDB file that is not there yet."""
    return f"duckdb:///{tmp_path}/warehouse.duckdb"


@pytest.fixture
def duckdb_url(new_url: str, empty: Path) -> str:
    """The URL of a DuckDB file with its schema and no rows."""
    shutil.copy(empty, new_url.removeprefix("duckdb:///"))
    return new_url


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with its schema and no rows, to be copied: to make it takes half of a run."""
    made = tmp_path_factory.mktemp("empty") / "empty.duckdb"
    with warehouses.connect(f"duckdb:///{made}") as warehouse, warehouse.writing(0) as connection:
        schema.upgrade(connection)
    return made


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[TLS, Path]:
    """A certificate for the stand-in, and the file of the authority that vouches for it."""
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def cluster_server(s3_server: Bucket, authority: tuple[TLS, Path], form: Form) -> Iterator[StandIn]:
    """A stand-in of this process's own that speaks TLS alone."""
    with StandIn(
        s3_endpoint=s3_server.endpoint,
        iam_roles={ROLE},
        region=REGION,
        tls=authority[0],
        form=form,
    ) as running:
        yield running


@pytest.fixture
def new_cluster(
    cluster_server: StandIn,
    authority: tuple[TLS, Path],
    s3: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    collect_lost_sockets: None,
) -> Iterator[StandIn]:
    """An empty cluster, with settings that say where parts go; its certificate is verified."""
    cluster_server.reset()
    use_parts(monkeypatch, s3)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    yield cluster_server
    assert secrets.shown(cluster_server.statements) == []
    assert cluster_server.elsewhere == []  # so what was sent is good for clusters of all forms


@pytest.fixture
def cluster(new_cluster: StandIn) -> StandIn:
    """A cluster with the schema and no rows, else as `new_cluster`."""
    if not new_cluster.kept:
        pipeline.upgrade(new_cluster.url())
        new_cluster.keep()
    new_cluster.restore()
    return new_cluster


def use_parts(monkeypatch: pytest.MonkeyPatch, s3: Bucket) -> None:
    """Settings that say where parts go, and with which role a cluster reads them."""
    use_s3(monkeypatch, str(s3.endpoint))
    monkeypatch.setenv("SPARKIFY_STAGING", s3.url("parts"))
    monkeypatch.setenv("SPARKIFY_IAM_ROLE", ROLE)


def use_s3(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Point boto3's own chain at an S3 endpoint of ours."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t-key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "s3cr3t-token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.fixture(scope="session")
def sample() -> Path:
    """The real data, where it is at hand."""
    if not (SAMPLE / "lake").is_dir():
        pytest.skip(f"the real sample is not at {SAMPLE}")
    return SAMPLE
