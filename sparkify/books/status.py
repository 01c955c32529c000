"""What a warehouse holds, and how it stands to its lake."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from sparkify.errors import SparkifyError
from sparkify.lake.locations import open_lake
from sparkify.load.counts import play_counts, row_counts
from sparkify.load.ledger import Difference, ledger
from sparkify.models import KINDS, File, Load, Reject, schema, table
from sparkify.report import Plays, Shown
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse


@dataclass(frozen=True)
class Status(Shown):
    """What a warehouse holds.

    Attributes:
        loads: how many runs committed; `last_load` the latest one's row.
        files: objects known; `missing` those of them that the lake no longer lists (None: the
            lake could not be listed; `lake` says which one it is, or why not).
        records, rejects: of the versions of the objects that were read last.
    """

    warehouse: str
    schema: str
    loads: int
    last_load: dict[str, Any] | None
    files: int
    missing: int | None
    lake: str
    records: int
    rejects: int
    rows: dict[str, int]
    plays: Plays

    def to_dict(self) -> dict[str, Any]:
        """The status for programs, of plain values only."""
        return asdict(self)

    def lines(self) -> list[tuple[str, str]]:
        """The status for people."""
        last = self.last_load
        when = f", the last {last['load_id']} at {last['finished_at']} UTC" if last else ""
        gone = ""
        if self.missing:
            gone = f", of which {self.missing:,} are no longer listed; their rows stay"
        return [
            ("warehouse", self.warehouse),
            ("schema", self.schema),
            ("loads", f"{self.loads:,}{when}"),
            ("lake", self.lake),
            ("files", f"{self.files:,}{gone}"),
            ("records", f"{self.records:,}, {self.rejects:,} of them rejected"),
            ("rows", ", ".join(f"{name} {count:,}" for name, count in self.rows.items())),
            ("plays", str(self.plays)),
        ]


def read_status(warehouse: Warehouse, settings: Settings) -> Status:
    """Look at a warehouse, and at its lake if that can be listed.

    Raises:
        SparkifyError: the warehouse is not there, or its schema is not this version's.
    """
    with warehouse.reading(settings.lock_timeout) as connection:
        schema.require(connection, warehouse.url)
        files = count(warehouse, connection, table(File))
        rejects = count(warehouse, connection, table(Reject))
        last = last_load(warehouse, connection)
        lake, missing = missing_objects(warehouse, connection, settings, last)
        return Status(
            warehouse=warehouse.url,
            schema=schema.State.HEAD.value,
            loads=count(warehouse, connection, table(Load)),
            last_load=last,
            files=files,
            missing=missing,
            lake=lake,
            records=read(warehouse, connection) + rejects,
            rejects=rejects,
            rows=row_counts(warehouse.executor(connection)),
            plays=play_counts(warehouse.executor(connection)),
        )


def count(warehouse: Warehouse, connection: sa.Connection, of: sa.Table) -> int:
    """The rows of a table."""
    select = sa.select(sa.func.count()).select_from(of)
    return int(warehouse.execute(connection, select).scalar_one())


def read(warehouse: Warehouse, connection: sa.Connection) -> int:
    """The records that became rows: by object, and those of objects that only the cluster read."""
    file = table(File).c
    good = sa.select(sa.func.coalesce(sa.func.sum(file.records - file.rejects), 0))
    copied = (
        sa.select(sa.func.count()).select_from(table(model)).where(table(model).c.uri.is_(None))
        for model in KINDS.values()
    )
    counts = sa.select(*(each.scalar_subquery() for each in (good, *copied)))
    return sum(map(int, warehouse.execute(connection, counts).one()))


def last_load(warehouse: Warehouse, connection: sa.Connection) -> dict[str, Any] | None:
    """The latest row of `loads`, its times as text."""
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
    last: dict[str, Any] | None,
) -> tuple[str, int | None]:
    """The lake that was looked at, or why none was; the known objects it no longer lists."""
    if not (settings.source or settings.songs or settings.events):
        settings = replace(settings, source=last["source"] if last else None)
    try:
        lake = open_lake(settings)
        listing = lake.listing()
    except SparkifyError as error:
        return f"not looked at: {error}", None
    known = warehouse.execute(connection, ledger())
    return lake.name, len(Difference.of(listing, known, lake).missing)
