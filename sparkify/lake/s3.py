"""S3: obstore fetches objects, boto3 does everything else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import tenacity

from sparkify.lake import forks
from sparkify.lake.access import Access, Target
from sparkify.lake.answers import Mismatch, by_boto3, by_obstore, verify_size
from sparkify.lake.aws import Answer, Client
from sparkify.lake.aws_errors import translated
from sparkify.lake.fetching import fetched
from sparkify.lake.listing import Entry, entries
from sparkify.lake.objects import LakeObject, hidden, wanted
from sparkify.lake.uris import plain, split

if TYPE_CHECKING:
    import boto3

ATTEMPTS = 4  # at an object whose answer is not what was listed
FORBIDDEN, NOT_FOUND = 403, 404
LIST, GET, PUT, DELETE = "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"


class Bucket:
    """A bucket, and a prefix in it; see `objects.Location`."""

    def __init__(
        self, uri: str, session: "boto3.Session", encryption: Mapping[str, str] | None = None
    ) -> None:
        """A location.

        Args:
            encryption: boto3's parameters for the encryption of what is written.
        """
        forks.CLIENTS.check()
        self.name, self.prefix = split(uri)
        self.uri = f"s3://{self.name}/{self.prefix}".rstrip("/")
        self.is_folder = uri.endswith("/") or not self.prefix
        self.session = session
        self.encryption = dict(encryption or {})
        self.seen: list[Target] = []

    @cached_property
    def access(self) -> Access:
        """How S3 is reached."""
        with translated(f"s3://{self.name}", LIST):
            return Access.of(self.session)

    @cached_property
    def client(self) -> Client:
        """boto3's client."""
        with self.errors(f"s3://{self.name}", LIST):
            return self.access.client()

    @cached_property
    def target(self) -> Target:
        """Where the bucket is: its URL, and its own region, which may differ from the session's."""
        from botocore.exceptions import ClientError

        named = "x-amz-bucket-region"
        with self.errors(f"s3://{self.name}", LIST):
            self.client.meta.events.register("before-sign.s3.HeadBucket", self.note)
            try:
                answer: Answer = self.client.head_bucket(Bucket=self.name)
            except ClientError as error:
                answer = {**error.response}
                meta = answer["ResponseMetadata"]
                if meta["HTTPStatusCode"] == NOT_FOUND:
                    raise
                # S3 names the region even to a caller who may list only some prefixes; what else
                # is wrong is told by an answer with a body
                if meta["HTTPStatusCode"] != FORBIDDEN or named not in meta["HTTPHeaders"]:
                    self.client.list_objects_v2(Bucket=self.name, Prefix=self.prefix, MaxKeys=1)
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        return self.seen[-1]._replace(region=str(headers.get(named) or self.seen[-1].region))

    def note(self, request: Client, region_name: str, signing_name: str, **_: object) -> None:
        """Note where boto3 sends a request."""
        signing = request.context.get("signing") or {}  # an access point's own, if it has any
        region, service = signing.get("region", region_name), signing.get("signing_name")
        service = "sigv4a" if region == "*" else service or signing_name
        self.seen.append(Target(request.url.rstrip("/"), region, service))

    @property
    def region(self) -> str:
        """The bucket's own region."""
        return self.target.region

    @cached_property
    def holder(self) -> forks.Holder | None:
        """obstore's client; None if only boto3 can do what the settings ask for."""
        store = self.access.store(self.target)
        return None if store is None else forks.Holder(store)

    def errors(self, subject: str, permission: str) -> AbstractContextManager[None]:
        """Translate the errors of both clients."""
        return translated(subject, permission, anonymous=self.access.anonymous)

    def exists(self) -> bool:
        """Whether the bucket exists."""
        return bool(self.target)

    @cached_property
    def start(self) -> str:
        """What its keys start with: the prefix as a folder or, if nothing is there, as for COPY.

        What is hidden below a key, as manifests are, does not make it a folder.
        """
        folder = f"{self.prefix}/" if self.prefix else ""
        shown = (entry for entry in self.entries(folder) if not hidden(entry.key[len(folder) :]))
        is_folder = self.is_folder or next(shown, None)
        return folder if is_folder else self.prefix

    def scan(self, kind: str) -> Iterator[LakeObject | str]:
        """Every object below the prefix, which may also be a key; see `objects.Location.scan`."""
        below = self.start[: self.start.rfind("/") + 1]
        for entry in self.entries(self.start):
            if entry.key == self.prefix:  # keys are listed in order, so it is the first
                yield self.item(entry, kind)
                return
            yield self.listed(entry, kind, below)

    def entries(self, prefix: str) -> Iterator[Entry]:
        """What is listed below a prefix."""
        with self.errors(f"s3://{self.name}/{prefix}", LIST):
            yield from entries(self.client, self.name, prefix)

    def holds(self, uri: str) -> bool:
        """See `objects.Location.holds`."""
        return uri == self.uri or uri.startswith(f"s3://{self.name}/{self.start}")

    def uri_of(self, name: str) -> str | None:
        """See `objects.Location.uri_of`."""
        uri = plain(name)
        return uri if self.holds(uri) else None

    def find(self, name: str, kind: str) -> LakeObject | None:
        """See `objects.Location.find`: of the keys that start so, a key itself is listed first."""
        key = plain(name)[len(f"s3://{self.name}/") :]
        entry = next(self.entries(key), None)
        return self.item(entry, kind) if entry and entry.key == key else None

    def listed(self, entry: Entry, kind: str, below: str) -> LakeObject | str:
        """The object of an entry, or its uri if its name is ignored."""
        item = self.item(entry, kind)
        return item if wanted(entry.key[len(below) :].split("/")) else item.uri

    def item(self, entry: Entry, kind: str) -> LakeObject:
        """The object of an entry."""
        return LakeObject(f"s3://{self.name}/{entry.key}", kind, entry.etag, entry.size, entry.key)

    def fetch(self, objects: Sequence[LakeObject]) -> Iterator[tuple[LakeObject, bytes | Path]]:
        """The objects' bytes, or the paths of their copies; see `objects.Location.fetch`."""
        forks.CLIENTS.check()
        if objects:
            with self.errors(self.uri, GET):
                self.holder  # noqa: B018 - made before the threads use it
        return fetched(objects, self.read)

    def read(
        self, item: LakeObject, path: Path | None = None, stop: Event | None = None
    ) -> bytes | Path:
        """One object, in memory or in a file, or an error if it is not what was listed."""
        with self.errors(item.uri, GET):
            try:
                return self.read_once(item, path, stop)
            except Mismatch:
                again = tenacity.Retrying(
                    retry=tenacity.retry_if_exception_type(Mismatch),
                    stop=tenacity.stop_after_attempt(ATTEMPTS - 1),
                    wait=tenacity.wait_random_exponential(multiplier=0.2, max=2),
                    reraise=True,
                )
                return again(self.read_once, item, path, stop)

    def read_once(self, item: LakeObject, path: Path | None, stop: Event | None) -> bytes | Path:
        """One object, by the client that can."""
        chunks: Iterable[bytes]
        if self.holder is None:
            chunks = by_boto3(self.client, self.name, item)
        else:
            try:
                chunks = by_obstore(self.holder.client, item)
            except ValueError:  # obstore rejects some keys (an empty segment, "..")
                chunks = by_boto3(self.client, self.name, item)
        if path is None:
            data = b"".join(chunks)
            verify_size(item, len(data))
            return data
        size = 0
        with path.open("wb") as file:
            for chunk in chunks:
                size += file.write(chunk)
                if stop and stop.is_set():
                    break
        verify_size(item, size)
        return path

    def put(self, key: str, content: bytes | Path) -> int:
        """Write an object, in parts if it is a large file, and return its size in bytes."""
        with self.errors(f"s3://{self.name}/{key}", PUT):
            if isinstance(content, bytes):
                self.client.put_object(
                    Bucket=self.name, Key=key, Body=BytesIO(content), **self.encryption
                )
                return len(content)
            self.client.upload_file(str(content), self.name, key, ExtraArgs=self.encryption)
            return content.stat().st_size

    def keys(self, prefix: str) -> list[str]:
        """The keys that start with a prefix."""
        return [entry.key for entry in self.entries(prefix)]

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects."""
        with self.errors(self.uri, DELETE):
            for start in range(0, len(keys), 1000):  # the most of one request
                batch = keys[start : start + 1000]
                self.client.delete_objects(
                    Bucket=self.name, Delete={"Objects": [{"Key": key} for key in batch]}
                )

    def verify(self, objects: Iterable[LakeObject]) -> None:
        """Do nothing: `read` asks for the etag that was listed."""
