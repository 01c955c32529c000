"""From a lake to a star: `run` and `plan`. The order of the steps, the transaction, the report."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
import tenacity

from sparkify import config, warehouses
from sparkify.errors import SparkifyError, TooManyRejects, TryAgain
from sparkify.lake.locations import open_lake
from sparkify.lake.objects import Lake, LakeObject, Listing, by_kind
from sparkify.load.ledger import Difference, ledger
from sparkify.load.loader import Loader, Progress, Staged, now
from sparkify.load.publication import Publication, clear_all
from sparkify.models import STAR, Songplay, schema, table
from sparkify.process import scratch, stopping
from sparkify.read.reader import insert
from sparkify.report import Files, Plan, Plays, Records, Report, Seconds
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse

logger = logging.getLogger(__name__)

ATTEMPTS = 4  # of a run that fails for a reason that may pass


def run(
    source: str | None = None, warehouse: str | sa.Engine | None = None, **options: Any
) -> Report:
    """Load what is new in a lake into a warehouse.

    Args:
        source: the lake's root, a folder or `s3://bucket/prefix`, with song_data/ and log_data/.
        warehouse: a SQLAlchemy URL, or an Engine, which is not disposed of.
        **options: `songs`, `events`: where they are, if not below the source. `max_rejects`: "N"
            or "P%". `lock_timeout`: seconds to wait for another run. `full`: empty the warehouse
            and load the whole lake. `prune`: also remove the rows of objects that are gone.
            Redshift: `staging`: where in S3 parts are put, `iam_role`: as which the cluster
            reads them, `region`, `copy`: "staged", or "direct" for a lake in S3 that the cluster
            is to read by itself, `tls`: False for a connection in the clear.
            `progress`: called with (what, done, total).
            What is not passed comes from the settings.

    Raises:
        SparkifyError: an expected failure, see `sparkify.errors`; nothing was published.
    """
    with prepared(source, warehouse, options) as job:
        return job.execute()


def plan(
    source: str | None = None, warehouse: str | sa.Engine | None = None, **options: Any
) -> Plan:
    """What `run` would load, and every SQL statement that it would send.

    Args:
        source, warehouse, **options: as for `run`; a warehouse of "duckdb", a bare name, stands
            for one into which nothing has been loaded, and is not connected to.

    Raises:
        SparkifyError: an expected failure, see `sparkify.errors`.
    """
    with prepared(source, warehouse, options) as job:
        return job.plan()


FLAGS = {"full", "prune", "progress"}


@contextmanager
def prepared(
    source: str | None, warehouse: str | sa.Engine | None, options: dict[str, Any]
) -> Iterator["Run"]:
    """A run by the caller's arguments and the settings, its lake and its warehouse open."""
    flags = {name: value for name, value in options.items() if name in FLAGS and value}
    arguments = {name: value for name, value in options.items() if name not in FLAGS}
    if not isinstance(warehouse, sa.Engine):
        arguments["warehouse"] = warehouse
    settings = config.load({"source": source, **arguments})
    lake = open_lake(settings)
    with warehouses.connect(warehouse or settings.warehouse, settings) as opened:
        opened.require(lake)
        yield Run(settings, lake, opened, **flags)


@dataclass
class Clock:
    """Adds up the seconds of each step."""

    started: float = field(default_factory=time.perf_counter)
    steps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.steps[name] = self.steps.get(name, 0.0) + time.perf_counter() - begin

    def seconds(self) -> Seconds:
        """The figures so far."""
        total = time.perf_counter() - self.started
        return Seconds(**{k: round(v, 4) for k, v in {**self.steps, "total": total}.items()})


@dataclass
class Run:
    """One run: a lake, a warehouse, and how to bring the one into the other."""

    settings: Settings
    lake: Lake
    warehouse: Warehouse
    full: bool = False
    prune: bool = False
    progress: Progress = lambda what, done, total: None
    clock: Clock = field(default_factory=Clock)

    def execute(self) -> Report:
        """List, compare, and load what is new; anew from the start if that may help."""
        scratch.sweep()
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TryAgain),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
            before_sleep=lambda state: logger.warning("%s; trying again", failure(state)),
            reraise=True,
        )
        return again(self.attempt)

    def attempt(self) -> Report:
        """List, compare, and load what is new, all in one transaction."""
        with self.clock.step("extract"):
            listing = self.lake.listing()
        with self.warehouse.writing(self.settings.lock_timeout) as connection:
            schema.ensure(connection, self.warehouse.url)
            connection.rollback()
            with connection.begin() as transaction:
                for statement in self.warehouse.begin(self.settings.lock_timeout):
                    self.warehouse.execute(connection, statement)
                self.warehouse.sweep()
                report = self.load(connection, listing)
                if report.load_id is None:
                    transaction.rollback()
                    return replace(report, seconds=self.clock.seconds())
                with self.clock.step("publish"), stopping.committing(report.load_id):
                    self.warehouse.commit(transaction, report.load_id)
            self.finish(connection, report)
        return replace(report, seconds=self.clock.seconds())

    def finish(self, connection: sa.Connection, report: Report) -> None:
        """Tidy up; the load is there, so that nothing here makes the run fail."""
        try:
            self.warehouse.finish(connection, report.records.staged / (report.plays.total or 1))
        except Exception as error:
            logger.warning("after the load: %s", error)

    def load(self, connection: sa.Connection, listing: Listing) -> Report:
        """Bring in what is new; the caller commits, or rolls back if nothing was."""
        writer = Loader(self.warehouse, connection, self.lake, self.clock.step, self.progress)
        started = now()
        if self.full:
            writer.clear()
        found, gone = self.compare(listing, self.warehouse.execute(connection, ledger()))
        if not found.read and not gone:
            return self.report(connection, found.files, None)
        staged = writer.stage(found.read, found.known, gone, self.refuse_if_too_many)
        replaces = bool(found.known or gone)
        writer.publish(Publication(staged.load_id, whole=found.first, replaces=replaces), staged)
        writer.record(staged, self.lake.name, started)
        if staged.rejects:
            logger.warning(staged.summary())
        return self.report(connection, found.files, staged)

    def compare(
        self, listing: Listing, known: Iterable[Any]
    ) -> tuple[Difference, list[LakeObject]]:
        """What differs from the ledger, and the objects whose rows are to go with them.

        Raises:
            SparkifyError: rows have to go, and nobody knows which they are.
        """
        found = Difference.of(listing, known, self.lake)
        gone = found.missing if self.prune else []
        stuck = found.known.union(item.uri for item in gone)
        if self.warehouse.copy != "direct":
            stuck &= found.unread
        for uri in sorted(stuck):
            raise SparkifyError(
                f"{uri} has changed or is gone, and with --copy direct nobody knows which rows "
                "came from it; load everything anew: sparkify run --full"
            )
        return found, gone

    def refuse_if_too_many(self, staged: Staged) -> None:
        """Stop when more records were refused than the settings allow."""
        rejected, allowed = len(staged.rejects), self.settings.max_rejects
        if not allowed.allows(rejected, staged.read):
            raise TooManyRejects(
                f"{rejected:,} of {staged.read:,} records were refused, more than the {allowed} "
                "that --max-rejects allows: nothing was published",
                staged.rejects,
            )

    def report(self, connection: sa.Connection, files: Files, staged: Staged | None) -> Report:
        """What was done, and what the warehouse holds now."""
        records = Records()
        if staged:
            rejected = len(staged.rejects)
            records = Records(staged.read, staged.staged, rejected, staged.repaired)
        return Report(
            load_id=staged.load_id if staged else None,
            warehouse=self.warehouse.url,
            copy=self.warehouse.copy,
            files=files,
            records=records,
            rows=row_counts(self.warehouse, connection),
            plays=play_counts(self.warehouse, connection),
            seconds=Seconds(),
        )

    def plan(self) -> Plan:
        """What `execute` would do."""
        found, gone = self.compare(self.lake.listing(), [] if self.full else self.known())
        made = Publication("$load", whole=found.first, replaces=bool(found.known or gone))
        statements = [*self.warehouse.begin(self.settings.lock_timeout)]
        statements.append(ledger())
        if self.full:
            statements += clear_all()
        texts = [self.warehouse.text(statement) for statement in statements]
        if found.read or gone:
            texts += self.warehouse.stage_texts(by_kind(found.read), insert)
            texts += [self.warehouse.text(statement) for statement in made.everything()]
        return Plan(found.files, tuple(texts))

    def known(self) -> Sequence[Any]:
        """The ledger of a warehouse that need not be there yet."""
        if not self.warehouse.exists():
            return []
        with self.warehouse.reading(self.settings.lock_timeout) as connection:
            if schema.state(connection) is schema.State.EMPTY:
                return []
            schema.require(connection, self.warehouse.url)
            return self.warehouse.execute(connection, ledger()).all()


def failure(state: tenacity.RetryCallState) -> BaseException | None:
    """Why an attempt failed."""
    return state.outcome.exception() if state.outcome else None


def row_counts(warehouse: Warehouse, connection: sa.Connection) -> dict[str, int]:
    """The rows of each star table."""
    counts = [sa.select(sa.func.count()).select_from(table(model)) for model in STAR]
    found = warehouse.execute(connection, sa.select(*(each.scalar_subquery() for each in counts)))
    return dict(zip((table(model).name for model in STAR), found.one(), strict=True))


def play_counts(warehouse: Warehouse, connection: sa.Connection) -> Plays:
    """The plays, and how many have their song."""
    counts = sa.select(sa.func.count(), sa.func.count(table(Songplay).c.song_id))
    return Plays(*warehouse.execute(connection, counts).one())
