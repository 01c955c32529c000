"""Compares a listing with a ledger as long: `python ledger.py DATABASE OBJECTS`; tells seconds.

The warehouse is made if it is not there. The listing is made beforehand, and not timed.
"""

import json
import resource
import sys
import time
from pathlib import Path

from sparkify import warehouses
from sparkify.lake.folder import Folder
from sparkify.lake.objects import Lake, LakeObject, Listing
from sparkify.load.ledger import Difference, ledger
from sparkify.models import schema

URI = "/lake/song_data/A/B/C/TR{:016x}.json"
MAKE = """INSERT INTO staging.files (uri, kind, etag, size, load_id, records, rejects)
    SELECT printf('/lake/song_data/A/B/C/TR%016x.json', i), 'songs', printf('%032x', i), 250,
           'load', 1, 0
    FROM range($objects) numbers(i)"""


def make(database: Path, objects: int) -> None:
    """Make a warehouse that knows so many objects."""
    with warehouses.connect(f"duckdb:///{database}") as warehouse, warehouse.writing(1) as made:
        schema.upgrade(made)
        made.exec_driver_sql(MAKE.replace("$objects", str(objects)))
        made.commit()


def listing(objects: int) -> Listing:
    """A listing of the same objects."""
    return Listing(
        [
            LakeObject(uri, "songs", f"{number:032x}", 250, uri)
            for number, uri in ((number, URI.format(number)) for number in range(objects))
        ],
        0,
    )


def main(database: Path, objects: int) -> None:
    """Decide that nothing is new."""
    if not database.exists():
        make(database, objects)
    lake, listed = Lake("/lake", {"songs": Folder("/lake")}), listing(objects)
    with warehouses.connect(f"duckdb:///{database}") as warehouse, warehouse.reading(1) as opened:
        begun = time.perf_counter()
        found = Difference.of(listed, warehouse.execute(opened, ledger()), lake)
        seconds = time.perf_counter() - begun
    assert not found.read
    assert found.files.unchanged == objects
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
