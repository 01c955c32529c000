"""The loads of a warehouse: all of them, or one with its objects and rejects."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sparkify.errors import UsageError
from sparkify.models import File, Load, schema, table
from sparkify.models.statements import Query
from sparkify.models.views import REJECTS
from sparkify.report import Json, Shown
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse

LOADS, FILES = table(Load), table(File)
SHOWN = 50  # objects in the text for people; --json contains all


@dataclass(frozen=True)
class Loads(Shown):
    """All loads, the newest first.

    Attributes:
        rows: Rows of the table `loads`, as dicts, and the seconds that each load took.
    """

    rows: tuple[Json, ...]

    def to_dict(self) -> Json:
        """Return the loads as JSON values."""
        return {"loads": list(self.rows)}

    def lines(self) -> list[tuple[str, str]]:
        """Return one line for each load."""
        return [(row["load_id"], summary(row)) for row in self.rows] or [("loads", "none")]


@dataclass(frozen=True)
class LoadDetails(Shown):
    """One load.

    Attributes:
        load: Its row of the table `loads`, as a dict, and its seconds.
        objects: What is published of the objects that it read: rows of the table `files`, as dicts.
            Objects that a later load has replaced are not among them.
        rejects: The number of its rejects that are still in the warehouse, by code.
    """

    load: Json
    objects: tuple[Json, ...]
    rejects: dict[str, int]

    def to_dict(self) -> Json:
        """Return the load as JSON values."""
        return {**self.load, "objects": list(self.objects), "rejects": self.rejects}

    def lines(self) -> list[tuple[str, str]]:
        """Return the load as people read it: its objects, one line each, at most 50."""
        shown = [(str(each["kind"]), counts(each)) for each in self.objects[:SHOWN]]
        if len(self.objects) > SHOWN:
            shown.append(("…", f"and {len(self.objects) - SHOWN:,} more; --json shows all"))
        rejects = (f"{code} {number:,}" for code, number in self.rejects.items())
        later = self.load["files"] - len(self.objects)
        return [
            ("load", self.load["load_id"]),
            ("when", summary(self.load)),
            ("version", str(self.load["version"])),
            *shown,
            *([("replaced", f"{later:,} objects have been read again since")] if later > 0 else []),
            ("rejects", ", ".join(rejects) or "none"),
        ]


def summary(row: Json) -> str:
    """Return when a load was, how long it took, and how much it read."""
    left_out = f" {row['records_forgotten']:,} forgotten," if row["records_forgotten"] else ""
    return (
        f"{row['finished_at']} UTC, {row['seconds']:,.1f} s, {row['files']:,} files,"
        f" {row['records_read']:,} records, {row['records_rejected']:,} rejected,{left_out}"
        f" {row['source']}"
    )


def counts(each: Json) -> str:
    """Return an object with its records, as far as they are known."""
    if each["records"] is None:
        return f"{each['uri']}: copied in a batch"
    return f"{each['uri']}: {each['records']:,} records, {each['rejects']:,} rejected"


def as_json(row: sa.RowMapping) -> Json:
    """Return a row of `loads` as JSON values, with the seconds between its start and its end."""
    found: Json = {str(name): value for name, value in row.items()}
    started, finished = found["started_at"], found["finished_at"]
    for name in ("started_at", "finished_at"):
        moment: datetime = found[name]
        found[name] = moment.isoformat(timespec="seconds")
    return {**found, "seconds": round((finished - started).total_seconds(), 3)}


def read_loads(warehouse: Warehouse, settings: Settings) -> Loads:
    """Read the loads of a warehouse, the newest first.

    Args:
        warehouse: An open warehouse.
        settings: The settings; their lock timeout is the time to wait for the warehouse.

    Raises:
        SparkifyError: The warehouse cannot be read, or its schema is not up to date.
    """
    with warehouse.reading(settings.lock_timeout) as connection:
        schema.require(connection, warehouse.url)
        select = sa.select(LOADS).order_by(LOADS.c.load_id.desc())
        return Loads(tuple(map(as_json, warehouse.execute(connection, select).mappings())))


def read_load(warehouse: Warehouse, settings: Settings, load_id: str) -> LoadDetails:
    """Read one load of a warehouse.

    Args:
        warehouse: As for `read_loads`.
        settings: As for `read_loads`.
        load_id: The load's id, or the start of it if only one begins so.

    Raises:
        UsageError: No load or several loads have ids that begin so.
        SparkifyError: As for `read_loads`.
    """
    with warehouse.reading(settings.lock_timeout) as connection:
        schema.require(connection, warehouse.url)
        load = the_one(load_id, warehouse.execute(connection, loads_like(load_id)).mappings().all())
        files = warehouse.execute(connection, objects_of(load["load_id"])).mappings()
        objects = tuple(map(dict, files))
        codes = warehouse.execute(connection, reject_codes(load["load_id"]))
        rejects = {code: int(number) for code, number in codes}
        return LoadDetails(load, objects, dict(Counter(rejects).most_common()))


def loads_like(load_id: str) -> Query:
    """Select the loads with ids that begin like this."""
    like = LOADS.c.load_id.startswith(load_id, autoescape=True)
    return sa.select(LOADS).where(like).order_by(LOADS.c.load_id.desc())


def objects_of(load_id: str) -> Query:
    """Select the objects whose published rows are of a load."""
    wanted = (FILES.c[name] for name in ("uri", "kind", "size", "records", "rejects"))
    return sa.select(*wanted).where(FILES.c.load_id == load_id).order_by(FILES.c.uri)


def reject_codes(load_id: str) -> Query:
    """Select the number of a load's rejects, by code."""
    c = REJECTS.c
    select = sa.select(c.code, sa.func.count()).where(c.load_id == load_id)
    return select.group_by(c.code).order_by(c.code)


def the_one(load_id: str, found: Sequence[sa.RowMapping]) -> Json:
    """Return the only load that was found.

    Raises:
        UsageError: It is not the only one, or there is none.
    """
    if not found:
        raise UsageError(f"no load has the id {load_id}; `sparkify loads` lists them")
    if len(found) > 1 and load_id != found[-1]["load_id"]:
        ids = ", ".join(row["load_id"] for row in found[:3])
        raise UsageError(f"{len(found):,} loads have ids that begin with {load_id}: {ids} …")
    return as_json(found[-1])
