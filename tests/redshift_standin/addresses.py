"""Which objects COPY reads: addresses in S3, and manifests that list them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .protocol import SqlError

ADDRESS = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL)


@dataclass(frozen=True)
class Address:
    """An object, or a prefix, in a bucket."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address a URL names. Raises SqlError."""
        match = ADDRESS.fullmatch(url)
        if not match:
            raise SqlError("XX000", f"The specified S3 path is not valid: {url}")
        return cls(match["bucket"], match["key"])

    def __str__(self) -> str:
        """As a URL."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class Wanted:
    """An object to load; without it COPY fails when it is mandatory.

    `length` is the size in bytes that the manifest tells, None if it tells none.
    """

    place: Address
    mandatory: bool
    length: int | None = None


def read_manifest(text: bytes, manifest: Address) -> list[Wanted]:
    """The objects a manifest lists. Raises SqlError."""
    try:
        entries = json.loads(text)["entries"]
        return [
            Wanted(
                Address.parse(entry["url"]),
                bool(entry.get("mandatory")),
                entry.get("meta", {}).get("content_length"),
            )
            for entry in entries
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"Problem reading manifest file - {manifest} is not in the manifest format"
        raise SqlError("XX000", message, str(error)) from error
