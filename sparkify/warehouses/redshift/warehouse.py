"""Amazon Redshift: rows go there by COPY, everything else is the same."""

import itertools
import logging
import secrets
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from redshift_connector.error import Error as DriverError
from redshift_connector.error import InterfaceError

from sparkify.errors import SparkifyError, TryAgain, UsageError, WarehouseBusy
from sparkify.lake import aws
from sparkify.lake.objects import Lake, LakeObject
from sparkify.lake.s3 import Bucket
from sparkify.models import KINDS, STAR, Load, table
from sparkify.process import scratch, stopping
from sparkify.warehouses.base import Loaded, Statement, Warehouse
from sparkify.warehouses.redshift import direct, staged
from sparkify.warehouses.redshift.copy_log import COUNTED
from sparkify.warehouses.redshift.credentials import provider
from sparkify.warehouses.redshift.dialect import DRIVER, Copy, Dialect, Unload, correct
from sparkify.warehouses.redshift.parts import Parts, write_rows

if TYPE_CHECKING:
    from sparkify.settings import Settings

logger = logging.getLogger(__name__)

NOWHERE = f"{DRIVER}://nowhere/dev"  # of a warehouse that is not there yet
LOST = (InterfaceError, OSError, struct.error)
CANCELLED = "57014"
CONFLICT = ("1023", "1018", "conflict with concurrent transaction", "40001", "deadlock")
ANALYZE_FROM = 0.1  # share of the plays that have to be new
MODES = (None, "verify-full", "verify-ca")
FEW = 100  # rows that are inserted as they are; more go by COPY


class Redshift(Warehouse):
    """A Redshift database.

    Attributes:
        settings: say where parts are staged, and as whom the cluster reads them.
    """

    name = "redshift"
    dialect = Dialect()

    def __init__(self, engine: sa.Engine, settings: "Settings", *, owned: bool) -> None:
        super().__init__(engine, owned=owned)
        self.settings = settings
        self.copy = settings.copy or direct.default(settings)
        correct(engine.dialect)
        sa.event.listen(engine, "handle_error", give_up_if_lost)

    @classmethod
    def connect(cls, warehouse: str | sa.Engine, settings: "Settings") -> "Redshift":
        """The database of a URL or of the caller's engine."""
        if isinstance(warehouse, sa.Engine):
            return cls(warehouse, settings, owned=False)
        url = sa.make_url(NOWHERE if warehouse == cls.name else warehouse)
        return cls(engine(url.set(drivername=DRIVER), settings), settings, owned=True)

    def exists(self) -> bool:
        """Whether there is something to connect to."""
        return self.engine.url.host != "nowhere"

    @cached_property
    def parts(self) -> Parts:
        """Where the parts of this warehouse are staged."""
        staging = self.settings.staging
        if not staging and self.copy == "direct":
            staging = f"{direct.root(self.settings)}/{direct.HIDDEN}"
        if not staging and not self.exists():
            staging = "s3://staging"
        if not staging:
            raise UsageError(
                "Redshift needs a place in S3 for the parts of a load:"
                " give --staging s3://bucket/prefix, or [S3] STAGING in dwh.cfg"
            )
        return Parts(Bucket(staging, aws.session(self.settings)), self.url)

    def translate(self, error: Exception) -> SparkifyError | None:
        """Our error for one of the driver's; see `Warehouse.translate`."""
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if isinstance(cause, LOST) or (isinstance(error, sa.exc.DBAPIError) and not cause):
            return TryAgain(f"{self.url}: the connection failed or was lost ({said(cause)[1]})")
        if not isinstance(cause, DriverError):
            return None
        code, message = said(cause)
        if code == CANCELLED:
            return WarehouseBusy(f"{self.url} is held by another run; wait for it or stop it")
        if any(sign in f"{code} {message}" for sign in CONFLICT):
            return TryAgain(f"{self.url}: another transaction was in the way ({message})")
        if "AccessDenied" in message:
            return SparkifyError(f"{self.url}: the cluster's role may not do so in S3 ({message})")
        if "S3" in message or "manifest" in message:
            return TryAgain(f"{self.url}: the cluster could not use S3 ({message})")
        return SparkifyError(f"{self.url}: {message}")

    @contextmanager
    def writing(self, lock_timeout: float) -> Iterator[sa.Connection]:
        """A connection; it is the LOCK in `begin` that keeps others out."""
        with self.errors():
            connection = self.engine.connect()
            try:
                yield connection
            except BaseException as error:
                self.give_up(connection, wait=isinstance(error, Exception))
                raise
            finally:
                with stopping.critical(), suppress(sa.exc.DBAPIError, *LOST):
                    connection.close()

    @stopping.critical()
    def give_up(self, connection: sa.Connection, *, wait: bool) -> None:
        """Roll back; `wait`: for the answer, and not just hang up on a query under way."""
        with suppress(Exception):  # what stays is swept by the next run
            self.parts.withdraw()
        with suppress(sa.exc.DBAPIError, *LOST):
            if wait:
                connection.rollback()
            else:
                connection.invalidate()

    def reading(self, lock_timeout: float) -> Any:
        """A connection; readers see the last load that committed."""
        return self.writing(lock_timeout)

    def begin(self, lock_timeout: float) -> list[Statement]:
        """LOCK first, before anything is SELECTed: readers never look at this table."""
        loads = table(Load).fullname
        return [
            sa.text(f"SET statement_timeout TO {max(1, int(lock_timeout * 1000))}"),
            sa.text(f"LOCK {loads}"),
            sa.text("SET statement_timeout TO 0"),
        ]

    def sweep(self) -> None:
        """See `Warehouse.sweep`."""
        with suppress(SparkifyError):  # there may be no place for parts, and none be needed
            self.parts.sweep()

    def commit(self, transaction: sa.RootTransaction, load_id: str) -> None:
        """COMMIT; if the answer is lost, look whether it was done, and never load again for it."""
        try:
            transaction.commit()
        except (sa.exc.DBAPIError, *LOST):
            if not self.committed(load_id):
                raise
            logger.warning("the answer to COMMIT was lost; load %s is there", load_id)

    def committed(self, load_id: str) -> bool:
        """Whether a load is in the books, seen over a new connection."""
        load = table(Load)
        with self.reading(0) as connection:
            select = sa.select(load.c.load_id).where(load.c.load_id == load_id)
            return self.execute(connection, select).first() is not None

    def finish(self, connection: sa.Connection, changed: float) -> None:
        """Remove the parts; bring the planner's statistics up to date if much changed."""
        with suppress(SparkifyError):  # what stays is swept by the next run
            self.parts.withdraw()  # all else may be those of the run that holds the lock by now
        if changed > ANALYZE_FROM:
            with connection.begin():
                for each in (*(table(model) for model in STAR), *map(table, KINDS.values())):
                    self.execute(connection, sa.text(f"ANALYZE {each.fullname}"))

    def require(self, lake: Lake) -> None:
        """See `Warehouse.require`."""
        if self.copy == "direct":
            direct.require(lake, self.settings)

    def stage_texts(
        self, objects: Mapping[str, Sequence[LakeObject]], insert: Callable[[str], str]
    ) -> Iterator[str]:
        """The COPY of each kind, and what goes with it."""
        if self.copy == "staged":
            return map(self.text, staged.statements(self, objects))
        copies = (direct.Direct(self, "LOAD_ID", *each).statements() for each in objects.items())
        return map(self.text, itertools.chain.from_iterable(copies))

    def reader(self, connection: sa.Connection) -> AbstractContextManager[Any]:
        """A DuckDB of its own, for this load: its rows are then exported and copied."""
        return staged.room()

    def take(
        self, connection: sa.Connection, room: Any, load_id: str, rows: dict[str, int]
    ) -> None:
        """See `Warehouse.take`."""
        staged.take(self, connection, room, load_id, rows)

    def load(
        self, connection: sa.Connection, load_id: str, kind: str, objects: Sequence[LakeObject]
    ) -> Loaded:
        """See `Warehouse.load`."""
        return direct.Direct(self, load_id, kind, objects).load(connection)

    def copy_from(
        self, connection: sa.Connection, target: sa.Table, manifest: str, rows: int, zip_: str
    ) -> None:
        """COPY, and make sure that every row arrived."""
        self.execute(connection, self.copy_command(target, manifest, zip_))
        found = self.execute(connection, COUNTED).scalar_one()
        if found != rows:
            raise SparkifyError(
                f"COPY brought {found:,} of {rows:,} rows into {target.name}: nothing was published"
            )

    def copy_command(self, target: sa.Table, manifest: str, zip_: str) -> Copy:
        """The COPY of staged parts."""
        bucket = self.parts.bucket
        return Copy(
            target,
            [column.name for column in target.columns],
            manifest,
            iam_role=self.settings.iam_role,
            region=bucket.region if self.exists() else self.settings.region,
            words=[zip_, "TIMEFORMAT 'auto'"],
        )

    def export(self, connection: sa.Connection, table: sa.Table, directory: str) -> str:
        """See `Warehouse.export`: UNLOAD to a folder of the table's own, which is emptied first."""
        if not directory.startswith("s3://"):
            raise UsageError(f"{directory} is no s3://bucket/prefix, and Redshift exports to one")
        bucket = Bucket(directory, aws.session(self.settings))
        folder = f"{bucket.uri}/{table.name}.parquet/"
        select = sa.select(*table.columns).order_by(*table.primary_key.columns)
        role = self.settings.iam_role
        self.execute(connection, Unload(select, folder, iam_role=role, region=bucket.region))
        return folder

    def insert_rows(
        self, connection: sa.Connection, target: sa.Table, rows: Sequence[dict[str, Any]]
    ) -> None:
        """Insert rows: a few by INSERT, many by COPY."""
        if not rows:
            return
        if len(rows) <= FEW:
            self.execute(connection, sa.insert(target).values(list(rows)))
            return
        with scratch.folder() as directory:
            path = write_rows(rows, directory)
            manifest = self.parts.upload(f"books-{secrets.token_hex(6)}/{target.name}", [path])
        self.copy_from(connection, target, manifest, len(rows), "GZIP")


def give_up_if_lost(context: sa.engine.ExceptionContext) -> None:
    """Tell SQLAlchemy that a connection is gone, else it logs that it cannot roll back over it."""
    if isinstance(context.original_exception, LOST):
        context.is_disconnect = True


def said(error: BaseException | None) -> tuple[str, str]:
    """The code and the message of a server's error, or the text of another."""
    found = error.args[0] if error is not None and error.args else error
    if isinstance(found, dict):
        detail = f" ({found['D']})" if found.get("D") else ""
        return str(found.get("C", "")), f"{found.get('M', '')}{detail}"
    return "", str(found or type(error).__name__)


def engine(url: sa.URL, settings: "Settings") -> sa.Engine:
    """An engine that connects anew each time, over verified TLS, with fresh credentials.

    Raises:
        UsageError: the URL asks for less than verified TLS, and the settings do not.
    """
    asked = {name: url.query.get(name) for name in ("ssl", "sslmode")}
    if settings.tls and (
        asked["ssl"] not in (None, "true", "True") or asked["sslmode"] not in MODES
    ):
        raise UsageError(
            f"the URL of {url.host} asks for a connection that is not verified;"
            " leave ssl and sslmode out, or pass tls=False to pipeline.run"
        )
    if not settings.tls:
        logger.warning("the connection to %s is NOT ENCRYPTED (tls=False)", url.host)
    # named: left out, the driver would accept a certificate that is another host's
    tls = {"ssl": settings.tls, "sslmode": asked["sslmode"] or "verify-full"}
    made = sa.create_engine(
        url.difference_update_query([*asked, "secret"]), poolclass=sa.NullPool, connect_args=tls
    )
    if url.host != "nowhere":
        credentials = provider(url, lambda: aws.session(settings))

        @sa.event.listens_for(made, "do_connect")
        def _provide(dialect: object, record: object, args: object, named: dict[str, Any]) -> None:
            named.update(credentials())

    return made
