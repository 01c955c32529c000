"""The star as a function of the staging tables: one pure SELECT per table, for both engines.

Each takes a SELECT of the staged rows: all that are published, or those of the keys to rebuild.
Ties are resolved by content, so that the load order does not matter.

    rows       the published rows, and how one of several is chosen
    plays      songplays, time
    people     users, user_levels
    catalogue  songs, artists
"""

from collections.abc import Callable

from sparkify.load.transform.catalogue import artists, songs
from sparkify.load.transform.people import user_levels, users
from sparkify.load.transform.plays import songplays, time
from sparkify.models import Artist, Base, Song, Songplay, Time, User, UserLevel
from sparkify.models.extensions import StarTable, gathered
from sparkify.models.statements import Query

OWN_TABLES: dict[type[Base], StarTable] = {own.model: own for own in gathered("star_tables")}
#: each published table, its SELECT, and the key by which its rows are rebuilt
TRANSFORMS: tuple[tuple[type[Base], Callable[..., Query], str], ...] = (
    (Songplay, songplays, "start_time"),
    (Time, time, "start_time"),
    (User, users, "user_id"),
    (Song, songs, "song_id"),
    (Artist, artists, "artist_id"),
    (UserLevel, user_levels, "user_id"),
    *((own.model, own.select, own.key) for own in OWN_TABLES.values()),
)
