"""How a cluster is connected to: verified TLS, fresh credentials, and what its errors say."""

import logging
import struct

import sqlalchemy as sa
from redshift_connector.error import Error as DriverError
from redshift_connector.error import InterfaceError

from sparkify.errors import SparkifyError, TryAgain, UsageError, WarehouseBusy
from sparkify.lake import aws
from sparkify.masking import remember
from sparkify.settings import Settings
from sparkify.warehouses.executor import driver
from sparkify.warehouses.redshift.credentials import provider
from sparkify.warehouses.redshift.dialect import DRIVER
from sparkify.warehouses.urls import numbers

logger = logging.getLogger(__name__)

NOWHERE = f"{DRIVER}://nowhere/dev"  # the URL of a warehouse that does not exist yet
LOST = (InterfaceError, OSError, struct.error)
CANCELLED = "57014"
CONFLICT = ("1023", "1018", "conflict with concurrent transaction", "40001", "deadlock")
MODES = (None, "verify-full", "verify-ca")


def engine(url: sa.URL, settings: Settings) -> sa.Engine:
    """An engine that keeps no connection, verifies TLS, and gets credentials for each connection.

    Raises:
        UsageError: the URL disables certificate verification, and the settings do not.
    """
    asked = {name: url.query.get(name) for name in ("ssl", "sslmode")}
    if settings.tls and (
        asked["ssl"] not in (None, "true", "True") or asked["sslmode"] not in MODES
    ):
        raise UsageError(
            f"the URL of {url.host} disables certificate verification;"
            " leave ssl and sslmode out, or pass tls=False to pipeline.run"
        )
    if not settings.tls:
        logger.warning("the connection to %s is NOT ENCRYPTED (tls=False)", url.host)
    # sslmode has to be named: the driver's default accepts another host's certificate
    tls = {"ssl": settings.tls, "sslmode": asked["sslmode"] or "verify-full"}
    bare = url.difference_update_query([*asked, "secret"])
    made = sa.create_engine(bare, poolclass=sa.NullPool, connect_args=tls | numbers(url))
    if url.host != "nowhere":
        credentials = provider(url, lambda: aws.session(settings))

        @sa.event.listens_for(made, "do_connect")
        def _provide(_d: object, _r: object, _args: object, named: dict[str, object]) -> None:
            named.update(credentials())
            remember(named.get("password"))

    return made


def mark_lost(context: sa.engine.ExceptionContext) -> None:
    """Tell SQLAlchemy that a connection is lost; it would roll back over it, and log a failure."""
    if isinstance(context.original_exception, LOST):
        context.is_disconnect = True


def in_transaction(connection: sa.Connection) -> bool:
    """Whether the server has said that a transaction is open on a connection."""
    return bool(driver(connection).in_transaction)


def translate(url: str, error: Exception) -> SparkifyError | None:
    """Our error for one of the driver's; None for an unexpected one."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(cause, LOST) or (isinstance(error, sa.exc.DBAPIError) and not cause):
        return TryAgain(f"{url}: the connection failed or was lost ({parts_of(cause)[1]})")
    if not isinstance(cause, DriverError):
        return None
    code, message = parts_of(cause)
    if code == CANCELLED:
        return WarehouseBusy(f"{url} is held by another run; wait for it or stop it")
    if any(sign in f"{code} {message}" for sign in CONFLICT):
        return TryAgain(f"{url}: conflict with another transaction ({message})")
    if "AccessDenied" in message:
        return SparkifyError(f"{url}: the cluster's role is denied access to S3 ({message})")
    if "S3" in message or "manifest" in message:
        return TryAgain(f"{url}: the cluster could not use S3 ({message})")
    return SparkifyError(f"{url}: {message}")


def parts_of(error: BaseException | None) -> tuple[str, str]:
    """The code and the message of a server's error, or the text of another error."""
    found = error.args[0] if error is not None and error.args else error
    if isinstance(found, dict):
        detail = f" ({found['D']})" if found.get("D") else ""
        return str(found.get("C", "")), f"{found.get('M', '')}{detail}"
    return "", str(found or type(error).__name__)
