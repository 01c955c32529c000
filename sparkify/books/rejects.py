"""The refused records: to look at, to filter, and to take out for repair."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sparkify.errors import SparkifyError
from sparkify.models import Reject, schema, table
from sparkify.report import Shown
from sparkify.settings import Settings
from sparkify.warehouses.base import Warehouse

SHOWN = 50  # on a terminal; --json and --out have all


@dataclass(frozen=True)
class Rejects(Shown):
    """Refused records, as rows of the table `rejects`."""

    rows: tuple[dict[str, Any], ...]

    def to_dict(self) -> list[dict[str, Any]]:
        """The rejects for programs: a list of rows."""
        return list(self.rows)

    def lines(self) -> list[tuple[str, str]]:
        """The rejects for people, a line each, by object."""
        shown = [(place(row), f"{row['code']}: {row['reason']}") for row in self.rows[:SHOWN]]
        if len(self.rows) > SHOWN:
            shown.append(("…", f"and {len(self.rows) - SHOWN:,} more; --json shows all"))
        return [*shown, ("rejects", f"{len(self.rows):,}")]

    def write(self, path: Path) -> None:
        """Write the raw records to a file, a line each: mended, they can be loaded.

        Raises:
            SparkifyError: the file cannot be written.
        """
        texts = (row["raw_text"] for row in self.rows if row["raw_text"] is not None)
        try:
            path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        except OSError as error:
            raise SparkifyError(f"{path} cannot be written: {error.strerror}") from error


def place(row: dict[str, Any]) -> str:
    """Where a refused record stands, as far as that is known."""
    uri = row["uri"] or f"copied by {row['load_id']}"
    return f"{uri}:{row['line_number']}" if row["line_number"] else str(uri)


def read_rejects(
    warehouse: Warehouse,
    settings: Settings,
    *,
    uri: str | None = None,
    code: str | None = None,
    load: str | None = None,
) -> Rejects:
    """Read the refused records of a warehouse.

    Args:
        warehouse: where to look.
        settings: for the time to wait for it.
        uri: only objects whose uri ends so.
        code: only those refused for this reason.
        load: only those of this load.
    """
    c = table(Reject).columns
    select = sa.select(table(Reject)).order_by(c.uri, c.line_number, c.byte_offset, c.code)
    if uri:
        select = select.where(c.uri.endswith(uri, autoescape=True))
    if code:
        select = select.where(c.code == code)
    if load:
        select = select.where(c.load_id == load)
    with warehouse.reading(settings.lock_timeout) as connection:
        schema.require(connection, warehouse.url)
        found = warehouse.execute(connection, select)
        return Rejects(tuple(dict(zip(c.keys(), row, strict=True)) for row in found))
