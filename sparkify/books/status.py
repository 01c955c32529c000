"""The status of a warehouse: what is in it, and which objects are no longer in the lake."""

from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from sparkify.books.freshness import Freshness, read_freshness
from sparkify.errors import SparkifyError
from sparkify.lake.locations import open_lake
from sparkify.load.counts import counts
from sparkify.load.fields import seen_fields
from sparkify.load.ledger import Difference, ledger
from sparkify.models import File, Load, Version, schema, table
from sparkify.models.statements import Query, count
from sparkify.report import Json, Plays, SeenField, Shown, field_lines
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse
from sparkify.warehouses.executor import Executor

STAGED = ("files", "records", "rejects")  # the keys of `Status.staged`


@dataclass(frozen=True)
class Status(Shown):
    """What is in a warehouse.

    Attributes:
        warehouse: The warehouse's URL, without secrets.
        schema: The state of its schema.
        loads: The number of loads.
        last_load: The row of the latest load in the table `loads`, or None.
        files: The number of loaded objects.
        missing: How many of them are no longer in the lake; None if the lake cannot be listed.
        lake: The lake that was listed, or the reason why it cannot be listed.
        records: The number of records in the loaded objects, with rejects.
        rejects: The number of rejects.
        staged: What is read and not yet published: numbers of objects, records, rejects.
        rows: The number of rows in each star table.
        plays: The plays in the warehouse.
        unknown_fields: The fields of the loaded objects' records that no column takes.
        mistyped_fields: The fields for which records were rejected since their values have
            another JSON type.
        fresh: How old the newest event and the newest load are.
    """

    warehouse: str
    schema: str
    loads: int
    last_load: Json | None
    files: int
    missing: int | None
    lake: str
    records: int
    rejects: int
    staged: dict[str, int]
    rows: dict[str, int]
    plays: Plays
    fresh: Freshness
    unknown_fields: list[SeenField] = field(default_factory=list)
    mistyped_fields: list[SeenField] = field(default_factory=list)

    def to_dict(self) -> Json:
        """Return the status as JSON values."""
        return asdict(self) | {"fresh": self.fresh.to_dict()}

    def lines(self) -> list[tuple[str, str]]:
        """Return the status as people read it."""
        last = self.last_load
        when = f", the last {last['load_id']} at {last['finished_at']} UTC" if last else ""
        missing = ""
        if self.missing:
            missing = f", {self.missing:,} of them no longer in the lake (their rows are kept)"
        return [
            ("warehouse", self.warehouse),
            ("schema", self.schema),
            ("loads", f"{self.loads:,}{when}"),
            ("lake", self.lake),
            ("files", f"{self.files:,}{missing}"),
            ("records", f"{self.records:,}, {self.rejects:,} of them rejected"),
            *self.waiting(),
            ("rows", ", ".join(f"{name} {count:,}" for name, count in self.rows.items())),
            ("plays", str(self.plays)),
            ("newest event", str(self.fresh)),
            *field_lines((*self.unknown_fields, *self.mistyped_fields)),
        ]

    def waiting(self) -> list[tuple[str, str]]:
        """Return the line about what is not yet published, if there is anything."""
        if not self.staged["files"]:
            return []
        text = "{records:,} records of {files:,} objects, read by a run that did not publish them"
        return [("staged", text.format(**self.staged))]


def read_status(
    warehouse: Warehouse, settings: Settings, *, max_age: timedelta | None = None
) -> Status:
    """Read the status of a warehouse, and list its lake if possible.

    Args:
        warehouse: An open warehouse.
        settings: The settings. They name the lake; otherwise the source of the last load is used.
        max_age: How old the newest event and the newest load may be; see `Freshness.check`.

    Raises:
        SparkifyError: The warehouse cannot be read, or its schema is not up to date.
    """
    with warehouse.reading(settings.lock_timeout) as connection:
        schema.require(connection, warehouse.url)
        executor = warehouse.executor(connection)
        last = last_load(warehouse, connection)
        lake, missing = missing_objects(warehouse, connection, settings, last)
        return Status(
            warehouse=warehouse.url,
            schema=schema.State.HEAD.value,
            last_load=last,
            missing=missing,
            lake=lake,
            **counted(executor),
            fresh=read_freshness(warehouse, executor, max_age),
        )


def counted(executor: Executor) -> dict[str, Any]:
    """Count what is in a warehouse."""
    _, known, rejects = executor.counts(records(published=True))
    rows, plays = counts(executor)
    return {
        "loads": executor.scalar(count(table(Load))),
        "files": executor.scalar(count(table(File))),
        "records": known,
        "rejects": rejects,
        "staged": dict(zip(STAGED, executor.counts(records(published=False)), strict=True)),
        "rows": rows,
        "plays": plays,
        **seen_fields(executor),
    }


def records(published: bool) -> Query:
    """Select how many objects, records and rejects published or staged versions have.

    A batch of objects that were copied together counts as one object.
    """
    version = table(Version).c
    sums = (version.rows + version.rejects, version.rejects)
    totals = (sa.func.coalesce(sa.func.sum(each), 0) for each in sums)
    wanted = (
        version.file_id.in_(sa.select(table(File).c.file_id))
        if published
        else version.published.is_(False) & version.load_id.is_(None)
    )
    return sa.select(sa.func.count(), *totals).where(wanted)


def last_load(warehouse: Warehouse, connection: sa.Connection) -> Json | None:
    """Return the latest row of `loads` as JSON values, or None."""
    load = table(Load)
    select = sa.select(load).order_by(load.c.load_id.desc()).limit(1)
    row = warehouse.execute(connection, select).first()
    if row is None:
        return None
    return {
        name: value if isinstance(value, str | int) else value.isoformat(timespec="seconds")
        for name, value in zip(load.columns.keys(), row, strict=True)
    }


def missing_objects(
    warehouse: Warehouse,
    connection: sa.Connection,
    settings: Settings,
    last: Json | None,
) -> tuple[str, int | None]:
    """Count the loaded objects that are no longer in the lake.

    Returns:
        The name of the lake and the number, or the reason why it cannot be listed and None.
    """
    if not (settings.source or settings.songs or settings.events):
        settings = replace(settings, source=last["source"] if last else None)
    try:
        lake = open_lake(settings)
        listing = lake.listing()
    except SparkifyError as error:
        return f"cannot be listed: {error}", None
    known = warehouse.execute(connection, ledger())
    return lake.name, len(Difference.of(listing, known, lake).missing)
