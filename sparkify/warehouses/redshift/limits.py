"""How long a run waits for a cluster: for a connection, for other sessions, for an answer.

Redshift has a time limit for statements, and none for locks. So what is short unless another
session is in its way has a short limit, and everything else a long one. In case that the server
or the network says nothing more, the driver's limit is a little longer than the server's.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from sparkify.models import PUBLISHED, STAGING, Base, File, IdLock, Load, Lock, table
from sparkify.models.statements import Union
from sparkify.warehouses.executor import Executor, driver
from sparkify.warehouses.redshift.faults import CANCELLED, LOST, answer_of

CONNECT = 30  # seconds to connect and to log in
STATEMENT = 2 * 60 * 60  # seconds for any statement, unless the user has another limit
SHORT = 10  # the least seconds for a statement that looks whether tables are free: it is compiled
LOCK = 1  # the least seconds for LOCK, which would not be done in none
SLACK = 30  # seconds that the server's word on its limit may take
UNITS = {"": 1, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
#: what only publications write, in their order; `versions` belongs to runs that stage, too
WRITTEN = [*map(table, PUBLISHED), table(File), table(Load)]
UNREAD = (table(Lock), table(IdLock))


class Limits:
    """The time limits of a warehouse's session.

    Attributes:
        own: the `statement_timeout` in ms that the session began with; 0 means none.
        waiting: whether a statement that takes long is waiting for a lock.
    """

    def __init__(self) -> None:
        self.own = 0
        self.waiting = False

    def begin(self, executor: Executor, lock_timeout: float) -> None:
        """Limit what a new session may take, and make sure that no table is withheld from it."""
        connection = executor.connection
        shown = connection.exec_driver_sql("SHOW statement_timeout").scalar()
        self.own = milliseconds(str(shown))
        with self.short(executor, max(lock_timeout, SHORT)):
            try:
                if found := existing(executor):
                    executor.execute(probe(found))
            except sa.exc.DBAPIError as error:
                answer = answer_of(error.orig)
                if answer is None or answer[0] == CANCELLED:
                    raise
                connection.rollback()  # not everybody may read every table
        connection.commit()

    def end(self, executor: Executor) -> None:
        """Give the session back with the limit that it began with, and none of the driver."""
        with suppress(sa.exc.DBAPIError, *LOST):
            executor.connection.rollback()
            executor.execute(sa.text(f"SET statement_timeout TO {self.own}"))
            executor.connection.commit()
            limit_silence(executor, None)

    def lock(
        self, executor: Executor, locked: sa.Table, lock_timeout: float, *written: sa.Table
    ) -> None:
        """LOCK a table, and take the locks of a writer on others.

        A DELETE of no row does that. Redshift's LOCK would keep readers out, too.
        """
        with self.short(executor, max(lock_timeout, LOCK)):
            executor.execute(sa.text(f"LOCK {locked.fullname}"))
            if written:
                limit(executor, max(lock_timeout, SHORT))
            for each in written:
                executor.execute(sa.delete(each).where(sa.false()))

    @contextmanager
    def short(self, executor: Executor, seconds: float) -> Iterator[None]:
        """Statements inside are short unless they wait for another session; later ones may not be.

        After an error `waiting` tells what it was about.
        """
        self.waiting = True
        limit(executor, seconds)
        yield
        limit(executor, self.own / 1000 or STATEMENT)
        self.waiting = False


def limit(executor: Executor, seconds: float) -> None:
    """Limit each statement, and a little later the server's silence."""
    executor.execute(sa.text(f"SET statement_timeout TO {round(seconds * 1000)}"))
    limit_silence(executor, seconds + SLACK)


def limit_silence(executor: Executor, seconds: float | None) -> None:
    """Limit the time without a word of the server; the driver has a parameter, but no method."""
    if not executor.as_sql and (found := getattr(driver(executor.connection), "_usock", None)):
        found.settimeout(seconds)


def milliseconds(shown: str) -> int:
    """A time limit in milliseconds, as SHOW gives it.

    >>> milliseconds("0"), milliseconds("90000"), milliseconds("5min")
    (0, 90000, 300000)
    """
    number, unit = re.fullmatch(r"(\d*)\s*(\w*)", shown.strip()).groups()  # type: ignore[union-attr]
    return int(number or 0) * UNITS.get(unit, 1)


def existing(executor: Executor) -> Sequence[sa.Table]:
    """Those of our tables that a reader may look at and that exist."""
    ours = {each.fullname: each for each in Base.metadata.sorted_tables if each not in UNREAD}
    ours["alembic_version"] = sa.Table("alembic_version", sa.MetaData())
    found = executor.connection.exec_driver_sql(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind = 'r' AND n.nspname IN ('{STAGING}', current_schema())"
    )
    names = (f"{schema}.{name}" if schema == STAGING else name for schema, name in found)
    return [ours[name] for name in names if name in ours]


def probe(tables: Iterable[sa.Table]) -> Union:
    """A SELECT of no rows, which waits for whoever keeps readers out of one of some tables."""
    return sa.union_all(
        *(sa.select(sa.literal(1)).select_from(each).where(sa.false()) for each in tables)
    )
