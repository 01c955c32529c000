"""Settings: which place decides, and that secrets stay secret."""

from pathlib import Path

import pytest

from sparkify import config
from sparkify.errors import UsageError
from sparkify.masking import MASK, mask_url
from sparkify.settings import DEFAULT_WAREHOUSE
from sparkify.values import Threshold

SECRET = "s3cr3t-Pa%55/word"
CFG = f"""
[CLUSTER]
HOST='cluster.example.com'
DB_NAME="dwh"
DB_USER=awsuser
DB_PASSWORD={SECRET}
DB_PORT=5439

[IAM_ROLE]
ARN='arn:aws:iam::123456789012:role/dwh'

[S3]
LOG_DATA='s3://lake/log_data'
LOG_JSONPATH='s3://lake/log_json_path.json'
SONG_DATA='s3://lake/song_data'
REGION=us-west-2

[AWS]
KEY=AKIDEXAMPLE
SECRET={SECRET}

[ODD]
THING=1
"""


def test_an_argument_beats_the_environment_beats_the_file_beats_the_default() -> None:
    """Each setting says which place decided."""
    assert config.load({}, {}).origins["region"] == "default"
    Path("dwh.cfg").write_text(CFG)
    environ = {"SPARKIFY_REGION": "eu-west-1"}
    assert config.load({}, {}).region == "us-west-2"
    assert config.load({}, environ).region == "eu-west-1"
    assert config.load({"region": "eu-north-1"}, environ).region == "eu-north-1"
    origins = [config.load({}, around).origins["region"] for around in ({}, environ)]
    assert origins == ["dwh.cfg [S3] REGION", "environment SPARKIFY_REGION"]


def test_a_dwh_cfg_as_people_have_it_works() -> None:
    """Its cluster, role and places become settings; values may stand in quotes."""
    Path("dwh.cfg").write_text(CFG)
    found = config.load({}, {})
    url = "redshift+redshift_connector://awsuser:s3cr3t-Pa%2555%2Fword@cluster.example.com:5439/dwh"
    assert found.warehouse == url
    assert found.iam_role == "arn:aws:iam::123456789012:role/dwh"
    assert (found.songs, found.events) == ("s3://lake/song_data", "s3://lake/log_data")
    assert found.unknown == ("[ODD] THING",)


def test_no_host_means_no_cluster() -> None:
    """An empty HOST leaves the default warehouse."""
    Path("dwh.cfg").write_text(CFG.replace("cluster.example.com", ""))
    assert config.load({}, {}).warehouse == DEFAULT_WAREHOUSE


def test_a_source_hides_places_that_are_farther_away() -> None:
    """Whoever names a source in the call does not mean the songs of the file."""
    Path("dwh.cfg").write_text(CFG)
    found = config.load({"source": "lake"}, {})
    assert (found.songs, found.events) == (None, None)
    both = config.load({"source": "lake", "songs": "elsewhere"}, {})
    assert (both.source, both.songs, both.events) == ("lake", "elsewhere", None)


def test_secrets_are_masked() -> None:
    """No secret is in what `config` prints, nor in the settings' own text."""
    Path("dwh.cfg").write_text(CFG)
    found = config.load({}, {})
    shown = str(found.masked())
    assert SECRET not in shown
    assert "s3cr3t" not in shown
    assert shown.count(MASK) == 2
    for url in (
        "redshift://u:s3cr3t@h/d",
        "x://h/d?password=s3cr3t&a=1",
        "x://h/?AccessKey=s3cr3t",
    ):
        assert "s3cr3t" not in mask_url(url)


def test_a_broken_file_is_named_and_not_quoted() -> None:
    """A file that cannot be read as settings is an error that shows none of its lines."""
    Path("dwh.cfg").write_text(f"{SECRET}\n[CLUSTER\n")
    with pytest.raises(UsageError, match=r"dwh\.cfg") as error:
        config.load({}, {})
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("text", "rejected", "read", "allowed"),
    [
        ("0", 0, 9, True),
        ("0", 1, 9, False),
        ("5", 5, 5, True),
        ("5", 6, 999, False),
        ("50%", 5, 10, True),
        ("50%", 6, 10, False),
        ("0%", 1, 10, False),
    ],
)
def test_a_threshold_is_a_count_or_a_share(
    text: str, rejected: int, read: int, allowed: bool
) -> None:
    """N allows N records, P% that share of those read."""
    assert Threshold.parse(text).allows(rejected, read) is allowed


@pytest.mark.parametrize(
    ("rejected", "read", "allowed"), [(10, 10, True), (11, 1100, True), (11, 1099, False)]
)
def test_by_default_ten_and_one_percent_are_allowed(
    rejected: int, read: int, allowed: bool
) -> None:
    """A run stops only above both."""
    assert Threshold().allows(rejected, read) is allowed


@pytest.mark.parametrize("text", ["", "-1", "x", "1.5", "101 %%", "%"])
def test_what_is_no_threshold_is_refused(text: str) -> None:
    """An unreadable threshold names its place."""
    with pytest.raises(UsageError, match="max_rejects"):
        config.load({"max_rejects": text}, {})
