"""The IAM documents, generated from the settings: exact buckets and prefixes, no wildcards.

The only `*` is at the end of an object's name, for the objects below a prefix, or whose names start
so. What a location stands for is told by `places`.
"""

from collections.abc import Iterable, Iterator

from sparkify.cluster.places import Look, Place, by_name, lake_places, literal, staging_places
from sparkify.errors import UsageError
from sparkify.lake.aws import Answer, kms_keys
from sparkify.lake.uris import split
from sparkify.settings import Settings

Document = Answer  # of the same shape: a JSON object


def document(statements: Iterable[Document]) -> Document:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resources: list[str], **condition: object) -> Document:
    """A statement that allows actions on resources."""
    when = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **when}


def list_statements(places: Iterable[Place], partition: str) -> list[Document]:
    """The statements that allow listing places, one for each bucket."""
    by_bucket: dict[str, list[Place]] = {}
    for each in places:
        by_bucket.setdefault(each.bucket, []).append(each)
    statements = []
    for bucket, found in sorted(by_bucket.items()):
        prefixes = sorted({prefix for each in found for prefix in each.lists})
        condition = {"StringLike": {"s3:prefix": prefixes}}
        when = condition if all(each.name for each in found) else {}
        statements.append(allow(["s3:ListBucket"], [f"arn:{partition}:s3:::{bucket}"], **when))
    return statements


def read_statements(
    places: Iterable[Place], settings: Settings, partition: str, objects: Iterable[str] = ()
) -> list[Document]:
    """The statements that allow reading places' objects, and others, which may be encrypted."""
    arns = [*dict.fromkeys(each.objects(partition) for each in sorted(places, key=str)), *objects]
    keys = kms_keys(settings)
    decrypt = [allow(["kms:Decrypt"], keys)] if keys else []
    return [allow(["s3:GetObject"], arns), *decrypt] if arns else []


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


def role_policy(settings: Settings, partition: str = "aws", look: Look = by_name) -> Document:
    """What COPY may read: the staging prefix, and the lake unless every COPY is staged.

    Raises:
        UsageError: the settings name no location in S3.
    """
    lake = [] if settings.copy == "staged" else list(lake_places(settings, look))
    places, others = [*lake, *staging_places(settings)], []
    if lake and (settings.log_jsonpath or "").startswith("s3://"):
        bucket, key = split(str(settings.log_jsonpath))
        others.append(f"arn:{partition}:s3:::{bucket}/{literal(key)}")
    statements = list_statements(places, partition)
    statements += read_statements(places, settings, partition, others)
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
    look: Look = by_name,
) -> Document:
    """What a run may do: read the lake, write parts, sign in, and check its role.

    Args:
        serverless: the ARNs of namespace and workgroup, which only AWS knows; empty for a
            provisioned cluster.
        secret: the ARN of the secret to sign in with, if there is one.
    """
    lake, staging = list(lake_places(settings, look)), staging_places(settings)
    statements = list_statements([*lake, *staging], partition)
    statements += read_statements(lake, settings, partition)
    if staging:
        puts = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
        statements.append(allow(puts, [each.objects(partition) for each in staging]))
        if keys := kms_keys(settings):  # an upload in parts has to read its own
            statements.append(allow(["kms:Decrypt", "kms:GenerateDataKey"], keys[:1]))
    redshift = f"arn:{partition}:redshift:{region}:{account}"
    statements += sign_in_statements(settings, redshift, serverless)
    if secret:
        statements.append(allow(["secretsmanager:GetSecretValue"], [secret]))
    role = f"arn:{partition}:iam::{account}:role/{settings.cluster_role}"
    return document([*statements, allow(["iam:GetRole"], [role])])


def sign_in_statements(
    settings: Settings, redshift: str, serverless: list[str]
) -> Iterator[Document]:
    """The statements that allow signing in by IAM, and looking the cluster up."""
    if serverless:
        actions = [f"redshift-serverless:Get{what}" for what in ("Credentials", "Namespace")]
        yield allow([*actions, "redshift-serverless:GetWorkgroup"], serverless)
        return
    name = settings.cluster
    logins = [f"dbname:{name}/{settings.cluster_database}"]
    logins += [f"dbuser:{name}/{settings.cluster_user}"]
    yield allow(["redshift:GetClusterCredentials"], [f"{redshift}:{login}" for login in logins])
    yield allow(["redshift:DescribeClusters"], [f"{redshift}:cluster:{name}"])
