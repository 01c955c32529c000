"""The same job in Spark on one machine: written as Parquet, then read into DuckDB.

Called as `python spark_lake.py LAKE DATABASE`; prints the rows of each table as JSON. Needs Java.
The settings suit small files on one machine: many objects to a task, a part shuffled for a core.
"""

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.sql import DataFrame, SparkSession
from tables import EVENTS, PLAY_KEY, SONGS, fresh, row_counts, snake

SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "4g",
    "spark.log.level": "ERROR",
    "spark.sql.files.openCostInBytes": "16384",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": str(os.cpu_count()),
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000000",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
STAR = {
    "songplays": """
        SELECT md5(concat_ws('|', user_id, session_id, item_in_session, ts)) AS songplay_id,
            timestamp_millis(ts)::TIMESTAMP_NTZ AS start_time, user_id::BIGINT AS user_id, level,
            song_id, artist_id, session_id, location, user_agent, song AS song_title,
            artist AS artist_name
        FROM plays LEFT JOIN (
            SELECT title, artist_name, min(song_id) AS song_id, min_by(artist_id, song_id)
                AS artist_id FROM staging_songs GROUP BY 1, 2
        ) ON song = title AND artist = artist_name""",
    "users": """
        SELECT user_id::BIGINT AS user_id, latest.* FROM (SELECT user_id, max_by(
                struct(first_name, last_name, gender, level), ts) AS latest
            FROM staging_events WHERE user_id <> '' GROUP BY user_id)""",
    "songs": """
        SELECT song_id, any_value(title) AS title, any_value(artist_id) AS artist_id,
            CAST(any_value(nullif(year, 0)) AS INT) AS year, any_value(duration) AS duration
        FROM staging_songs GROUP BY song_id""",
    "artists": """
        SELECT artist_id, mode(artist_name) AS name, mode(nullif(artist_location, '')) AS location,
            first(artist_latitude, true) AS latitude, first(artist_longitude, true) AS longitude
        FROM staging_songs GROUP BY artist_id""",
    "time": """
        SELECT t AS start_time, hour(t) AS hour, day(t) AS day, weekofyear(t) AS week,
            month(t) AS month, year(t) AS year, dayofweek(t) - 1 AS weekday
        FROM (SELECT DISTINCT start_time AS t FROM songplays)""",
}


def session() -> SparkSession:
    """A session of Spark on all cores of this machine; ends the program where Java is missing."""
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        sys.exit("spark_lake: Spark needs Java, and there is neither java nor JAVA_HOME here")
    return SparkSession.builder.master("local[*]").config(map=dict(SETTINGS)).getOrCreate()


def read(spark: SparkSession, folder: Path, fields: dict[str, str]) -> DataFrame:
    """The records of the objects below a folder, with the columns named as in DuckDB."""
    schema = ", ".join(map(" ".join, fields.items())).replace("VARCHAR", "STRING")
    objects = spark.read.option("recursiveFileLookup", True).option("pathGlobFilter", "*.json")
    return objects.json(str(folder), schema=schema).toDF(*map(snake, fields))


def write(frame: DataFrame, name: str, directory: str) -> None:
    """Write a table as Parquet, and let what comes after read it from there."""
    path = f"{directory}/{name}"
    frame.write.parquet(path)
    frame.sparkSession.read.schema(frame.schema).parquet(path).createOrReplaceTempView(name)


def transform(lake: Path, directory: str) -> None:
    """Make Parquet of all tables."""
    spark = session()
    write(read(spark, lake / "log_data", EVENTS), "staging_events", directory)
    write(read(spark, lake / "song_data", SONGS), "staging_songs", directory)
    plays = spark.table("staging_events").where("page = 'NextSong'")
    plays.dropDuplicates(PLAY_KEY).createTempView("plays")
    for name, query in STAR.items():
        write(spark.sql(query), name, directory)
    spark.stop()


def main(lake: str, database: str) -> None:
    """Load a lake."""
    with TemporaryDirectory() as directory, fresh(database) as connection:
        transform(Path(lake), directory)
        for path in Path(directory).iterdir():
            connection.execute(f"CREATE TABLE {path.name} AS FROM '{path}/*.parquet'")
        print(row_counts(connection))


if __name__ == "__main__":
    main(*sys.argv[1:])
