"""The lakes and warehouses that are measured on, in one folder."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SPARKIFY = [sys.executable, "-m", "sparkify"]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Workshop:
    """A folder for lakes and warehouses.

    Attributes:
        folder: where.
        events: event records of the main lake.
        songs: its song objects.
        rounds: how often each thing is measured.
    """

    folder: Path
    events: int
    songs: int
    rounds: int

    def lake(self, events: int, songs: int, days: int = 30) -> Path:
        """A simulated lake."""
        path = self.folder / f"lake-{events}-{songs}-{days}"
        if not path.exists():
            being_made = path.with_suffix(".part")
            shutil.rmtree(being_made, ignore_errors=True)
            sizes = ["--events", str(events), "--songs", str(songs), "--days", str(days)]
            command = [*SPARKIFY, "simulate", str(being_made), *sizes]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            being_made.rename(path)
        return path

    @property
    def main(self) -> Path:
        """The lake that most budgets speak of."""
        return self.lake(self.events, self.songs)

    def dirty(self, every: int) -> Path:
        """The main lake, with each so manieth line of its events cut off in the middle."""
        path = self.folder / f"{self.main.name}-dirty"
        if not path.exists():
            shutil.copytree(self.main, path)
            for file in path.glob("log_data/**/*.json"):
                lines = file.read_bytes().splitlines(keepends=True)
                lines[::every] = [line[: len(line) // 2] + b"\n" for line in lines[::every]]
                file.write_bytes(b"".join(lines))
        return path

    def warehouse(self, name: str) -> Path:
        """A DuckDB file."""
        return self.folder / f"{name}.duckdb"

    def remove(self, name: str) -> None:
        """Remove a DuckDB file."""
        for path in self.folder.glob(f"{name}.duckdb*"):
            path.unlink()

    def restore(self, kept: str, name: str) -> None:
        """Copy a DuckDB file; what is not on the disk yet would be the next COMMIT's to write."""
        shutil.copy(self.warehouse(kept), self.warehouse(name))
        os.sync()

    def load(self, lake: Path, name: str) -> list[str]:
        """The command that loads a lake into a DuckDB file."""
        url = f"duckdb:///{self.warehouse(name)}"
        return [*SPARKIFY, "-q", "run", str(lake), "--warehouse", url]
