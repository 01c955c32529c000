"""What the programs beside this one share: the fields of a lake's records, and the tables."""

import json
import re
from pathlib import Path

import duckdb

TEXT, WHOLE, REAL = "VARCHAR", "BIGINT", "DOUBLE"
EVENTS = {
    **dict.fromkeys(("artist", "auth", "firstName", "gender", "lastName", "level"), TEXT),
    **dict.fromkeys(("location", "method", "page", "song", "userAgent", "userId"), TEXT),
    **dict.fromkeys(("itemInSession", "sessionId", "status", "ts"), WHOLE),
    **dict.fromkeys(("length", "registration"), REAL),
}
SONGS = {
    **dict.fromkeys(("artist_id", "artist_location", "artist_name", "song_id", "title"), TEXT),
    **dict.fromkeys(("num_songs", "year"), WHOLE),
    **dict.fromkeys(("artist_latitude", "artist_longitude", "duration"), REAL),
}
PLAY_KEY = ["user_id", "session_id", "item_in_session", "ts"]
TABLES = ("staging_events", "staging_songs", "songplays", "users", "songs", "artists", "time")


def snake(name: str) -> str:
    """The column that a field becomes: `firstName` is `first_name`."""
    return re.sub("[A-Z]", r"_\g<0>", name).lower()


def fresh(database: str, *, ordered: bool = False) -> duckdb.DuckDBPyConnection:
    """A new database in the place of one that may be there; rows may take any order or not."""
    for ending in ("", ".wal"):
        Path(database + ending).unlink(missing_ok=True)
    return duckdb.connect(database, config={"preserve_insertion_order": ordered})


def row_counts(connection: duckdb.DuckDBPyConnection) -> str:
    """The rows of each table, as JSON."""
    counts = (connection.table(name).count("*").fetchall()[0][0] for name in TABLES)
    return json.dumps(dict(zip(TABLES, counts, strict=True)))
