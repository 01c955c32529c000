"""The bytes of one object, by either client of S3, if they are what was listed."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from sparkify.errors import TryAgain
from sparkify.lake.aws import Client
from sparkify.lake.listing import bare
from sparkify.lake.objects import LakeObject

if TYPE_CHECKING:
    import obstore.store

CHUNK = 1 << 20  # bytes of a large object that are written at once


class Mismatch(TryAgain):
    """An answer is not, or not all of, the object that was listed."""


def by_obstore(store: "obstore.store.S3Store", item: LakeObject) -> Iterable[bytes]:
    """The bytes of one object, by the fast client."""
    answer = store.get(item.key, options={"if_match": f'"{item.etag}"'})
    verify_answer(item, answer.meta["e_tag"], answer.meta["size"])
    if not item.large:
        return [bytes(answer.bytes())]
    return map(bytes, answer.stream(min_chunk_size=CHUNK))


def by_boto3(client: Client, bucket: str, item: LakeObject) -> Iterator[bytes]:
    """The bytes of one object, by the slower client, which accepts every key."""
    from botocore import exceptions

    answer = client.get_object(Bucket=bucket, Key=item.key, IfMatch=f'"{item.etag}"')
    with closing(answer["Body"]) as body:
        verify_answer(item, answer.get("ETag"), answer.get("ContentLength"))
        try:
            yield from body.iter_chunks(CHUNK)
        except (exceptions.HTTPClientError, exceptions.IncompleteReadError) as error:
            raise Mismatch(f"{item.uri}: the transfer broke off ({error}); run again") from error


def verify_answer(item: LakeObject, etag: str | None, size: int | None) -> None:
    """Compare the head of an answer with the listing."""
    if size is not None:
        verify_size(item, size)
    if bare(etag or "") != item.etag:
        raise Mismatch(
            f"{item.uri}: the answer is another object (ETag {etag}, and {item.etag} was listed);"
            " run again"
        )


def verify_size(item: LakeObject, size: int) -> None:
    """Compare the size of an answer with the listing."""
    if size != item.size:
        raise Mismatch(
            f"{item.uri}: the answer has {size:,} bytes, and {item.size:,} were listed; run again"
        )
