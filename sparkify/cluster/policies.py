"""The IAM documents, generated from the settings: exact buckets and prefixes, no wildcards.

The only `*` is at the end of an object's name, for the objects below a prefix.
"""

from collections.abc import Iterable

from sparkify.errors import UsageError
from sparkify.lake.aws import Answer
from sparkify.lake.locations import lake_uris, staging_uri
from sparkify.lake.uris import split
from sparkify.settings import Settings

Document = Answer  # of the same shape: a JSON object
Prefix = tuple[str, str]  # bucket and prefix, "" for the root of the bucket


def document(statements: Iterable[Document]) -> Document:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resources: list[str], **condition: object) -> Document:
    """A statement that allows actions on resources."""
    when = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **when}


def lake_prefixes(settings: Settings) -> list[Prefix]:
    """The prefixes of the songs and the events, if they are in S3."""
    return [split(uri) for uri in lake_uris(settings).values() if uri.startswith("s3://")]


def staging_prefixes(settings: Settings) -> list[Prefix]:
    """The prefix to which parts and manifests are written, if one is set."""
    uri = staging_uri(settings)
    return [split(uri)] if uri else []


def list_statements(prefixes: list[Prefix], partition: str) -> list[Document]:
    """The statements that allow listing the prefixes, one for each bucket."""
    statements = []
    for bucket in sorted({bucket for bucket, _ in prefixes}):
        below = sorted({prefix for name, prefix in prefixes if name == bucket})
        condition = {"StringLike": {"s3:prefix": [f"{prefix}/*" for prefix in below]}}
        when = {} if "" in below else condition
        statements.append(allow(["s3:ListBucket"], [f"arn:{partition}:s3:::{bucket}"], **when))
    return statements


def read_statements(prefixes: list[Prefix], partition: str) -> list[Document]:
    """The statement that allows reading the objects below the prefixes."""
    arns = [objects_arn(prefix, partition) for prefix in sorted(set(prefixes))]
    return [allow(["s3:GetObject"], arns)] if arns else []


def objects_arn(prefix: Prefix, partition: str) -> str:
    """The ARN of all objects below a prefix."""
    return f"arn:{partition}:s3:::{'/'.join(part for part in prefix if part)}/*"


def trust(settings: Settings, account: str, region: str, partition: str) -> Document:
    """The trust policy: only Redshift may assume the role, and only for this cluster's user.

    Redshift sends the database user's ARN as external ID, so no other cluster, of this account or
    another, can use the role. The form of that ARN differs between serverless workgroups, so for
    them any workgroup or cluster may assume the role.
    """
    statement: Document = {
        "Effect": "Allow",
        "Principal": {"Service": "redshift.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    if settings.cluster_type == "serverless":
        services = ["redshift-serverless.amazonaws.com", "redshift.amazonaws.com"]
        return document([{**statement, "Principal": {"Service": services}}])
    user = f"arn:{partition}:redshift:{region}:{account}:dbuser"
    external = f"{user}:{settings.cluster}/{settings.cluster_user}"
    return document([{**statement, "Condition": {"StringEquals": {"sts:ExternalId": external}}}])


def role_policy(settings: Settings, partition: str = "aws") -> Document:
    """What COPY may read: the staging prefix, and the lake unless every COPY is staged.

    Raises:
        UsageError: the settings name no location in S3.
    """
    staging = staging_prefixes(settings)
    lake = [] if settings.copy == "staged" else lake_prefixes(settings)
    prefixes = [*lake, *staging]
    statements = [*list_statements(prefixes, partition), *read_statements(prefixes, partition)]
    if lake and (settings.log_jsonpath or "").startswith("s3://"):
        bucket, key = split(str(settings.log_jsonpath))
        statements[-1]["Resource"].append(f"arn:{partition}:s3:::{bucket}/{key}")
    if not statements:
        raise UsageError(
            "COPY has nothing to read in S3; set STAGING, or SONG_DATA and LOG_DATA, in [S3]"
        )
    return document(statements)


def loader_policy(
    settings: Settings,
    account: str,
    region: str,
    partition: str,
    serverless: list[str],
    secret: str | None = None,
) -> Document:
    """What a run may do: read the lake, write parts, sign in, and check its role.

    Args:
        serverless: the ARNs of namespace and workgroup, which only AWS knows; empty for a
            provisioned cluster.
        secret: the ARN of the secret to sign in with, if there is one.
    """
    lake, staging = lake_prefixes(settings), staging_prefixes(settings)
    statements = list_statements([*lake, *staging], partition) + read_statements(lake, partition)
    if staging:
        puts = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
        statements.append(allow(puts, [objects_arn(prefix, partition) for prefix in staging]))
    redshift = f"arn:{partition}:redshift:{region}:{account}"
    if serverless:
        actions = [f"redshift-serverless:Get{what}" for what in ("Credentials", "Namespace")]
        statements.append(allow([*actions, "redshift-serverless:GetWorkgroup"], serverless))
    else:
        name = settings.cluster
        logins = [f"dbname:{name}/{settings.cluster_database}"]
        logins += [f"dbuser:{name}/{settings.cluster_user}"]
        arns = [f"{redshift}:{login}" for login in logins]
        statements.append(allow(["redshift:GetClusterCredentials"], arns))
        statements.append(allow(["redshift:DescribeClusters"], [f"{redshift}:cluster:{name}"]))
    if secret:
        statements.append(allow(["secretsmanager:GetSecretValue"], [secret]))
    role = f"arn:{partition}:iam::{account}:role/{settings.cluster_role}"
    return document([*statements, allow(["iam:GetRole"], [role])])
