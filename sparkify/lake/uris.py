"""How a location in S3 is named."""

import os
import re
from urllib.parse import unquote_to_bytes

from sparkify.errors import UsageError

SCHEME = re.compile(r"s3[an]?://", re.IGNORECASE)
BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
ARN = re.compile(r"arn:[\w-]+:s3[\w-]*:[\w-]*:\d*:(?:outpost[/:][\w-]+[/:])?accesspoint[/:][\w.-]+")


def in_s3(uri: str) -> bool:
    """Whether a location is in S3; Hadoop's s3a:// and s3n:// mean the same.

    >>> in_s3("s3a://bucket/lake"), in_s3("lake")
    (True, False)
    """
    return SCHEME.match(uri) is not None


def plain(uri: str) -> str:
    """A location; if it is in S3, it starts with s3://."""
    return SCHEME.sub("s3://", uri, count=1) if in_s3(uri) else uri


def path_of(url: str) -> str:
    """The path of a `file://` URL."""
    host, slash, path = url[len("file://") :].partition("/")
    if not slash or host not in ("", "localhost"):
        raise UsageError(f"not a file URL with an absolute path, such as file:///data/lake: {url}")
    return os.fsdecode(unquote_to_bytes(f"/{path}"))


def local(name: str) -> str:
    """The path of a path, which may begin with ~, or of a `file://` URL."""
    if name.lower().startswith("file://"):
        return path_of(name)
    return os.path.expanduser(name)  # noqa: PTH111 - a path may be invalid as text


def split(uri: str) -> tuple[str, str]:
    """The bucket, or an access point's ARN, and the prefix of an `s3://bucket/prefix`.

    Raises:
        UsageError: the text is not such a URI, or the bucket's name is not valid.
    """
    if not in_s3(uri):
        raise UsageError(f"not s3://bucket/prefix: {uri}")
    rest = SCHEME.sub("", uri, count=1)
    point = ARN.match(rest)
    name = point[0] if point else rest.partition("/")[0]
    if not point and not BUCKET.fullmatch(name):
        raise UsageError(
            f'{uri}: "{name}" is not a valid bucket name (3 to 63 characters:'
            " small letters, digits, hyphens, dots, underscores)"
        )
    return name, rest[len(name) + 1 :].rstrip("/")
