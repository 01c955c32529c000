"""What a run did, and what one would do: for people, for programs, for notebooks."""

import html
from dataclasses import asdict, astuple, dataclass
from typing import Any


@dataclass(frozen=True)
class Files:
    """The objects of the lake, compared with what the warehouse knows.

    Attributes:
        new, changed, unchanged: together the objects that are listed.
        ignored: names that are no objects (hidden, or of another ending).
        missing: objects that are known but no longer listed; their rows stay.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    ignored: int = 0
    missing: int = 0

    def __str__(self) -> str:
        parts = [f"{value:,} {name}" for name, value in asdict(self).items() if value]
        return ", ".join(parts) or "none"


@dataclass(frozen=True)
class Records:
    """The records of the objects that this run read: read = staged + rejected."""

    read: int = 0
    staged: int = 0
    rejected: int = 0
    repaired: int = 0

    def __add__(self, other: "Records") -> "Records":
        return Records(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        text = f"{self.read:,} read = {self.staged:,} staged + {self.rejected:,} rejected"
        return f"{text} ({self.repaired:,} repaired)" if self.repaired else text


@dataclass(frozen=True)
class Plays:
    """The plays in the warehouse, and how many of them have their song."""

    total: int = 0
    matched: int = 0

    def __str__(self) -> str:
        share = f" ({self.matched / self.total:.1%})" if self.total else ""
        return f"{self.total:,}, of which {self.matched:,} have their song{share}"


@dataclass(frozen=True)
class Seconds:
    """Where the time went."""

    extract: float = 0.0
    stage: float = 0.0
    transform: float = 0.0
    publish: float = 0.0
    total: float = 0.0

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.2f}" for name, value in asdict(self).items())


class Shown:
    """Shows a dataclass as a table: `lines` has its rows."""

    def lines(self) -> list[tuple[str, str]]:
        """The rows: a name and a text each."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join(f"{name:<12} {text}" for name, text in self.lines())

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>"
            for name, text in self.lines()
        )
        return f"<table>{rows}</table>"


@dataclass(frozen=True)
class Report(Shown):
    """What a run did.

    Attributes:
        load_id: the load, None when nothing was new.
        warehouse: its URL, without secrets.
        copy: how Redshift read the data; None on DuckDB.
        rows: by star table, the rows in the warehouse after the run.
        plays: in the warehouse after the run.
    """

    load_id: str | None
    warehouse: str
    copy: str | None
    files: Files
    records: Records
    rows: dict[str, int]
    plays: Plays
    seconds: Seconds

    def to_dict(self) -> dict[str, Any]:
        """The report for programs, of plain values only."""
        return asdict(self)

    def lines(self) -> list[tuple[str, str]]:
        """The report for people."""
        done = [("load", self.load_id), ("records", str(self.records))] if self.load_id else []
        return [
            ("warehouse", self.warehouse),
            *((name, text) for name, text in done if text),
            *([] if self.load_id else [("load", "nothing new")]),
            ("files", str(self.files)),
            ("rows", ", ".join(f"{table} {count:,}" for table, count in self.rows.items())),
            ("plays", str(self.plays)),
            ("seconds", str(self.seconds)),
        ]


@dataclass(frozen=True)
class Plan(Shown):
    """What a run would do.

    Attributes:
        files: what it would find; see `Files`.
        statements: every SQL text that it would send, in order.
    """

    files: Files
    statements: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The plan for programs, of plain values only."""
        return {"files": asdict(self.files), "statements": list(self.statements)}

    def lines(self) -> list[tuple[str, str]]:
        """The plan for people."""
        return [("files", str(self.files)), ("statements", f"{len(self.statements)}")]
