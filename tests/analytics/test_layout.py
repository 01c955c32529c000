"""SQL as people read it: it means what was sent."""

import re
from collections import Counter

import pytest
import sqlalchemy as sa

from sparkify import analytics, warehouses
from sparkify.analytics.layout import readable
from sparkify.load.transform import TRANSFORMS
from tests.support.analysts import Loaded

LITERAL = re.compile(r"'(?:[^']|'')*'")


def rows_of(connection: sa.Connection, text: str) -> list[str]:
    """The rows of a query, in any order."""
    return sorted(map(repr, connection.exec_driver_sql(text)))


@pytest.mark.long
def test_every_answers_sql_gives_the_rows_that_were_sent_for(simulated: Loaded) -> None:
    """The text that is shown runs, and its rows are those of the statement that was sent."""
    with analytics.reading(simulated.url) as (warehouse, connection):
        for question in analytics.QUESTIONS:
            answer = analytics.answer(warehouse, connection, question)
            assert rows_of(connection, answer.sql) == rows_of(connection, answer.statement)


@pytest.mark.long
def test_the_transforms_mean_the_same_when_laid_out(simulated: Loaded) -> None:
    """What `plan --sql` prints of each table's SELECT gives the same rows."""
    with analytics.reading(simulated.url) as (warehouse, connection):
        for _, transform, _ in TRANSFORMS:
            text = warehouse.text(transform())
            shown = readable(text, "duckdb")
            assert len(shown.splitlines()) > len(text.splitlines())
            assert rows_of(connection, shown) == rows_of(connection, text)


def test_every_literal_of_a_statement_for_redshift_stays() -> None:
    """No text is lost, and no word for a window."""
    with warehouses.connect("redshift") as opened:
        for _, transform, _ in TRANSFORMS:
            text = opened.text(transform())
            shown = readable(text, "redshift")
            assert shown != text
            assert Counter(LITERAL.findall(text)) == Counter(LITERAL.findall(shown))
            assert text.lower().count(" over ") == shown.lower().count(" over ")
