"""How calls are made and printed, and how values are written into dwh.cfg."""

from pathlib import Path

import boto3
import pytest

from sparkify.cluster import configfile
from sparkify.cluster.calls import Calls, call_text, iam_action
from sparkify.errors import SparkifyError, UsageError
from sparkify.masking import remember
from tests.cluster.conftest import PASSWORD


def test_an_error_hides_the_secrets_of_a_call() -> None:
    """botocore quotes invalid parameters; the error shows them without the known secrets."""
    calls = Calls(boto3.Session(region_name="us-west-2"))
    remember(PASSWORD)
    with pytest.raises(UsageError, match=r"redshift:CreateCluster: .*\*\*\*") as raised:
        calls.send("redshift", "create_cluster", {"MasterUserPassword": [PASSWORD]})
    assert PASSWORD not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_region_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a region every call is a usage error that says where to set one."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="REGION"):
        Calls(boto3.Session()).query("iam", "get_role", RoleName="a")


def test_calls_are_named_as_iam_names_them() -> None:
    """A call's name is the name of the permission that it takes."""
    assert (
        iam_action("redshift-serverless", "create_namespace")
        == "redshift-serverless:CreateNamespace"
    )


def test_a_printed_call_hides_its_secrets() -> None:
    """A dry run shows a call's parameters, but not the passwords among them."""
    names = ("MasterUserPassword", "adminUserPassword", "SecretString")
    shown = call_text("redshift", "create_cluster", {**dict.fromkeys(names, PASSWORD), "Port": 1})
    assert PASSWORD not in shown
    assert shown.count("***") == 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[CLUSTER]\nHOST=new\n"),
        ("[A]\nx=1", "[A]\nx=1\n\n[CLUSTER]\nHOST=new\n"),
        ("[CLUSTER]\nHOST=\nB=1\n", "[CLUSTER]\nHOST=new\nB=1\n"),
        ("[cluster]\n\n[A]\nHOST=1\n", "[cluster]\nHOST=new\n\n[A]\nHOST=1\n"),
        ("[CLUSTER]\nhost : old\n# HOST=2\n", "[CLUSTER]\nhost:new\n# HOST=2\n"),
        ("[CLUSTER]\nhost=a\n  b\nB=1\n", "[CLUSTER]\nhost=new\nB=1\n"),
        ("[CLUSTER]\nB=%%\n\n# A's\n[A]\n", "[CLUSTER]\nB=%%\nHOST=new\n\n# A's\n[A]\n"),
        ("# top\n[CLUSTER]\n# none\n", "# top\n[CLUSTER]\nHOST=new\n# none\n"),
    ],
)
def test_a_value_is_put_into_a_file(before: str, after: str) -> None:
    """A value takes its key's line, or the end of its section; every other line stays."""
    assert configfile.updated(before, {("CLUSTER", "HOST"): "new"}) == after


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A file in a folder that does not exist is an error that names it."""
    with pytest.raises(SparkifyError, match="cannot be written"):
        configfile.update_file(tmp_path / "none" / "dwh.cfg", {("CLUSTER", "HOST"): "new"})


@pytest.mark.parametrize("text", ["SECRET=s3cr3t\n", "[A]\nx=1\nx=s3cr3t\n", "[A]\ns3cr3t\n"])
def test_a_file_that_is_not_valid_stays_as_it_is(tmp_path: Path, text: str) -> None:
    """A file that cannot be parsed is an error that quotes nothing of it."""
    file = tmp_path / "dwh.cfg"
    file.write_text(text)
    with pytest.raises(SparkifyError, match="not a valid configuration file") as raised:
        configfile.update_file(file, {("CLUSTER", "HOST"): "new"})
    assert "s3cr3t" not in str(raised.value)
    assert (file.read_text(), list(tmp_path.iterdir())) == (text, [file])


def test_the_mode_of_a_file_stays(tmp_path: Path) -> None:
    """A file that only its owner may read stays so."""
    file = tmp_path / "dwh.cfg"
    file.write_text("[AWS]\nSECRET=x\n")
    file.chmod(0o600)
    configfile.update_file(file, {("CLUSTER", "HOST"): "new"})
    assert file.stat().st_mode & 0o777 == 0o600
