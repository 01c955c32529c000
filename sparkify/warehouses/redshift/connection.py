"""How a cluster is connected to: verified TLS, and fresh credentials."""

import logging

import sqlalchemy as sa

from sparkify.errors import UsageError
from sparkify.lake import aws
from sparkify.masking import remember
from sparkify.settings import Settings
from sparkify.warehouses.executor import driver
from sparkify.warehouses.redshift.credentials import provider
from sparkify.warehouses.redshift.dialect import DRIVER
from sparkify.warehouses.redshift.faults import LOST
from sparkify.warehouses.redshift.limits import CONNECT
from sparkify.warehouses.urls import numbers

logger = logging.getLogger(__name__)

NOWHERE = f"{DRIVER}://nowhere/dev"  # the URL of a warehouse that does not exist yet
#: NAT gateways and load balancers forget a silent connection after 200 to 350 seconds; the system
#: would ask after two hours whether the other side is there
KEEPALIVE = {
    "tcp_keepalive": True,
    "tcp_keepalive_idle": 60,
    "tcp_keepalive_interval": 15,
    "tcp_keepalive_count": 4,
}
MODES = (None, "verify-full", "verify-ca")


def engine(url: sa.URL, settings: Settings) -> sa.Engine:
    """An engine that keeps no connection, verifies TLS, and gets credentials for each connection.

    Raises:
        UsageError: the URL disables certificate verification, and the settings do not.
    """
    options = KEEPALIVE | {"timeout": CONNECT} | tls_options(url, settings) | numbers(url)
    bare = url.difference_update_query(["ssl", "sslmode", "secret"])
    made = sa.create_engine(bare, poolclass=sa.NullPool, connect_args=options)
    if url.host != "nowhere":
        credentials = provider(url, lambda: aws.session(settings))

        @sa.event.listens_for(made, "do_connect")
        def _provide(_d: object, _r: object, _args: object, named: dict[str, object]) -> None:
            named.update(credentials())
            remember(named.get("password"))

    return made


def tls_options(url: sa.URL, settings: Settings) -> dict[str, object]:
    """The options of the driver that say how TLS is verified; see `engine`."""
    ssl, mode = url.query.get("ssl"), url.query.get("sslmode")
    if settings.tls and (ssl not in (None, "true", "True") or mode not in MODES):
        raise UsageError(
            f"the URL of {url.host} disables certificate verification;"
            " leave ssl and sslmode out, or pass tls=False to pipeline.run"
        )
    if not settings.tls:
        logger.warning("the connection to %s is NOT ENCRYPTED (tls=False)", url.host)
    # sslmode has to be named: the driver's default accepts another host's certificate
    return {"ssl": settings.tls, "sslmode": mode or "verify-full"}


def mark_lost(context: sa.engine.ExceptionContext) -> None:
    """Tell SQLAlchemy that a connection is lost; it would roll back over it, and log a failure."""
    if isinstance(context.original_exception, LOST):
        context.is_disconnect = True


def begin_read_only(connection: sa.Connection) -> None:
    """Begin a transaction that cannot write; by itself the driver begins one that can."""
    raw = driver(connection)
    before, raw.autocommit = raw.autocommit, True
    try:
        with raw.cursor() as cursor:
            cursor.execute("begin read only")
    finally:
        raw.autocommit = before


def in_transaction(connection: sa.Connection) -> bool:
    """Whether the server has said that a transaction is open on a connection."""
    return bool(driver(connection).in_transaction)
