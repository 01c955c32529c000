"""Renders rows as a text table with small bars, laid out by rich."""

import shutil
import sys
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

BAR, WIDEST = 20, 48  # the longest bar and the widest cell, in characters
INDENT = "  "
UNLIMITED = 10_000  # characters; no table is as wide
SHORTEST = 1 / (8 * BAR)  # an eighth of a character, so that a small value can be seen


def render(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numeric: Sequence[bool],
    bars: Sequence[float] = (),
) -> list[str]:
    """Render a table as plain text, without colours or control characters.

    Text is cut at 48 characters. If stdout is a terminal that is too narrow for the table, text is
    cut further; numbers and bars are cut last.

    Args:
        columns: The titles of the columns.
        rows: The cells.
        numeric: For each column whether it is aligned right.
        bars: For each row the length of its bar, 0 to 1; empty if there are no bars.

    Returns:
        The lines, indented, without trailing blanks.
    """
    from rich.bar import Bar
    from rich.console import Console

    grid = layout(columns, numeric, bars=bool(bars))
    for index, row in enumerate(rows):
        drawn = [Bar(1, 0, max(bars[index], SHORTEST), width=BAR)] if bars and bars[index] else []
        grid.add_row(*map(cell, row), *drawn)
    written = StringIO()
    width = width_of_stdout() - len(INDENT)
    # no colours and no terminal: the text is the same wherever it is printed
    Console(file=written, width=width, color_system=None, force_terminal=False).print(grid)
    return [f"{INDENT}{line}".rstrip() for line in written.getvalue().splitlines()]


def layout(columns: Sequence[str], numeric: Sequence[bool], *, bars: bool) -> "Table":
    """Return an empty table. In a narrow terminal rich makes columns with `no_wrap` last."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for title, is_number in zip(columns, numeric, strict=True):
        grid.add_column(
            cell(title),
            justify="right" if is_number else "left",
            no_wrap=is_number,
            max_width=WIDEST,
        )
    if bars:
        grid.add_column(no_wrap=True)
    return grid


def cell(text: str) -> "Text":
    """Return the text of one cell: it stays on one line and cannot control a terminal."""
    from rich.text import Text

    return Text(printable(text), no_wrap=True, overflow="ellipsis")


def printable(text: str) -> str:
    r"""Replace every character that a terminal might obey instead of print.

    >>> printable("a\x1b[31mb")
    'a�[31mb'
    """
    return "".join(character if character.isprintable() else "�" for character in text)


def width_of_stdout() -> int:
    """Return the width of the terminal, or no limit if stdout is not a terminal."""
    if sys.stdout is not None and sys.stdout.isatty():
        return max(shutil.get_terminal_size().columns, len(INDENT) + BAR)
    return UNLIMITED
