"""The listing of a bucket, checked: what a server says is bounded, and every key is listed once."""

from collections.abc import Iterator
from typing import NamedTuple

from sparkify.errors import SparkifyError
from sparkify.lake.aws import Answer, Client

MOST = 20_000_000  # objects below one prefix; more would not fit into memory
EMPTY = 1_000  # pages in a row without an object, which a server may send


class Entry(NamedTuple):
    """One object of a listing."""

    key: str
    etag: str
    size: int


def entries(client: Client, bucket: str, prefix: str) -> Iterator[Entry]:
    """The objects whose keys start with a prefix.

    Raises:
        SparkifyError: the answers make no sense, or have no end.
    """
    where = f"s3://{bucket}/{prefix}"
    seen, empty = set[str](), 0
    for page in pages(client, bucket, prefix, where):
        found = page.get("Contents", ())
        empty = 0 if found else empty + 1
        if empty > EMPTY or len(seen) > MOST:
            raise SparkifyError(f"{where}: the listing has no end; name a smaller prefix")
        for each in found:
            entry = checked(each, where)
            if entry.key in seen:
                raise SparkifyError(
                    f"{where}: the listing repeats {entry.key}; the server does not list as S3 does"
                )
            seen.add(entry.key)
            yield entry


def pages(client: Client, bucket: str, prefix: str, where: str) -> Iterator[Answer]:
    """The pages of a listing."""
    from botocore.exceptions import PaginationError

    paginator = client.get_paginator("list_objects_v2")
    try:
        yield from paginator.paginate(Bucket=bucket, Prefix=prefix)
    except PaginationError as error:
        raise SparkifyError(
            f"{where}: the listing repeats its pages; the server does not list as S3 does"
        ) from error
    except ValueError as error:  # a size that is not a number
        raise invalid(where, error) from error


def checked(entry: Answer, where: str) -> Entry:
    """An entry that has all that an object needs."""
    try:
        key, etag, size = entry["Key"], bare(entry["ETag"]), entry["Size"]
    except (KeyError, AttributeError) as error:
        raise invalid(where, error) from error
    if size < 0 or "\0" in key or not etag.isprintable():
        raise invalid(where, f"{key!r} with ETag {etag!r} and {size} bytes")
    return Entry(key, etag, size)


def invalid(where: str, what: object) -> SparkifyError:
    """The error for an answer that makes no sense."""
    return SparkifyError(f"{where}: the listing is not valid ({what})")


def bare(etag: str) -> str:
    """An ETag without its quotes."""
    return etag.removeprefix("W/").strip('"')
