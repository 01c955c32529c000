"""The revisions of the schema, as Alembic's own graph has them: ours, and a team's own branches."""

import os
import re
import threading
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from sparkify import config as settings
from sparkify.errors import SparkifyError, UsageError, first_line
from sparkify.settings import OPTIONS

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationInfo

ALEMBIC = threading.Lock()  # Alembic's context is one for the whole process
PACKAGE = Path(__file__).parents[1]
OURS = re.compile(r"\d{4}")  # the ids of our revisions; a team's own have others


class State(Enum):
    """How a warehouse's schema compares with this version of Sparkify."""

    EMPTY = "empty"
    BEHIND = "behind"
    HEAD = "at head"
    AHEAD = "ahead"
    UNKNOWN = "of an unknown branch"
    FOREIGN = "not Sparkify's"
    OTHER = "another project's"


@dataclass(frozen=True)
class Step:
    """One step of an upgrade.

    Attributes:
        revision: its id.
        after: the ids of the revisions that it follows; none for the first of a branch.
        text: what it does.
    """

    revision: str
    after: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.revision}: {self.text}"

    @property
    def own(self) -> bool:
        """Whether it is one of a team's own revisions."""
        return not OURS.fullmatch(self.revision)

    @classmethod
    def of(cls, done: "MigrationInfo") -> "Step":
        """What Alembic tells of a step that it has done, up or down."""
        doc = getattr(done.up_revision, "doc", "") or ""
        text = " ".join(doc.split())
        return cls(
            done.up_revision_id or "",
            done.down_revision_ids,
            text if done.is_upgrade else f"taken back: {text}",
        )


@dataclass(frozen=True)
class Revisions:
    """The ids of the revisions.

    Attributes:
        ours: those of this version of Sparkify.
        known: those, and a team's own.
        heads: the newest of each branch.
        before: those that each follows or depends on. A warehouse that has a revision has these,
            and Alembic does not list them.
    """

    ours: Set[str]
    known: Set[str]
    heads: Set[str]
    before: Mapping[str, Set[str]] = field(default_factory=dict)

    def state(self, current: Set[str]) -> State:
        """Compare the revisions of a warehouse with these."""
        unknown = current - self.known
        if not unknown and self.heads <= self.reached(current):
            return State.HEAD
        if not unknown:
            return State.BEHIND
        newest = max(self.ours)
        newer = any(OURS.fullmatch(each) and each > newest for each in unknown)
        # if the warehouse has a revision of ours, then the others are a team's
        return State.AHEAD if newer and not current & self.ours else State.UNKNOWN

    def reached(self, current: Set[str]) -> Set[str]:
        """The revisions of a warehouse, with those before them."""
        found, left = set[str](), list(current)
        while left:
            name = left.pop()
            left += self.before.get(name, frozenset()) - found
            found.add(name)
        return found


def migrations() -> Path:
    """The folder of the migrations: the package's, or the checkout's."""
    inside = PACKAGE / "migrations"
    return inside if inside.is_dir() else PACKAGE.parent / "migrations"


def newest() -> str:
    """The newest of our own revisions, by the names of their files."""
    return max(path.name for path in (migrations() / "versions").glob("[0-9]*.py"))[:4]


def team_folders() -> list[Path]:
    """The folders with a team's own revisions, from the setting `migrations`.

    Raises:
        UsageError: one of them does not exist.
    """
    found = settings.load(unneeded=OPTIONS.keys() - {"migrations"})
    names = filter(None, (found.migrations or "").split(os.pathsep))
    folders = [Path(name.strip()).expanduser().absolute() for name in names]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(
                f"migrations ({found.origins['migrations']}): no such folder: {folder}"
            )
    return folders


def alembic_config(connection: sa.Connection | None = None) -> "Config":
    """Alembic's configuration, with a team's own branches."""
    from alembic.config import Config

    config = Config()
    folders = (migrations() / "versions", *team_folders())
    options = {
        "script_location": str(migrations()),
        "path_separator": "newline",
        "version_locations": "\n".join(map(str, folders)),
    }
    for name, value in options.items():
        config.set_main_option(name, value.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def revisions() -> Revisions:
    """Read the revisions.

    Raises:
        UsageError: those of a team cannot be read, or have ids like ours.
    """
    from alembic.script import ScriptDirectory
    from alembic.util import to_tuple

    script = ScriptDirectory.from_config(alembic_config())
    with readable():
        walked = list(script.walk_revisions())
        found = {each.revision: Path(each.path) for each in walked}
        before = {
            each.revision: {*to_tuple(each.down_revision, ()), *to_tuple(each.dependencies, ())}
            for each in walked
        }
        heads = script.get_heads()
    home = (migrations() / "versions").resolve()
    ours = {name for name, path in found.items() if path.resolve().parent == home}
    for name in found.keys() - ours:
        if OURS.fullmatch(name):
            raise UsageError(
                f"{found[name]}: revisions of four digits are Sparkify's own; choose another id"
            )
    return Revisions(frozenset(ours), frozenset(found), frozenset(heads), before)


@contextmanager
def readable() -> Iterator[None]:
    """Name the setting if a team's revisions cannot be read; they may fail in any way."""
    try:
        yield
    except Exception as error:
        if not team_folders():
            raise
        text = f"{type(error).__name__}: {first_line(error)}"
        raise UsageError(f"the revisions that `migrations` names cannot be read: {text}") from error


@contextmanager
def commands() -> Iterator[None]:
    """Let one thread use Alembic, whose errors become ours."""
    from alembic.util import CommandError

    with ALEMBIC:
        try:
            yield
        except CommandError as error:
            raise SparkifyError(f"the schema cannot be changed: {error}") from error
