"""Who we are to a cluster: a password, a secret, or IAM's temporary credentials.

They are fetched for each connection, since an IAM password lives 15 minutes.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sparkify.errors import SparkifyError, TryAgain, UsageError

if TYPE_CHECKING:
    import boto3

Credentials = dict[str, str]  # `user` and `password`


def provider(url: sa.URL, session: "Callable[[], boto3.Session]") -> Callable[[], Credentials]:
    """A function that gives the credentials for the next connection.

    Args:
        url: with a password; or with `?secret=` the ARN or name of a secret in Secrets Manager;
            or with neither, which means IAM.
        session: makes an AWS session, if one is needed.
    """
    if url.password is not None:
        return dict  # they are in the URL already
    secret = url.query.get("secret")
    host = url.host or ""
    labels = host.split(".")
    if isinstance(secret, str):
        return lambda: from_secret(session(), secret)
    if host.endswith(
        (".redshift-serverless.amazonaws.com", ".redshift-serverless.amazonaws.com.cn")
    ):
        return lambda: from_serverless(session(), labels[0], labels[2], url.database or "dev")
    if ".redshift.amazonaws.com" in host:
        return lambda: from_cluster(session(), labels[0], labels[2], url)
    raise UsageError(
        f"no password for {host}: give one in the URL, name a secret with ?secret=ARN,"
        " or use the cluster's own endpoint for IAM credentials"
    )


def from_secret(session: "boto3.Session", name: str) -> Credentials:
    """The user and password that a secret holds."""
    text = ask(session, "secretsmanager", None, "get_secret_value", SecretId=name)["SecretString"]
    try:
        found = json.loads(text)
        return {"user": found["username"], "password": found["password"]}
    except (ValueError, KeyError, TypeError):
        raise SparkifyError(f"the secret {name} has no username and password") from None


def from_serverless(
    session: "boto3.Session", workgroup: str, region: str, database: str
) -> Credentials:
    """Temporary credentials for a serverless workgroup."""
    found = ask(
        session,
        "redshift-serverless",
        region,
        "get_credentials",
        workgroupName=workgroup,
        dbName=database,
    )
    return {"user": found["dbUser"], "password": found["dbPassword"]}


def from_cluster(session: "boto3.Session", cluster: str, region: str, url: sa.URL) -> Credentials:
    """Temporary credentials for a provisioned cluster."""
    if not url.username:
        raise UsageError(f"no user for {url.host}: give one in the URL, as user@host")
    found = ask(
        session,
        "redshift",
        region,
        "get_cluster_credentials",
        ClusterIdentifier=cluster,
        DbUser=url.username,
        DbName=url.database or "dev",
    )
    return {"user": found["DbUser"], "password": found["DbPassword"]}


def ask(
    session: "boto3.Session", service: Any, region: str | None, call: str, **arguments: str
) -> Any:
    """Call AWS; its errors never show the arguments' answers."""
    from botocore import exceptions

    try:
        client = session.client(service, region_name=region or session.region_name or "us-east-1")
        return getattr(client, call)(**arguments)
    except exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        text = f"{service} {call} was refused: {code}"
        raise (TryAgain if "Throttl" in code else SparkifyError)(text) from error
    except exceptions.NoCredentialsError as error:
        raise SparkifyError("no AWS credentials found; set AWS_PROFILE") from error
    except exceptions.BotoCoreError as error:
        raise TryAgain(f"{service} could not be reached: {error}") from error
