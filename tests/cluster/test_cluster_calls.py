"""How the errors of AWS read, and that a call's secrets are never shown."""

from pathlib import Path

import boto3
import pytest
from botocore import exceptions

from sparkify.cluster import configfile
from sparkify.cluster.calls import Calls, action, text_of
from sparkify.cluster.refusals import refused, translate
from sparkify.errors import SparkifyError, TryAgain, UsageError
from sparkify.lake.s3 import Bucket
from tests.cluster.conftest import PASSWORD, Aws, Session


@pytest.mark.parametrize(
    ("code", "message", "kind", "said"),
    [
        ("AccessDenied", "", SparkifyError, "iam:CreateRole is not permitted"),
        (
            "AccessDenied",
            "User: arn:aws:iam::1:user/a is not authorized to perform: iam:TagRole on resource",
            SparkifyError,
            "iam:TagRole is not permitted",
        ),
        ("UnauthorizedOperation", "", SparkifyError, "ask for it"),
        ("ExpiredToken", "", SparkifyError, "sign in again"),
        ("InvalidClientTokenId", "", SparkifyError, "sign in again"),
        ("Throttling", "", TryAgain, "busy"),
        ("RequestLimitExceeded", "", TryAgain, "busy"),
        ("InsufficientClusterCapacity", "", TryAgain, "no room"),
        ("503", "", TryAgain, "busy"),
        ("LimitExceeded", "too many roles", SparkifyError, "a quota is used up"),
        ("NumberOfNodesQuotaExceeded", "", SparkifyError, "a quota is used up"),
        ("EntityAlreadyExists", "it is there", SparkifyError, "it is there"),
    ],
)
def test_what_aws_refuses(code: str, message: str, kind: type[SparkifyError], said: str) -> None:
    """Each refusal is an error with its exit code, which names the permission or the way out."""
    error = refused("iam:CreateRole", code, message)
    assert isinstance(error, kind)
    assert isinstance(error, TryAgain) == (kind is TryAgain)
    assert said in str(error)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (exceptions.NoCredentialsError(), SparkifyError, "AWS_PROFILE"),
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), TryAgain, "reached"),
        (exceptions.ParamValidationError(report=f"bad {PASSWORD}"), UsageError, "bad ***"),
        (exceptions.UnauthorizedSSOTokenError(), SparkifyError, "aws sso login"),
    ],
)
def test_what_never_reached_aws(error: Exception, kind: type[SparkifyError], said: str) -> None:
    """A call that could not be made is an error that says why, without the secrets in it."""
    calls = Calls(boto3.Session(region_name="us-west-2"))
    calls.hidden.add(PASSWORD)
    translated = translate("iam:CreateRole", error, calls.hide)
    assert type(translated) is kind
    assert said in str(translated)


def test_a_region_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a region every call is a usage error that says where to set one."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="REGION"):
        Calls(boto3.Session()).look("iam", "get_role", RoleName="a")


def test_calls_are_named_as_iam_names_them() -> None:
    """A call's name is the name of the permission that it takes."""
    assert (
        action("redshift-serverless", "create_namespace") == "redshift-serverless:CreateNamespace"
    )


def test_a_printed_call_hides_its_secrets() -> None:
    """A dry run shows a call's parameters, but not the passwords among them."""
    names = ("MasterUserPassword", "adminUserPassword", "SecretString")
    shown = text_of("redshift", "create_cluster", {**dict.fromkeys(names, PASSWORD), "Port": 1})
    assert PASSWORD not in shown
    assert shown.count("***") == 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[CLUSTER]\nHOST=new\n"),
        ("[A]\nx=1", "[A]\nx=1\n\n[CLUSTER]\nHOST=new\n"),
        ("[CLUSTER]\nHOST=\nB=1\n", "[CLUSTER]\nHOST=new\nB=1\n"),
        ("[cluster]\n\n[A]\nHOST=1\n", "[cluster]\nHOST=new\n\n[A]\nHOST=1\n"),
        ("[CLUSTER]\nhost : old\n# HOST=2\n", "[CLUSTER]\nhost=new\n# HOST=2\n"),
    ],
)
def test_a_value_is_put_into_a_file(before: str, after: str) -> None:
    """A value takes its key's line, or the end of its section; every other line stays."""
    assert configfile.edited(before, {("CLUSTER", "HOST"): "new"}) == after


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A file in a folder that is not there is an error that names it."""
    with pytest.raises(SparkifyError, match="cannot be written"):
        configfile.write(tmp_path / "none" / "dwh.cfg", {("CLUSTER", "HOST"): "new"})


def test_the_mode_of_a_file_stays(tmp_path: Path) -> None:
    """A file that only its owner may read stays so."""
    file = tmp_path / "dwh.cfg"
    file.write_text("[AWS]\nSECRET=x\n")
    file.chmod(0o600)
    configfile.write(file, {("CLUSTER", "HOST"): "new"})
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_may_list_some_prefixes_alone_is_told_the_region(
    aws: Aws, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket that refuses HEAD, is there all the same, in the region it names."""
    meta = {"HTTPStatusCode": 403, "HTTPHeaders": {"x-amz-bucket-region": "eu-west-1"}}
    refusal = {"Error": {"Code": "403", "Message": "Forbidden"}, "ResponseMetadata": meta}

    def head_bucket(**named: str) -> None:
        raise exceptions.ClientError(refusal, "HeadBucket")  # type: ignore[arg-type]

    bucket = Bucket("s3://lake/a", session)
    monkeypatch.setattr(bucket.client, "head_bucket", head_bucket)
    assert bucket.region == "eu-west-1"
    meta["HTTPHeaders"] = {}
    with pytest.raises(SparkifyError, match="access denied"):
        _ = Bucket("s3://lake/a", session).region
