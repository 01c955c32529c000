"""Where COPY reads and UNLOAD writes: objects of an S3 endpoint, by prefix or by manifest."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import boto3
import zstandard
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .addresses import Address, Wanted, read_manifest
from .context import Settings
from .copy_options import DEFAULT_ROLE, CopyOptions
from .errors import lacks
from .protocol import SqlError

UNCOMPRESSED_ERRORS = (OSError, EOFError, zlib.error, zstandard.ZstdError)
FIRST_REGION = "us-east-1"


@lru_cache(maxsize=8)
def _client(endpoint: str, region: str) -> Any:
    # a session of its own: the default one is not for several threads
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="standin",
        aws_secret_access_key="s3cr3t-key",
        config=Config(retries={"max_attempts": 2}, s3={"addressing_style": "path"}),
    )


class Source:
    """The objects of one COPY. Every method raises SqlError as a cluster words it."""

    def __init__(self, copy: CopyOptions, settings: Settings) -> None:
        """Check the role; nothing is read yet."""
        if settings.s3_endpoint is None:
            raise lacks("COPY without the address of an S3 endpoint (s3_endpoint)")
        if copy.role is not None:
            _check_role(copy.role, settings)
        self._copy = copy
        self._region = copy.text("region", settings.region)
        self._client = _client(settings.s3_endpoint, self._region)
        self._checked: set[str] = set()

    def objects(self) -> Iterator[tuple[Address, bytes]]:
        """The objects to load, in order, with their bytes decompressed."""
        start = Address.parse(self._copy.source)
        found = False
        for wanted in self._manifest(start) if "manifest" in self._copy else self._list(start):
            data = self._get(wanted.place)
            if data is not None:
                found = True
                if {"parquet", "manifest"} <= self._copy.options.keys():
                    _check_length(wanted, data)
                yield wanted.place, self._decompress(wanted.place, data)
            elif wanted.mandatory:
                message = f"Problem reading manifest file - the file {wanted.place} was not found"
                raise SqlError("XX000", message, "code: 8001")
        if not found:
            detail = "error: The specified S3 prefix does not exist; code: 8001"
            message = f"The specified S3 prefix '{start.key}' does not exist"
            raise SqlError("XX000", message, detail)

    def read(self, address: Address) -> bytes:
        """One object's bytes as they are."""
        data = self._get(address)
        if data is None:
            message = "S3ServiceException:The specified key does not exist.,Status 404"
            raise SqlError("XX000", f"{message},Error NoSuchKey", str(address))
        return data

    def write(
        self,
        target: Address,
        name: str,
        content: bytes,
        options: set[str],
        kms_key: str | None = None,
    ) -> None:
        """For UNLOAD: write one object below a prefix, or over what is there if it may be."""
        self._check_region(target.bucket)
        there = [each.place.key for each in self._list(target)]
        if there and not options & {"allowoverwrite", "cleanpath"}:
            raise SqlError("XX000", "Specified unload destination on S3 is not empty.")
        try:
            for key in there if "cleanpath" in options else ():
                self._client.delete_object(Bucket=target.bucket, Key=key)
            made = {"Bucket": target.bucket, "Key": target.key + name}
            made |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
            self._client.put_object(Body=content, **made)
        except (ClientError, BotoCoreError) as error:
            raise _s3_error(error, str(target)) from error

    def _get(self, address: Address) -> bytes | None:
        self._check_region(address.bucket)
        try:
            body = self._client.get_object(Bucket=address.bucket, Key=address.key)["Body"]
            data: bytes = body.read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise _s3_error(error, str(address)) from error
        except BotoCoreError as error:
            raise _s3_error(error, str(address)) from error
        return data

    def _decompress(self, address: Address, data: bytes) -> bytes:
        try:
            return _decompress(data, self._copy)
        except UNCOMPRESSED_ERRORS as error:
            raise SqlError("XX000", f"Invalid compressed file: {address}", str(error)) from error

    def _list(self, prefix: Address) -> list[Wanted]:
        self._check_region(prefix.bucket)
        pages = self._client.get_paginator("list_objects_v2")
        try:
            return [
                Wanted(Address(prefix.bucket, item["Key"]), mandatory=True)
                for page in pages.paginate(Bucket=prefix.bucket, Prefix=prefix.key)
                for item in page.get("Contents", [])
                if item["Size"] or not item["Key"].endswith("/")
            ]
        except (ClientError, BotoCoreError) as error:
            raise _s3_error(error, str(prefix)) from error

    def _manifest(self, manifest: Address) -> list[Wanted]:
        return read_manifest(self.read(manifest), manifest)

    def _check_region(self, bucket: str) -> None:
        if bucket in self._checked:
            return
        try:
            place = self._client.get_bucket_location(Bucket=bucket).get("LocationConstraint")
        except (ClientError, BotoCoreError) as error:
            raise _s3_error(error, f"s3://{bucket}") from error
        if (place or FIRST_REGION) != self._region:
            message = (
                "S3ServiceException:The bucket you are attempting to access must be addressed "
                "using the specified endpoint.,Status 301,Error PermanentRedirect"
            )
            raise SqlError("XX000", message, f"the bucket is in {place or FIRST_REGION}")
        self._checked.add(bucket)


def _check_length(wanted: Wanted, data: bytes) -> None:
    """A manifest of columnar files tells their sizes, by which they are read."""
    if wanted.length is None:
        raise SqlError("XX000", "File entry does not have 'meta' key.", "code:  15003")
    if wanted.length != len(data):
        message = "HTTP response error code: 416 Message: InvalidRange "
        detail = f"the manifest tells {wanted.length} bytes of {wanted.place}"
        raise SqlError("XX000", f"{message}The requested range is not satisfiable", detail)


def _check_role(role: str, settings: Settings) -> None:
    if role == DEFAULT_ROLE and settings.iam_roles:
        return
    if role in settings.iam_roles:
        return
    user = f"arn:aws:redshift:{settings.region}:123456789012:dbuser:standin/awsuser"
    raise SqlError(
        "XX000",
        f"User {user} is not authorized to assume IAM Role {role}",
        "error: Not authorized to get credentials of role; code: 30000",
    )


def _decompress(data: bytes, copy: CopyOptions) -> bytes:
    if "gzip" in copy:
        return gzip.decompress(data)
    if "bzip2" in copy:
        return bz2.decompress(data)
    if "zstd" in copy:
        with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
            return reader.read()
    return data


def _s3_error(error: Exception, what: str) -> SqlError:
    if not isinstance(error, ClientError):
        return SqlError("XX000", f"S3ServiceException:{error}", what)
    answer = error.response["Error"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    reason = f"{answer.get('Message')},Status {status},Error {answer['Code']}"
    return SqlError("XX000", f"S3ServiceException:{reason}", what)
