"""Progress bars: on stderr, only if it is a terminal, and neither with -q nor as JSON."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sparkify.cli.logs import CHOSEN

if TYPE_CHECKING:
    from rich.progress import TaskID

Progress = Callable[[str, int, int], None]  # what is done, how much of it, of how much


@contextmanager
def progress_bars() -> Iterator[Progress | None]:
    """A function to report progress to, shown as a bar for each thing that is done."""
    if CHOSEN.quiet or CHOSEN.as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total)

        yield show
