"""The way of rows to Redshift that passes by this machine: COPY straight from the lake's objects.

It reads by a manifest of just the new ones, with JSONPaths, as people's own pipelines do. What each
object held is not told, so that a changed one cannot take back its former rows.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sparkify.errors import SparkifyError, TooManyRejects, UsageError
from sparkify.lake.objects import LakeObject
from sparkify.lake.s3 import Bucket, split
from sparkify.models import KINDS, table
from sparkify.models.statements import CreateTempTable
from sparkify.warehouses.base import Loaded, Statement
from sparkify.warehouses.redshift import copy_log, incoming
from sparkify.warehouses.redshift.copy_log import COUNTED, ERRORS, REFUSED
from sparkify.warehouses.redshift.dialect import Copy

if TYPE_CHECKING:
    from sparkify.lake.objects import Lake
    from sparkify.settings import Settings
    from sparkify.warehouses.redshift.warehouse import Redshift

HIDDEN = ".sparkify"  # no object of a lake: a part of its name starts with a dot
MOST_ERRORS = 100_000  # at which COPY gives up, its utmost: so all can be shown, then counted
WORDS = {  # of COPY, by kind; what is empty or blank is NULL, as the reader has it
    "songs": ("EMPTYASNULL", "BLANKSASNULL", "TRIMBLANKS"),
    "events": ("TIMEFORMAT 'epochmillisecs'", "EMPTYASNULL", "BLANKSASNULL", "TRIMBLANKS"),
}


@dataclass(frozen=True)
class Direct:
    """COPY of one kind of objects, straight from the lake.

    Attributes:
        load_id: the load; also the folder of its manifests.
        kind: "songs" or "events".
        objects: all of that kind.
    """

    warehouse: "Redshift"
    load_id: str
    kind: str
    objects: Sequence[LakeObject]

    @cached_property
    def target(self) -> sa.Table:
        """The temporary table."""
        return incoming.incoming(self.kind)

    def load(self, connection: sa.Connection) -> Loaded:
        """COPY, mend, judge and stage; the caller's transaction holds it all."""

        def run(statement: Statement) -> sa.CursorResult[Any]:
            return self.warehouse.execute(connection, statement)

        for temporary in self.temporary:
            run(CreateTempTable(temporary))
        copied, rejects = self.copy(connection)
        texts = [text for (text,) in run(incoming.suspects(self.kind))]
        self.warehouse.insert_rows(connection, incoming.MENDED, incoming.mended(texts))
        refused = run(incoming.refused(self.kind)).all()
        rejects += (incoming.reject(self.kind, found, key) for found, *key in refused)
        run(incoming.stage(self.kind, self.load_id))
        rows, repaired = run(self.staged()).one()
        if copied != rows + len(refused):
            raise SparkifyError(
                f"of {copied:,} copied {self.kind} {rows:,} were staged and {len(refused):,} "
                "refused: nothing was published"
            )
        for statement in self.clean_up():
            run(statement)
        return Loaded(rows, int(repaired or 0), rejects)

    def copy(self, connection: sa.Connection) -> tuple[int, list[dict[str, Any]]]:
        """COPY the objects into the temporary table: how many rows, and the rejects."""
        copied, rejects = 0, list[dict[str, Any]]()
        self.publish()
        for manifest, (zip_, _) in self.manifests.items():
            self.copy_from(connection, manifest, zip_)
            copied += self.warehouse.execute(connection, COUNTED).scalar_one()
            rejects += copy_log.refused(self.warehouse, connection)
        return copied, rejects

    def publish(self) -> None:
        """Put what COPY needs into S3: the manifests, and JSONPaths if there are none."""
        parts = self.warehouse.parts
        if self.jsonpaths == parts.url(self.own_jsonpaths):
            parts.put(self.own_jsonpaths, jsonpaths(self.kind))
        for manifest, (_, objects) in self.manifests.items():
            parts.manifest(manifest, [(item.uri, item.size) for item in objects])

    def copy_from(self, connection: sa.Connection, manifest: str, zip_: str) -> None:
        """COPY the objects of a manifest, and tell too many errors from other failures."""
        try:
            self.warehouse.execute(connection, self.copy_command(manifest, zip_))
        except sa.exc.DBAPIError as error:
            if "load_error" not in str(error):  # the view that such a message refers to
                raise
            raise TooManyRejects(
                f"COPY gave up at {MOST_ERRORS:,} refused records of the {self.kind}: nothing was "
                "published; sys_load_error_detail on the cluster has them",
                [],
            ) from error

    def statements(self) -> Iterator[Statement]:
        """All that `load` sends, in order."""
        yield from map(CreateTempTable, self.temporary)
        for manifest, (zip_, _) in self.manifests.items():
            yield self.copy_command(manifest, zip_)
            yield from (COUNTED, REFUSED, ERRORS)
        yield incoming.suspects(self.kind)
        yield incoming.refused(self.kind)
        yield incoming.stage(self.kind, self.load_id)
        yield self.staged()
        yield from self.clean_up()

    @property
    def temporary(self) -> tuple[sa.Table, ...]:
        """The temporary tables."""
        return self.target, incoming.MENDED

    def clean_up(self) -> Iterator[Statement]:
        """Drop the temporary tables: the connection may be the caller's, and live on."""
        yield from (sa.text(f"DROP TABLE {temporary.name}") for temporary in self.temporary)

    def staged(self) -> sa.Select[Any]:
        """The rows of this kind and load, and how many of them were repaired."""
        staging = table(KINDS[self.kind])
        repaired = sa.func.count(sa.case((staging.c.repaired, 1)))
        return sa.select(sa.func.count(), repaired).where(staging.c.load_id == self.load_id)

    @cached_property
    def manifests(self) -> dict[str, tuple[str, list[LakeObject]]]:
        """By manifest, the compression and the objects: one COPY knows one compression."""
        found: dict[str, tuple[str, list[LakeObject]]] = {}
        for item in self.objects:
            zip_ = "GZIP" if item.uri.endswith(".gz") else ""
            name = f"{self.load_id}/{self.kind}{zip_ and '-gz'}.manifest"
            found.setdefault(name, (zip_, []))[1].append(item)
        return found

    @property
    def own_jsonpaths(self) -> str:
        """The name of the JSONPaths file that is written where none is given."""
        return f"{self.load_id}/{self.kind}.jsonpaths"

    @property
    def jsonpaths(self) -> str:
        """How COPY finds the fields: songs have the columns' names, events need a list."""
        if self.kind == "songs":
            return "auto"
        return self.warehouse.settings.log_jsonpath or self.warehouse.parts.url(self.own_jsonpaths)

    def copy_command(self, manifest: str, zip_: str) -> Copy:
        """The COPY of the objects of a manifest."""
        settings = self.warehouse.settings
        return Copy(
            self.target,
            [column.name for column in self.target.columns],
            self.warehouse.parts.url(manifest),
            iam_role=settings.iam_role,
            region=self.region,
            json=self.jsonpaths,
            words=[*filter(None, [zip_]), *WORDS[self.kind], f"MAXERROR {MOST_ERRORS}"],
        )

    @cached_property
    def region(self) -> str | None:
        """The one region of the lake and of the manifest.

        Raises:
            UsageError: they are in two.
        """
        if not self.warehouse.exists():
            return self.warehouse.settings.region
        near = self.warehouse.parts.bucket
        for name in {split(item.uri)[0] for item in self.objects} - {near.name}:
            if Bucket(f"s3://{name}", near.session).region != near.region:
                raise UsageError(
                    f"s3://{name} is in another region than {near.uri}, and one COPY reads from "
                    "one: give a --staging in the lake's region"
                )
        return near.region


def jsonpaths(kind: str) -> bytes:
    """A JSONPaths file: the fields in the columns' order."""
    keys = [column.info["key"] for column in incoming.fields_of(kind)]
    return json.dumps({"jsonpaths": [f"$['{key}']" for key in keys]}).encode()


def default(settings: "Settings") -> str:
    """How rows get there when nothing is said: straight from S3 if there is no other place."""
    return "staged" if settings.staging or not root(settings) else "direct"


def root(settings: "Settings") -> str | None:
    """The place in S3 that the settings name as the lake; None if a part of it is elsewhere."""
    given = [uri for uri in (settings.source, settings.songs, settings.events) if uri]
    return given[0].rstrip("/") if given and all(u.startswith("s3://") for u in given) else None


def require(lake: "Lake", settings: "Settings") -> None:
    """Make sure that COPY can read a lake.

    Raises:
        UsageError: it cannot.
    """
    for place in lake.locations.values():
        if not place.uri.startswith("s3://"):
            raise UsageError(
                f"--copy direct needs the lake in S3, and {place.uri} is a folder:"
                " give --staging s3://bucket/prefix, and --copy staged"
            )
    if settings.log_jsonpath and not settings.log_jsonpath.startswith("s3://"):
        raise UsageError(f"{settings.log_jsonpath} ([S3] LOG_JSONPATH) is no s3:// URL")
