"""Tables as Parquet files, one for each; the folder appears as a whole."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from sparkify.errors import UsageError
from sparkify.process.files import new_folder
from sparkify.process.owned import holds_only
from sparkify.read.sql import Scanner


def export_tables(
    scanner: Scanner, tables: Sequence[sa.Table], directory: str, *, force: bool
) -> list[str]:
    """Write tables below a directory; see `Warehouse.export`."""
    if "://" in directory:
        raise UsageError(f"DuckDB exports to a folder, not to {directory}")
    names = {table.name: f"{table.name}.parquet" for table in tables}
    ours = holds_only(lambda name: name in names.values())
    with new_folder(Path(directory), ours=ours, force=force) as folder:
        for table in tables:
            key = ", ".join(column.name for column in table.primary_key.columns)
            scanner.execute(
                f"COPY (FROM {table.fullname} ORDER BY {key}) TO $target"
                " (FORMAT parquet, COMPRESSION zstd)",
                {"target": folder / names[table.name]},
            )
    return [str(Path(directory) / name) for name in names.values()]
