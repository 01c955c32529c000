"""One load: compare, stage, publish, clean up."""

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from sparkify.errors import SparkifyError
from sparkify.lake.objects import Listing
from sparkify.load.counts import counts
from sparkify.load.fields import SEEN, SeenFields, seen_fields
from sparkify.load.ids import latest_load, new_id, now
from sparkify.load.job import Job
from sparkify.load.ledger import Difference, Outdated, ledger
from sparkify.load.publication import Publication
from sparkify.load.publisher import Publisher
from sparkify.load.retrying import again
from sparkify.load.runs import end, reserve
from sparkify.load.staged import Staged
from sparkify.load.stager import Stager
from sparkify.models.statements import within
from sparkify.process import stopping
from sparkify.read.forgotten import Forgotten
from sparkify.report import Files, Records, Report, Seconds
from sparkify.warehouses.executor import LOAD_ID, RUN_ID, Executor

logger = logging.getLogger(__name__)


@dataclass
class Loader:
    """Loads the new and changed objects of a lake into a warehouse.

    Attributes:
        executor: sends statements over a connection on which no transaction is open, or only
            shows them.
        seen: the last load when lake and warehouse were compared.
        forgotten: whose records are left out; None if nobody was forgotten.
    """

    job: Job
    executor: Executor
    run_id: str = field(init=False)
    started: datetime = field(default_factory=now)
    seen: str | None = None
    forgotten: Forgotten | None = None

    def __post_init__(self) -> None:
        self.run_id = RUN_ID if self.executor.as_sql else new_id()

    def load(self, listing: Listing) -> Report:
        """Stage new and changed objects in batches; then publish them together."""
        with self.executor.reading():
            if not self.executor.as_sql:
                self.job.warehouse.sweep(self.executor)
            self.forgotten = self.job.forgotten(self.executor)
            self.seen = self.executor.scalar(latest_load())
            difference = self.compare(listing)
            if not difference.read and not difference.gone:
                return self.report(difference.files)
        try:
            staged = self.stage(difference)
            report = again(lambda: self.publish(listing, difference, staged), unless=(Outdated,))
        except SparkifyError:
            with suppress(Exception), self.executor.transaction():
                self.executor.execute(end(self.run_id))
            raise
        if staged.rejects:
            logger.warning(staged.summary())
        return report

    def compare(self, listing: Listing) -> Difference:
        """Compare the listing with the books; a full load takes them for empty."""
        job, choice = self.job, self.job.choice
        again = {n for each in choice.selects() for (n,) in self.executor.books(each)}
        known = [] if job.full else self.executor.books(ledger())
        difference = Difference.of(listing, known, job.lake, prune=job.prune, again=again)
        if choice.limit is not None:
            left = len(difference.read)
            difference.cut(choice.limit)
            left -= len(difference.read)
            logger.info("%s objects are left to the next run", f"{left:,}")
        difference.check()
        return difference

    def stage(self, difference: Difference) -> Staged:
        """Adopt what dead runs have staged, and read the rest."""
        stager = Stager(self.job, self.executor, self.run_id, self.forgotten)
        if not self.job.full:
            with self.executor.reading():
                stager.adopt(difference.read)
        adopted = {item.uri for item in stager.staged.objects()}
        if adopted:
            logger.info("%s objects had been staged by a run that died", f"{len(adopted):,}")
        read = [item for uri, item in difference.read.items() if uri not in adopted]
        logger.info("reading %s objects (%s)", f"{len(read):,}", difference.files)
        warehouse, run_id = self.job.warehouse, self.run_id
        first_id = again(lambda: reserve(warehouse, self.executor, run_id, len(read)))
        stager.stage(read, first_id)
        logger.info("records: %s", stager.staged.records)
        if not self.executor.as_sql:
            stager.staged.check(self.job.settings.max_rejects)
        stager.staged.check_batches(difference)
        return stager.staged

    def publish(self, listing: Listing, difference: Difference, staged: Staged) -> Report:
        """Publish what is staged, in one transaction."""
        warehouse, clock = self.job.warehouse, self.job.clock
        with warehouse.errors(), self.executor.transaction() as transaction:
            warehouse.lock(self.executor, self.job.settings.lock_timeout)
            if self.job.forgotten(self.executor) != self.forgotten:
                raise Outdated("a user was forgotten meanwhile")
            latest = self.executor.scalar(latest_load())
            if latest != self.seen:
                if self.job.full:
                    raise Outdated
                difference, before = self.compare(listing), difference
                staged.keep(before, difference)
            if not staged.versions and not difference.gone:
                return self.report(difference.files)
            load_id = LOAD_ID if self.executor.as_sql else new_id(latest)
            self.send(load_id, difference, staged)
            report = self.report(difference.files, load_id, staged)
            if isinstance(transaction, sa.RootTransaction):
                with clock.step("publish"), stopping.committing(load_id):
                    warehouse.commit(transaction, load_id)
                logger.info("load %s is published: %s", load_id, report.row_text())
        return report

    def send(self, load_id: str, difference: Difference, staged: Staged) -> None:
        """Send every statement of a publication."""
        replaces = bool(difference.known or difference.gone)
        ids, full = self.file_ids(staged), self.job.full
        publication = Publication(load_id, ids, full, difference.first, replaces)
        publisher = Publisher(self.job, self.executor, publication, f"{self.run_id}/{load_id}")
        publisher.publish(staged, difference)
        publisher.record(staged, self.started)

    def file_ids(self, staged: Staged) -> list[int] | None:
        """The versions that this run has staged; None in a plan."""
        return None if self.executor.as_sql else staged.file_ids

    def report(
        self, files: Files, load_id: str | None = None, staged: Staged | None = None
    ) -> Report:
        """What was done, and what the warehouse has now."""
        fields = SeenFields()
        if staged:
            fields = seen_fields(self.executor, within(SEEN.c.file_id, self.file_ids(staged)))
        rows, plays = counts(self.executor)
        return Report(
            load_id=load_id,
            warehouse=self.job.warehouse.url,
            copy=self.job.warehouse.route.name,
            files=files,
            records=staged.records if staged else Records(),
            rows=rows,
            plays=plays,
            seconds=Seconds(),
            **fields,
        )
