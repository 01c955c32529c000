"""A lake in S3 behind a server that misbehaves: each request in turn is spoilt."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.chaos import forks
from tests.chaos.s3faults import Plan, proxy
from tests.chaos.worlds import Trial, Work, change, make, measured, succeed
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import REGION

#: how a run may end for each fault: 0 where trying again helps, else told apart by the code
CODES = {
    "slow down": (0,),
    "error": (0,),
    "cut": (0,),
    "reset": (0,),
    "another etag": (0, 1, 4),
    "gone": (0, 2, 4),
    "forbidden": (1,),
}


@dataclass(frozen=True)
class Store:
    """A kind of run over a lake in S3, and the plan of the server that stands before it."""

    work: Work
    plan: Plan
    requests: int


@contextmanager
def store(root: Path, bucket: Bucket, seed: int) -> Iterator[Store]:
    """A lake in S3 that was loaded once, and has changed since."""
    lake, start = root / "s3-lake", root / "s3-start.duckdb"
    make(lake, seed)
    with proxy(str(bucket.endpoint)) as (url, plan):
        work = Work("s3", bucket.url("lake"), root, environment=settings(url))
        upload(lake, bucket)
        with work.trial() as trial:
            succeed(trial)
            shutil.copyfile(trial.folder / "warehouse.duckdb", start)
        change(lake)
        upload(lake, bucket)
        before = len(plan.asked)
        work = measured(replace(work, start=start))
        yield Store(work, plan, len(plan.asked) - before)


def settings(endpoint: str) -> dict[str, str]:
    """The environment in which boto3 finds an S3 of ours."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def upload(lake: Path, bucket: Bucket) -> None:
    """Make a bucket's lake what a folder is."""
    for key in bucket.held("lake/"):
        bucket.client.delete_object(Bucket=bucket.name, Key=key)
    for path in lake.rglob("*.json"):
        bucket.put(f"lake/{path.relative_to(lake)}", path.read_bytes())


def spoil(store: Store, nth: int, fault: str) -> None:
    """Spoil one request: it is made again, or the end is clear, and nothing is half published."""
    with store.work.trial() as trial:
        ended = struck(store.plan, trial, nth, fault)
        trial.settle(f"{fault} at request {nth}", ended, CODES[fault])


def struck(plan: Plan, trial: Trial, nth: int, fault: str, *, ever: bool = False) -> forks.Ended:
    """Run with one request spoilt, or with all from that one on."""
    plan.asked.clear()
    plan.fault, plan.nth, plan.ever = fault, nth, ever
    try:
        return forks.run(trial.job())
    finally:
        plan.nth = 0
