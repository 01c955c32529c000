"""Amazon Redshift: rows get there by COPY; everything else is the same."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from redshift_connector.error import Error as DriverError

from sparkify.errors import SparkifyError, UsageError
from sparkify.lake import aws
from sparkify.lake.locations import copies_directly
from sparkify.lake.s3 import Bucket
from sparkify.models.base import table
from sparkify.models.books import IdLock, Load, Lock, StagingRun
from sparkify.models.staging import KINDS
from sparkify.models.star import PUBLISHED
from sparkify.models.statements import Column
from sparkify.process import stopping
from sparkify.settings import Settings
from sparkify.warehouses import guests
from sparkify.warehouses.base import TableRow, Warehouse
from sparkify.warehouses.executor import Executor, driver
from sparkify.warehouses.redshift.connection import (
    NOWHERE,
    begin_read_only,
    engine,
    in_transaction,
    mark_lost,
)
from sparkify.warehouses.redshift.dialect import DRIVER, Dialect, Unload, correct
from sparkify.warehouses.redshift.direct import Direct
from sparkify.warehouses.redshift.endpoint import Endpoint
from sparkify.warehouses.redshift.faults import LOST, translate
from sparkify.warehouses.redshift.limits import WRITTEN, Limits
from sparkify.warehouses.redshift.parts import Parts
from sparkify.warehouses.redshift.staged import Staged

logger = logging.getLogger(__name__)

ANALYZE_FROM = 0.1  # the share of the plays that must be new
BEAT = 60  # seconds between two heartbeats
SILENT = 10  # minutes without a heartbeat after which a run counts as dead


class Redshift(Warehouse):
    """A Redshift database.

    Attributes:
        settings: say where parts are uploaded, and with which role the cluster reads them.
        parts: the files of this warehouse below the staging prefix.
        limits: how long its session may wait.
    """

    name = "redshift"
    dialect = Dialect()

    def __init__(self, engine: sa.Engine, settings: Settings, *, owned: bool) -> None:
        correct(engine.dialect)
        sa.event.listen(engine, "handle_error", mark_lost)
        self.engine, self.settings = engine, settings
        self.parts = Parts(settings, self.url, exists=self.exists())
        self.next_beat = 0.0
        self.limits = Limits()
        region = Endpoint.parse(engine.url.host).region
        direct = copies_directly(settings)
        route = Direct(self.parts) if direct else Staged(self.parts, region)
        super().__init__(engine, route, owned=owned)

    @classmethod
    def connect(cls, warehouse: str | sa.Engine, settings: Settings) -> "Redshift":
        """The database of a URL or of the caller's engine."""
        if isinstance(warehouse, sa.Engine):
            return cls(warehouse, settings, owned=False)
        url = sa.make_url(NOWHERE if warehouse == cls.name else warehouse)
        return cls(engine(url.set(drivername=DRIVER), settings), settings, owned=True)

    def exists(self) -> bool:
        """Whether there is something to connect to."""
        return self.engine.url.host != "nowhere"

    @property
    def bare(self) -> bool:
        """See `Warehouse.bare`."""
        return not self.exists()

    def translate(self, error: Exception) -> SparkifyError | None:
        """Our error for one of the driver's; see `Warehouse.translate`."""
        return translate(self.url, error, waiting=self.limits.waiting)

    @contextmanager
    def writing(self, lock_timeout: float) -> Iterator[sa.Connection]:
        """A connection; the LOCK in `lock` keeps others from publishing."""
        with self.connected(lock_timeout) as connection:
            if not self.owned:
                guests.check_transactions(connection, self.url, in_transaction)
            yield connection

    @contextmanager
    def connected(self, lock_timeout: float, *, read_only: bool = False) -> Iterator[sa.Connection]:
        """A connection on which no transaction is open, and whose every wait has a limit."""
        self.require_url()
        with self.errors():
            connection = (
                self.engine.connect()
                if self.owned
                else guests.connect(self.engine, self.url, in_transaction)
            )
            try:
                if read_only:
                    sa.event.listen(connection, "begin", begin_read_only)
                self.limits.begin(self.executor(connection), lock_timeout)
                yield connection
            except BaseException as error:
                self.give_up(connection, wait=isinstance(error, Exception))
                raise
            finally:
                with stopping.critical(), suppress(sa.exc.DBAPIError, *LOST):
                    if not self.owned and not connection.invalidated:
                        self.limits.end(self.executor(connection))
                    connection.close()

    def give_up(self, connection: sa.Connection, *, wait: bool) -> None:
        """Roll back; `wait`: for the answer, instead of hanging up on a query."""
        with stopping.critical():
            with suppress(Exception):  # the next run removes what stays
                self.parts.withdraw()
            with suppress(sa.exc.DBAPIError, *LOST):
                if wait:
                    connection.rollback()
                else:
                    connection.invalidate()

    @contextmanager
    def reading(self, lock_timeout: float) -> Iterator[sa.Connection]:
        """A connection that cannot write; readers see the last load that committed."""
        with self.connected(lock_timeout, read_only=True) as connection:
            yield connection

    def lock(self, executor: Executor, lock_timeout: float) -> None:
        """LOCK a table that readers never look at, before anything is selected."""
        self.limits.lock(executor, table(Lock), lock_timeout, *WRITTEN)

    def lock_ids(self, executor: Executor) -> None:
        """See `Warehouse.lock_ids`."""
        self.limits.lock(executor, table(IdLock), self.settings.lock_timeout)

    def keep_alive(self, executor: Executor, run_id: str) -> None:
        """See `Warehouse.keep_alive`.

        SQLAlchemy has begun the transaction of a batch while the batch is read, and the server has
        not: so the driver is asked, and its transaction is no other than that of the heartbeat.
        """
        if executor.as_sql or time.monotonic() < self.next_beat:
            return
        self.next_beat = time.monotonic() + BEAT
        if in_transaction(executor.connection):
            executor.execute(sa.select(1))  # a heartbeat would count only when this is committed
            return
        run, raw = table(StagingRun), driver(executor.connection)
        beat = sa.update(run).where(run.c.run_id == run_id).values(heartbeat=self.ago(0))
        try:
            with raw.cursor() as cursor:
                cursor.execute(executor.text(beat))
            raw.commit()
        except LOST:
            raise
        except DriverError as error:  # the next one may work
            logger.debug("a heartbeat failed: %s", error)
            raw.rollback()

    def ago(self, minutes: int) -> Column:
        """See `Warehouse.ago`."""
        now: Column = sa.func.getdate()
        return sa.func.dateadd(sa.literal_column("minute"), -minutes, now) if minutes else now

    def is_dead(self, heartbeat: Column) -> sa.ColumnElement[bool]:
        """See `Warehouse.is_dead`: it has ended, or been silent for ten minutes."""
        return heartbeat.is_(None) | (heartbeat < self.ago(SILENT))

    def sweep(self, executor: Executor) -> None:
        """See `Warehouse.sweep`: the parts of runs that have ended."""
        run = table(StagingRun).c
        alive = sa.select(run.run_id).where(sa.not_(self.is_dead(run.heartbeat)))
        with suppress(SparkifyError):  # there may be no staging prefix, and none be needed
            self.parts.sweep(lambda: {found for (found,) in executor.rows(alive)})

    def commit(self, transaction: sa.RootTransaction, load_id: str) -> None:
        """COMMIT; if the answer is lost, look whether it was done instead of loading again."""
        try:
            transaction.commit()
        except (sa.exc.DBAPIError, *LOST):
            if not self.committed(load_id):
                raise
            logger.warning("the answer to COMMIT was lost, but load %s was committed", load_id)

    def committed(self, load_id: str) -> bool:
        """Whether a load is in the books, seen over a new connection."""
        load = table(Load)
        with self.reading(0) as connection:
            select = sa.select(load.c.load_id).where(load.c.load_id == load_id)
            return self.execute(connection, select).first() is not None

    def finish(self, connection: sa.Connection, changed: float) -> None:
        """Remove the parts; update the planner's statistics if much changed."""
        with suppress(SparkifyError):  # the next run removes what stays
            self.parts.withdraw()  # other parts may belong to a run that is alive
        if changed > ANALYZE_FROM:
            with connection.begin():
                for each in (*map(table, PUBLISHED), *map(table, KINDS.values())):
                    self.execute(connection, sa.text(f"ANALYZE {each.fullname}"))

    def insert_rows(
        self, executor: Executor, target: sa.Table, rows: Sequence[TableRow], name: str
    ) -> None:
        """See `Warehouse.insert_rows`."""
        self.parts.insert_rows(executor, target, rows, name)

    def export(
        self, connection: sa.Connection, tables: Sequence[sa.Table], directory: str, *, force: bool
    ) -> list[str]:
        """See `Warehouse.export`: UNLOAD to a folder for each table, which is emptied first."""
        if not directory.startswith("s3://"):
            raise UsageError(f"Redshift exports to s3://bucket/prefix, not to {directory}")
        connection.rollback()
        sa.event.remove(connection, "begin", begin_read_only)  # it may not allow UNLOAD
        bucket = Bucket(directory, aws.session(self.settings))
        key = next(iter(aws.kms_keys(self.settings)), None)
        written = []
        for each in tables:
            folder = f"{bucket.uri}/{each.name}.parquet/"
            unload = Unload(
                select=sa.select(*each.columns).order_by(*each.primary_key.columns),
                folder=folder,
                iam_role=self.settings.iam_role,
                region=bucket.region,
                kms_key=key,
            )
            self.execute(connection, unload)
            written.append(folder)
        return written
