"""S3: a lake's objects by obstore, everything else by boto3, whose credential chain holds."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparkify.errors import SparkifyError, TryAgain, UsageError, first_line
from sparkify.lake.objects import LakeObject, wanted

if TYPE_CHECKING:
    import boto3
    import obstore.store

THREADS = 64  # requests under way at once; more gain nothing over 30 ms of latency
AHEAD = 128 << 20  # bytes asked for and not yet taken, but for one object of any size
RETRIES = 6  # of a request, some 6 seconds with their growing and jittered waits
FORBIDDEN = 403
HINTS = {
    "403": "access denied; check the credentials and the bucket's policy",
    "404": "it is not there",
}


def split(uri: str) -> tuple[str, str]:
    """Bucket and prefix of an `s3://bucket/prefix`.

    Raises:
        UsageError: it is none.
    """
    match = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", uri, re.DOTALL)
    if not match:
        raise UsageError(f"{uri} is no s3://bucket/prefix")
    return match[1], (match[2] or "").rstrip("/")


class Bucket:
    """A place in S3; see `objects.Location`."""

    def __init__(self, uri: str, session: "boto3.Session") -> None:
        self.name, self.prefix = split(uri)
        self.uri = f"s3://{self.name}/{self.prefix}".rstrip("/")
        self.session = session

    @cached_property
    def client(self) -> Any:
        """The control plane."""
        from botocore.config import Config

        region = self.session.region_name or "us-east-1"
        return self.session.client(
            "s3", region_name=region, config=Config(retries={"mode": "standard"})
        )

    @cached_property
    def region(self) -> str:
        """The bucket's own region, which may not be the session's."""
        from botocore.exceptions import ClientError

        named = "x-amz-bucket-region"
        with translated(f"s3://{self.name}"):
            try:
                answer = self.client.head_bucket(Bucket=self.name)
            except ClientError as error:
                # who may list some prefixes alone is refused here, and told the region even so
                answer = error.response
                meta = answer["ResponseMetadata"]
                if meta["HTTPStatusCode"] != FORBIDDEN or named not in meta["HTTPHeaders"]:
                    raise
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        return str(headers.get(named) or self.client.meta.region_name)

    @cached_property
    def store(self) -> "obstore.store.S3Store":
        """The data plane."""
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
        """Whether the bucket is there."""
        return bool(self.region)

    def scan(self, kind: str) -> Iterator[LakeObject | None]:
        """Every object below the prefix; see `objects.Location.scan`."""
        below = f"{self.prefix}/" if self.prefix else ""
        pages = self.client.get_paginator("list_objects_v2")
        with translated(self.uri):
            for page in pages.paginate(Bucket=self.name, Prefix=below):
                for found in page.get("Contents", ()):
                    key, tag = found["Key"], found["ETag"].strip('"')
                    uri = f"s3://{self.name}/{key}"
                    item = LakeObject(uri, kind, tag, found["Size"], key)
                    yield item if wanted(key[len(below) :].split("/")) else None

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
        finally:  # a request under way may take long, and nobody wants its answer
            pool.shutdown(wait=False, cancel_futures=True)

    def read(self, item: LakeObject) -> bytes:
        """The bytes of one object, or an error if it is not the one that was listed."""
        from obstore import exceptions

        try:
            answer = self.store.get(item.key, options={"if_match": f'"{item.etag}"'})
            return bytes(answer.bytes())
        except ValueError:  # obstore has no way to say this key (an empty segment, "..")
            return self.read_by_boto3(item)
        except FileNotFoundError as error:
            raise TryAgain(f"{item.uri} vanished while the lake was read; run again") from error
        except exceptions.PreconditionError as error:
            raise TryAgain(f"{item.uri} changed while it was read; run again") from error
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
            raise SparkifyError(f"{item.uri}: {HINTS['403']}") from error
        except (exceptions.BaseError, OSError) as error:
            raise TryAgain(f"{item.uri} could not be fetched: {first_line(error)}") from error

    def read_by_boto3(self, item: LakeObject) -> bytes:
        """The bytes of one object, by the slower client that takes every key."""
        with translated(item.uri):
            answer = self.client.get_object(Bucket=self.name, Key=item.key, IfMatch=item.etag)
            return bytes(answer["Body"].read())

    def put(self, key: str, content: bytes | Path) -> int:
        """Write an object, a file in parts if it is large; its size in bytes."""
        from obstore import exceptions

        pool = ThreadPoolExecutor(1)  # obstore looks for no signal, waiting for a thread does
        try:
            pool.submit(self.store.put, key, content).result()
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
            raise SparkifyError(f"s3://{self.name}/{key}: {HINTS['403']}") from error
        except (exceptions.BaseError, OSError) as error:
            text = f"s3://{self.name}/{key} could not be written: {first_line(error)}"
            raise TryAgain(text) from error
        finally:
            pool.shutdown(wait=False)
        return len(content) if isinstance(content, bytes) else content.stat().st_size

    def keys(self, prefix: str) -> list[str]:
        """The keys that start with a prefix."""
        pages = self.client.get_paginator("list_objects_v2")
        with translated(f"s3://{self.name}/{prefix}"):
            found = pages.paginate(Bucket=self.name, Prefix=prefix)
            return [each["Key"] for page in found for each in page.get("Contents", ())]

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects, by the thousand."""
        thousand = 1000
        with translated(self.uri):
            for start in range(0, len(keys), thousand):
                names = [{"Key": key} for key in keys[start : start + thousand]]
                self.client.delete_objects(Bucket=self.name, Delete={"Objects": names})

    def verify(self, objects: Iterable[LakeObject]) -> None:
        """Nothing to do: each request named the etag it wanted."""


class translated:  # noqa: N801 - reads as a word where it is used
    """Turns botocore's errors into ours, with the name of what was asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise our error in place of botocore's."""
        from botocore import exceptions

        if isinstance(error, exceptions.ClientError):
            raise self.refused(error) from error
        if isinstance(error, exceptions.NoCredentialsError):
            raise SparkifyError(
                f"{self.name}: no AWS credentials found; set AWS_PROFILE"
            ) from error
        if isinstance(error, exceptions.BotoCoreError):
            raise TryAgain(f"{self.name} could not be reached: {first_line(error)}") from error

    def refused(self, error: Any) -> SparkifyError:
        """The error for an answer that is no success."""
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code in ("404", "NoSuchBucket"):
            return UsageError(f"{self.name}: {HINTS['404']}")
        if code in ("NoSuchKey", "PreconditionFailed", "412"):
            return TryAgain(f"{self.name} changed while it was read; run again")
        if status in (401, 403):
            return SparkifyError(f"{self.name}: {HINTS['403']}")
        text = f"{self.name}: S3 answered {code}"
        server_side = 500
        return TryAgain(text) if status >= server_side else SparkifyError(text)
