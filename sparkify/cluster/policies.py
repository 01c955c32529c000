"""The IAM documents, generated from the settings: exact buckets and prefixes, no wildcards.

The one `*` in them stands at the end of an object's name, for what is below a prefix.
"""

from collections.abc import Iterable
from typing import Any

from sparkify.errors import UsageError
from sparkify.lake.locations import lake_uris, staging_uri
from sparkify.lake.s3 import split
from sparkify.settings import Settings

Document = dict[str, Any]
Prefix = tuple[str, str]  # bucket and prefix, "" being the whole bucket


def document(statements: Iterable[Document]) -> Document:
    """A policy of some statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resources: list[str], **condition: Any) -> Document:
    """A statement."""
    when = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **when}


def lake_prefixes(settings: Settings) -> list[Prefix]:
    """Where in S3 the songs and the events are."""
    return [split(uri) for uri in lake_uris(settings).values() if uri.startswith("s3://")]


def staging_prefixes(settings: Settings) -> list[Prefix]:
    """Where in S3 parts and manifests are written."""
    uri = staging_uri(settings)
    return [split(uri)] if uri else []


def listing(prefixes: list[Prefix], partition: str) -> list[Document]:
    """The statements that allow listing below prefixes."""
    found = []
    for bucket in sorted({bucket for bucket, _ in prefixes}):
        below = sorted({prefix for name, prefix in prefixes if name == bucket})
        condition = {"StringLike": {"s3:prefix": [f"{prefix}/*" for prefix in below]}}
        when = {} if "" in below else condition
        found.append(allow(["s3:ListBucket"], [f"arn:{partition}:s3:::{bucket}"], **when))
    return found


def reading(prefixes: list[Prefix], partition: str) -> list[Document]:
    """The statement that allows reading below prefixes."""
    arns = [objects(prefix, partition) for prefix in sorted(set(prefixes))]
    return [allow(["s3:GetObject"], arns)] if arns else []


def objects(prefix: Prefix, partition: str) -> str:
    """The ARN of all objects below a prefix."""
    return f"arn:{partition}:s3:::{'/'.join(part for part in prefix if part)}/*"


def trust(wanted: Settings, account: str, region: str, partition: str) -> Document:
    """Who may assume the role: Redshift, for this cluster's user alone.

    Redshift gives the database user's ARN as external ID, so that no other cluster, of this
    account or another, gets the role's rights. The form of that ARN is not the same for every
    serverless workgroup, so that there the service is all that is asked for.
    """
    statement: Document = {
        "Effect": "Allow",
        "Principal": {"Service": "redshift.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    if wanted.cluster_type == "serverless":
        services = ["redshift-serverless.amazonaws.com", "redshift.amazonaws.com"]
        return document([{**statement, "Principal": {"Service": services}}])
    user = f"arn:{partition}:redshift:{region}:{account}:dbuser"
    external = f"{user}:{wanted.cluster}/{wanted.cluster_user}"
    return document([{**statement, "Condition": {"StringEquals": {"sts:ExternalId": external}}}])


def role_policy(settings: Settings, partition: str = "aws") -> Document:
    """What COPY reads: the staging prefix, and the lake unless it is never read directly.

    Raises:
        UsageError: the settings name nothing in S3.
    """
    staging = staging_prefixes(settings)
    lake = [] if settings.copy == "staged" else lake_prefixes(settings)
    prefixes = [*lake, *staging]
    statements = [*listing(prefixes, partition), *reading(prefixes, partition)]
    if lake and (settings.log_jsonpath or "").startswith("s3://"):
        bucket, key = split(str(settings.log_jsonpath))
        statements[-1]["Resource"].append(f"arn:{partition}:s3:::{bucket}/{key}")
    if not statements:
        raise UsageError("nothing in S3 to read: set STAGING, or SONG_DATA and LOG_DATA, in [S3]")
    return document(statements)


def loader_policy(
    settings: Settings, account: str, region: str, partition: str, serverless: list[str]
) -> Document:
    """What a run needs: to read the lake, to stage, to sign in, and to ask the doctor.

    Args:
        serverless: the ARNs of namespace and workgroup, whose numbers only AWS knows; empty for
            a cluster of nodes.
    """
    lake, staging = lake_prefixes(settings), staging_prefixes(settings)
    statements = [*listing([*lake, *staging], partition), *reading(lake, partition)]
    if staging:
        puts = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
        statements.append(allow(puts, [objects(prefix, partition) for prefix in staging]))
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
    role = f"arn:{partition}:iam::{account}:role/{settings.cluster_role}"
    return document([*statements, allow(["iam:GetRole"], [role])])
