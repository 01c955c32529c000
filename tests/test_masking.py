"""The masker: what is hidden in the value of a setting, and in any other text."""

import json
import pickle
from urllib.parse import quote

import pytest

from sparkify import masking
from sparkify.errors import SparkifyError, TooManyRejects, UsageError
from sparkify.masking import learn, mask, mask_url, remember
from sparkify.settings import Settings

HIDDEN = (
    "redshift://awsuser:Made#up1@h:5439/dev",
    "redshift://u:Made/up1@h:5439/dev",
    "redshift://u:Made?up1=2@h/dev",
    "redshift://u:Made:up1@h/dev",
    "redshift://u:Made@up1@h/dev",
    "redshift://u:Made up1",
    "redshift:///u:Made up1@h",
    "redshift://h/dev?pwd=Made&up1=2",
    "redshift://h/dev?passwd=Made up1",
    "redshift://h/dev?x_secret_x=Made&up1",
    "redshift://h/dev?sslmode=x&key=Made up1",
    "redshift://h/dev?unheard_of=Made up1",
    "redshift://h/dev?ssl=Made@up1",
    "unheard+of://u:Made#up1@h",
    "unheard.of:://u:Made@up1",
    "s3://AKIAMade:up1/x+y@bucket/key",
    "s3://Madeup1@bucket",
    "https://u:Madeup1@host/x",
    "https://b.s3.amazonaws.com/k?X-Amz-Credential=Made%2Fup1&X-Amz-Date=Made",
    "https://b.s3.amazonaws.com/k?versionId=1&X-Amz-Signature=Made&up1",
    "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=Madeup1",
    "jdbc:redshift://h:5439/dev;UID=u;PWD=Made up1",
    "duckdb:///x?motherduck_token=Madeup1",
    "u:Made#up1@h:5439/dev",
    "host=h password=Made up1",
)
SHOWN = (
    "duckdb:///sparkify.duckdb",
    "duckdb:////data/a:b@c/x.duckdb?threads=4&memory_limit=8GB",
    "redshift+redshift_connector://user:***@host.example.com:5439/dev",
    "redshift://user@[::1]:5439/dev?sslmode=verify-ca",
    "s3://bucket/log_data/2018:11/a@b #1;2.json",
    "s3://$staging/part",
    "https://host:8080/path",
    "/data/key=5/a:b@c",
    "arn:aws:iam::123456789012:role/a@b",
    "lake",
    "10 and 1%",
    "***",
    "redshift://***",
)


@pytest.mark.parametrize("text", HIDDEN)
def test_no_part_of_a_secret_in_a_value_is_shown(text: str) -> None:
    """Whatever characters it has and wherever it is; masking twice changes nothing more."""
    shown = mask_url(text)
    assert "Made" not in shown
    assert "up1" not in shown
    assert "***" in shown
    assert mask_url(shown) == mask(shown) == shown


@pytest.mark.parametrize("text", SHOWN)
def test_what_has_no_secret_is_shown_as_it_is(text: str) -> None:
    """Files, addresses, keys of S3 and names, as a value and within a sentence."""
    assert mask_url(text) == text
    assert mask(f"not found: {text}; try again.") == f"not found: {text}; try again."


def test_what_is_not_clear_is_shown_by_its_scheme() -> None:
    """A URL that cannot be taken apart shows nothing else."""
    assert mask_url("redshift://u:p@ss@h/dev") == "redshift://***"
    assert mask("no such host in redshift://u:pass.") == "no such host in redshift://***."


@pytest.mark.parametrize(
    "quoted",
    [
        "Pass #1/'\"&%@é",
        quote("Pass #1/'\"&%@é", safe=""),
        quote("Pass #1/'\"&%@é").lower(),
        json.dumps("Pass #1/'\"&%@é"),
        repr("Pass #1/'\"&%@é"),
        "PASS #1/'\"&%@é",
        "Pass #1/''\"&%@é",
    ],
)
def test_a_known_secret_is_hidden_however_it_is_quoted(quoted: str) -> None:
    """In URLs, JSON, SQL and Python's own quotes, in small letters and capitals."""
    remember("Pass #1/'\"&%@é")
    assert "1" not in mask(f"the driver says: {quoted} is wrong")


def test_known_secrets_may_overlap() -> None:
    """All that any of them covers is hidden."""
    remember("abc-def")
    remember("def-ghi")
    assert mask("x abc-def-ghi y") == "x *** y"


def test_a_short_secret_does_not_hide_words() -> None:
    """Less than four characters are hidden in URLs alone, less than eight as words alone."""
    remember("x")
    remember("play")
    assert mask("next: 3 songplays, play") == "next: 3 songplays, ***"


def test_settings_teach_their_secrets() -> None:
    """The password of a URL is hidden in other libraries' messages, too."""
    learn("redshift://u:Made%23up1@h/dev?secret_access_key=K%2B0123")
    assert mask("Made#up1, Made%23up1, K+0123") == "***, ***, ***"


def test_an_error_has_no_secret_in_it() -> None:
    """Neither in its text nor in its arguments, also after it was pickled."""
    error = UsageError("redshift://u:Made#up1@h/dev: not found")
    for each in (error, pickle.loads(pickle.dumps(error))):
        assert each.args == ("redshift://u:***@h/dev: not found",)
    assert str(TooManyRejects("https://u:Madeup1@h", ())) == "https://***@h"
    assert str(SparkifyError()) == ""


def test_settings_show_no_secret() -> None:
    """The text of settings has none, as in a traceback or a log."""
    settings = Settings(warehouse="redshift://u:Made#up1@h/dev", aws_token="Madeup1")
    assert "Made" not in f"{settings} {settings.masked()}"
    assert "redshift://u:***@h/dev" in str(settings)


def test_a_test_starts_without_secrets() -> None:
    """What one test remembers is not hidden in another."""
    assert masking.KNOWN == {}
