"""Users, and the levels that they had."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.load.transform.rows import BY_USERS, Rows, ascending, first, rank
from sparkify.models.statements import Column, Query


def users(events: Rows = BY_USERS) -> Query:
    """One row per user, from the latest event by (ts, session, item)."""
    of = events.subquery("event")
    event = of.c
    last = sa.select(event.user_id, func.max(event.ts).label("ts"))
    # the maximum is cheap and leaves few rows to rank; ranking all events is expensive
    latest = last.group_by(event.user_id).subquery("latest")
    columns = (event.first_name, event.last_name, event.gender, event.level)
    latest_first: list[Column] = [event.session_id.desc(), event.item_in_session.desc()]
    ties = ascending(event.level, event.first_name, event.last_name, event.gender)
    same = (latest.c.user_id == event.user_id) & (latest.c.ts == event.ts)
    rows = sa.select(event.user_id, *columns, rank([event.user_id], latest_first + ties))
    return first(rows.join_from(of, latest, same))


def changes(rows: sa.FromClause, order: Sequence[Column]) -> Query:
    """The rows whose level differs from the level of the user's row before, in `order`.

    Args:
        rows: with user_id, level, ts, session_id and item_in_session.
    """
    before = func.lag(rows.c.level).over(partition_by=rows.c.user_id, order_by=order)
    columns = [rows.c[name] for name in ("user_id", "level", "ts", "session_id", "item_in_session")]
    seen = sa.select(*columns, before.label("before")).subquery("seen")
    new = seen.c.before.is_(None) | (seen.c.before != seen.c.level)
    return sa.select(*(seen.c[each.name] for each in columns)).where(new)


def user_levels(events: Rows = BY_USERS) -> Query:
    """Each user's levels, one row for each time that a level was held.

    Most users have had one level; only the events of the others are put in order.

    Args:
        events: of users; from some time on, if each user's last level before that precedes them,
            as an event when it began.
    """
    of = events.subquery("event")
    event = of.c
    low, high = func.min(event.level), func.max(event.level)
    since = func.min(event.ts).label("valid_from")
    spans = sa.select(event.user_id, low.label("level"), since).group_by(event.user_id)
    never = sa.cast(sa.null(), sa.DateTime()).label("valid_to")
    steady = spans.having(low == high).subquery("steady").c
    mixed = spans.having(low != high).subquery("mixed")
    columns = (event.user_id, event.level, event.ts, event.session_id, event.item_in_session)
    own = mixed.c.user_id == event.user_id
    moved = sa.select(*columns).join_from(of, mixed, own).subquery("events")
    each = sa.union_all(
        moved_levels(moved), sa.select(steady.user_id, steady.level, steady.valid_from, never)
    ).subquery("held")
    return sa.select(*each.c)


def moved_levels(events: sa.FromClause) -> Query:
    """The levels of users by their events.

    Events are in the order of `users`: (ts, session, item), then level. Of several changes in the
    same millisecond, the last one counts.
    """
    order = [events.c.ts, events.c.session_id, events.c.item_in_session, events.c.level.desc()]
    moved = changes(events, order).subquery("moved").c
    latest_first = [moved.session_id.desc(), moved.item_in_session.desc(), moved.level.asc()]
    ranked = sa.select(*moved, rank([moved.user_id, moved.ts], latest_first))
    settled = first(ranked).subquery("settled")
    level = changes(settled, [settled.c.ts]).subquery("levels").c
    until = func.lead(level.ts).over(partition_by=level.user_id, order_by=level.ts)
    start = level.ts.label("valid_from")
    return sa.select(level.user_id, level.level, start, until.label("valid_to"))
