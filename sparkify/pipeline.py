"""From a lake to a star: `run` and `plan`. The order of the steps, and nothing else."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import sqlalchemy as sa
import tenacity

from sparkify import config, warehouses
from sparkify.errors import TryAgain
from sparkify.lake.locations import open_lake
from sparkify.lake.objects import Lake, Listing
from sparkify.load.clock import Clock
from sparkify.load.counts import play_counts, row_counts
from sparkify.load.ledger import Difference, ledger
from sparkify.load.loader import Loader, Progress, Staged, next_load_id, now
from sparkify.load.publication import Publication
from sparkify.masking import mask
from sparkify.models import schema
from sparkify.process import scratch, stopping
from sparkify.report import Files, Plan, Records, Report, Seconds
from sparkify.settings import OPTIONS, Settings
from sparkify.signatures import parameters_of
from sparkify.warehouses.base import Warehouse
from sparkify.warehouses.executor import Executor, Found

logger = logging.getLogger(__name__)

ATTEMPTS = 4  # of a run that fails for a reason that may pass
Location = str | os.PathLike[str]


# long because every parameter is documented here, once
def run(
    source: Location | None = None,
    warehouse: str | sa.Engine | None = None,
    *,
    songs: Location | None = None,
    events: Location | None = None,
    copy: Literal["staged", "direct"] | None = None,
    staging: str | None = None,
    iam_role: str | None = None,
    region: str | None = None,
    max_rejects: str | int | None = None,
    lock_timeout: float | str | None = None,
    full: bool = False,
    prune: bool = False,
    tls: bool = True,
    progress: Progress | None = None,
) -> Report:
    """Load what is new in a lake into a warehouse.

    Parameters that are not passed come from the settings: the environment, dwh.cfg, defaults.

    Args:
        source: the lake, a folder or `s3://bucket/prefix`, with song_data/ and log_data/ below it.
        warehouse: a SQLAlchemy URL, or an Engine, which is not disposed of. A database in memory
            needs an Engine.
        songs: where the song records are, if not in song_data/ below the source.
        events: where the event records are, if not in log_data/ below the source.
        copy: how rows get to Redshift: "staged" by way of this machine, or "direct" from a lake
            in S3.
        staging: Redshift: the `s3://bucket/prefix` to which the parts of a load are uploaded.
        iam_role: Redshift: the ARN of the role with which the cluster reads S3.
        region: the AWS region.
        max_rejects: the most rejected records, as a count or as "P%" of the records read.
        lock_timeout: seconds to wait for another run, or for a reader of the DuckDB file.
        full: replace all rows by a load of the whole lake.
        prune: also remove the rows of objects that no longer exist.
        tls: Redshift: verify the certificate; False connects without encryption.
        progress: called with the step, how much of it is done, and of how much.

    Returns:
        What was done, and what the warehouse has now.

    Raises:
        SparkifyError: an expected failure, see `sparkify.errors`; nothing was published.
    """
    with prepared(locals()) as job:
        return job.execute()


@contextmanager
def prepared(given: Mapping[str, Any]) -> Iterator["Run"]:
    """A run with the parameters of `run`, its lake and its warehouse open."""
    warehouse = given.get("warehouse")
    flags = {name: given[name] for name in ("full", "prune", "progress") if given.get(name)}
    arguments = {name: value for name, value in given.items() if name in OPTIONS}
    if isinstance(warehouse, sa.Engine):
        del arguments["warehouse"]
    settings = config.load(arguments)
    lake = open_lake(settings)
    with warehouses.connect(warehouse or settings.warehouse, settings) as opened:
        opened.route.check(lake)
        yield Run(settings, lake, opened, **flags)


@parameters_of(run, prepared)
def plan(job: "Run") -> Plan:
    """Tell what `run` would load, and every SQL statement that it would send until COMMIT.

    It takes the parameters of `run`. A `warehouse` of "duckdb" or "redshift", a bare name, means
    one that does not exist yet, and is not connected to. The statements by which Alembic creates
    the schema are left out; `sparkify schema --ddl` shows the schema.

    Raises:
        SparkifyError: an expected failure, see `sparkify.errors`.
    """
    return job.plan()


def upgrade(warehouse: str | sa.Engine | None = None) -> None:
    """Create the schema of a warehouse, or upgrade it to this version's.

    Args:
        warehouse: as for `run`.

    Raises:
        SparkifyError: the warehouse cannot be opened, its tables are not Sparkify's, or its schema
            is newer than this version.
    """
    url = None if isinstance(warehouse, sa.Engine) else warehouse
    settings = config.load({"warehouse": url})
    with (
        warehouses.connect(warehouse or settings.warehouse, settings) as opened,
        opened.writing(settings.lock_timeout) as connection,
    ):
        schema.check_upgradable(connection, opened.url)
        schema.upgrade(connection)


@dataclass
class Run:
    """One run: a lake, a warehouse, and the order of the steps between them."""

    settings: Settings
    lake: Lake
    warehouse: Warehouse
    full: bool = False
    prune: bool = False
    progress: Progress = lambda what, done, total: None
    clock: Clock = field(default_factory=Clock)

    def execute(self) -> Report:
        """List, compare, and load what is new; from the start again if that may help."""
        self.warehouse.require_url()
        scratch.sweep()
        if self.warehouse.owned:
            config.warn(self.settings, self.warehouse.url)
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
                report = self.load(self.warehouse.executor(connection), listing)
                if report.load_id is None:
                    transaction.rollback()
                    return replace(report, seconds=self.clock.seconds())
                with self.clock.step("publish"), stopping.committing(report.load_id):
                    self.warehouse.commit(transaction, report.load_id)
            self.finish(connection, report)
        return replace(report, seconds=self.clock.seconds())

    def plan(self) -> Plan:
        """Do what a run does, with a recorder in place of the connection."""
        listing = self.lake.listing()
        recorder = self.warehouse.recorder()
        recorder.answers[recorder.text(ledger())] = [] if self.full else self.known()
        report = self.load(recorder, listing)
        return Plan(report.files, tuple(map(mask, recorder.texts)))

    def load(self, executor: Executor, listing: Listing) -> Report:
        """Load what is new; the caller commits, or rolls back if nothing was."""
        started = now()
        self.warehouse.lock(executor, self.settings.lock_timeout)
        if not executor.as_sql:
            self.warehouse.sweep()
        load_id = next_load_id(executor)
        args = (self.warehouse, executor, self.lake, load_id, self.clock.step, self.progress)
        loader = Loader(*args)
        if self.full:
            loader.clear()
        difference = Difference.of(listing, executor.rows(ledger()), self.lake)
        gone = difference.missing if self.prune else []
        difference.check(gone, by_object=self.warehouse.route.by_object)
        if not difference.read and not gone:
            return self.report(executor, difference.files, None)
        staged = loader.stage(difference.read, difference.known, gone)
        staged.check(self.settings.max_rejects)
        replaces = bool(difference.known or gone)
        loader.publish(Publication(load_id, difference.first, replaces), staged)
        loader.record(staged, self.lake.name, started)
        if staged.rejects:
            logger.warning(staged.summary())
        return self.report(executor, difference.files, staged)

    def finish(self, connection: sa.Connection, report: Report) -> None:
        """Tidy up; the load is committed, so that nothing here makes the run fail."""
        try:
            self.warehouse.finish(connection, report.records.staged / (report.plays.total or 1))
        except Exception as error:
            logger.warning("after the load: %s", error)

    def report(self, executor: Executor, files: Files, staged: Staged | None) -> Report:
        """What was done, and what the warehouse has now."""
        return Report(
            load_id=staged.load_id if staged else None,
            warehouse=self.warehouse.url,
            copy=self.warehouse.route.name,
            files=files,
            records=staged.records if staged else Records(),
            rows=row_counts(executor),
            plays=play_counts(executor),
            seconds=Seconds(),
        )

    def known(self) -> Found:
        """The books of a warehouse, which may not exist yet."""
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
