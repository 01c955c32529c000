"""From a lake to a star: `run` and `plan`. The order of the steps, and nothing else."""

import datetime
import inspect
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

import sqlalchemy as sa

from sparkify import config, warehouses
from sparkify.lake.locations import open_lake
from sparkify.lake.part import Part
from sparkify.load.choice import Choice
from sparkify.load.job import Job, Progress
from sparkify.load.loader import Loader
from sparkify.load.retrying import again
from sparkify.load.runs import clean_up
from sparkify.load.upkeep import existing, forget, upgrade, upgrade_sql
from sparkify.masking import mask
from sparkify.models import schema
from sparkify.process import scratch
from sparkify.report import Plan, Report
from sparkify.settings import OPTIONS
from sparkify.warehouses.executor import Executor

__all__ = ["Location", "Run", "forget", "plan", "run", "upgrade", "upgrade_sql"]

logger = logging.getLogger(__name__)

Location = str | os.PathLike[str]
Day = str | datetime.date
P = ParamSpec("P")
R = TypeVar("R")


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
    kms_key: str | None = None,
    max_rejects: str | int | None = None,
    new_fields: Literal["keep", "report", "reject"] | None = None,
    lock_timeout: float | str | None = None,
    publish: Location | None = None,
    full: bool = False,
    prune: bool = False,
    since: Day | None = None,
    until: Day | None = None,
    limit: int | None = None,
    objects: Iterable[Location] | None = None,
    tls: bool = True,
    forget_key: str | None = None,
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
        kms_key: Redshift: the ARN of the KMS key with which uploads are encrypted.
        max_rejects: the most rejected records, as a count or as "P%" of the records read.
        new_fields: what happens to fields of a record that no column takes: "keep" stores them in
            the staging column `extra`, "report" only counts them, "reject" rejects the record.
        lock_timeout: seconds to wait for another run, or for a reader of the DuckDB file.
        publish: DuckDB: a file for a read-only copy of the warehouse after the load.
        full: replace all rows by a load of the whole lake.
        prune: also remove the rows of objects that no longer exist.
        since: also read again unchanged objects with events of this day or later, UTC.
        until: the same with events of this day or earlier; with both, of the days between.
        limit: read at most so many objects; the next run reads the others.
        objects: look at these objects only, and list no others. Each is a name below the source, or
            a full path or `s3://` URL.
        tls: Redshift: verify the certificate; False connects without encryption.
        forget_key: the secret by which forgotten users are recognised, see `forget`.
        progress: called with the step, how much of it is done, and of how much; of reading the
            lake these are bytes.

    Returns:
        What was done, and what the warehouse has now.

    Raises:
        UsageError: a parameter or a setting is not valid, or the lake was not found.
        TooManyRejects: more records were rejected than `max_rejects` allows.
        TryAgain: it failed four times for a reason that may pass.
        WarehouseBusy: another process held the warehouse for `lock_timeout` seconds.
        SparkifyError: any other expected failure. Nothing was published, unless the message says
            so: the copy for readers is written after the load is committed.
    """
    with prepared(locals()) as job:
        return job.execute()


@contextmanager
def prepared(given: Mapping[str, Any]) -> Iterator["Run"]:
    """A run with the parameters of `run`, its lake and its warehouse open."""
    objects, choice = given.get("objects"), Choice.of(given)
    flags = {name: given[name] for name in ("full", "prune", "progress") if given.get(name)}
    arguments = {name: value for name, value in given.items() if name in OPTIONS}
    with existing(given.get("warehouse"), arguments, bare=True) as (opened, settings):
        lake = open_lake(settings)
        if objects is not None:
            lake = Part.of(lake, settings.source, objects)
        opened.route.check(lake)
        yield Run(settings, lake, opened, choice, **flags)


def parameters_of(
    declared: Callable[P, object],
) -> Callable[[Callable[["Run"], R]], Callable[P, R]]:
    """Make a function with the parameters of another from what it does with a run."""
    signature = inspect.signature(declared)

    def decorate(act: Callable[["Run"], R]) -> Callable[P, R]:
        @wraps(act)
        def function(*args: P.args, **kwargs: P.kwargs) -> R:
            with prepared(signature.bind(*args, **kwargs).arguments) as job:
                return act(job)

        result = inspect.signature(act).return_annotation
        function.__signature__ = signature.replace(return_annotation=result)  # type: ignore[attr-defined]
        function.__annotations__ = {**declared.__annotations__, "return": result}
        return function

    return decorate


@parameters_of(run)
def plan(job: "Run") -> Plan:
    """Tell what `run` would load, and every SQL statement that it would send until COMMIT.

    It takes the parameters of `run`. A `warehouse` of "duckdb" or "redshift", a bare name, means
    one that does not exist yet, and is not connected to. The statements by which Alembic creates
    the schema are left out; `sparkify schema --ddl` shows the schema.

    Returns:
        The number of objects by state, and the statements in their order.

    Raises:
        SparkifyError: an expected failure, as for `run`.
    """
    return job.plan()


class Run(Job):
    """One run: the order of the steps between a lake and a warehouse."""

    def execute(self) -> Report:
        """List and load; from the start again if that may help."""
        self.warehouse.require_url()
        copy = warehouses.copy_of(self.warehouse, self.settings)
        scratch.sweep()
        if self.warehouse.owned:
            config.warn(self.settings, self.warehouse.url)
        report = again(self.attempt)
        if copy is not None:
            done = f"load {report.load_id} is in the warehouse" if report.load_id else "no new load"
            with self.clock.step("publish"):
                copy.update(
                    self.settings.lock_timeout,
                    note=f" ({done}; the copy for readers is the former one)",
                )
        seconds = self.clock.seconds()
        logger.info("seconds: %s", seconds)
        return replace(report, seconds=seconds)

    def attempt(self) -> Report:
        """List, and load what is new."""
        with self.clock.step("extract"):
            listing = self.lake.listing()
        found = f"{len(listing.objects):,} objects, {listing.ignored:,} other names"
        logger.info("listed %s: %s", self.lake.name, found)
        with self.warehouse.writing(self.settings.lock_timeout) as connection:
            schema.ensure(connection, self.warehouse.url)
            connection.rollback()
            loader = Loader(self, self.warehouse.executor(connection))
            report = loader.load(listing)
            if report.load_id is not None:
                self.finish(loader, connection, report)
        return report

    def plan(self) -> Plan:
        """Do what a run does, with a recorder in place of the connection."""
        listing = self.lake.listing()
        with self.reader() as reader:
            recorder = self.warehouse.recorder(reader)
            report = Loader(self, recorder).load(listing)
        return Plan(report.files, tuple(map(mask, recorder.texts)))

    def finish(self, loader: Loader, connection: sa.Connection, report: Report) -> None:
        """Tidy up; the load is committed, so that nothing here makes the run fail."""
        try:
            clean_up(loader.executor, loader.run_id)
            self.warehouse.finish(connection, report.records.staged / (report.plays.total or 1))
        except Exception as error:
            logger.warning("after the load: %s", error)

    @contextmanager
    def reader(self) -> Iterator[Executor | None]:
        """What reads the books of the warehouse; None if it does not exist yet, or is empty."""
        if not self.warehouse.exists():
            yield None
            return
        with self.warehouse.reading(self.settings.lock_timeout) as connection:
            if schema.state(connection) is schema.State.EMPTY:
                yield None
                return
            schema.require(connection, self.warehouse.url)
            yield self.warehouse.executor(connection)
