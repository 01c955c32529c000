"""The models as an ORM: related rows in a Session, on both engines."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from sparkify import config, pipeline, warehouses
from sparkify.models import Song, Songplay, User
from tests.factory import event, put, song
from tests.support import redshift_is_long


@redshift_is_long
def test_related_rows(lake: Path, warehouse: str) -> None:
    """A play knows its user, song, artist and time; a user the plays and levels."""
    put(lake, "events", "a.json", event(), event(itemInSession=1, song="other", level="paid"))
    put(lake, "songs", "a.json", song())
    pipeline.run(lake, warehouse)
    with (
        warehouses.connect(warehouse, config.load()) as opened,
        opened.reading(0) as connection,
        Session(connection) as session,
    ):
        known, other = session.scalars(sa.select(Songplay).order_by(Songplay.item_in_session))
        assert known.song is not None
        assert known.artist is not None
        assert (known.song.title, known.artist.name) == ("Jóga", "Björk")
        assert (other.song, other.artist) == (None, None)
        assert (known.user.first_name, known.time.hour) == ("Chloe", 12)
        assert (known.item_in_session, known.length) == (0, 254.5)
        user = session.scalars(sa.select(User)).one()
        assert {play.songplay_id for play in user.plays} == {known.songplay_id, other.songplay_id}
        assert [each.level for each in user.levels] == ["paid"]
        found = session.scalars(sa.select(Song)).one()
        assert found.artist is not None
        assert found.artist.artist_id == "AR1"
        assert repr(found).startswith("Song(song_id='SO1', title='Jóga', artist_id='AR1'")
