"""Reads a warehouse for analysts: one answer, all answers, recommendations, exports."""

import datetime
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import sqlalchemy as sa

from sparkify import config, warehouses
from sparkify.analytics import worth
from sparkify.analytics.answers import Answer, Answers
from sparkify.analytics.layout import readable
from sparkify.analytics.questions import QUESTIONS, Question, recommendation
from sparkify.analytics.questions.scope import UTC, zone
from sparkify.errors import SparkifyError, UsageError
from sparkify.load.ids import now
from sparkify.models import PUBLISHED, Songplay, schema, table
from sparkify.models.statements import count
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


# long because its parameters are documented here
def ask(
    name: str,
    warehouse: str | sa.Engine | None = None,
    *,
    since: datetime.date | str | None = None,
    until: datetime.date | str | None = None,
    tz: str | None = None,
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
        since: Only plays from this day on: a date, or text such as "2018-11-01".
        until: Only plays up to this day, which is included.
        tz: The time zone of days and hours, for instance "Europe/Paris"; the default is UTC.
        limit: The maximum number of rows; of a series such as plays-by-day, the latest ones. For
            the artists of women it is per year.
        gender: "F" or "M".
        year: Only this year.
        place: Only this location, as `songplays` spells it.

    Returns:
        The answer. Its rows are tuples of the values of `answer.columns`.

    Raises:
        UsageError: There is no such question, or it does not have a parameter that was given, or a
            day or the time zone is not valid.
        SparkifyError: The warehouse cannot be read.
    """
    chosen = question(name)
    options = {"limit": limit, "gender": gender, "year": year, "place": place, "tz": tz}
    given = chosen.given({"since": since, "until": until, **options})
    with reading(warehouse) as (source, connection):
        return answer(source, connection, chosen, given)


def sql(name: str, warehouse: str | sa.Engine | None = None, **parameters: object) -> str:
    """Return the SELECT of a question, laid out for people; nothing is asked.

    Args:
        name: As for `ask`.
        warehouse: As for `ask`; "duckdb" or "redshift" is enough.
        **parameters: The parameters of `ask`.

    Raises:
        UsageError: As for `ask`.
    """
    chosen = question(name)
    arguments = chosen.arguments(chosen.parameters(chosen.given(parameters)))
    settings = config.load({"warehouse": warehouse if isinstance(warehouse, str) else None})
    with warehouses.connect(warehouse or settings.warehouse, settings) as source:
        return readable(source.text(chosen.select(**arguments)), source.name)


@contextmanager
def reading(
    warehouse: str | sa.Engine | None = None,
) -> Iterator[tuple[Warehouse, sa.Connection]]:
    """Open a warehouse read-only, with one transaction for everything that is asked.

    Args:
        warehouse: As for `ask`.

    Yields:
        The warehouse, and a connection to it. Both are closed at the end.

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
    arguments = asked.arguments(parameters)
    select = asked.select(**arguments)
    selected = [tuple(row) for row in warehouse.execute(connection, select)]
    rows = tuple(asked.finish(selected, **arguments))
    found = Answer(asked, rows, warehouse.text(select), parameters, warehouse.name)
    limit = parameters.get("limit")
    return found.latest(limit) if asked.series and limit is not None else found


def report(
    warehouse: str | sa.Engine | None = None,
    *,
    limit: int | None = None,
    tz: str | None = None,
    questions: Sequence[Question] = QUESTIONS,
) -> Answers:
    """Ask all questions, in one transaction; the answers are in the order of the questions.

    Args:
        warehouse: As for `ask`.
        limit: The maximum number of rows of each answer that has a limit.
        tz: The time zone of days and hours; the default is UTC.
        questions: Other questions; those of a page are `page.QUESTIONS`.

    Raises:
        UsageError: The time zone is not valid.
        SparkifyError: The warehouse cannot be read.
    """
    zone(tz or UTC)  # a wrong one is an error before the warehouse is opened
    options = {"limit": limit, "tz": tz}
    given = {name: value for name, value in options.items() if value is not None}
    with reading(warehouse) as (source, connection):
        answers = [
            answer(source, connection, each, {k: given[k] for k in each.defaults if k in given})
            for each in questions
        ]
        return Answers(source.url, now(), tuple(answers))


# long because its parameters are documented here
def recommend(
    user_id: int,
    warehouse: str | sa.Engine | None = None,
    *,
    songs: bool = False,
    limit: int = 10,
    measure: bool | None = None,
) -> Answer:
    """Recommend what a user has not played yet, and listeners with similar taste play.

    A user who shares no artist with anybody gets what most listeners play. The answer says what
    such recommendations are worth; see `sparkify.analytics.worth`.

    Args:
        user_id: The user.
        warehouse: As for `ask`.
        songs: Recommend songs instead of artists.
        limit: The maximum number of recommendations.
        measure: Measure what recommendations are worth, on at most 100 listeners. The default is
            to do so up to 50,000 plays.

    Returns:
        An answer, the best recommendation first.

    Raises:
        SparkifyError: The warehouse cannot be read, or does not have this user.
    """
    asked = recommendation.SONGS if songs else recommendation.ARTISTS
    with reading(warehouse) as (source, connection):
        if source.execute(connection, recommendation.user_row(user_id)).first() is None:
            raise SparkifyError(f"{source.url} has no user {user_id}")
        found = answer(source, connection, asked, {"user_id": user_id, "limit": limit})
        if measure is False:
            return found
        kind = "songs" if songs else "artists"
        plays = source.execute(connection, count(table(Songplay))).scalar_one()
        if measure is None and plays > worth.MANY:
            return replace(found, worth=worth.not_measured(kind))
        return replace(found, worth=worth.measure(source, connection, kind, (limit,))[0])


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
