"""The IAM documents, against ones that were written by hand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sparkify import config
from sparkify.cluster import policies
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
    assert aws.calls == ["sts:GetCallerIdentity"]


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
