"""The user and password for a cluster: from a secret, or temporary ones from IAM.

They are fetched for each connection, because an IAM password is valid for 15 minutes.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from sparkify.errors import SparkifyError, UsageError
from sparkify.lake.aws import Answer, Client
from sparkify.lake.aws_errors import translated
from sparkify.warehouses.redshift.endpoint import Endpoint

if TYPE_CHECKING:
    import boto3

Credentials = dict[str, str]  # `user` and `password`


def provider(url: sa.URL, session: "Callable[[], boto3.Session]") -> Callable[[], Credentials]:
    """A function that fetches the credentials for the next connection.

    Args:
        url: with a password; or with `?secret=` and the ARN or name of a secret in Secrets
            Manager; or with neither, which means IAM.
        session: makes an AWS session, if one is needed.

    Raises:
        UsageError: the URL has neither, and IAM needs the endpoint that AWS gave the cluster.
    """
    if url.password is not None:
        return dict  # they are in the URL already
    secret = url.query.get("secret")
    if isinstance(secret, str):
        return lambda: from_secret(session(), secret)
    endpoint = Endpoint.parse(url.host)
    if endpoint.name is None:
        raise UsageError(
            f"no password for {url.host}: give one in the URL, name a secret with ?secret=ARN,"
            " or use the cluster's own endpoint for IAM credentials"
        )
    if endpoint.serverless:
        return lambda: from_serverless(session(), endpoint, url)
    return lambda: from_cluster(session(), endpoint, url)


def from_secret(session: "boto3.Session", name: str) -> Credentials:
    """Read the user and password from a secret in Secrets Manager."""
    region = name.split(":")[3] if name.startswith("arn:") else None
    text = call(session, "secretsmanager", "GetSecretValue", region, SecretId=name)["SecretString"]
    try:
        login = json.loads(text)
        return {"user": login["username"], "password": login["password"]}
    except (ValueError, KeyError, TypeError):
        raise SparkifyError(f"the secret {name} has no username and password") from None


def from_serverless(session: "boto3.Session", endpoint: Endpoint, url: sa.URL) -> Credentials:
    """Ask IAM for temporary credentials for a serverless workgroup."""
    names = {"workgroupName": str(endpoint.name), "dbName": url.database or "dev"}
    answer = call(session, "redshift-serverless", "GetCredentials", endpoint.region, **names)
    return {"user": answer["dbUser"], "password": answer["dbPassword"]}


def from_cluster(session: "boto3.Session", endpoint: Endpoint, url: sa.URL) -> Credentials:
    """Ask IAM for temporary credentials for a provisioned cluster."""
    if not url.username:
        raise UsageError(f"no user for {url.host}: give one in the URL, as user@host")
    names = {"ClusterIdentifier": str(endpoint.name), "DbUser": url.username}
    names["DbName"] = url.database or "dev"
    answer = call(session, "redshift", "GetClusterCredentials", endpoint.region, **names)
    return {"user": answer["DbUser"], "password": answer["DbPassword"]}


def call(
    session: "boto3.Session", service: str, operation: str, region: str | None, **names: str
) -> Answer:
    """Call AWS, with the name of the operation as IAM has it."""
    from botocore import xform_name

    action = f"{service}:{operation}"
    with translated(action, action):
        make: Callable[..., Client] = session.client
        client = make(service, region_name=region or session.region_name or "us-east-1")
        answer: Answer = getattr(client, xform_name(operation))(**names)
        return answer
