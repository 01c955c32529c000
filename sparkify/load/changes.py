"""What a load changes in the star: keys, and the staged rows from which theirs are rebuilt.

Nothing here depends on how long the history is. Beside each IN (SELECT ...) of what has a time
stands its literal range, so that an engine reads no other rows (see `ranges`). Users are computed
from where they changed: levels before that are kept. New songs find the plays before them by an
index of what was heard, and when.
"""

import datetime
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.load.ranges import Ranges, Steps, ask, each_in, enclosed, ends, extent
from sparkify.load.transform import OWN_TABLES
from sparkify.load.transform.plays import heard
from sparkify.load.transform.rows import BY_USERS, EVENT, EVENTS, PLAYS, SONG, SONGS, Rows
from sparkify.models import KINDS, Base, EventRow, Heard, SongRow, StarTable, UserLevel, table
from sparkify.models.staging import PLAY
from sparkify.models.statements import (
    Column,
    CreateTempTableAs,
    Query,
    Statement,
    insert,
    within,
)

EVENT_ROWS, SONG_ROWS = table(EventRow).c, table(SongRow).c
HEARD, LEVELS = table(Heard), table(UserLevel).c
STAGED = {"events": EVENTS, "songs": SONGS}
DAY = datetime.timedelta(days=1)
Condition = sa.ColumnElement[bool]


class Part(NamedTuple):
    """Rows of a star table that are rebuilt: from which rows, and which ones they replace."""

    rows: Rows
    replaced: Sequence[Condition] = ()


class Changes:
    """The keys that a load changes, in temporary tables, and the ranges that they are in.

    Attributes:
        tables: the temporary tables, by name.
        removed: the ranges of the versions that are replaced.
        moments: those of the plays that are rebuilt.
        since: from when on the events of changed users are read again.
        lost: the range of the users that have no event since then.
    """

    def __init__(
        self, file_ids: Sequence[int] | None, superseded: Sequence[sa.Table], *, everything: bool
    ) -> None:
        """What changes by a load.

        Args:
            file_ids: the versions that it publishes; None if they are unknown, as in a plan.
            superseded: the table of the versions that it replaces, if there may be any.
            everything: whether every table is rebuilt from all published rows.
        """
        self.file_ids, self.superseded, self.everything = file_ids, superseded, everything
        self.tables: dict[str, CreateTempTableAs] = {}
        self.removed: Ranges = None
        self.moments: Ranges = None
        self.since: Ranges = None
        self.lost: Ranges = None

    def find(self) -> Steps:
        """Find what is changed."""
        if self.everything:
            days = PLAYS.with_only_columns(*ends(EVENT.ts)).group_by(sa.cast(EVENT.ts, sa.Date))
            self.moments = yield from ask(days)
            return
        for old in self.superseded:
            self.removed = yield from ask(extent(old.c.file_id, old.c.file_id), 1)
        yield from self.find_users()
        yield from self.find_songs_and_plays()
        for own in OWN_TABLES.values():
            changed = sa.union(*self.touched(table(KINDS[own.kind]).columns[own.key]))
            yield self.create(f"changed_{table(own.model).name}", changed)

    def find_users(self) -> Steps:
        """The changed users, and what is kept of them: the last level before their events."""
        events = sa.union_all(*self.touched(EVENT_ROWS.user_id, EVENT_ROWS.ts)).subquery("events").c
        since = sa.select(events.user_id, func.min(events.ts).label("since"))
        known = since.where(events.user_id.is_not(None)).group_by(events.user_id)
        yield self.create("changed_users", known)
        self.since = yield from ask(extent(self.tables["changed_users"].table.c.since))
        earlier = LEVELS.user_id.in_(self.keys("user_id")) & sa.not_(self.later(LEVELS.valid_from))
        kept = sa.select(LEVELS.user_id, LEVELS.level, LEVELS.valid_from)
        yield self.create("kept_levels", kept.where(earlier, self.open))
        if self.superseded:
            still = BY_USERS.with_only_columns(EVENT.user_id).where(self.later(EVENT.ts))
            yield self.create("lost_users", sa.except_(self.keys("user_id"), still))
            self.lost = yield from ask(extent(self.tables["lost_users"].table.c.user_id))

    def find_songs_and_plays(self) -> Steps:
        """The changed songs, and the plays that are new, removed, or of one of these songs."""
        columns = [SONG_ROWS[each] for each in ("song_id", "artist_id", "title", "artist_name")]
        yield self.create("changed_songs", sa.union(*self.touched(*columns)))
        song = self.tables["changed_songs"].table.c
        name = sa.select(song.title, song.artist_name).distinct().subquery("name")
        same = (HEARD.c.title == name.c.title) & (HEARD.c.artist_name == name.c.artist_name)
        least, greatest = func.min(HEARD.c.least_ts), func.max(HEARD.c.greatest_ts)
        found = sa.select(least.label("least"), greatest.label("greatest"), func.count())
        plays = yield from ask(found.join_from(HEARD, name, same))
        same = (EVENT.song == name.c.title) & (EVENT.artist == name.c.artist_name)
        matching = PLAYS.with_only_columns(EVENT.ts).join(name, same)
        touched = [each.where(EVENT_ROWS.page == PLAY) for each in self.touched(EVENT_ROWS.ts)]
        times = sa.union(*touched, matching.where(enclosed(EVENT.ts, plays)))
        yield self.create("changed_times", times)
        ts = self.tables["changed_times"].table.c.ts
        self.moments = yield from ask(extent(ts, sa.cast(ts, sa.Date)), DAY)

    def create(self, name: str, select: sa.SelectBase) -> CreateTempTableAs:
        """Make a temporary table."""
        self.tables[name] = CreateTempTableAs(name, select)
        return self.tables[name]

    def touched(self, *columns: sa.Column[object]) -> Iterator[Query]:
        """The SELECTs of the staged rows that this load publishes, and of those it replaces."""
        file_id = columns[0].table.c.file_id
        select = sa.select(*columns)
        yield select.where(within(file_id, self.file_ids))
        for old in self.superseded:
            for near in each_in(file_id, self.removed):
                yield select.where(near, file_id.in_(sa.select(old.c.file_id)))

    def keys(self, key: str) -> Query:
        """The SELECT of the changed values of a key."""
        named = {"user_id": "users", "start_time": "times"}.get(key, "songs")
        of = self.tables[f"changed_{named}"].table.c
        return sa.select(of.ts if key == "start_time" else of[key])

    def later(self, moment: Column) -> Condition:
        """Whether a moment is one from which on events of users are read again."""
        since = self.since[0][0] if self.since else sa.literal_column("$since")
        return sa.and_(moment >= since)

    @property
    def open(self) -> Condition:
        """Whether a level has lasted until events are read again, or longer."""
        return LEVELS.valid_to.is_(None) | self.later(LEVELS.valid_to)

    def parts(self, model: type[Base], key: str) -> list[Part]:
        """The parts of a star table that are rebuilt, one after the other."""
        if own := OWN_TABLES.get(model):
            return [self.own_part(own)]
        if key == "start_time":
            return list(self.spans_of_time(table(model).c.start_time))
        if self.everything:
            return [Part(BY_USERS if key == "user_id" else SONGS)]
        changed = self.keys(key)
        replaced = [table(model).c[key].in_(changed)]
        if key != "user_id":
            return [Part(SONGS.where(SONG[key].in_(changed)), replaced)]
        now = BY_USERS.where(EVENT.user_id.in_(changed), self.later(EVENT.ts))
        if model is UserLevel:
            return [Part(self.after_kept(now), [*replaced, self.open])]
        if not self.superseded:
            return [Part(now, replaced)]
        lost = EVENT.user_id.in_(sa.select(*self.tables["lost_users"].table.c))
        back = BY_USERS.where(lost, enclosed(EVENT.user_id, self.lost))
        return [Part(sa.union_all(now, back), replaced)]

    def own_part(self, own: StarTable) -> Part:
        """The part of a team's own table that is rebuilt."""
        rows = STAGED[own.kind]
        if self.everything:
            return Part(rows)
        changed = sa.select(*self.tables[f"changed_{table(own.model).name}"].table.c)
        replaced = table(own.model).columns[own.key].in_(changed)
        return Part(rows.where(rows.selected_columns[own.key].in_(changed)), [replaced])

    def spans_of_time(self, start_time: Column) -> Iterator[Part]:
        """The plays to rebuild, and the rows of a table with a start_time, span by span."""
        spans = (each_in(column, self.moments) for column in (EVENT.ts, start_time))
        for staged, held in zip(*spans, strict=True):
            if self.everything:
                yield Part(PLAYS.where(staged), [held])
            else:
                changed = self.keys("start_time")
                rows = PLAYS.where(staged, EVENT.ts.in_(changed))
                yield Part(rows, [held, start_time.in_(changed)])

    def after_kept(self, events: Query) -> Rows:
        """Events of users, after the last levels before them, which are as events."""
        kept = self.tables["kept_levels"].table.c
        known = {"user_id": kept.user_id, "level": kept.level, "ts": kept.valid_from}
        columns = BY_USERS.selected_columns
        unknown = (known.get(c.name, sa.cast(sa.null(), c.type)).label(c.name) for c in columns)
        return sa.union_all(events, sa.select(*unknown))

    def index(self) -> Iterator[Statement]:
        """Bring the index of what was heard up to the plays that are new."""
        if self.everything:
            yield from new_index()
            return
        is_new = within(EVENT_ROWS.file_id, self.file_ids) & (EVENT_ROWS.page == PLAY)
        plays = sa.select(EVENT_ROWS.song, EVENT_ROWS.artist, EVENT_ROWS.ts).where(is_new)
        new = heard(plays).subquery("played")
        known = (HEARD.c.title == new.c.title) & (HEARD.c.artist_name == new.c.artist_name)
        least, greatest = HEARD.c.least_ts, HEARD.c.greatest_ts
        wider = (new.c.least_ts < least) | (new.c.greatest_ts > greatest)
        yield (
            sa.update(HEARD)
            .where(known, wider)
            .values(
                least_ts=func.least(least, new.c.least_ts),
                greatest_ts=func.greatest(greatest, new.c.greatest_ts),
            )
        )
        missing = sa.select(new).outerjoin_from(new, HEARD, known).where(least.is_(None))
        yield insert(HEARD, missing)


def new_index() -> Iterator[Statement]:
    """Make the index of what was heard anew, from all published plays."""
    yield sa.delete(HEARD)
    yield insert(HEARD, heard())
