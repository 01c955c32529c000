"""Makes the parts that Redshift would copy: `python parts.py sparkify|copy LAKE`; tells seconds.

`sparkify` reads, checks and writes; `copy` is DuckDB's COPY TO alone, from a table of the rows.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from sparkify import config
from sparkify.lake.locations import open_lake
from sparkify.models import KINDS, table
from sparkify.read.sql import DuckDBScanner
from sparkify.warehouses.redshift import parts, staged
from sparkify.warehouses.routes import read

SLICES = 4


def main(way: str, source: str) -> None:
    """Make the parts of a lake."""
    lake = open_lake(config.load({"source": source}))
    objects = lake.listing().objects
    with tempfile.TemporaryDirectory() as made, staged.local_database() as room:
        directory = Path(made)
        begun = time.perf_counter()
        outcomes = read(DuckDBScanner(room), lake, objects, "load", as_sql=False)
        rows = sum(outcome.records for outcome in outcomes)
        if way == "copy":
            begun = time.perf_counter()
        for model in KINDS.values():
            source_table = table(model)
            if way == "copy":
                target = f"'{directory / source_table.name}.json.zst'"
                options = "(FORMAT json, COMPRESSION zstd)"
                room.execute(f"COPY {source_table.fullname} TO {target} {options}")
            else:
                list(parts.export(room, source_table, directory, SLICES))
        print(json.dumps({"seconds": time.perf_counter() - begun, "rows": rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
