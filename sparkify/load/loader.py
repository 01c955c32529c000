"""One load: compare, stage, publish, clean up."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from sparkify.errors import SparkifyError
from sparkify.lake.objects import Lake, LakeObject, Listing
from sparkify.load.choice import Choice
from sparkify.load.clock import Clock
from sparkify.load.counts import play_counts, row_counts
from sparkify.load.fields import SEEN, SeenFields, seen_fields
from sparkify.load.ids import latest_load, new_id, now
from sparkify.load.ledger import Difference, Outdated, ledger
from sparkify.load.publication import Publication
from sparkify.load.publisher import Publisher
from sparkify.load.retrying import again
from sparkify.load.runs import clean_up, end, expire, reserve
from sparkify.load.staged import Staged
from sparkify.load.stager import Progress, Stager
from sparkify.load.tombstones import forgotten
from sparkify.models.statements import within
from sparkify.process import stopping
from sparkify.read.forgotten import Forgotten
from sparkify.report import Files, Records, Report, Seconds
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse
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

    settings: Settings
    lake: Lake
    warehouse: Warehouse
    executor: Executor
    full: bool
    prune: bool
    choice: Choice
    clock: Clock
    progress: Progress
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
                self.warehouse.sweep(self.executor)
            self.forgotten = self.tombstones()
            self.seen = self.executor.scalar(latest_load())
            difference = self.compare(listing)
            if not difference.read and not self.gone(difference):
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

    def tombstones(self) -> Forgotten | None:
        """Who was forgotten, by the warehouse's books."""
        return forgotten(self.executor, self.settings, warehouse=self.warehouse.url)

    def compare(self, listing: Listing) -> Difference:
        """Compare the listing with the books; a full load takes them for empty."""
        again = {n for each in self.choice.selects() for (n,) in self.executor.rows(each)}
        known = [] if self.full else self.executor.rows(ledger())
        difference = Difference.of(listing, known, self.lake, prune=self.prune, again=again)
        if self.choice.limit is not None:
            left = len(difference.read)
            difference.cut(self.choice.limit)
            left -= len(difference.read)
            logger.info("%s objects are left to the next run", f"{left:,}")
        difference.check()
        return difference

    def gone(self, difference: Difference) -> Sequence[LakeObject]:
        """The missing objects whose rows this run removes."""
        return difference.missing if self.prune else []

    def stage(self, difference: Difference) -> Staged:
        """Adopt what dead runs have staged, and read the rest."""
        how = (self.settings.new_fields, self.clock.step, self.progress, self.forgotten)
        stager = Stager(self.warehouse, self.executor, self.lake, self.run_id, *how)
        if not self.full:
            with self.executor.reading():
                stager.adopt(difference.read)
        adopted = {item.uri for item in stager.staged.objects()}
        if adopted:
            logger.info("%s objects had been staged by a run that died", f"{len(adopted):,}")
        read = [item for uri, item in difference.read.items() if uri not in adopted]
        logger.info("reading %s objects (%s)", f"{len(read):,}", difference.files)
        first_id = again(lambda: self.reserve(len(read)))
        stager.stage(read, first_id)
        logger.info("records: %s", stager.staged.records)
        if not self.executor.as_sql:
            stager.staged.check(self.settings.max_rejects)
        stager.staged.check_batches(difference)
        return stager.staged

    def reserve(self, count: int) -> int:
        """Enter the run, with a block of file_ids; return the first of them."""
        with self.warehouse.errors():
            return reserve(self.warehouse, self.executor, self.run_id, count)

    def publish(self, listing: Listing, difference: Difference, staged: Staged) -> Report:
        """Publish what is staged, in one transaction."""
        with self.warehouse.errors(), self.executor.transaction() as transaction:
            self.warehouse.lock(self.executor, self.settings.lock_timeout)
            if self.tombstones() != self.forgotten:
                raise Outdated("a user was forgotten meanwhile")
            latest = self.executor.scalar(latest_load())
            if latest != self.seen:
                if self.full:
                    raise Outdated
                difference, before = self.compare(listing), difference
                staged.keep(before, difference)
            gone = self.gone(difference)
            if not staged.versions and not gone:
                return self.report(difference.files)
            load_id = LOAD_ID if self.executor.as_sql else new_id(latest)
            self.send(load_id, difference, staged)
            report = self.report(difference.files, load_id, staged)
            if isinstance(transaction, sa.RootTransaction):
                with self.clock.step("publish"), stopping.committing(load_id):
                    self.warehouse.commit(transaction, load_id)
                logger.info("load %s is published: %s", load_id, report.row_text())
        return report

    def send(self, load_id: str, difference: Difference, staged: Staged) -> None:
        """Send every statement of a publication."""
        gone = self.gone(difference)
        ids = None if self.executor.as_sql else staged.file_ids
        replaces = bool(difference.known or gone)
        publisher = Publisher(
            self.warehouse,
            self.executor,
            Publication(load_id, ids, self.full, difference.first, replaces),
            f"{self.run_id}/{load_id}",
            self.clock.step,
            self.progress,
        )
        publisher.publish(staged, gone, [expire(self.warehouse, load_id)])
        publisher.record(staged, self.lake.name, self.started)

    def clean_up(self) -> None:
        """Remove what the load has superseded."""
        clean_up(self.executor, self.run_id)

    def report(
        self, files: Files, load_id: str | None = None, staged: Staged | None = None
    ) -> Report:
        """What was done, and what the warehouse has now."""
        fields = self.fields(staged) if staged else SeenFields()
        return Report(
            load_id=load_id,
            warehouse=self.warehouse.url,
            copy=self.warehouse.route.name,
            files=files,
            records=staged.records if staged else Records(),
            rows=row_counts(self.executor),
            plays=play_counts(self.executor),
            seconds=Seconds(),
            **fields,
        )

    def fields(self, staged: Staged) -> SeenFields:
        """The fields of the records of this run that no column takes."""
        ids = None if self.executor.as_sql else staged.file_ids
        return seen_fields(self.executor, within(SEEN.c.file_id, ids))
