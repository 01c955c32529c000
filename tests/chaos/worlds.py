"""Lakes, warehouses at the start of a trial, and what they have to be at its end."""

import hashlib
import shutil
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from sparkify import config, warehouses
from sparkify.models import KINDS, PUBLISHED, STAGING, File, Load, table
from sparkify.models.views import REJECTS
from sparkify.read.rules import fields_of
from sparkify.simulate import simulate
from tests.chaos import forks
from tests.chaos.child import Job, Strike
from tests.chaos.forks import Ended
from tests.factory import event, put, song

Picture = dict[str, str]  # by table, a digest of its rows; tables without rows are left out
OF_A_LOAD = {"load_id", "started_at", "finished_at", "file_id"}  # differ from run to run
#: what people see: the star, the views, and the books of what is published
SEEN = (
    *map(table, PUBLISHED),
    table(File),
    table(Load),
    REJECTS,
    *(
        sa.table(
            f"staging_{kind}",
            *map(sa.column, [*(field.name for field in fields_of(kind)), "uri", "repaired"]),
            schema=STAGING,
        )
        for kind in KINDS
    ),
)


def picture(url: str) -> Picture:
    """All that a warehouse holds, but for when and by which load it came."""
    with warehouses.connect(url, config.load()) as warehouse:
        if not warehouse.exists():
            return {}
        with warehouse.reading(10) as connection:
            look = sa.inspect(connection)
            there = [t for t in SEEN if look.has_table(t.name, t.schema)]
            found = {t.fullname: digest(connection, t) for t in there}
    return {name: text for name, text in found.items() if text}


def picture_but_loads(url: str) -> Picture:
    """All that a warehouse holds, but for the list of loads, which grows."""
    return {name: text for name, text in picture(url).items() if name != "staging.loads"}


def digest(connection: sa.Connection, table: sa.FromClause) -> str:
    """A digest of a table's rows, in whatever order they are; empty without rows."""
    columns = [column for column in table.columns if column.name not in OF_A_LOAD]
    rows = sorted(repr(tuple(row)) for row in connection.execute(sa.select(*columns)))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest() if rows else ""


@dataclass(frozen=True)
class Work:
    """A kind of run, over a lake, from one state of a DuckDB file to another.

    Attributes:
        root: where its trials have their folders.
        start: the file as it is before; None: there is none.
        before, after: what the warehouse holds then, and after a run without faults.
        statements: how many it takes.
        commit: which of them is the COMMIT of the publication.
    """

    name: str
    source: str
    root: Path
    start: Path | None = None
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    before: Picture = field(default_factory=dict)
    after: Picture = field(default_factory=dict)
    statements: int = 0
    commit: int = 0

    @contextmanager
    def trial(self) -> Iterator["Trial"]:
        """A folder with the warehouse as it is before."""
        with TemporaryDirectory(dir=self.root) as name:
            folder = Path(name)
            (folder / "tmp").mkdir()
            if self.start:
                shutil.copyfile(self.start, folder / "warehouse.duckdb")
            yield Trial(self, folder)


@dataclass(frozen=True)
class Trial:
    """One trial of a kind of run, in a folder of its own."""

    work: Work
    folder: Path
    query: str = "threads=1"  # of the warehouse's URL

    @property
    def url(self) -> str:
        """The warehouse."""
        return f"duckdb:///{self.folder}/warehouse.duckdb?threads=1"

    def job(self, strike: Strike = Strike(), **more: Any) -> Job:  # noqa: B008 - frozen
        """The command, its temporary files in this folder too."""
        url = f"duckdb:///{self.folder}/warehouse.duckdb?{self.query}"
        arguments = ("run", self.work.source, "--warehouse", url, *self.work.options)
        environment = {**self.work.environment, "TMPDIR": str(self.folder / "tmp")}
        return Job(arguments, self.folder, strike, environment, **more)

    def left(self) -> list[str]:
        """The names of temporary files that are left."""
        spilled = self.folder.glob("*.tmp/*")
        return sorted(path.name for path in (*(self.folder / "tmp").iterdir(), *spilled))

    def settle(self, what: object, ended: Ended, codes: Container[int]) -> None:
        """After a fault: a clear end, all as before or as after, and the next run completes it."""
        ends_clearly(what, ended, codes)
        found, work = picture(self.url), self.work
        right = [work.after] if ended.code == 0 else [work.before, work.after]
        assert found in right, f"{what}: half is published"
        published = found == work.after  # a second --full would be a load of its own
        succeed(replace(self, work=replace(work, options=())) if published else self)
        assert picture(self.url) == work.after, f"{what}: the next run ends differently"
        assert not self.left(), f"{what}: {self.left()} is left"


def ends_clearly(what: object, ended: Ended, codes: Container[int]) -> None:
    """One of some exit codes; of a failure the last line says why, and there is no traceback."""
    assert ended.code in codes, f"{what}: {ended}"
    if ended.code > 0:
        (*_, last) = ended.said.splitlines()
        assert last.startswith("sparkify: "), f"{what}: {ended}"
    assert "Traceback" not in ended.said, f"{what}: {ended}"


def works(root: Path, seed: int) -> list[Work]:
    """A first load; and a load of a lake that changed since, plain, --full, and --prune."""
    for name in ("new", "lake"):
        make(root / name, seed)
    lake, start = root / "lake", root / "start.duckdb"
    with Work("", str(lake), root).trial() as trial:
        succeed(trial)
        shutil.copyfile(trial.folder / "warehouse.duckdb", start)
    change(lake)
    later = {"second": (), "full": ("--full",), "prune": ("--prune",)}
    found = [Work(name, str(lake), root, start, options) for name, options in later.items()]
    return [measured(work) for work in (Work("first", str(root / "new"), root), *found)]


def make(lake: Path, seed: int) -> None:
    """A small lake."""
    simulate(lake, events=300, songs=12, users=6, days=4, seed=seed)


def change(lake: Path) -> None:
    """Let time pass: objects are new, changed, damaged in part, and gone."""
    logs = sorted((lake / "log_data").rglob("*.json"))
    logs[0].unlink()
    kept = logs[1].read_bytes().splitlines(keepends=True)
    logs[1].write_bytes(b"".join(kept[::2]) + b"not json\n")
    sorted((lake / "song_data").rglob("*.json"))[0].unlink()
    put(lake, "events", "late.json", event(userId="3"), event(userId="4", itemInSession=1))
    put(lake, "songs", "late.json", song())


def succeed(trial: Trial) -> Ended:
    """Run without faults."""
    ended = forks.run(trial.job())
    assert ended.code == 0, ended.said
    return ended


def measured(work: Work) -> Work:
    """A kind of run, with what it does when nothing strikes."""
    with work.trial() as trial:
        before = picture(trial.url)
        _, statements, commit, _ = succeed(trial)
        after = picture(trial.url)
        return replace(work, before=before, after=after, statements=statements, commit=commit)
