"""PostgreSQL's errors in Redshift's words."""

from __future__ import annotations

from .protocol import SqlError

#: Prefixes of the CHECK constraints the stand-in adds to text columns.
BYTES_CHECK = "standin_bytes_"
BLANK_CHECK = "standin_blank_"


def not_in_manual(what: str, code: str = "42601") -> SqlError:
    """The refusal of what Redshift's manual does not have."""
    return SqlError(code, f"{what} is not in the manual")


def lacks(what: str) -> SqlError:
    """The refusal of what the manual has and the stand-in does not."""
    return SqlError("0A000", f"the stand-in lacks it: {what}")


def trailing_blank(column: str) -> SqlError:
    """The refusal of a text that ends in a blank."""
    return SqlError(
        "23514",
        f'text in column "{column}" ends in a blank: this is a rule of the stand-in, '
        "because Redshift ignores trailing blanks in comparisons and other engines do not",
    )


def as_redshift(error: SqlError) -> SqlError:
    """The error as a cluster words it; most are the same."""
    constraint = error.constraint or ""
    if constraint.startswith(BYTES_CHECK):
        column = constraint.removeprefix(BYTES_CHECK)
        return SqlError("22001", f'Value too long for character type (column "{column}")')
    if constraint.startswith(BLANK_CHECK):
        return trailing_blank(constraint.removeprefix(BLANK_CHECK))
    if error.code == "40001":
        detail = f"Serializable isolation violation on table - {error.message}"
        return SqlError("XX000", "1023", detail)
    if error.code == "21000" and "second time" in error.message:
        return SqlError("XX000", "Found multiple matches to update the same tuple.")
    return error
