"""Every setting of AWS reaches both clients: boto3, which lists, and obstore, which fetches."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import trustme

from sparkify import config
from sparkify.errors import SparkifyError, UsageError
from sparkify.lake import aws
from sparkify.lake.access import Target
from sparkify.lake.locations import open_lake
from sparkify.lake.s3 import Bucket
from sparkify.lake.uris import split
from tests.lake.servers import FakeS3, serving

OBJECT = b'{"a": 1}\n'
BIG = OBJECT * 150_000
CLIENTS = ("boto3", "obstore")
ARN = "arn:aws:s3:us-west-2:123456789012:accesspoint/mine"


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with credentials, and nothing else of AWS's."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t-key")
    return monkeypatch


@pytest.fixture
def s3(environ: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    """An S3 with a small object, a large one, and one that only boto3 can ask for."""
    objects = {"log_data/a.json": OBJECT, "log_data/b.json": BIG, "log_data/c//d.json": OBJECT}
    with serving(objects) as running:
        yield running


def fetch(arguments: dict[str, str] | None = None, uri: str = "s3://music/log_data") -> int:
    """List and fetch as a run does: how many objects."""
    settings = config.load({"events": uri} | (arguments or {}))
    lake = open_lake(settings)
    return len(list(lake.fetch(lake.listing().objects)))


def headers(s3: FakeS3, client: str, name: str) -> set[str | None]:
    """What one client sent in a header."""
    return {request.headers[name] for request in s3.asked(client)}


def both(s3: FakeS3, name: str) -> list[set[str | None]]:
    """What each client sent in a header."""
    return [headers(s3, client, name) for client in CLIENTS]


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_the_endpoint_of_the_environment(
    s3: FakeS3, environ: pytest.MonkeyPatch, name: str
) -> None:
    """Both variables, the one for S3 first."""
    environ.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    environ.setenv(name, s3.url)
    assert fetch() == 3
    assert all(s3.asked(client) for client in CLIENTS)


def test_the_endpoint_of_a_profile(s3: FakeS3, environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile's services section, with its keys and its region."""
    environ.delenv("AWS_ACCESS_KEY_ID")
    environ.delenv("AWS_SECRET_ACCESS_KEY")
    (tmp_path / "config").write_text(
        "[profile music]\nservices = mine\nregion = eu-north-1\naws_access_key_id = other\n"
        "aws_secret_access_key = s3cr3t-key\naws_session_token = s3cr3t-token\n"
        f"[services mine]\ns3 =\n  endpoint_url = {s3.url}\n"
    )
    environ.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    environ.setenv("AWS_PROFILE", "music")
    assert fetch() == 3
    assert both(s3, "X-Amz-Security-Token") == [{"s3cr3t-token"}] * 2
    assert all("other/" in str(sent) for name in CLIENTS for sent in headers(s3, name, AUTH))


AUTH = "Authorization"


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_signs(s3: FakeS3, environ: pytest.MonkeyPatch, name: str) -> None:
    """The first request is signed for the configured region, objects for the bucket's own."""
    environ.setenv("AWS_ENDPOINT_URL", s3.url)
    environ.setenv(name, "eu-north-1")
    assert fetch() == 3
    assert "/eu-north-1/s3/" in str(s3.requests[0].headers[AUTH])
    assert all("/us-west-2/s3/" in str(sent) for sent in headers(s3, "obstore", AUTH))


def test_a_session_token(s3: FakeS3, environ: pytest.MonkeyPatch) -> None:
    """Temporary credentials of the environment."""
    environ.setenv("AWS_ENDPOINT_URL", s3.url)
    environ.setenv("AWS_SESSION_TOKEN", "s3cr3t-token")
    assert fetch() == 3
    assert both(s3, "X-Amz-Security-Token") == [{"s3cr3t-token"}] * 2


def test_a_public_bucket(s3: FakeS3, environ: pytest.MonkeyPatch) -> None:
    """Without credentials no request is signed, whatever obstore finds in the environment."""
    environ.setenv("AWS_ENDPOINT_URL", s3.url)
    environ.delenv("AWS_ACCESS_KEY_ID")
    environ.delenv("AWS_SECRET_ACCESS_KEY")
    assert fetch() == 3
    assert both(s3, AUTH) == [{None}] * 2


def test_obstore_does_as_boto3_whatever_else_is_set(
    s3: FakeS3, environ: pytest.MonkeyPatch
) -> None:
    """obstore's own variables, which boto3 does not know, change nothing."""
    environ.setenv("AWS_ENDPOINT_URL", s3.url)
    environ.setenv("AWS_SKIP_SIGNATURE", "true")
    environ.setenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "false")
    environ.setenv("AWS_BUCKET", "other")
    environ.setenv("AWS_PROXY_URL", "http://127.0.0.1:1")
    environ.setenv("ALL_PROXY", "http://127.0.0.1:1")
    environ.setenv("NO_PROXY", "127.0.0.1")
    assert fetch() == 3
    assert None not in headers(s3, "obstore", AUTH)
    assert {request.path.split("/")[1] for request in s3.requests} == {"music"}


def test_the_requester_pays(s3: FakeS3, environ: pytest.MonkeyPatch) -> None:
    """AWS_REQUEST_PAYER=requester is sent and signed by both."""
    environ.setenv("AWS_ENDPOINT_URL", s3.url)
    environ.setenv("AWS_REQUEST_PAYER", "requester")
    assert fetch() == 3
    assert both(s3, "x-amz-request-payer") == [{"requester"}] * 2
    assert all("x-amz-request-payer" in str(s) for c in CLIENTS for s in headers(s3, c, AUTH))


def test_a_proxy(s3: FakeS3, environ: pytest.MonkeyPatch) -> None:
    """Behind a proxy everything goes through it, by boto3."""
    environ.setenv("AWS_ENDPOINT_URL", "http://s3.example.com")
    environ.setenv("HTTP_PROXY", s3.url)
    assert fetch() == 3
    assert {request.headers["Host"] for request in s3.requests} == {"s3.example.com"}
    assert s3.asked("obstore") == []


@pytest.fixture
def tls(environ: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeS3]:
    """An S3 whose certificate comes from an authority of its own, `ca.pem`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    objects = {"log_data/a.json": OBJECT, "log_data/b.json": BIG}
    with serving(objects, (tmp_path / "cert.pem", tmp_path / "key.pem")) as running:
        environ.setenv("AWS_ENDPOINT_URL", running.url)
        yield running


@pytest.mark.parametrize("how", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "profile"])
def test_an_authority_of_ones_own(
    tls: FakeS3, environ: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """A bundle of certificates counts for both clients, wherever it is named."""
    bundle = str(tmp_path / "ca.pem")
    if how == "profile":
        (tmp_path / "config").write_text(f"[default]\nca_bundle = {bundle}\n")
        environ.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    else:
        environ.setenv(how, bundle)
    assert fetch() == 2
    assert all(tls.asked(client) for client in CLIENTS)


@pytest.mark.parametrize(
    ("bundle", "said"),
    [("", "not trusted; check AWS_CA_BUNDLE"), ("no.pem", r"not a file: no.pem")],
)
def test_an_unknown_authority(
    tls: FakeS3, environ: pytest.MonkeyPatch, bundle: str, said: str
) -> None:
    """A certificate that nothing vouches for, or a bundle that is not there, is one line."""
    if bundle:
        environ.setenv("AWS_CA_BUNDLE", bundle)
    with pytest.raises(SparkifyError, match=said):
        fetch()


def test_a_redirect_carries_no_credentials(s3: FakeS3, environ: pytest.MonkeyPatch) -> None:
    """Neither client follows a redirect to another host."""
    environ.setenv("AWS_SESSION_TOKEN", "s3cr3t-token")
    environ.setattr("sparkify.lake.access.RETRIES", 1)
    with serving(s3.objects) as other:
        environ.setenv("AWS_ENDPOINT_URL", s3.url)
        away = other.url.replace("127.0.0.1", "localhost")

        def spoil(request, answer):  # type: ignore[no-untyped-def]
            if request.key.endswith("json"):
                answer.status, answer.body = 307, b""
                answer.headers["Location"] = f"{away}{request.path}"
            return answer

        s3.spoil = spoil
        for key in ("a.json", "b.json", "c//d.json"):
            with pytest.raises(SparkifyError, match=rf"{key}: ") as raised:
                fetch(uri=f"s3://music/log_data/{key}")
            assert ("another host" in str(raised.value)) == ("//" not in key)
        assert other.requests == []


@pytest.mark.parametrize(
    ("bucket", "environment", "url", "region"),
    [
        ("music", {}, "https://music.s3.eu-north-1.amazonaws.com", "eu-north-1"),
        ("my_music", {}, "https://s3.eu-north-1.amazonaws.com/my_music", "eu-north-1"),
        ("my.music", {}, "https://s3.eu-north-1.amazonaws.com/my.music", "eu-north-1"),
        ("music", {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
         "https://music.s3.dualstack.eu-north-1.amazonaws.com", "eu-north-1"),
        ("music", {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_DEFAULT_REGION": "us-west-2"},
         "https://music.s3-fips.us-west-2.amazonaws.com", "us-west-2"),
        ("music", {"AWS_ENDPOINT_URL": "https://bucket.vpce-1.s3.eu-north-1.vpce.amazonaws.com"},
         "https://bucket.vpce-1.s3.eu-north-1.vpce.amazonaws.com/music", "eu-north-1"),
        ("music", {"AWS_DEFAULT_REGION": "cn-north-1"},
         "https://music.s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        (ARN, {}, "https://mine-123456789012.s3-accesspoint.us-west-2.amazonaws.com", "us-west-2"),
    ],
)  # fmt: skip
def test_obstore_goes_where_boto3_goes(
    environ: pytest.MonkeyPatch, bucket: str, environment: dict[str, str], url: str, region: str
) -> None:
    """Addressing, dual-stack, FIPS and VPC endpoints, access points: as botocore resolves them."""
    environ.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    for name, value in environment.items():
        environ.setenv(name, value)
    location = Bucket(f"s3://{bucket}/log_data", aws.session(config.load({})))

    def answer(**_: object) -> object:
        raise Sent

    location.client.meta.events.register("before-send.s3", answer)
    with pytest.raises(Sent):
        _ = location.target
    assert location.seen == [Target(url, region, "s3")]


class Sent(Exception):
    """A request was about to be sent."""


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("s3://music/log_data/", ("music", "log_data")),
        ("s3a://music/log_data", ("music", "log_data")),
        ("S3N://music", ("music", "")),
        (f"s3://{ARN}/log_data/2018", (ARN, "log_data/2018")),
        ("s3://my_music/a//b", ("my_music", "a//b")),
    ],
)
def test_a_location_is_a_bucket_and_a_prefix(uri: str, found: tuple[str, str]) -> None:
    """Hadoop's schemes, access points, underscores."""
    assert split(uri) == found


@pytest.mark.parametrize("name", ["b", "Music", "mus!c", "x" * 64, "-music", "", "mü"])
def test_a_name_that_no_bucket_has(name: str) -> None:
    """The message names it, and says what a name looks like."""
    with pytest.raises(UsageError, match=f'"{name}" is not a valid bucket name .3 to 63 char'):
        Bucket(f"s3://{name}/log_data", boto3.Session())


@pytest.mark.parametrize("scheme", ["s3", "s3a", "s3n", "S3A"])
@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("log_data/2018-1", ["log_data/2018-10/a.json", "log_data/2018-11/a.json"]),
        ("log_data/2018-1/", []),
        ("log_data/2018-10", ["log_data/2018-10/a.json"]),
        ("log_data/2018-11/a", ["log_data/2018-11/a.json"]),
        ("log_data/one.json", ["log_data/one.json"]),
        ("log", ["log_data/2018-10/a.json", "log_data/2018-11/a.json",
                 "log_data/one.json", "log_data/one.json.gz"]),
    ],
)  # fmt: skip
def test_a_prefix_need_not_be_a_folder(
    s3: FakeS3, environ: pytest.MonkeyPatch, scheme: str, prefix: str, keys: list[str]
) -> None:
    """What is below the folder of that name; else a key; else all keys that start so."""
    names = ("2018-10/a.json", "2018-11/a.json", "2018-11/.b.json", "one.json", "one.json.gz")
    s3.objects = {f"log_data/{name}": OBJECT for name in names}
    environ.setenv("AWS_ENDPOINT_URL", s3.url)
    lake = open_lake(config.load({"events": f"{scheme}://music/{prefix}"}))
    if not keys:
        with pytest.raises(SparkifyError, match=f"empty.*s3://music/{prefix[:-1]}"):
            lake.listing()
        return
    assert [item.uri for item in lake.listing().objects] == [f"s3://music/{key}" for key in keys]
