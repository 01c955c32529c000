"""The same job with dlt: staging tables by a pipeline, the star by SQL.

Called as `python dlt_lake.py LAKE DATABASE`; prints the rows of each table as JSON. The pipeline
is of the fast kind that dlt's documentation advises: pages and not records, Arrow tables with a
declared schema and normal names, Parquet on the way, so that no record is normalized one by one.
polars makes the tables: pyarrow's own reader refuses a title such as 1999 that is a number.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import dlt
import duckdb
import polars as pl
import pyarrow as pa
from duckdb_sql import make_star
from tables import EVENTS, SONGS, fresh, row_counts, snake

TYPES = {"VARCHAR": pl.String(), "BIGINT": pl.Int64(), "DOUBLE": pl.Float64()}
QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}


def pages(objects: Iterable[Path], a_page: int, fields: dict[str, str]) -> Iterator[pa.Table]:
    """The records of a lake's objects as Arrow tables, `a_page` objects in each."""
    schema = {name: TYPES[type_] for name, type_ in fields.items()}
    names = {name: snake(name) for name in fields}
    left = iter(objects)
    while page := list(islice(left, a_page)):
        text = b"\n".join(each.read_bytes() for each in page)
        yield pl.read_ndjson(text, schema=schema).rename(names).to_arrow()


def stage(lake: Path, database: str) -> None:
    """Load both staging tables with one run of a pipeline that nothing is kept of."""
    events = pages(lake.glob("log_data/*/*/*.json"), 1, EVENTS)
    songs = pages(lake.glob("song_data/*/*/*/*.json"), 5000, SONGS)
    with TemporaryDirectory() as directory:
        pipeline = dlt.pipeline(
            "lake",
            pipelines_dir=directory,
            destination=dlt.destinations.duckdb(database),
            dataset_name="main",
        )
        resources = [
            dlt.resource(events, name="staging_events"),
            dlt.resource(songs, name="staging_songs"),
        ]
        pipeline.run(resources, loader_file_format="parquet").raise_on_failed_jobs()


def main(lake: str, database: str) -> None:
    """Load a lake."""
    os.environ.update(QUIET)
    fresh(database).close()
    stage(Path(lake), database)
    with duckdb.connect(database) as connection:
        make_star(connection)
        print(row_counts(connection))


if __name__ == "__main__":
    main(*sys.argv[1:])
