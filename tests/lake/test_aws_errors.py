"""How the errors of AWS become ours: the kind decides the exit code, the text says what to do."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from botocore import exceptions
from obstore import exceptions as store_exceptions

from sparkify.config import load
from sparkify.errors import SparkifyError, TryAgain, UsageError
from sparkify.lake import aws
from sparkify.lake.aws_errors import TABLE, ResourceNotFound, translate
from sparkify.lake.objects import LakeObject
from sparkify.lake.s3 import Bucket
from sparkify.warehouses.redshift.credentials import provider
from tests.conftest import use_s3

EXPIRED = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z"


def answered(code: str, message: str = "m", status: int = 400) -> exceptions.ClientError:
    """An error that AWS answered."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return exceptions.ClientError(response, "Operation")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (answered("AccessDenied", status=403), SparkifyError, "the permission s3:GetObject"),
        (answered("AccessDenied", "not authorized to perform: kms:Decrypt on x"),
         SparkifyError, "the permission kms:Decrypt"),
        (answered("UnauthorizedOperation"), SparkifyError, "access denied"),
        (answered("DependentServiceAccessDeniedFault"), SparkifyError, "access denied"),
        (answered("AllAccessDisabled", status=403), SparkifyError, "access denied"),
        (answered("403", "Forbidden", 403), SparkifyError, "access denied"),
        (answered("401", "", 401), SparkifyError, "access denied"),
        (answered("ExpiredToken"), SparkifyError, "have expired"),
        (answered("ExpiredTokenException"), SparkifyError, "have expired"),
        (answered("InvalidClientTokenId"), SparkifyError, "rejected the credentials"),
        (answered("InvalidAccessKeyId", status=403), SparkifyError, "rejected the credentials"),
        (answered("SignatureDoesNotMatch", status=403), SparkifyError, "rejected"),
        (answered("SignatureDoesNotMatch", EXPIRED, 403), SparkifyError, "set the clock"),
        (answered("InvalidSignatureException", EXPIRED), SparkifyError, "set the clock"),
        (answered("RequestTimeTooSkewed", status=403), SparkifyError, "set the clock"),
        (answered("PermanentRedirect", status=301), SparkifyError, "REGION"),
        (answered("301", "Moved Permanently", 301), SparkifyError, "REGION"),
        (answered("AuthorizationHeaderMalformed", "expecting 'eu-west-1'"), SparkifyError,
         "expecting 'eu-west-1'"),
        (answered("IllegalLocationConstraintException"), SparkifyError, "REGION"),
        (answered("InvalidObjectState", status=403), SparkifyError, "restore"),
        (answered("KMS.DisabledException"), SparkifyError, "KMS key"),
        (answered("KMS.NotFoundException"), SparkifyError, "KMS key"),
        (answered("KMS.ThrottlingException"), TryAgain, "busy"),
        (answered("Throttling"), TryAgain, "busy"),
        (answered("RequestLimitExceeded"), TryAgain, "busy"),
        (answered("SlowDown", status=503), TryAgain, "busy"),
        (answered("InsufficientClusterCapacity"), TryAgain, "out of capacity"),
        (answered("OperationAborted", status=409), TryAgain, "another change"),
        (answered("InternalError", status=500), TryAgain, "try again"),
        (answered("503", "", 503), TryAgain, "try again"),
        (answered("Whatever", status=500), TryAgain, "try again"),
        (answered("NotImplemented", status=501), SparkifyError, "answered NotImplemented: m"),
        (answered("404", "Not Found", 404), UsageError, "not found"),
        (answered("NoSuchBucket", status=404), UsageError, "not found"),
        (answered("NoSuchKey", status=404), TryAgain, "changed or was deleted"),
        (answered("PreconditionFailed", status=412), TryAgain, "changed or was deleted"),
        (answered("NoSuchEntity", status=404), ResourceNotFound, "not found"),
        (answered("ClusterNotFound", status=404), ResourceNotFound, "not found"),
        (answered("InvalidGroup.NotFound"), ResourceNotFound, "not found"),
        (answered("ResourceNotFoundException"), ResourceNotFound, "not found"),
        (answered("LimitExceeded", "roles"), SparkifyError, "a quota is used up"),
        (answered("NumberOfNodesQuotaExceeded"), SparkifyError, "a quota is used up"),
        (answered("EntityAlreadyExists", "it exists"), SparkifyError, "it exists"),
        (exceptions.NoCredentialsError(), SparkifyError, "AWS_PROFILE"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="B"), SparkifyError,
         "together"),
        (exceptions.UnauthorizedSSOTokenError(), SparkifyError, "aws sso login"),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="x"), SparkifyError, "aws sso"),
        (exceptions.CredentialRetrievalError(provider="x", error_msg="y"), SparkifyError,
         "profile"),
        (exceptions.ProfileNotFound(profile="lost"), SparkifyError, "lost"),
        (exceptions.ConfigParseError(path="/x", error="y"), SparkifyError, "/x"),
        (exceptions.NoRegionError(), UsageError, "REGION"),
        (exceptions.ParamValidationError(report="bad"), UsageError, "bad"),
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), TryAgain, "reached"),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), TryAgain, "reached"),
        (exceptions.ConnectionClosedError(endpoint_url="http://x"), TryAgain, "reached"),
        (exceptions.SSLError(endpoint_url="https://x", error=OSError("EOF")), TryAgain, "reached"),
        (exceptions.SSLError(endpoint_url="https://x",
                             error=OSError("[SSL: CERTIFICATE_VERIFY_FAILED]")),
         SparkifyError, "AWS_CA_BUNDLE"),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), TryAgain, "reached"),
        (exceptions.DataNotFoundError(data_path="x"), SparkifyError, "x"),
        (ValueError("Invalid endpoint: localhost:9000"), UsageError, "http://"),
        (store_exceptions.GenericError("Generic S3 error: connection reset\n\nDebug source:\nx"),
         TryAgain, "connection reset"),
    ],
)  # fmt: skip
def test_each_error_has_a_kind_and_says_what_to_do(
    error: Exception, kind: type[SparkifyError], said: str
) -> None:
    """Each error becomes exactly its kind, in one line that names the subject."""
    ours = translate(error, "s3://b/k", "s3:GetObject")
    assert type(ours) is kind
    assert said in str(ours)
    assert str(ours).startswith("s3://b/k: ")
    assert "\n" not in str(ours)


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), TryAgain("x")])
def test_other_errors_are_left_alone(error: Exception) -> None:
    """A bug is not translated, and neither is an error of ours."""
    assert translate(error, "x", "y") is None


def test_the_table_names_only_exceptions_that_exist() -> None:
    """A class that neither boto3 nor obstore nor Python has would be a typing error."""
    known = {*vars(exceptions), *vars(store_exceptions), "OSError", "FileNotFoundError"}
    words = {
        word for pattern, *_ in TABLE for word in re.findall(r"(?<![\w*)])\w+Error\b", pattern)
    }
    codes = {"AuthorizationError", "ValueError", "ResponseParserError"}  # the last: of its parsers
    assert {
        word for word in words - known - codes if not word.startswith(("w", "Checksum"))
    } == set()


def test_secrets_are_masked() -> None:
    """What botocore quotes passes through the mask."""
    error = exceptions.ParamValidationError(report="bad s3cr3t")
    assert "bad ***" in str(translate(error, "x", "y", lambda text: text.replace("s3cr3t", "***")))


STATUS = {"NoSuchKey": 404, "NoSuchBucket": 404, "PreconditionFailed": 412, "SlowDown": 503}


class Answering(BaseHTTPRequestHandler):
    """An S3 that answers a request for a key with the error of that name."""

    def do_HEAD(self) -> None:
        """The bucket exists."""
        self.answer(200, b"")

    def do_GET(self) -> None:
        """The error of the key's name."""
        code = self.path.partition("?")[0].rpartition("/")[2]
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        self.answer(STATUS.get(code, 403), body)

    def answer(self, status: int, body: bytes) -> None:
        """Send an answer."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(status)
        self.send_header("x-amz-bucket-region", "us-west-2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket of that S3."""
    monkeypatch.setattr("sparkify.lake.access.RETRIES", 0)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        use_s3(monkeypatch, f"http://127.0.0.1:{server.server_port}")
        yield Bucket("s3://music", boto3.Session())
        server.shutdown()
        thread.join()


@pytest.mark.long
@pytest.mark.parametrize(
    ("key", "kind", "said"),
    [
        ("AccessDenied", SparkifyError, "the permission s3:GetObject"),
        ("ExpiredToken", SparkifyError, "have expired"),
        ("InvalidObjectState", SparkifyError, "restore"),
        ("KMS.DisabledException", SparkifyError, "KMS key"),
        ("RequestTimeTooSkewed", SparkifyError, "clock"),
        ("NoSuchKey", TryAgain, "changed or was deleted"),
        ("NoSuchBucket", UsageError, "bucket"),
        ("PreconditionFailed", TryAgain, "changed or was deleted"),
        ("SlowDown", TryAgain, "busy"),
    ],
)
def test_obstore_and_boto3_agree(
    bucket: Bucket, key: str, kind: type[SparkifyError], said: str
) -> None:
    """An object has the same error whichever client reads it: boto3 reads keys with `//`."""
    for name in (key, f"a//{key}"):
        with pytest.raises(SparkifyError, match=said) as raised:
            bucket.read(LakeObject(f"s3://music/{name}", "events", "etag", 1, name))
        assert type(raised.value) is kind
        assert str(raised.value).startswith(f"s3://music/{name}: ")


@pytest.mark.parametrize(
    ("text", "profile", "said"),
    [
        ("[default]\nregion=us-west-2\n", "lost", "lost.*AWS_PROFILE"),
        ("region=us-west-2\n", "default", "configuration file"),
    ],
)
def test_a_broken_configuration_of_aws_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, profile: str, said: str
) -> None:
    """An unknown profile or an invalid file stops at the session, with exit 1."""
    (tmp_path / "config").write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", profile)
    with pytest.raises(SparkifyError, match=said) as raised:
        aws.session(load({}, {}))
    assert raised.value.exit_code == 1


def test_an_endpoint_without_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_ENDPOINT_URL without http:// is a usage error, for S3 and for credentials."""
    use_s3(monkeypatch, "localhost:9000")
    with pytest.raises(UsageError, match=r"s3://music: .*AWS_ENDPOINT_URL"):
        Bucket("s3://music", boto3.Session()).exists()
    fetch = provider(sa.make_url("r://h/d?secret=x"), boto3.Session)
    with pytest.raises(UsageError, match=r"secretsmanager:GetSecretValue: .*AWS_ENDPOINT_URL"):
        fetch()


@pytest.mark.parametrize(
    ("host", "call"),
    [
        ("dwh.abc.us-west-2.redshift.amazonaws.com", "redshift:GetClusterCredentials"),
        (
            "work.1.us-west-2.redshift-serverless.amazonaws.com",
            "redshift-serverless:GetCredentials",
        ),
    ],
)
def test_iam_is_asked_as_the_endpoint_says(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, host: str, call: str
) -> None:
    """The endpoint decides which call fetches temporary credentials; its error names the call."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(Answering, "do_POST", Answering.do_GET, raising=False)
    with pytest.raises(SparkifyError, match=f"{call}: access denied"):
        provider(sa.make_url(f"r://u@{host}/d"), boto3.Session)()
