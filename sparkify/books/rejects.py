"""Rejects: read them from the warehouse, filter them, and write them to a file for repair."""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from sparkify.models import schema
from sparkify.models.statements import Query
from sparkify.models.views import REJECTS
from sparkify.process.files import write_file
from sparkify.report import Json, Shown
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse

SHOWN = 50  # rejects in the text for people; --json and --out contain all


@dataclass(frozen=True)
class Rejects(Shown):
    """Rejected records.

    Attributes:
        rows: Rows of the view `rejects`, as dicts.
    """

    rows: tuple[Json, ...]

    def to_dict(self) -> list[Json]:
        """Return the rows as JSON values."""
        return list(self.rows)

    def lines(self) -> list[tuple[str, str]]:
        """Return the first rejects as people read them, one line each, sorted by object."""
        shown = [(position(row), f"{row['code']}: {row['reason']}") for row in self.rows[:SHOWN]]
        if len(self.rows) > SHOWN:
            shown.append(("…", f"and {len(self.rows) - SHOWN:,} more; --json shows all"))
        return [*shown, ("rejects", f"{len(self.rows):,}")]

    def write(self, path: Path, *, force: bool = False) -> None:
        """Write the raw text of the records to a file, one per line, readable by its owner only.

        After a repair the file can be loaded like any object.

        Args:
            path: The file.
            force: Replace a file that exists, and that may have been repaired by hand.

        Raises:
            SparkifyError: The file exists, or cannot be written.
        """
        texts = (row["raw_text"] for row in self.rows if row["raw_text"] is not None)
        text = "".join(f"{text}\n" for text in texts)
        write_file(path, text, private=True, ours=lambda _: False, force=force)


def position(row: Json) -> str:
    """Return the object and the line of a reject, as far as they are known."""
    uri = row["uri"] or f"an object of load {row['load_id']}"
    return f"{uri}:{row['line_number']}" if row["line_number"] else str(uri)


def rejects(uri: str | None, code: str | None, load: str | None) -> Query:
    """Select rejects; see `read_rejects`."""
    reject = REJECTS.c
    order = (reject.uri, reject.line_number, reject.byte_offset, reject.code)
    shown = (column for column in reject if column.name != "file_id")
    select = sa.select(*shown).order_by(*order)
    if uri:
        select = select.where(reject.uri.endswith(uri, autoescape=True))
    if code:
        select = select.where(reject.code == code)
    if load:
        select = select.where(reject.load_id == load)
    return select


def read_rejects(
    warehouse: Warehouse,
    settings: Settings,
    *,
    uri: str | None = None,
    code: str | None = None,
    load: str | None = None,
) -> Rejects:
    """Read the rejects of a warehouse.

    Args:
        warehouse: An open warehouse.
        settings: The settings; their lock timeout is the time to wait for the warehouse.
        uri: Only rejects of objects whose uri ends with this text.
        code: Only rejects with this code.
        load: Only rejects of this load.

    Raises:
        SparkifyError: The warehouse cannot be read, or its schema is not up to date.
    """
    select = rejects(uri, code, load)
    with warehouse.reading(settings.lock_timeout) as connection:
        schema.require(connection, warehouse.url)
        rows = warehouse.execute(connection, select).mappings()
        return Rejects(tuple(map(dict, rows)))
