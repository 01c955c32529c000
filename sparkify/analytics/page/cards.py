"""One answer on the page: its title, what it is about, its chart, its table and its SQL."""

from dataclasses import dataclass

from markupsafe import Markup

from sparkify.analytics.answers import Answer, plain
from sparkify.analytics.markup import tag
from sparkify.analytics.page.drawing import still
from sparkify.analytics.page.figures import DRAWN, figure
from sparkify.analytics.page.tables import table
from sparkify.report import Json

WIDE, NARROW = 1080, 500  # pixels of a still chart
MANY_COLUMNS = 6
FULL_WIDTH = {"line", "heatmap", "cohorts"}


@dataclass(frozen=True)
class Card:
    """One answer on the page.

    Attributes:
        answer: The answer.
        about: What to know to read it.
        filtered: Whether the reader's choice of days filters it.
        alone: Whether it would have no neighbour in its row.
    """

    answer: Answer
    about: Markup
    filtered: bool
    alone: bool = False

    @property
    def charted(self) -> bool:
        """Whether it has a chart."""
        return self.answer.question.chart in DRAWN

    @property
    def wide(self) -> bool:
        """Whether it takes the width of the page."""
        question = self.answer.question
        return self.alone or question.chart in FULL_WIDTH or len(question.columns) >= MANY_COLUMNS

    def html(self) -> Markup:
        """Return the card."""
        question, answer = self.answer.question, self.answer
        label = f"SQL: {answer.title}"
        code = tag("pre", tag("code", answer.sql), tabindex="0", role="region", aria_label=label)
        sql = tag("details", tag("summary", "SQL"), code, class_="sql")
        shown, *tables = self.parts() if answer.rows else [tag("p", "Nothing yet.", class_="none")]
        return tag(
            "article",
            tag("h3", answer.title),
            self.about,
            shown,
            tag("div", *tables, sql, class_="more"),
            id=question.name,
            class_="wide" if self.wide else None,
        )

    def parts(self) -> list[Markup]:
        """Return the still chart and its table; the table alone if the answer has no chart."""
        answer = self.answer
        specification = figure(answer, width=WIDE if self.wide else NARROW, hover=False)
        if specification is None:
            return [tag("div", table(answer), class_="values")]
        rows = [dict(zip(answer.columns, row, strict=True)) for row in plain_rows(answer)]
        image = tag("div", still(specification, rows), class_="still", aria_hidden="true")
        name = f"Chart: {answer.title} Its figures are in the table below."
        drawn = tag("div", image, class_="figure", role="img", aria_label=name)
        values = tag("details", tag("summary", "Table"), table(answer), class_="values")
        return [drawn, values]

    def data(self) -> Json:
        """Return what the scripts need: the rows, and how they are written and drawn."""
        answer = self.answer
        return {
            "columns": answer.columns,
            "kinds": [kind(answer, index) for index in range(len(answer.columns))],
            "rows": plain_rows(answer),
            "measure": answer.question.measure,
            "filtered": self.filtered and bool(answer.rows),
            "chart": figure(answer),
        }


def plain_rows(answer: Answer) -> list[list[object]]:
    """Return the rows as JSON values."""
    return [list(map(plain, row)) for row in answer.rows]


def kind(answer: Answer, index: int) -> str:
    """Return how the values of a column are written: as text, or as which kind of number."""
    if not answer.numeric()[index]:
        return "text"
    if answer.columns[index] == "share":
        return "share"
    values = [row[index] for row in answer.rows]
    return "float" if any(isinstance(value, float) for value in values) else "int"
