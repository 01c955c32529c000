"""A prepared data folder that every server starts from: made once a user, then copied.

To make one takes longer than a second, to copy it a twentieth of that. It lies in the system's
temporary folder under a name that changes with all that goes into it; to delete it is harmless.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .programs import PACKAGE, Programs, find_programs

SUPERUSER = "awsuser"
DATABASE = "dev"
SQL_FILES = ("catalog.sql", "functions.sql")
INITDB = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--wal-segsize=1")
SINGLE = ("--single", "-j", "-F", "-c", "exit_on_error=on", "-D")


class Template:
    """The prepared folder of this user; made when it is not there."""

    def __init__(self) -> None:
        """Find it or make it. Raises RuntimeError."""
        name = f"standin-template-{os.geteuid()}-{_fingerprint()}"
        self.folder = Path(tempfile.gettempdir()) / name
        if not self._is_ours():
            self._make()
        self.programs = find_programs(self.folder / "programs")

    def copy_data(self, target: Path) -> None:
        """A fresh data folder at `target`, with the owners of the template's files."""
        subprocess.run(["cp", "-Rp", str(self.folder / "data"), str(target)], check=True)

    def discard(self) -> None:
        """Delete it, as when something has cleared away a part of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_ours(self) -> bool:
        # anybody may make a folder of this name: take only one's own
        return self.folder.is_dir() and self.folder.stat().st_uid == os.geteuid()

    def _make(self) -> None:
        building = Path(tempfile.mkdtemp(prefix="standin-building-"))
        try:
            programs = find_programs(building / "programs")
            if programs.user is not None:
                building.chmod(0o755)
            _prepare(programs, building / "data")
            # at once and whole, whoever else is making one; the first one stays
            building.rename(self.folder)
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"PostgreSQL: {error.output.decode(errors='replace')}") from error
        except OSError:
            if not self._is_ours():
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)


def _prepare(programs: Programs, data: Path) -> None:
    data.mkdir(mode=0o700)
    programs.give(data)
    programs.run("initdb", "-D", str(data), "-U", SUPERUSER, *INITDB)
    rename = f"ALTER DATABASE postgres RENAME TO {DATABASE}"
    programs.run("postgres", *SINGLE, str(data), "template1", text=_one_command(rename))
    for text in _sql():
        programs.run("postgres", *SINGLE, str(data), DATABASE, text=_one_command(text))


def _one_command(text: str) -> str:
    """In single-user mode a command ends with a semicolon and an empty line."""
    return "\n".join(line for line in text.splitlines() if line.strip()).rstrip(";") + ";\n\n"


def _sql() -> list[str]:
    return [Path(__file__).with_name(name).read_text() for name in SQL_FILES]


def _fingerprint() -> str:
    version = importlib.metadata.version(PACKAGE.replace("_", "-"))
    parts = [version, *INITDB, SUPERUSER, DATABASE, *_sql()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
