"""What a run did, and what it would do: `Report` and `Plan`."""

import html
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

#: a JSON object
Json = dict[str, Any]


@dataclass(frozen=True)
class Files:
    """Numbers of objects, from a comparison of the lake with the warehouse.

    Attributes:
        new: Objects that are not in the warehouse.
        changed: Objects whose content has changed since they were loaded.
        unchanged: Objects that are loaded already. With `new` and `changed`, these are all objects
            in the lake.
        ignored: Other names in the lake: hidden ones, and those with another ending.
        missing: Loaded objects that are no longer in the lake; their rows are kept.
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
    """Numbers of records in the objects that this run read.

    Attributes:
        read: All records: staged, rejected and forgotten ones.
        staged: Records that became rows.
        rejected: Invalid records.
        repaired: Staged records in which text was repaired.
        forgotten: Records of people who were forgotten: they are left out.
    """

    read: int = 0
    staged: int = 0
    rejected: int = 0
    repaired: int = 0
    forgotten: int = 0

    def __str__(self) -> str:
        text = f"{self.read:,} read = {self.staged:,} staged + {self.rejected:,} rejected"
        text += f" + {self.forgotten:,} forgotten" if self.forgotten else ""
        return f"{text} ({self.repaired:,} repaired)" if self.repaired else text


@dataclass(frozen=True)
class SeenField:
    """A field whose values no column takes.

    Attributes:
        name: Its key in the records; "*" stands for the rarest of more than 1,000.
        kind: "songs" or "events".
        records: The number of records that have such a value.
        types: The same by JSON type: string, number, boolean, object, array, null.
        object: The first object with such a record; None after a direct COPY.
        declared: Whether a column takes the field. Then it does not take values of these types,
            and the records were rejected.
        meant: The field that differs from it in upper and lower case alone, if there is one.
    """

    name: str
    kind: str
    records: int
    types: dict[str, int]
    object: str | None = None
    declared: bool = False
    meant: str | None = None

    def __str__(self) -> str:
        counts = (f"{count:,} {type_}" for type_, count in self.types.items())
        hint = f" (must be {self.meant}: keys are case sensitive)" if self.meant else ""
        return f"{self.name}: {', '.join(counts)}{hint}"

    def totalled(self) -> "SeenField":
        """The same with the number of records of all its types, which are in order."""
        types = dict(sorted(self.types.items()))
        return replace(self, records=sum(types.values()), types=types)


def field_lines(fields: Iterable[SeenField]) -> list[tuple[str, str]]:
    """The lines of a result that tell of fields whose values no column takes."""
    names = {"unknown": False, "mistyped": True}
    texts = {
        name: "; ".join(str(field) for field in fields if field.declared == declared)
        for name, declared in names.items()
    }
    return [(name, text) for name, text in texts.items() if text]


@dataclass(frozen=True)
class Plays:
    """Numbers of plays in the warehouse.

    Attributes:
        total: All plays.
        matched: Plays with a matching song in the catalogue.
    """

    total: int = 0
    matched: int = 0

    def __str__(self) -> str:
        share = f" ({self.matched / self.total:.1%})" if self.total else ""
        return f"{self.total:,}, of which {self.matched:,} match a song in the catalogue{share}"


@dataclass(frozen=True)
class Seconds:
    """Seconds that each step of the run took.

    Attributes:
        extract: Listing the lake.
        stage: Reading and checking the new objects, and writing their rows.
        transform: Computing the rows of the star that change.
        publish: The checks, the commit, and the copy for readers.
        total: The whole run, with what is between the steps.
    """

    extract: float = 0.0
    stage: float = 0.0
    transform: float = 0.0
    publish: float = 0.0
    total: float = 0.0

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.2f}" for name, value in asdict(self).items())


class Shown:
    """A result that is shown as a table of names and texts, which `lines` returns."""

    def lines(self) -> list[tuple[str, str]]:
        """Return the rows of the table: a name and a text each."""
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
        load_id: The load, or None if nothing was new.
        warehouse: The warehouse's URL, without secrets.
        copy: How data gets into Redshift, "staged" or "direct"; None on DuckDB.
        files: The objects of the lake.
        records: The records that this run read.
        rows: The number of rows of each star table in the warehouse after the run.
        plays: The plays in the warehouse after the run.
        seconds: The time that the run took.
        unknown_fields: The fields of the records of this run that no column takes.
        mistyped_fields: The fields for which records were rejected since their values have
            another JSON type.
    """

    load_id: str | None
    warehouse: str
    copy: str | None
    files: Files
    records: Records
    rows: dict[str, int]
    plays: Plays
    seconds: Seconds
    unknown_fields: list[SeenField] = field(default_factory=list)
    mistyped_fields: list[SeenField] = field(default_factory=list)

    def to_dict(self) -> Json:
        """Return the report as JSON values."""
        return asdict(self)

    def row_text(self) -> str:
        """Return the rows of each star table as people read them."""
        return ", ".join(f"{table} {count:,}" for table, count in self.rows.items())

    def lines(self) -> list[tuple[str, str]]:
        """Return the report as people read it."""
        loaded = [("load", self.load_id or "nothing new")]
        if self.load_id:
            loaded.append(("records", str(self.records)))
        return [
            ("warehouse", self.warehouse),
            *loaded,
            ("files", str(self.files)),
            ("rows", self.row_text()),
            ("plays", str(self.plays)),
            *field_lines((*self.unknown_fields, *self.mistyped_fields)),
            ("seconds", str(self.seconds)),
        ]


@dataclass(frozen=True)
class Plan(Shown):
    """What a run would do.

    Attributes:
        files: The objects of the lake.
        statements: The SQL statements that it would send, in order.
    """

    files: Files
    statements: tuple[str, ...]

    def to_dict(self) -> Json:
        """Return the plan as JSON values."""
        return {**asdict(self), "statements": list(self.statements)}

    def lines(self) -> list[tuple[str, str]]:
        """Return the plan as people read it."""
        return [("files", str(self.files)), ("statements", f"{len(self.statements)}")]
