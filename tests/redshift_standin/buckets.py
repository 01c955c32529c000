"""A bucket for tests: of a moto server on this machine, or a real one."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import ThreadedMotoServer

# else moto looks through its folders at every request
DomainDispatcherApplication.get_backend_for_host = cache(  # type: ignore[method-assign]
    DomainDispatcherApplication.get_backend_for_host
)


@dataclass(frozen=True)
class Bucket:
    """A place in S3 for one test: `prefix` ends in a slash or is empty."""

    client: Any
    name: str
    endpoint: str | None
    prefix: str = ""

    def put(self, key: str, content: str | bytes | dict[str, Any] | list[Any]) -> str:
        """Write an object (JSON unless text or bytes); its URL."""
        body = json.dumps(content) if isinstance(content, (dict, list)) else content
        data = body.encode() if isinstance(body, str) else body
        self.client.put_object(Bucket=self.name, Key=self.prefix + key, Body=data)
        return self.url(key)

    def url(self, key: str = "") -> str:
        """The URL of an object or a prefix."""
        return f"s3://{self.name}/{self.prefix}{key}"

    def held(self, below: str = "") -> list[str]:
        """The keys of the objects below a key, whole."""
        found = self.client.list_objects_v2(Bucket=self.name, Prefix=self.prefix + below)
        return [each["Key"] for each in found.get("Contents", ())]

    def manifest(self, key: str, *urls: str, mandatory: bool = True, sizes: bool = False) -> str:
        """Write a manifest of these objects, with their sizes or without; its URL."""
        entries: list[dict[str, Any]] = [{"url": url, "mandatory": mandatory} for url in urls]
        for entry in entries if sizes else ():
            name = entry["url"].removeprefix(f"s3://{self.name}/")
            head = self.client.head_object(Bucket=self.name, Key=name)
            entry["meta"] = {"content_length": head["ContentLength"]}
        return self.put(key, {"entries": entries})


@contextmanager
def local_bucket(name: str, region: str) -> Iterator[Bucket]:
    """A bucket of a moto server of its own, on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client: Any = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="s3cr3t-key",
    )
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    try:
        yield Bucket(client, name, endpoint)
    finally:
        client.close()
        server.stop()
