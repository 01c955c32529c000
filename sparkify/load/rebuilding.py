"""Writes what changes in the star anew, and checks it: for a load, for `forget`, for an upgrade."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.schema import DropTable

from sparkify.errors import SparkifyError
from sparkify.load.changes import Changes
from sparkify.load.ranges import Answer, Steps
from sparkify.load.retrying import again
from sparkify.load.transform import TRANSFORMS
from sparkify.load.transform.plays import keys_of_plays
from sparkify.models import Songplay, table
from sparkify.models.statements import Query, count, insert
from sparkify.warehouses.base import Warehouse
from sparkify.warehouses.executor import Executor

Tell = Callable[[int, int], object]  # called with the number of tables that are done, and of all


def send(executor: Executor, steps: Steps) -> None:
    """Send statements, and answer the SELECTs among them."""
    answer: Answer = None
    with suppress(StopIteration):
        while True:
            statement = steps.send(answer)
            if isinstance(statement, sa.Select):
                found = list(executor.rows(statement))
                answer = None if executor.as_sql else found
            else:
                executor.execute(statement)


def rebuilt(changes: Changes, tell: Tell = lambda done, total: None) -> Steps:
    """Write what changes in the star anew, and bring the index of what was heard up to it."""
    for done, (model, transform, key) in enumerate(TRANSFORMS):
        tell(done, len(TRANSFORMS))
        target = table(model)
        if changes.everything:
            yield sa.delete(target)
        for rows, replaced in changes.parts(model, key):
            if not changes.everything:
                yield sa.delete(target).where(*replaced)
            yield insert(target, transform(rows))
    tell(len(TRANSFORMS), len(TRANSFORMS))
    yield from changes.index()


def check(executor: Executor, changes: Changes, done: str) -> None:
    """Check what was written, and drop the temporary tables.

    Args:
        done: what is to be done with the data: "published".

    Raises:
        SparkifyError: two counts differ.
    """
    for what, select in checks(changes):
        compare(executor, what, executor.counts(select), done)
    for temporary in changes.tables.values():
        executor.execute(DropTable(temporary.table))


def compare(executor: Executor, what: str, counts: Sequence[int], done: str) -> None:
    """Compare two counts; only a bug makes them differ, and then this saves the data."""
    expected, found = counts
    if expected != found and not executor.as_sql:
        raise SparkifyError(
            f"{what} differ: expected {expected:,} and found {found:,}; nothing was {done}"
        )


def checks(changes: Changes) -> Iterator[tuple[str, Query]]:
    """What must hold before COMMIT: SELECTs of two counts that must be equal."""
    for model, _, key in TRANSFORMS:
        target = table(model)
        for rows, replaced in changes.parts(model, key):
            if model is Songplay:  # its key is a digest of the play's
                plays = keys_of_plays(rows).subquery("plays")
                written = count(target).where(*replaced).scalar_subquery()
                select = sa.select(
                    count(plays).scalar_subquery().label("plays"), written.label("rows")
                )
                yield "the plays and the rows of songplays", select
            else:
                yield f"the rows and the keys of {target.name}", rows_and_keys(target, replaced)


def rows_and_keys(target: sa.Table, part: Sequence[sa.ColumnElement[bool]]) -> Query:
    """The SELECT of the number of rows in part of a table, and of their distinct keys.

    Redshift believes a declared key without enforcing it: of the bare columns it would find as many
    keys as rows. An expression that always has the value of its column hides which column it is.
    """
    key, *more = (sa.func.greatest(each, each) for each in target.primary_key.columns)
    if not more:
        distinct = sa.func.count(key.distinct()).label("keys")
        counts = sa.select(sa.func.count().label("rows"), distinct)
        return counts.select_from(target).where(*part)
    found = sa.select(sa.func.count().label("held")).select_from(target).where(*part)
    keys = found.group_by(key, *more).subquery("keys")
    rows = sa.func.coalesce(sa.func.sum(keys.c.held), 0).label("rows")
    return sa.select(rows, sa.func.count().label("keys")).select_from(keys)


def rebuild(warehouse: Warehouse, executor: Executor, lock_timeout: float) -> None:
    """Build every star table anew from what is published, in one transaction, without a lake.

    Args:
        executor: sends statements over a connection on which no transaction is open.
        lock_timeout: seconds to wait for a run that publishes.

    Raises:
        SparkifyError: as for a run; nothing has changed then.
    """

    def attempt() -> None:
        changes = Changes([], [], everything=True)
        with warehouse.errors(), executor.transaction():
            warehouse.lock(executor, lock_timeout)
            send(executor, changes.find())
            send(executor, rebuilt(changes))
            check(executor, changes, "rebuilt")

    again(attempt)
