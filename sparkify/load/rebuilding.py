"""Rebuilds the part of the star that changed, and checks it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

import sqlalchemy as sa

from sparkify.load.transform import TRANSFORMS
from sparkify.load.transform.plays import keys_of_plays
from sparkify.load.transform.rows import Keys
from sparkify.models import Songplay, table
from sparkify.models.statements import CreateTempTableAs, Query, Statement, count, insert


class Rebuilding(ABC):
    """What a transaction changes in the star, by the keys of the rows that may have changed."""

    @property
    def everything(self) -> bool:
        """Whether every star table is rebuilt from all published rows."""
        return False

    @property
    @abstractmethod
    def changed(self) -> Mapping[str, CreateTempTableAs]:
        """For each key of the star, the values whose rows may change; one left out: none do."""

    def parts(self) -> Iterator[tuple[sa.Table, Callable[[Keys], Query], str]]:
        """The tables that are affected, their SELECTs and their keys."""
        for model, transform, key in TRANSFORMS:
            if self.everything or key in self.changed:
                yield table(model), transform, key

    def rebuild(self) -> Iterator[Statement]:
        """Write the affected rows anew; the tables in `changed` are there."""
        for target, transform, key in self.parts():
            select = transform(self.keys(key))
            yield sa.delete(target).where(*self.affected(target, key))
            yield insert(target, select)

    def checks(self) -> Iterator[tuple[str, Query]]:
        """What must hold before COMMIT: SELECTs of two counts that must be equal."""
        for target, _, key in self.parts():
            part = self.affected(target, key)
            if target is table(Songplay):  # its key is a digest of the play's
                plays = keys_of_plays(self.keys(key)).subquery("plays")
                counts = (count(plays), count(target).where(*part))
                select = sa.select(*(each.scalar_subquery() for each in counts))
                yield "the plays and the rows of songplays", select
            else:
                yield f"the rows and the keys of {target.name}", rows_and_keys(target, part)

    def keys(self, key: str) -> Keys:
        """The changed values of a key; None means all of them."""
        return None if self.everything else sa.select(*self.changed[key].table.c)

    def affected(self, target: sa.Table, key: str) -> tuple[sa.ColumnElement[bool], ...]:
        """Which rows of a star table are rebuilt."""
        changed = self.keys(key)
        return () if changed is None else (target.c[key].in_(changed),)


def rows_and_keys(target: sa.Table, part: Sequence[sa.ColumnElement[bool]]) -> Query:
    """The SELECT of the number of rows in part of a table, and of their distinct keys.

    Redshift believes a declared key without enforcing it: of the bare columns it would find as many
    keys as rows. An expression that always has the value of its column hides which column it is.
    """
    key, *more = (sa.func.greatest(each, each) for each in target.primary_key.columns)
    if not more:
        counts = sa.select(sa.func.count(), sa.func.count(key.distinct()))
        return counts.select_from(target).where(*part)
    found = sa.select(sa.func.count().label("held")).select_from(target).where(*part)
    keys = found.group_by(key, *more).subquery("keys")
    rows = sa.func.coalesce(sa.func.sum(keys.c.held), 0)
    return sa.select(rows, sa.func.count()).select_from(keys)
