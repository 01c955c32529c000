"""Whether an answer of S3 is the object that was listed, and all of it."""

from sparkify.errors import TryAgain
from sparkify.lake.listing import bare
from sparkify.lake.objects import LakeObject


class Mismatch(TryAgain):
    """An answer is not, or not all of, the object that was listed."""


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
