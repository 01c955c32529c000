"""The direct route: COPY straight from the lake's objects; no data passes through this machine.

COPY reads the new objects by a manifest, with JSONPaths, as people's own pipelines do. It does not
tell which rows came from which object, so a batch of objects is one version: if one of them
changes, all of them are copied again.
"""

import itertools
import json
import logging
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable, DropTable

from sparkify.errors import RejectedRecord, SparkifyError, TooManyRejects, UsageError
from sparkify.lake.objects import Lake, LakeObject, by_kind
from sparkify.lake.s3 import Bucket
from sparkify.lake.uris import split
from sparkify.models.statements import Column, count
from sparkify.read.forgotten import Forgotten
from sparkify.read.results import Outcome
from sparkify.read.rules import fields_of
from sparkify.warehouses.executor import USERS, Executor
from sparkify.warehouses.redshift import copy_log, incoming
from sparkify.warehouses.redshift.dialect import Copy
from sparkify.warehouses.redshift.parts import Parts
from sparkify.warehouses.routes import Route, Staging

logger = logging.getLogger(__name__)

MOST_ERRORS = 100_000  # at which COPY gives up, its maximum: so that all are shown, then counted
CHOSEN = (
    "no staging prefix is set, so Redshift copies the lake's files itself (--copy direct): rows and"
    " most rejects will not name their file, unknown fields are dropped, and text ends at a NUL"
    " character; docs/redshift.md lists all that differs. --copy direct confirms it, --staging"
    " s3://bucket/prefix avoids it"
)
BATCH = 1 << 30  # bytes of objects, as stored, that are copied as one


@dataclass(frozen=True)
class Direct(Route):
    """COPY straight from the lake's objects."""

    parts: Parts
    name = "direct"

    def check(self, lake: Lake) -> None:
        """See `Route.check`: the lake must be in S3."""
        for location in lake.locations.values():
            if not location.uri.startswith("s3://"):
                raise UsageError(
                    f"--copy direct needs the lake in S3, and {location.uri} is a folder:"
                    " give --staging s3://bucket/prefix and --copy staged"
                )
        paths = self.parts.settings.log_jsonpath
        if paths and not paths.startswith("s3://"):
            raise UsageError(f"[S3] LOG_JSONPATH must be an s3:// URL, not {paths}")
        if self.parts.settings.copy is None:
            logger.warning(CHOSEN)

    def stage(
        self, executor: Executor, lake: Lake, objects: Sequence[LakeObject], staging: Staging
    ) -> Generator[list[Outcome]]:
        """See `Route.stage`: the objects of a batch are copied as one."""
        for number, batch in enumerate(batches(objects)):
            name = f"{staging.run_id}/{number}"
            file_id = next(staging.file_ids)
            forgotten = staging.forgotten if batch[0].kind == "events" else None
            yield [BatchCopy(self.parts, executor, batch, file_id, name, forgotten).load()]


def batches(objects: Sequence[LakeObject]) -> Iterator[list[LakeObject]]:
    """Objects of one kind that are copied together: whole folders, up to a size."""
    for chosen in by_kind(objects).values():
        batch: list[LakeObject] = []
        for _, members in itertools.groupby(chosen, lambda item: item.uri.rpartition("/")[0]):
            batch += members
            if sum(item.size for item in batch) > BATCH:
                yield batch
                batch = []
        if batch:
            yield batch


@dataclass(frozen=True)
class BatchCopy:
    """COPY of the objects of one batch, which are of one kind.

    Attributes:
        name: of what is uploaded for that, below the prefix for parts.
        forgotten: whose records are left out; None if nobody was forgotten.
    """

    parts: Parts
    executor: Executor
    objects: Sequence[LakeObject]
    file_id: int
    name: str
    forgotten: Forgotten | None = None

    @property
    def kind(self) -> str:
        """Of the objects."""
        return self.objects[0].kind

    def load(self) -> Outcome:
        """Copy, repair, check and stage; the caller's transaction holds it all."""
        send, kind = self.executor, self.kind
        for each in (incoming.incoming(kind), incoming.CLEANED):
            send.execute(CreateTable(each))
        copied, rejects = self.copy_all()
        texts = [text for (text,) in send.rows(incoming.suspects(kind))]
        self.parts.insert_rows(send, incoming.CLEANED, incoming.cleaned_rows(texts), self.name)
        checked = incoming.checked(kind)
        send.execute(checked)
        left_out = self.leave_out(checked.table)
        failed = self.failed(checked.table)
        rows, *counts = send.one(incoming.counts(kind, checked.table))
        if copied != rows + len(failed) + left_out and not send.as_sql:
            raise SparkifyError(
                f"of {copied:,} copied {kind} {rows:,} were staged and {len(failed):,} "
                "rejected; nothing was published"
            )
        file_id: Column = sa.literal_column("$file_id" if send.as_sql else str(self.file_id))
        send.execute(incoming.stage(kind, checked.table, file_id))
        for each in (incoming.incoming(kind), incoming.CLEANED, checked.table):
            send.execute(DropTable(each))
        rejects += failed
        outcome = Outcome(kind, self.file_id, self.objects, rows + len(rejects) + left_out)
        outcome.batch, outcome.rejects, outcome.forgotten = True, rejects, left_out
        outcome.counted(rows, *counts)
        return outcome

    def failed(self, checked: sa.Table) -> list[RejectedRecord]:
        """The rejects of what fails a check."""
        found = self.executor.rows(incoming.failed(self.kind, checked))
        return [incoming.reject(self.kind, fault, key) for fault, *key in found]

    def leave_out(self, checked: sa.Table) -> int:
        """Remove the records of people who were forgotten, good or bad; return how many."""
        if self.forgotten is None:
            return 0
        send, user = self.executor, checked.c.user_id
        found = self.forgotten.among(user for (user,) in send.rows(sa.select(user).distinct()))
        if not found:
            return 0
        send.hidden = {USERS: ", ".join(map(str, found))}
        theirs = user.in_([sa.literal_column(USERS)])
        (left_out,) = send.counts(count(checked).where(theirs))
        send.execute(sa.delete(checked).where(theirs))
        send.hidden = {}
        return left_out

    def copy_all(self) -> tuple[int, list[RejectedRecord]]:
        """COPY the objects into the temporary table: how many rows, and the rejects."""
        copied, rejects = 0, list[RejectedRecord]()
        jsonpaths = self.jsonpaths()
        for option in ("", "GZIP"):  # one COPY knows one compression
            chosen = [item for item in self.objects if is_gzip(item) == bool(option)]
            if not chosen:
                continue
            name = f"{self.name}/{self.kind}{option and '-gz'}.manifest"
            if not self.executor.as_sql:
                sizes = [(item.uri, item.size) for item in chosen]
                self.parts.put_manifest(name, sizes)
            self.copy(name, option, jsonpaths)
            (loaded,) = self.executor.counts(copy_log.COUNTED)
            copied += loaded
            rejects += copy_log.rejects(self.executor, self.parts.url(name), loaded)
        return copied, rejects

    def copy(self, manifest: str, option: str, jsonpaths: str) -> None:
        """COPY the objects of a manifest, and tell too many errors from other failures."""
        copy = Copy(
            target=incoming.incoming(self.kind),
            manifest=self.parts.url(manifest),
            iam_role=self.parts.settings.iam_role,
            region=self.region(),
            json=jsonpaths,
            words=[*filter(None, [option]), "TRUNCATECOLUMNS", f"MAXERROR {MOST_ERRORS}"],
        )
        try:
            self.executor.execute(copy)
        except sa.exc.DBAPIError as error:
            if "load_error" not in str(error):  # the view that such a message refers to
                raise
            raise TooManyRejects(
                f"COPY gave up after {MOST_ERRORS:,} rejected {self.kind}; nothing was published;"
                " sys_load_error_detail on the cluster lists them"
            ) from error

    def jsonpaths(self) -> str:
        """How COPY finds the fields: songs have the columns' names, events need JSONPaths."""
        parts = self.parts
        if self.kind == "songs":
            return "auto"
        if given := self.parts.settings.log_jsonpath:
            return given
        name = f"{self.name}/{self.kind}.jsonpaths"
        if not self.executor.as_sql:
            parts.put(name, jsonpaths_file(self.kind))
        return parts.url(name)

    def region(self) -> str | None:
        """The one region of the lake and of the manifest.

        Raises:
            UsageError: they are in two.
        """
        parts = self.parts
        if not parts.exists:
            return parts.region
        near = parts.bucket
        for name in {split(item.uri)[0] for item in self.objects} - {near.name}:
            if Bucket(f"s3://{name}", near.session).region != near.region:
                raise UsageError(
                    f"s3://{name} is in another region than {near.uri}, and COPY reads from one"
                    " region: give a --staging prefix in the lake's region"
                )
        return near.region


def is_gzip(item: LakeObject) -> bool:
    """Whether COPY has to decompress an object, by its name."""
    return item.uri.lower().endswith(".gz")


def jsonpaths_file(kind: str) -> bytes:
    """A JSONPaths file: the fields in the columns' order."""
    return json.dumps({"jsonpaths": [f"$['{field.key}']" for field in fields_of(kind)]}).encode()
