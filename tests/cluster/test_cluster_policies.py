"""The IAM documents, against ones that were written by hand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sparkify import config
from sparkify.cluster import places, policies
from sparkify.errors import UsageError
from tests.cluster.conftest import Aws, Cluster

ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::lake"],
            "Condition": {"StringLike": {"s3:prefix": ["log_data/*", "song_data/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::work"],
            "Condition": {"StringLike": {"s3:prefix": ["parts/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": [
                "arn:aws:s3:::lake/log_data/*",
                "arn:aws:s3:::lake/song_data/*",
                "arn:aws:s3:::work/parts/*",
                "arn:aws:s3:::lake/log_json_path.json",
            ],
        },
    ],
}
LOADER = {
    "Version": "2012-10-17",
    "Statement": [
        ROLE["Statement"][0],
        ROLE["Statement"][1],
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::lake/log_data/*", "arn:aws:s3:::lake/song_data/*"],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::work/parts/*"],
        },
        {
            "Effect": "Allow",
            "Action": ["redshift:GetClusterCredentials"],
            "Resource": [
                "arn:aws:redshift:us-west-2:123456789012:dbname:NAME/sparkify",
                "arn:aws:redshift:us-west-2:123456789012:dbuser:NAME/awsuser",
            ],
        },
        {
            "Effect": "Allow",
            "Action": ["redshift:DescribeClusters"],
            "Resource": ["arn:aws:redshift:us-west-2:123456789012:cluster:NAME"],
        },
        {
            "Effect": "Allow",
            "Action": ["iam:GetRole"],
            "Resource": ["arn:aws:iam::123456789012:role/NAME-role"],
        },
    ],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "redshift.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {
                    "sts:ExternalId": (
                        "arn:aws:redshift:us-west-2:123456789012:dbuser:NAME/awsuser"
                    )
                }
            },
        }
    ],
}
NUMBERS = ["arn:aws:redshift-serverless:eu-west-1:1:workgroup/0a", "arn:aws:…:namespace/0b"]
PLACES: list[dict[str, Any]] = [
    {"source": "s3://lake"},
    {"source": "s3://lake/a/b/"},
    {"source": "s3://lake/raw", "staging": "s3://lake/parts"},
    {"songs": "s3://songs/x", "events": "s3://events/y", "copy": "direct"},
    {"source": "/data/lake", "staging": "s3://work"},
]


def test_the_role_has_the_policy_of_the_settings(cluster: Cluster) -> None:
    """The role's one policy is inline, and `policy` prints the same document."""
    cluster.create()
    iam, role = cluster.session.client("iam"), {"RoleName": f"{cluster.name}-role"}
    assert iam.list_attached_role_policies(**role)["AttachedPolicies"] == []
    (name,) = iam.list_role_policies(**role)["PolicyNames"]
    assert iam.get_role_policy(PolicyName=name, **role)["PolicyDocument"] == ROLE
    assert json.loads(cluster("policy").out) == ROLE


def test_redshift_alone_may_assume_the_role(cluster: Cluster) -> None:
    """The role can be assumed by Redshift, for this cluster's user, and by nobody else."""
    cluster.create()
    role = cluster.session.client("iam").get_role(RoleName=f"{cluster.name}-role")["Role"]
    found = json.dumps(role["AssumeRolePolicyDocument"]).replace(cluster.name, "NAME")
    assert json.loads(found) == TRUST


def test_the_loader_has_a_policy_of_its_own(aws: Aws, cluster: Cluster) -> None:
    """`policy --loader` prints what a run needs: read the lake, stage, sign in, ask the doctor."""
    found = cluster("policy", "--loader").out.replace(cluster.name, "NAME")
    assert json.loads(found) == LOADER
    assert set(aws.calls) == {"s3:GET", "sts:GetCallerIdentity"}


FORMS: list[tuple[str, list[str] | None, str]] = [
    ("s3://lake/song_data", ["song_data/*"], "song_data/*"),
    ("s3://lake/a/b/", ["a/b/*"], "a/b/*"),
    ("s3://lake/x.JSON", ["x.JSON", "x.JSON/"], "x.JSON"),
    ("s3a://lake/a/x.ndjson.gz", ["a/x.ndjson.gz", "a/x.ndjson.gz/"], "a/x.ndjson.gz"),
    ("s3://lake/x.json/", ["x.json/*"], "x.json/*"),
    ("s3://lake", None, "*"),
    ("s3://lake/5*/what?/${y}", ["5${*}/what${?}/${$}{y}/*"], "5${*}/what${?}/${$}{y}/*"),
]


@pytest.mark.parametrize(("uri", "lists", "objects"), FORMS)
def test_a_location_is_a_folder_or_an_object(
    uri: str, lists: list[str] | None, objects: str
) -> None:
    """Where S3 cannot be asked, the name tells; a `*` in a name means itself."""
    settings = config.load({"songs": uri, "copy": "direct", "staging": "s3://work"}, {})
    listed, _, read = policies.role_policy(settings)["Statement"]
    assert listed.get("Condition", {}).get("StringLike", {}).get("s3:prefix") == lists
    assert read["Resource"] == [f"arn:aws:s3:::lake/{objects}", "arn:aws:s3:::work/*"]


@pytest.mark.parametrize("uri", ["s3://lake/logs-", "s3://lake/logs-1.json"])
def test_s3_tells_what_a_location_stands_for(uri: str) -> None:
    """The start of names is one if there are such names, whatever its own name looks like."""
    settings = config.load({"events": uri, "copy": "staged", "staging": "s3://work"}, {})
    document = policies.loader_policy(settings, "1", "eu-west-1", "aws", [], look=starts)
    assert document["Statement"][0]["Condition"]["StringLike"]["s3:prefix"] == [f"{uri[10:]}*"]
    assert document["Statement"][2]["Resource"] == [f"arn:aws:s3:::{uri[5:]}*"]


def starts(uri: str) -> places.Form:
    """As if S3 had names that start so."""
    return places.Form.START


def test_keys_are_granted() -> None:
    """COPY decrypts what it reads; a run also encrypts its parts, with the first key alone."""
    keys = [f"arn:aws:kms:eu-west-1:123456789012:key/{n}" for n in "ab"]
    given = {"source": "s3://lake", "staging": "s3://work", "kms_key": f"{keys[0]} , {keys[1]}"}
    settings = config.load(given, {})
    documents = (
        policies.role_policy(settings),
        policies.loader_policy(settings, "1", "eu-west-1", "aws", []),
    )
    granted = [
        [(s["Action"], s["Resource"]) for s in each["Statement"] if "kms:" in str(s)]
        for each in documents
    ]
    decrypt = (["kms:Decrypt"], keys)
    assert granted == [
        [decrypt],
        [decrypt, (["kms:Decrypt", "kms:GenerateDataKey"], keys[:1])],
    ]


@pytest.mark.parametrize("key", ["alias/x", "0a1b", "arn:aws:kms:eu-west-1:123456789012:alias/x"])
def test_a_key_is_given_by_its_arn(key: str) -> None:
    """Policies take neither ids nor aliases."""
    Path("dwh.cfg").write_text(f"[S3]\nKMS_KEY_ID={key}\n")
    with pytest.raises(UsageError, match=r"kms_key \(dwh.cfg \[S3\] KMS_KEY_ID\) is .*the ARN"):
        config.load({}, {})


def test_a_staged_copy_reads_the_staging_prefix_alone(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With SPARKIFY_COPY=staged the role reads nothing of the lake."""
    monkeypatch.setenv("SPARKIFY_COPY", "staged")
    assert "lake" not in cluster("policy").out


def test_no_policy_without_a_place(cluster: Cluster) -> None:
    """Settings that name nothing in S3 are exit 2, before anything is made."""
    cluster.file.write_text(f"[DWH]\nDWH_CLUSTER_IDENTIFIER={cluster.name}\n")
    assert cluster("policy").code == 2
    cluster.create(code=2)
    assert cluster.left() == []


def texts(value: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    else:
        for each in value:
            yield from texts(each)


@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("kind", ["multi-node", "serverless"])
def test_no_wildcard_slips_in(
    places: dict[str, Any], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No action has a `*`, and a resource only at the end of an object's name in a bucket."""
    monkeypatch.chdir(tmp_path)
    settings = config.load({**places, "cluster_type": kind}, {})
    numbers = NUMBERS if kind == "serverless" else []
    documents = (
        policies.role_policy(settings),
        policies.loader_policy(settings, "1", "eu-west-1", "aws", numbers),
        policies.trust(settings, "1", "eu-west-1", "aws"),
    )
    for statement in (each for document in documents for each in document["Statement"]):
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert "NotResource" not in statement
        assert not [text for text in texts(statement["Action"]) if "*" in text or "?" in text]
        assert not [text for text in texts(statement.get("Principal", {})) if "*" in text]
        for resource in texts(statement.get("Resource", [])):
            body = resource.removesuffix("/*") if resource.startswith("arn:aws:s3:::") else resource
            assert "*" not in body
            assert "?" not in body
