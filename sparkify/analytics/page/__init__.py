"""All answers as one HTML page in one file, without network access.

document  the page: its header, its sections, its policy
cards     one answer: its chart, its table, its SQL
figures   charts as Vega-Lite, composed with Altair
drawing   what vl-convert makes: still images, and the bundle of Vega's scripts
tables    answers as HTML tables
days      the plays of each day and hour, which the page adds up for a range of days
names     hides the names of listeners
entities  the diagram of the tables
scripts/  what the page does: the range of days, sorting, searching, CSV, light and dark
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from sparkify.analytics.answers import Answers
from sparkify.analytics.asking import report
from sparkify.analytics.page.days import HOURS
from sparkify.analytics.questions import QUESTIONS as ANSWERED
from sparkify.errors import UsageError
from sparkify.process.files import new_file
from sparkify.process.owned import starts_with

if TYPE_CHECKING:
    from sparkify.analytics.page.document import Document

MARKER = "<!DOCTYPE html>\n<!-- sparkify report -->\n"  # the start of every page
QUESTIONS = (*ANSWERED, HOURS)  # what a page needs the answers of
EXTRA = {"altair", "vl_convert"}


def page(answers: Answers, *, names: bool = False) -> str:
    """Return the page as HTML.

    Args:
        answers: The answers to `QUESTIONS`, from `analytics.report`.
        names: Whether to show the names of listeners; otherwise their initials and ids.

    Raises:
        UsageError: The packages that draw are not installed.
    """
    return f"{MARKER}{document_class()(answers, names).html()}\n"


def document_class() -> "type[Document]":
    """Import what draws: it is an extra, and takes half a second.

    Raises:
        UsageError: It is not installed.
    """
    try:
        from sparkify.analytics.page.document import Document
    except ModuleNotFoundError as missing:
        if missing.name not in EXTRA:
            raise
        raise UsageError(
            f"the page needs the package {missing.name.replace('_', '-')}, which is not installed;"
            " install it with: pip install 'sparkify[report]'"
        ) from missing
    return Document


# long because its parameters are documented here
def write_page(
    path: Path,
    warehouse: str | sa.Engine | None = None,
    *,
    limit: int | None = None,
    tz: str | None = None,
    names: bool = False,
    force: bool = False,
) -> Answers:
    """Ask all questions and write the page, as a whole or not at all.

    Args:
        path: The file.
        warehouse: As for `ask`.
        limit: As for `report`.
        tz: As for `report`.
        names: As for `page`.
        force: Also replace a file that is not such a page.

    Returns:
        The answers, as `report` returns them.

    Raises:
        UsageError: The packages that draw are not installed, or the time zone is not valid.
        SparkifyError: The warehouse cannot be read, or the file cannot be written.
    """
    document_class()  # what would fail fails before the warehouse is asked
    with new_file(path, ours=starts_with(MARKER.encode()), force=force) as file:
        answers = report(warehouse, limit=limit, tz=tz, questions=QUESTIONS)
        file.write(page(answers, names=names).encode())
    return replace(answers, answers=answers.answers[:-1])
