"""Makes the parts that Redshift would copy: `python parts.py sparkify|copy LAKE`.

It tells CPU seconds. `sparkify` reads, checks and writes; `copy` is DuckDB's COPY TO of JSON alone,
from a table of the rows.
"""

import json
import sys
import tempfile
import time
from itertools import count

import sqlalchemy as sa

from sparkify import config
from sparkify.lake.locations import open_lake
from sparkify.models import KINDS, table
from sparkify.warehouses.redshift import staged
from sparkify.warehouses.routes import Staging, read


def main(way: str, source: str) -> None:
    """Make the parts of a lake."""
    lake = open_lake(config.load({"source": source}))
    objects = lake.listing().objects
    with tempfile.TemporaryDirectory() as made, staged.collector() as collected:
        begun = time.process_time()
        batches = read(collected, lake, objects, Staging("run", count(1)), as_sql=False)
        rows = sum(outcome.records for batch in batches for outcome in batch)
        for target in map(table, KINDS.values()):
            collected.parts(target)
        seconds = time.process_time() - begun
        if way == "copy":
            seconds = sum(copied(collected, target, made) for target in map(table, KINDS.values()))
        print(json.dumps({"seconds": seconds, "rows": rows}))


def copied(collected: staged.Collector, target: sa.Table, directory: str) -> float:
    """The CPU seconds of DuckDB's own COPY TO, from a table of the rows."""
    collected.execute(f"CREATE TABLE {target.name} AS FROM {target.fullname}")
    begun = time.process_time()
    options = "(FORMAT json, COMPRESSION zstd)"
    collected.execute(f"COPY {target.name} TO '{directory}/{target.name}.json.zst' {options}")
    return time.process_time() - begun


if __name__ == "__main__":
    main(*sys.argv[1:])
