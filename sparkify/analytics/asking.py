"""Asks a warehouse: one question or all, recommendations, exports."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from sparkify import config, warehouses
from sparkify.analytics.answers import Answer, Answers
from sparkify.analytics.questions import QUESTIONS, Question, recommendation
from sparkify.errors import SparkifyError, UsageError
from sparkify.load.loader import now
from sparkify.models import PUBLISHED, schema, table
from sparkify.warehouses.base import Warehouse

BY_NAME = {question.name: question for question in QUESTIONS}


def question(name: str) -> Question:
    """The question of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in BY_NAME:
        raise UsageError(f"there is no question {name!r}; there are: {', '.join(BY_NAME)}")
    return BY_NAME[name]


def ask(name: str, warehouse: str | sa.Engine | None = None, **parameters: Any) -> Answer:
    """Ask one question.

    Args:
        name: the question's, as in `QUESTIONS`.
        warehouse: a SQLAlchemy URL, or an Engine; else the one of the settings.
        **parameters: the question's own, as `limit`.

    Raises:
        SparkifyError: no such question, or the warehouse cannot be read.
    """
    asked = question(name)
    with reading(warehouse) as (opened, connection):
        return answer(opened, connection, asked, **parameters)


@contextmanager
def reading(
    warehouse: str | sa.Engine | None = None,
) -> Iterator[tuple[Warehouse, sa.Connection]]:
    """A warehouse with the schema of this version, opened to be read."""
    url = warehouse if isinstance(warehouse, str) else None
    settings = config.load({"warehouse": url})
    with (
        warehouses.connect(warehouse or settings.warehouse, settings) as opened,
        opened.reading(settings.lock_timeout) as connection,
    ):
        schema.require(connection, opened.url)
        yield opened, connection


def answer(
    warehouse: Warehouse, connection: sa.Connection, asked: Question, **given: Any
) -> Answer:
    """Ask over an open connection."""
    parameters = asked.parameters(given)
    select = asked.select(**parameters)
    found = warehouse.execute(connection, select)
    rows = asked.finish([tuple(row) for row in found], **parameters)
    return Answer(asked, tuple(rows), warehouse.text(select))


def report(warehouse: str | sa.Engine | None = None, limit: int | None = None) -> Answers:
    """Ask every question, all of one moment.

    Args:
        warehouse: as for `ask`.
        limit: the rows of the answers that have a limit; None: each its own.
    """
    given = {} if limit is None else {"limit": limit}
    with reading(warehouse) as (opened, connection):
        answers = tuple(
            answer(opened, connection, each, **(given if "limit" in each.parameters({}) else {}))
            for each in QUESTIONS
        )
        return Answers(opened.url, now(), answers)


def recommend(
    user_id: int,
    warehouse: str | sa.Engine | None = None,
    *,
    songs: bool = False,
    limit: int = 10,
) -> Answer:
    """Artists, or songs, that a user has not played yet and that listeners alike play.

    Somebody who shares nothing with anybody, or never played, gets what most people play.

    Raises:
        SparkifyError: there is no such user.
    """
    asked = recommendation.SONGS if songs else recommendation.ARTISTS
    with reading(warehouse) as (opened, connection):
        if opened.execute(connection, recommendation.known(user_id)).first() is None:
            raise SparkifyError(f"{opened.url} has no user {user_id}")
        return answer(opened, connection, asked, user_id=user_id, limit=limit)


def export(directory: str, warehouse: str | sa.Engine | None = None) -> list[str]:
    """Write the star as Parquet, a file or a prefix for each table, all of one moment.

    Returns:
        Where each table went.
    """
    with reading(warehouse) as (opened, connection):
        return [opened.export(connection, table(model), directory) for model in PUBLISHED]
