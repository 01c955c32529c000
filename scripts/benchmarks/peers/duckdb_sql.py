"""The same job in DuckDB's SQL alone, as a specialist writes it by hand for a clean lake.

Called as `python duckdb_sql.py LAKE DATABASE [ordered]`; prints the rows of each table as JSON.
Nothing is inferred, checked or repaired, and nothing is kept of where a row came from. What makes
it fast is that rows may be staged in any order; `ordered`, as DuckDB does it unless it is told
otherwise, each small object costs four times as much.
"""

import sys

import duckdb
from tables import EVENTS, SONGS, fresh, row_counts, snake

STAR = {
    "songplays": """
        SELECT md5(user_id || '|' || session_id || '|' || item_in_session || '|' || ts)
            AS songplay_id, make_timestamp_ms(ts) AS start_time, user_id::BIGINT AS user_id, level,
            song_id, artist_id, session_id, location, user_agent, song AS song_title,
            artist AS artist_name
        FROM (
            SELECT DISTINCT ON (user_id, session_id, item_in_session, ts) user_id, session_id,
                item_in_session, ts, level, location, user_agent, song, artist
            FROM staging_events WHERE page = 'NextSong'
        ) LEFT JOIN (
            SELECT title, artist_name AS named, min(song_id) AS song_id,
                arg_min(artist_id, song_id) AS artist_id
            FROM staging_songs GROUP BY ALL
        ) ON song = title AND artist = named""",
    "users": """
        SELECT user_id::BIGINT AS user_id, latest.* FROM (
            SELECT user_id, arg_max({'first_name': first_name, 'last_name': last_name,
                'gender': gender, 'level': level}, ts) AS latest
            FROM staging_events WHERE user_id <> '' GROUP BY user_id
        )""",
    "songs": """
        SELECT song_id, any_value(title) AS title, any_value(artist_id) AS artist_id,
            any_value(nullif(year, 0))::INT AS year, any_value(duration) AS duration
        FROM staging_songs GROUP BY ALL""",
    "artists": """
        SELECT artist_id, mode(artist_name) AS name,
            mode(nullif(artist_location, '')) AS location,
            any_value(artist_latitude) AS latitude, any_value(artist_longitude) AS longitude
        FROM staging_songs GROUP BY ALL""",
    "time": """
        SELECT start_time, hour(start_time)::INT AS hour, day(start_time)::INT AS day,
            week(start_time)::INT AS week, month(start_time)::INT AS month,
            year(start_time)::INT AS year, dayofweek(start_time)::INT AS weekday
        FROM (SELECT DISTINCT start_time FROM songplays)""",
}


def stage(
    connection: duckdb.DuckDBPyConnection, name: str, objects: str, fields: dict[str, str]
) -> None:
    """Make a staging table of the records in some objects, with columns named as in the star."""
    columns = ", ".join(f"{field} AS {snake(field)}" for field in fields)
    read = "read_json(?, columns = ?, format = 'newline_delimited')"
    connection.execute(f"CREATE TABLE {name} AS SELECT {columns} FROM {read}", [objects, fields])


def make_star(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the five tables of the star from both staging tables."""
    for name, query in STAR.items():
        connection.execute(f"CREATE TABLE {name} AS {query}")


def main(lake: str, database: str, order: str = "") -> None:
    """Load a lake."""
    with fresh(database, ordered=order == "ordered") as connection:
        stage(connection, "staging_songs", f"{lake}/song_data/*/*/*/*.json", SONGS)
        stage(connection, "staging_events", f"{lake}/log_data/*/*/*.json", EVENTS)
        make_star(connection)
        print(row_counts(connection))


if __name__ == "__main__":
    main(*sys.argv[1:])
