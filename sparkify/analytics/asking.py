"""Reads a warehouse for analysts: one answer, all answers, recommendations, exports."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

from sparkify import config, warehouses
from sparkify.analytics.answers import Answer, Answers
from sparkify.analytics.questions import QUESTIONS, Question, recommendation
from sparkify.errors import SparkifyError, UsageError
from sparkify.load.ids import now
from sparkify.models import PUBLISHED, schema, table
from sparkify.warehouses.base import Warehouse

BY_NAME = {question.name: question for question in QUESTIONS}


def question(name: str) -> Question:
    """Return the question with a name.

    Raises:
        UsageError: No question has this name.
    """
    if name not in BY_NAME:
        raise UsageError(f"no question is named {name!r}; the names are: {', '.join(BY_NAME)}")
    return BY_NAME[name]


def ask(
    name: str,
    warehouse: str | sa.Engine | None = None,
    *,
    limit: int | None = None,
    gender: str | None = None,
    year: int | None = None,
    place: str | None = None,
) -> Answer:
    """Ask one question; a parameter that is None has the question's own default.

    Args:
        name: One of the names in `QUESTIONS`, for instance "top-songs".
        warehouse: A SQLAlchemy URL or Engine; the default is the warehouse of the settings, or its
            published copy if they name one.
        limit: The maximum number of rows. For top-artists-of-women it is per year.
        gender: "F" or "M".
        year: Only this year.
        place: Only this location, as `songplays` spells it.

    Raises:
        UsageError: There is no such question, or it does not have a parameter that was given.
        SparkifyError: The warehouse cannot be read.
    """
    chosen = question(name)
    options = {"limit": limit, "gender": gender, "year": year, "place": place}
    given = {key: value for key, value in options.items() if value is not None}
    chosen.parameters(given)  # a wrong parameter is an error before the warehouse is opened
    with reading(warehouse) as (source, connection):
        return answer(source, connection, chosen, given)


@contextmanager
def reading(
    warehouse: str | sa.Engine | None = None,
) -> Iterator[tuple[Warehouse, sa.Connection]]:
    """Open a warehouse read-only, with one transaction for everything that is asked.

    Args:
        warehouse: As for `ask`.

    Raises:
        SparkifyError: The warehouse cannot be opened, or its schema is older or newer than this
            version.
    """
    url = warehouse if isinstance(warehouse, str) else None
    settings = config.load({"warehouse": url})
    with (
        warehouses.connect(warehouse or warehouses.read_from(settings), settings) as source,
        source.reading(settings.lock_timeout) as connection,
    ):
        schema.require(connection, source.url)
        yield source, connection


def answer(
    warehouse: Warehouse,
    connection: sa.Connection,
    asked: Question,
    given: Mapping[str, object] | None = None,
) -> Answer:
    """Ask a question over an open connection.

    Args:
        warehouse: An open warehouse.
        connection: Its connection, both from `reading`.
        asked: The question.
        given: The question's parameters by name; the others have their defaults.

    Raises:
        UsageError: The question does not have a parameter that was given.
    """
    parameters = asked.parameters(given or {})
    select = asked.select(**parameters)
    selected = [tuple(row) for row in warehouse.execute(connection, select)]
    rows = asked.finish(selected, **parameters)
    return Answer(asked, tuple(rows), warehouse.text(select))


def report(warehouse: str | sa.Engine | None = None, *, limit: int | None = None) -> Answers:
    """Ask all questions, in one transaction.

    Args:
        warehouse: As for `ask`.
        limit: The maximum number of rows of each answer that has a limit.

    Raises:
        SparkifyError: The warehouse cannot be read.
    """
    given = {} if limit is None else {"limit": limit}
    with reading(warehouse) as (source, connection):
        answers = [
            answer(source, connection, each, given if "limit" in each.parameter_names else None)
            for each in QUESTIONS
        ]
        return Answers(source.url, now(), tuple(answers))


def recommend(
    user_id: int,
    warehouse: str | sa.Engine | None = None,
    *,
    songs: bool = False,
    limit: int = 10,
) -> Answer:
    """Recommend what a user has not played yet, and listeners with similar taste play.

    A user who shares no artist with anybody gets what most listeners play.

    Args:
        user_id: The user.
        warehouse: As for `ask`.
        songs: Recommend songs instead of artists.
        limit: The maximum number of recommendations.

    Raises:
        SparkifyError: The warehouse cannot be read, or does not have this user.
    """
    asked = recommendation.SONGS if songs else recommendation.ARTISTS
    with reading(warehouse) as (source, connection):
        if source.execute(connection, recommendation.user_row(user_id)).first() is None:
            raise SparkifyError(f"{source.url} has no user {user_id}")
        return answer(source, connection, asked, {"user_id": user_id, "limit": limit})


def export(
    directory: str | os.PathLike[str],
    warehouse: str | sa.Engine | None = None,
    *,
    force: bool = False,
) -> list[str]:
    """Write the star tables as Parquet, in one transaction.

    Args:
        directory: A folder, or s3://bucket/prefix if the warehouse is on Redshift.
        warehouse: As for `ask`.
        force: Also replace a folder that has other files than an earlier export's.

    Returns:
        One location for each table: a file, or on Redshift a prefix.

    Raises:
        UsageError: The warehouse cannot write to this kind of directory.
        SparkifyError: The warehouse cannot be read, or the directory cannot be written, or it has
            other files.
    """
    target = os.fspath(directory)
    with reading(warehouse) as (source, connection):
        return source.export(connection, [*map(table, PUBLISHED)], target, force=force)
