"""What was removed of a person who was forgotten."""

from dataclasses import asdict, dataclass

from sparkify.report import Json, Shown


@dataclass(frozen=True)
class Erasure(Shown):
    """What was removed of a person who was forgotten, or would be.

    Attributes:
        warehouse: The warehouse's URL, without secrets.
        dry_run: Whether nothing was done.
        forgotten_before: Whether the person had been forgotten before.
        rows: The number of rows of that person in each table.
    """

    warehouse: str
    dry_run: bool
    forgotten_before: bool
    rows: dict[str, int]

    def to_dict(self) -> Json:
        """Return what was removed as JSON values."""
        return asdict(self)

    def lines(self) -> list[tuple[str, str]]:
        """Return what was removed as people read it."""
        found = ", ".join(f"{table} {count:,}" for table, count in self.rows.items() if count)
        future = "would be left out" if self.dry_run else "are left out"
        again = " (forgotten before)" if self.forgotten_before else ""
        return [
            ("warehouse", self.warehouse),
            ("would remove" if self.dry_run else "removed", found or "nothing: no row is theirs"),
            ("later loads", f"records of this user {future}{again}"),
        ]
