"""Renders rows as a text table with small bars, laid out by rich."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table
    from rich.text import Text

# widths in characters
INDENT, GAP = 2, 2  # before the table, and between its columns
WIDEST, NARROWEST = 48, 8  # text is cut at 48; in a narrow terminal it may be cut at 8
BAR, SMALLEST_BAR = 20, 5  # the longest bar; a narrow terminal has shorter ones, or none
UNLIMITED = 10_000  # no table is as wide
SHORTEST = 1 / (8 * BAR)  # an eighth of a character, so that the bar of a small value can be seen


@dataclass(frozen=True)
class TextTable:
    """A table as text, for rich: indented, without control characters.

    It is the same at every width, but for a terminal that is too narrow: there, bars and text are
    cut, numbers never.

    Attributes:
        columns: The titles of the columns.
        rows: The cells.
        numeric: For each column whether it contains numbers, which are aligned right.
        bars: For each row the length of its bar, 0 to 1; empty if there are no bars.
        measure: What the bars show: the title of their column.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[bool]
    bars: Sequence[float] = ()
    measure: str = ""

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """The table, at most as wide as the console if nothing but text and bars is cut."""
        from rich.padding import Padding

        unlimited = options.update(width=UNLIMITED)
        full, cut = (measured(console, unlimited, self.grid(w)) for w in (WIDEST, NARROWEST))
        available = max(options.max_width - INDENT, cut)
        bar = min(BAR if self.bars else 0, available - full - GAP)
        grid = self.grid(WIDEST, bar if bar >= max(SMALLEST_BAR, len(self.measure)) else 0)
        grid.width = min(available, measured(console, unlimited, grid))
        yield from console.render(Padding(grid, (0, 0, 0, INDENT), expand=False), unlimited)

    def grid(self, widest: int, bar: int = 0) -> "Table":
        """Return the table for rich.

        Args:
            widest: The maximum width of a column of text.
            bar: The length of the longest bar; 0 if there are none.
        """
        from rich.bar import Bar
        from rich.table import Table

        grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
        cells = [list(map(cell, row)) for row in (self.columns, *self.rows)]
        for (title, *texts), is_number in zip(zip(*cells, strict=True), self.numeric, strict=True):
            if is_number:
                grid.add_column(title, justify="right", no_wrap=True)
            else:  # only columns that may be wrapped are made narrower; `cell` cuts the text then
                longest = max(text.cell_len for text in (title, *texts))
                grid.add_column(title, min_width=min(longest, NARROWEST), max_width=widest)
        if bar:
            grid.add_column(cell(self.measure), no_wrap=True)
        for index, row in enumerate(cells[1:]):
            length = max(self.bars[index], SHORTEST) if bar and self.bars[index] else 0
            drawn = [Bar(1, 0, length, width=bar, color="cyan")] if bar else []
            grid.add_row(*row, *drawn)
        return grid


def measured(console: "Console", options: "ConsoleOptions", grid: "Table") -> int:
    """Return how wide a table is if there is room."""
    return console.measure(grid, options=options).maximum


def plainly(renderable: "RenderableType") -> str:
    """Return what rich prints as plain text: without colours and trailing blanks.

    In a terminal it fits the width, elsewhere it is never cut.
    """
    from rich.console import Console

    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else UNLIMITED
    written = StringIO()
    console = Console(file=written, width=width, color_system=None, force_terminal=False)
    console.print(renderable, crop=False)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())


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
