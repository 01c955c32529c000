"""Fetches a folder's files over HTTP: `python fetch.py sparkify|bare PORT FOLDER`; tells seconds.

`sparkify` as a run does, with errors, etags and order; `bare` by a loop over obstore alone.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from obstore.store import S3Store

from sparkify.lake.fetching import THREADS
from sparkify.lake.objects import LakeObject
from sparkify.lake.s3 import Bucket

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def by_sparkify(endpoint: str, keys: dict[str, int]) -> int:
    """The bytes of all objects, as a run fetches them."""
    os.environ.update(KEYS, AWS_ENDPOINT_URL=endpoint)
    bucket = Bucket("s3://lake", boto3.Session(region_name="us-east-1"))
    objects = [
        LakeObject(f"s3://lake/{key}", "songs", "etag", size, key) for key, size in keys.items()
    ]
    return sum(len(data) for _, data in bucket.fetch(objects) if isinstance(data, bytes))


def bare(endpoint: str, keys: dict[str, int]) -> int:
    """The bytes of all objects, by as little as it takes."""
    store = S3Store(
        "lake",
        endpoint=endpoint,
        region="us-east-1",
        access_key_id="key",
        secret_access_key="secret",  # noqa: S106 - of nothing
        client_options={"allow_http": True},
    )
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(lambda key: len(store.get(key).bytes()), keys))


def main(way: Callable[[str, dict[str, int]], int], port: str, folder: Path) -> None:
    """Fetch all, make sure that it is all, and tell the seconds."""
    files = (path for path in folder.rglob("*") if path.is_file())
    keys = {str(path.relative_to(folder)): path.stat().st_size for path in files}
    begun = time.perf_counter()
    fetched = way(f"http://127.0.0.1:{port}", keys)
    seconds = time.perf_counter() - begun
    assert fetched == sum(keys.values())
    print(json.dumps({"seconds": seconds, "objects": len(keys)}))


if __name__ == "__main__":
    main({"sparkify": by_sparkify, "bare": bare}[sys.argv[1]], sys.argv[2], Path(sys.argv[3]))
