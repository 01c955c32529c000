"""The same job in polars: read and transformed there, handed over to DuckDB as Arrow.

Called as `python polars_lake.py LAKE DATABASE`; prints the rows of each table as JSON. polars has
no md5, so DuckDB computes it while it writes `songplays`.
"""

import sys
from pathlib import Path

import duckdb
import polars as pl
from tables import EVENTS, PLAY_KEY, SONGS, fresh, row_counts, snake

TYPES = {"VARCHAR": pl.String(), "BIGINT": pl.Int64(), "DOUBLE": pl.Float64()}


def scanned(pattern: Path, fields: dict[str, str]) -> pl.LazyFrame:
    """The records of a lake's objects, with the columns named as in DuckDB."""
    schema = {name: TYPES[type_] for name, type_ in fields.items()}
    return pl.scan_ndjson(pattern, schema=schema).rename({name: snake(name) for name in fields})


def songplays(events: pl.LazyFrame, songs: pl.LazyFrame) -> pl.LazyFrame:
    """One row per play, with its song where the catalogue knows it; the id is still to hash."""
    plays = events.filter(pl.col("page") == "NextSong").unique(PLAY_KEY)
    names = ["title", "artist_name"]
    known = songs.sort("song_id").unique(names, keep="first").select(*names, "song_id", "artist_id")
    return plays.join(known, how="left", left_on=["song", "artist"], right_on=names).select(
        pl.concat_str(PLAY_KEY, separator="|").alias("songplay_id"),
        pl.from_epoch("ts", time_unit="ms").alias("start_time"),
        pl.col("user_id").cast(pl.Int64),
        *("level", "song_id", "artist_id", "session_id", "location", "user_agent"),
        pl.col("song").alias("song_title"),
        pl.col("artist").alias("artist_name"),
    )


def users(events: pl.LazyFrame) -> pl.LazyFrame:
    """One row per user, from the user's latest event."""
    latest = pl.col("first_name", "last_name", "gender", "level").get(pl.col("ts").arg_max())
    by_user = events.filter(pl.col("user_id") != "").group_by(pl.col("user_id").cast(pl.Int64))
    return by_user.agg(latest)


def catalogue(songs: pl.LazyFrame) -> dict[str, pl.LazyFrame]:
    """The tables `songs` and `artists`; of an artist's names and locations the most frequent."""
    location = pl.col("artist_location").replace("", None).drop_nulls().mode().first()
    position = pl.col("artist_latitude", "artist_longitude").drop_nulls().first()
    columns = ["song_id", "title", "artist_id", pl.col("year").replace(0, None), "duration"]
    return {
        "songs": songs.unique("song_id").select(columns),
        "artists": songs.group_by("artist_id").agg(
            pl.col("artist_name").mode().first().alias("name"),
            location.alias("location"),
            position.name.replace("artist_", ""),
        ),
    }


def time(plays: pl.LazyFrame) -> pl.LazyFrame:
    """Each start_time of a play, taken apart."""
    start = pl.col("start_time")
    parts = [
        getattr(start.dt, part)().cast(pl.Int32).alias(part)
        for part in ("hour", "day", "week", "month", "year")
    ]
    weekday = (start.dt.weekday() % 7).cast(pl.Int32).alias("weekday")
    return plays.select(start).unique().select(start, *parts, weekday)


def write(connection: duckdb.DuckDBPyConnection, tables: dict[str, pl.LazyFrame]) -> None:
    """Collect the tables together, then write each."""
    frames = pl.collect_all(tables.values())
    for name, frame in zip(tables, frames, strict=True):
        connection.register("frame", frame.to_arrow())
        hashed = "REPLACE (md5(songplay_id) AS songplay_id)" if name == "songplays" else ""
        connection.execute(f"CREATE TABLE {name} AS SELECT * {hashed} FROM frame")


def main(lake: str, database: str) -> None:
    """Load a lake."""
    events = scanned(Path(lake, "log_data/*/*/*.json"), EVENTS).collect().lazy()
    songs = scanned(Path(lake, "song_data/*/*/*/*.json"), SONGS).collect().lazy()
    plays = songplays(events, songs).collect().lazy()
    star = {"songplays": plays, "users": users(events), **catalogue(songs), "time": time(plays)}
    with fresh(database) as connection:
        write(connection, {"staging_events": events, "staging_songs": songs, **star})
        print(row_counts(connection))


if __name__ == "__main__":
    main(*sys.argv[1:])
