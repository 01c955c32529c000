"""dwh.cfg is read as ConfigParser reads it, with the names that other projects use."""

import logging
from pathlib import Path

import pytest
import sqlalchemy as sa

from sparkify import config, pipeline
from sparkify.errors import UsageError
from sparkify.lake import aws
from sparkify.settings import DEFAULT_WAREHOUSE, Settings
from tests.factory import event, put

HOST = "c.abc.us-west-2.redshift.amazonaws.com"
CLUSTER = f"[CLUSTER]\nHOST={HOST}\nDB_NAME=dwh\nDB_USER=me\nDB_PASSWORD=Made0up\nDB_PORT=5439\n"


def load(text: str, name: str = "dwh.cfg", **environ: str) -> Settings:
    """The settings with a configuration file."""
    Path(name).write_text(text, encoding="utf-8")
    return config.load({}, environ)


def fault(text: str) -> str:
    """What is said of an invalid file."""
    with pytest.raises(UsageError) as error:
        load(text)
    assert "Made0up" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("Made%%up", "Made%up"),
        ("Made%up", "Made%up"),
        ("Made%%up%1", "Made%%up%1"),
        ("Made%(nothing)s", "Made%(nothing)s"),
        ("Made%(WORD)s", "Made-word"),
        ("%(COMMON)s", "common"),
        ("'Made up '", "Made up"),
        ("#Made ;up", "#Made ;up"),
    ],
)
def test_percent_signs_are_those_of_configparser(text: str, password: str) -> None:
    """%% is %, %(NAME)s is another value; what is neither stays as it is."""
    shared = "[DEFAULT]\nCOMMON=common\n"
    found = load(f"{shared}{CLUSTER.replace('Made0up', text)}WORD=-word\n")
    assert sa.make_url(found.warehouse).password == password


def test_keys_that_others_refer_to_are_not_unknown() -> None:
    """Only what serves nothing is listed."""
    text = f"[DEFAULT]\nX=1\n[CLUSTER]\nNAME=c\nODD=1\nHOST=%(NAME)s.{HOST}\n"
    found = load(text)
    assert found.unknown == ("[CLUSTER] ODD",)
    assert sa.make_url(found.warehouse).host == f"c.{HOST}"


@pytest.mark.parametrize("port", ["5439 # mine", "5439 ; the default", "; 5439"])
def test_a_comment_behind_a_value_is_an_error(port: str) -> None:
    """ConfigParser keeps it in the value; the message names the key."""
    assert "dwh.cfg [CLUSTER] DB_PORT has a comment" in fault(CLUSTER.replace("5439", port))


def test_any_other_value_may_not_have_a_comment_either() -> None:
    """A role, a location, a region; but a quoted value may look so, and what is not used."""
    for key in ("[IAM_ROLE]\nARN=a", "[S3]\nSONG_DATA=a", "[AWS]\nREGION=a", "[AWS]\nKEY=a"):
        assert "has a comment" in fault(f"{key} # mine\n")
    assert load("[S3]\nSONG_DATA='a #1'\n").songs == "a #1"
    assert load("[S3]\nREGION=a # mine\n", SPARKIFY_REGION="b").region == "b"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("5439", "'<port>'", "DB_PORT"),
        ("5439", "65536", "DB_PORT"),
        ("5439", "redshift://u:Made0up@h", "DB_PORT"),
        (HOST, "'<your cluster endpoint>'", "HOST"),
        (HOST, f"jdbc:redshift://{HOST}:5439/dev", "HOST"),
        (HOST, "redshift://u:Made0up@h:5439/dev", "HOST"),
        (HOST, "u:Made0up@h:5439/dev", "HOST"),
        (HOST, f"{HOST}:99999/dev", "HOST"),
        ("=dwh", "='<db name>'", "DB_NAME"),
        ("=me", "=postgres://u:Made0up@h", "DB_USER"),
    ],
)
def test_an_invalid_part_of_the_endpoint_is_named(old: str, new: str, key: str) -> None:
    """A placeholder, a URL, a port that is none: one line with the key."""
    assert fault(CLUSTER.replace(old, new, 1)).startswith(f"dwh.cfg [CLUSTER] {key} is ")


@pytest.mark.parametrize("host", [f"{HOST}:5440/music", f"'{HOST}:5440/music'"])
def test_a_host_may_be_the_endpoint_that_aws_shows(host: str) -> None:
    """host:port/database; DB_PORT and DB_NAME come first."""
    url = sa.make_url(load(f"[CLUSTER]\nHOST={host}\nDB_USER=me\n").warehouse)
    assert (url.host, url.port, url.database) == (HOST, 5440, "music")
    url = sa.make_url(load(CLUSTER.replace(HOST, host)).warehouse)
    assert (url.host, url.port, url.database) == (HOST, 5439, "dwh")


DWH = f"""[AWS]
KEY=
SECRET=
REGION=us-west-2
[DWH]
DWH_DB_NAME=dwh
DWH_DB_USER=me
DWH_DB_PASSWORD=Made0up
DWH_PORT=5440
DWH_ENDPOINT={HOST}
DWH_ROLE_ARN=arn:aws:iam::123456789012:role/dwhRole
"""


def test_an_endpoint_in_dwh_is_a_host() -> None:
    """With the other keys of [DWH], and with the role and the region."""
    found = load(DWH)
    url = sa.make_url(found.warehouse)
    assert (url.host, url.port, url.database) == (HOST, 5440, "dwh")
    assert (url.username, url.password) == ("me", "Made0up")
    assert found.iam_role == "arn:aws:iam::123456789012:role/dwhRole"
    assert (found.region, found.cluster_database, found.unknown) == ("us-west-2", "dwh", ())
    assert found.origins["warehouse"] == "dwh.cfg [DWH] DWH_ENDPOINT"
    assert sa.make_url(load(f"{CLUSTER}{DWH}").warehouse).port == 5439  # HOST comes first
    empty = DWH.replace("[DWH]", "[CLUSTER]\nHOST=\n[DWH]")
    assert sa.make_url(load(empty).warehouse).host == HOST


@pytest.mark.parametrize("key", ["TOKEN", "SESSION_TOKEN"])
def test_a_session_token_belongs_to_the_key(key: str) -> None:
    """The file's, or the environment's unless that is for another key."""
    keys = "[AWS]\nKEY=ASIAEXAMPLE\nSECRET=Made0up\n"
    assert load(f"{keys}{key}=token-1\n", AWS_SESSION_TOKEN="other").aws_token == "token-1"
    found = load(keys, AWS_SESSION_TOKEN="token-2")
    assert (found.aws_token, found.origins["aws_token"]) == (
        "token-2",
        "environment AWS_SESSION_TOKEN",
    )
    around = {"AWS_SESSION_TOKEN": "token-2", "AWS_ACCESS_KEY_ID": "AKIAOTHER"}
    assert load(keys, **around).aws_token is None
    assert load("", AWS_SESSION_TOKEN="token-2").aws_token is None


@pytest.mark.parametrize(("half", "other"), [("KEY", "SECRET"), ("SECRET", "KEY")])
def test_half_a_key_is_told(
    half: str, other: str, lake: Path, duckdb_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A key without its secret is not used, and a run says so once; two empty ones are none."""
    text = "[AWS]\nKEY=\nSECRET=\n"
    assert load(text).warnings == ()
    Path("dwh.cfg").write_text(text.replace(f"{half}=", f"{half}=Made0up"))
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), duckdb_url)
    told = [record.getMessage() for record in caplog.records if "[AWS]" in record.getMessage()]
    assert told == [
        f"dwh.cfg [AWS] has {half} but no {other}: it is not used; AWS's own credentials are"
    ]


def test_the_session_uses_the_token() -> None:
    """boto3 signs with it."""
    found = load("[AWS]\nKEY=ASIAEXAMPLE\nSECRET=Made0up\nTOKEN=token-1\n")
    credentials = aws.session(found).get_credentials()
    assert credentials is not None
    assert credentials.token == "token-1"


def test_another_spelling_of_the_name_is_read() -> None:
    """dhw.cfg, unless there is a dwh.cfg: then a run warns."""
    assert load("[S3]\nREGION=a\n", "dhw.cfg").origins["region"] == "dhw.cfg [S3] REGION"
    assert config.path_of({}) == Path("dhw.cfg")
    found = load("[S3]\nREGION=b\n")
    assert (found.region, config.path_of({})) == ("b", Path("dwh.cfg"))
    assert found.warnings == ("both dwh.cfg and dhw.cfg are here; dhw.cfg is not read",)


@pytest.mark.parametrize("host", ["HOST=\n", "HOST=''\n", ""])
def test_a_run_without_a_host_says_which_warehouse_it_uses(
    lake: Path, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    """Each warning comes once a run, and none if a warehouse is given."""
    put(lake, "events", "a.json", event())
    load(f"[CLUSTER]\n{host}DB_NAME=dwh\n[ODD]\nA=1\nB=2\n")
    assert config.load({}, {}).warehouse == DEFAULT_WAREHOUSE
    with caplog.at_level(logging.WARNING, "sparkify"):
        pipeline.run(str(lake))
    said = [record.getMessage() for record in caplog.records]
    fault = "empty" if host else "missing"
    assert said == [
        "unknown settings, not used: [ODD] A, [ODD] B (see `sparkify config`)",
        f"dwh.cfg [CLUSTER] HOST is {fault}; the warehouse is duckdb:///sparkify.duckdb",
    ]
    assert config.load({"warehouse": "duckdb:///x.duckdb"}, {}).warnings == ()


def test_commands_that_need_no_warehouse_accept_a_template() -> None:
    """`cluster create --write` fills in what the file does not have yet."""
    Path("dwh.cfg").write_text("[CLUSTER]\nHOST='<your cluster endpoint>'\n")
    assert config.load({}, {}, unneeded=["warehouse"]).warehouse == DEFAULT_WAREHOUSE
