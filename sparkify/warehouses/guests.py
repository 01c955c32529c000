"""What a caller's engine must allow: a connection with a transaction of the run's own.

SQLAlchemy's engines can be in AUTOCOMMIT mode, in which every statement commits by itself, and
their pools can hand out a connection on which the caller has begun a transaction. A load over
either would not be all or nothing, so both are found out before anything is written.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from sparkify.errors import UsageError, WarehouseBusy

IsOpen = Callable[[sa.Connection], bool]  # whether the driver has a transaction open


def connect(engine: sa.Engine, url: str, is_open: IsOpen) -> sa.Connection:
    """A connection of a caller's engine on which no transaction is open.

    Raises:
        UsageError: the pool hands out a connection on which the caller has begun one, which is
            left as it is.
        WarehouseBusy: the pool has no connection to hand out.
    """
    try:
        connection = engine.connect()
    except (sa.exc.TimeoutError, AssertionError) as error:
        raise WarehouseBusy(
            f"{url}: the engine's pool has no free connection; close one of yours"
        ) from error
    if is_open(connection):
        hand_back(connection)
        raise UsageError(
            f"{url}: the engine shares one connection, and a transaction is open on it;"
            " commit or roll back first"
        )
    return connection


def hand_back(connection: sa.Connection) -> None:
    """Hand a connection back to its pool without the pool's usual ROLLBACK."""
    fairy: Any = connection.connection
    fairy._close_special(transaction_reset=True)


def check_transactions(connection: sa.Connection, url: str, is_open: IsOpen) -> None:
    """Check that a transaction can be begun: that statements do not commit by themselves.

    Raises:
        UsageError: they do.
    """
    with connection.begin() as transaction:
        connection.exec_driver_sql("SELECT 1")
        begun = is_open(connection)
        transaction.rollback()
    if not begun:
        raise UsageError(
            f"{url}: the engine is in AUTOCOMMIT mode, and a load needs a transaction;"
            " pass an engine without AUTOCOMMIT, or a URL"
        )
