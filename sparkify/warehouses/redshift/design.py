"""Lets Alembic see how tables are laid out on Redshift: DISTSTYLE, DISTKEY, SORTKEY and ENCODE.

Alembic itself compares none of them. The migrations' environment imports this module; after that
`alembic check` finds the differences, and `alembic revision --autogenerate` writes them down.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import ExecuteSQLOp, ModifyTableOps


class AlterLayout(ExecuteSQLOp):
    """An ALTER TABLE of a table's layout. Redshift runs it outside a transaction only."""

    def __init__(self, to: str, back: str) -> None:
        super().__init__(to)
        self.back = back

    def reverse(self) -> "AlterLayout":
        """The statement of a downgrade."""
        return AlterLayout(self.back, str(self.sqltext))


@dataclass(frozen=True)
class Layout:
    """How a table is laid out, in the words of ALTER TABLE.

    Attributes:
        distribution: its DISTSTYLE, with the DISTKEY.
        sortkey: its SORTKEY.
        encodings: the ENCODE of each column that declares one.
    """

    distribution: str
    sortkey: str
    encodings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: sa.Table) -> "Layout":
        """The layout of a table, as it is declared or as it was reflected."""
        options = table.dialect_options["redshift"]
        key, style = options["distkey"], options["diststyle"]
        keys = options["sortkey"] or ()
        keys = (keys,) if isinstance(keys, str | sa.Column) else tuple(keys)
        names = ", ".join(getattr(each, "name", each) for each in keys)
        return cls(
            f"DISTSTYLE KEY DISTKEY {name_of(key)}" if key else f"DISTSTYLE {style or 'AUTO'}",
            f"SORTKEY ({names})" if names else "SORTKEY AUTO",
            {column.name: encode for column in table.columns if (encode := encoding(column))},
        )

    def differences(self, found: "Layout") -> Iterator[tuple[str, str]]:
        """What an ALTER TABLE has to say to make this of another layout, and to go back."""
        if self.distribution.lower() != found.distribution.lower():
            yield f"ALTER {self.distribution}", f"ALTER {found.distribution}"
        if self.sortkey != found.sortkey:
            yield f"ALTER {self.sortkey}", f"ALTER {found.sortkey}"
        for name, wanted in self.encodings.items():
            is_now = found.encodings.get(name, "raw")
            if wanted != is_now:
                alter = f"ALTER COLUMN {name} ENCODE"
                yield f"{alter} {wanted}", f"{alter} {is_now}"


def name_of(column: object) -> object:
    """The name of a column, which may be given by its name."""
    return getattr(column, "name", column)


def encoding(column: sa.Column[object]) -> str | None:
    """The encoding that a column declares, or that was reflected; Redshift calls raw none, too."""
    declared = column.dialect_options["redshift"]["encode"]
    found = str(declared or column.info.get("encode") or "").lower()
    return "raw" if found == "none" else found or None


@comparators.dispatch_for("table")
def compare_layout(
    context: AutogenContext,
    changes: ModifyTableOps,
    schema: str | None,
    name: str,
    found: sa.Table | None,
    declared: sa.Table | None,
) -> None:
    """Compare the layout of a table that is declared and exists; on Redshift alone."""
    dialect = context.dialect
    if dialect is None or dialect.name != "redshift" or found is None or declared is None:
        return
    both = {column.name for column in found.columns}
    wanted, is_now = Layout.of(declared), Layout.of(found)
    for column in wanted.encodings.keys() - both:
        del wanted.encodings[column]  # it is added with its encoding
    full = dialect.identifier_preparer.format_table(declared)
    for to, back in wanted.differences(is_now):
        changes.ops.append(AlterLayout(f"ALTER TABLE {full} {to}", f"ALTER TABLE {full} {back}"))
