"""What S3 does to the process: memory, and forks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.factory import event, lines
from tests.lake.servers import serving

MIB = 1 << 20
FETCH = """
from pathlib import Path
from sparkify import config
from sparkify.lake.locations import open_lake

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

lake = open_lake(config.load({"events": "s3://music/log_data"}))
for part in ("small", "large"):
    before = peak()
    chosen = [item for item in lake.listing().objects if part in item.key]
    assert chosen
    for item, content in lake.fetch(chosen):
        pass
    print(peak() - before)
"""
FORK = """
import gc
import multiprocessing
from sparkify import SparkifyError, run

def child(told):
    gc.collect()
    try:
        told.put(run("s3://music", "duckdb:///child.duckdb").rows["songplays"])
    except SparkifyError as error:
        told.put(str(error))

print(run("s3://music", "duckdb:///parent.duckdb").rows["songplays"])
context = multiprocessing.get_context("fork")
told = context.Queue()
process = context.Process(target=child, args=(told,))
process.start()
print(told.get(timeout=60))
process.join()
print(process.exitcode)
print(run("s3://music", "duckdb:///again.duckdb").rows["songplays"])
"""


def ran(script: str, folder: Path, objects: dict[str, bytes]) -> list[str]:
    """The lines that a script prints in a process of its own."""
    with serving(objects) as s3:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=folder,
            env=os.environ
            | {"AWS_ENDPOINT_URL": s3.url, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=120,
        )
    return done.stdout.splitlines()


@pytest.mark.long
def test_memory_is_bounded(tmp_path: Path) -> None:
    """Neither a large object nor many small ones are held in memory as a whole, in KiB here."""
    objects = {f"log_data/small-{n}.json": b"x" * (MIB - 1) for n in range(120)}
    objects["log_data/large.json"] = b"x" * (120 * MIB)
    small, large = map(int, ran(FETCH, tmp_path, objects))
    assert small < 110 * 1024
    assert large < 40 * 1024


@pytest.mark.long
def test_a_child_of_a_fork_is_told_at_once(tmp_path: Path) -> None:
    """It ends with a clear error, and its parent goes on working."""
    objects = {f"log_data/{n}.json": lines([event(itemInSession=n)]) for n in range(30)}
    first, told, code, again = ran(FORK, tmp_path, objects)
    assert (first, code, again) == ("30", "0", "30")
    assert told.startswith("S3 was used before this process was forked; use the spawn")
