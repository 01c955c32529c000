"""S3: objects are read and written by obstore, everything else is done by boto3.

Both use the credentials of boto3's chain.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sparkify.errors import UsageError
from sparkify.lake.aws import Answer, Client
from sparkify.lake.aws_errors import translated
from sparkify.lake.objects import LakeObject, wanted

if TYPE_CHECKING:
    import boto3
    import obstore.store

THREADS = 64  # requests under way at once; more gain nothing over 30 ms of latency
AHEAD = 128 << 20  # bytes asked for and not yet taken, but for one object of any size
RETRIES = 6  # of a request, some 6 seconds with their growing and jittered waits
FORBIDDEN = 403
LIST, GET, PUT, DELETE = "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"


def split(uri: str) -> tuple[str, str]:
    """The bucket and the prefix of an `s3://bucket/prefix`.

    Raises:
        UsageError: the text is not such a URI, or the bucket's name is not valid.
    """
    match = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", uri, re.DOTALL)
    if not match:
        raise UsageError(
            f"{uri} is not a valid s3://bucket/prefix (a bucket's name has 3 to 63 characters:"
            " small letters, digits, hyphens, dots)"
        )
    return match[1], (match[2] or "").rstrip("/")


class Bucket:
    """A bucket, and a prefix in it; see `objects.Location`."""

    def __init__(self, uri: str, session: "boto3.Session") -> None:
        self.name, self.prefix = split(uri)
        self.uri = f"s3://{self.name}/{self.prefix}".rstrip("/")
        self.session = session

    @cached_property
    def client(self) -> Client:
        """boto3's client, which lists and deletes."""
        from botocore.config import Config

        region = self.session.region_name or "us-east-1"
        return self.session.client(
            "s3", region_name=region, config=Config(retries={"mode": "standard"})
        )

    @cached_property
    def region(self) -> str:
        """The bucket's own region, which may differ from the session's."""
        from botocore.exceptions import ClientError

        named = "x-amz-bucket-region"
        with translated(f"s3://{self.name}", LIST):
            try:
                answer: Answer = self.client.head_bucket(Bucket=self.name)
            except ClientError as error:
                # S3 names the region even to a caller who may list only some prefixes
                answer = {**error.response}
                meta = answer["ResponseMetadata"]
                if meta["HTTPStatusCode"] != FORBIDDEN or named not in meta["HTTPHeaders"]:
                    raise
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        return str(headers.get(named) or self.client.meta.region_name)

    @cached_property
    def store(self) -> "obstore.store.S3Store":
        """obstore's client, which reads and writes objects."""
        from obstore.auth.boto3 import Boto3CredentialProvider
        from obstore.store import S3Store

        endpoint = self.client.meta.endpoint_url
        anonymous = self.session.get_credentials() is None
        return S3Store(
            self.name,
            region=self.region,
            credential_provider=None if anonymous else Boto3CredentialProvider(self.session),
            skip_signature=anonymous,
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(minutes=1)},
            client_options={"allow_http": endpoint.startswith("http://")},
            **({} if endpoint.endswith(".amazonaws.com") else {"endpoint": endpoint}),
        )

    def exists(self) -> bool:
        """Whether the bucket exists."""
        return bool(self.region)

    def scan(self, kind: str) -> Iterator[LakeObject | str]:
        """Every object below the prefix; see `objects.Location.scan`."""
        below = f"{self.prefix}/" if self.prefix else ""
        with translated(self.uri, LIST):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.name, Prefix=below):
                for entry in page.get("Contents", ()):
                    key, tag = entry["Key"], entry["ETag"].strip('"')
                    uri = f"s3://{self.name}/{key}"
                    item = LakeObject(uri, kind, tag, entry["Size"], key)
                    yield item if wanted(key[len(below) :].split("/")) else uri

    def fetch(self, objects: Sequence[LakeObject]) -> Iterator[tuple[LakeObject, bytes | Path]]:
        """The objects' bytes, `THREADS` requests ahead; see `objects.Location.fetch`."""
        pool = ThreadPoolExecutor(THREADS)
        ahead: deque[tuple[LakeObject, Future[bytes]]] = deque()
        held = 0
        try:
            for item in objects:
                ahead.append((item, pool.submit(self.read, item)))
                held += item.size
                while len(ahead) > 2 * THREADS or held > AHEAD:
                    done, future = ahead.popleft()
                    held -= done.size
                    yield done, future.result()
            while ahead:
                done, future = ahead.popleft()
                yield done, future.result()
        finally:  # do not wait for requests whose answers nobody needs
            pool.shutdown(wait=False, cancel_futures=True)

    def read(self, item: LakeObject) -> bytes:
        """The bytes of one object, or an error if it is not the version that was listed."""
        with translated(item.uri, GET):
            try:
                answer = self.store.get(item.key, options={"if_match": f'"{item.etag}"'})
                return bytes(answer.bytes())
            except ValueError:  # obstore rejects some keys (an empty segment, "..")
                return self.read_by_boto3(item)

    def read_by_boto3(self, item: LakeObject) -> bytes:
        """The bytes of one object, by the slower client that accepts every key."""
        answer = self.client.get_object(Bucket=self.name, Key=item.key, IfMatch=item.etag)
        return bytes(answer["Body"].read())

    def put(self, key: str, content: bytes | Path) -> int:
        """Write an object, in parts if it is a large file, and return its size in bytes."""
        pool = ThreadPoolExecutor(1)  # a signal can interrupt waiting for a thread, not obstore
        try:
            with translated(f"s3://{self.name}/{key}", PUT):
                pool.submit(self.store.put, key, content).result()
        finally:
            pool.shutdown(wait=False)
        return len(content) if isinstance(content, bytes) else content.stat().st_size

    def keys(self, prefix: str) -> list[str]:
        """The keys that start with a prefix."""
        with translated(f"s3://{self.name}/{prefix}", LIST):
            paginator = self.client.get_paginator("list_objects_v2")
            pages = paginator.paginate(Bucket=self.name, Prefix=prefix)
            return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects."""
        most = 1000  # in one request
        with translated(self.uri, DELETE):
            for start in range(0, len(keys), most):
                batch = keys[start : start + most]
                self.client.delete_objects(
                    Bucket=self.name, Delete={"Objects": [{"Key": key} for key in batch]}
                )

    def verify(self, objects: Iterable[LakeObject]) -> None:
        """Do nothing: `read` asks for the etag that was listed."""
