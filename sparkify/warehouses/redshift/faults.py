"""What the errors of a cluster, of its driver and of the network mean."""

import re
import socket
import ssl
import struct
from collections.abc import Iterator

import sqlalchemy as sa
from redshift_connector.error import Error as DriverError
from redshift_connector.error import InterfaceError, OperationalError

from sparkify.errors import SparkifyError, TryAgain, WarehouseBusy

LOST = (InterfaceError, OSError, struct.error)
CANCELLED = "57014"
# A row: a pattern for SQLSTATE and the message, our error, what it says; most specific first.
# fmt: off
ANSWERS: tuple[tuple[str, type[SparkifyError], str], ...] = (
    (r"28\w{3} ", SparkifyError,
     "the login was refused ({message}); check the user, the password and their validity"),
    (r"(40001|40P01) |\w+ (ERROR: *)?10(18|23)( \(| *DETAIL|:|$)"
     r"|\w+ (ERROR: *)?(could not open relation with OID|deadlock detected"
     r"|(could not complete because of )?conflict with concurrent transaction)",
     TryAgain, "conflict with another transaction ({message})"),
    (r"(08\w{3}|53300|57P0[123]) ", TryAgain, "the cluster cannot answer now ({message})"),
    (r".*(Access ?Denied|\bForbidden\b|not authorized to assume|InvalidAccessKeyId"
     r"|(Status|code:?) 40[13]\b)",
     SparkifyError, "the cluster's role is denied access to S3 ({message})"),
    (r".*(Expired ?Token|PermanentRedirect|(Status|code:?) 301\b|incompatible Parquet"
     r"|NoSuchBucket)",
     SparkifyError, "the cluster cannot use S3 ({message})"),
    (r".*(\bS3|\bSpectrum\b|\bmanifest\b|\bSlowDown\b)",
     TryAgain, "the cluster could not use S3 ({message})"),
)
# fmt: on
EXPIRED, NOT_YET, OTHER_HOST, OTHER_ADDRESS = 10, 9, 62, 64  # OpenSSL's X509_V_ERR_...
CERTIFICATE = {
    EXPIRED: "has expired; have it renewed, and check this computer's clock",
    NOT_YET: "is not valid yet; check this computer's clock",
    OTHER_HOST: "is for another host; connect to a name that it has",
    OTHER_ADDRESS: "is for another host; connect to a name that it has",
}
UNKNOWN = "is from an unknown authority ({}); SSL_CERT_FILE can name a file of authorities"
PERMANENT = re.compile(r"refuses SSL|no password was provided|authentication method", re.IGNORECASE)
NO_SUCH_HOST = {
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)
}


def translate(url: str, error: Exception, *, waiting: bool) -> SparkifyError | None:
    """Our error for one of the driver's; None for an unexpected one.

    Args:
        waiting: whether a statement that is cancelled has waited for a lock.
    """
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(error, sa.exc.DBAPIError) and not cause:
        return TryAgain(f"{url}: the connection was lost")
    if isinstance(cause, DriverError) and (answer := answer_of(cause)):
        return answered(url, *answer, waiting=waiting)
    if isinstance(cause, (*LOST, OperationalError)):
        return unreachable(url, cause)
    return SparkifyError(f"{url}: {cause}") if isinstance(cause, DriverError) else None


def answered(url: str, code: str, message: str, *, waiting: bool) -> SparkifyError:
    """Our error for one that the server has reported."""
    if code == CANCELLED and waiting:
        return WarehouseBusy(f"{url} is held by another run or session; wait for it or stop it")
    if code == CANCELLED:
        return SparkifyError(
            f"{url}: a statement was cancelled ({message}): by an administrator, by a time limit"
            " of the cluster, or because another session holds a table"
        )
    text = " ".join(f"{code} {message}".split())
    for pattern, ours, told in ANSWERS:
        if re.match(pattern, text, re.IGNORECASE):
            return ours(f"{url}: {told.format(message=message)}")
    return SparkifyError(f"{url}: {message}")


def unreachable(url: str, error: Exception) -> SparkifyError:
    """Our error for a connection that could not be made, or was lost."""
    causes = list(causes_of(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            unknown = UNKNOWN.format(cause.verify_message)
            return SparkifyError(
                f"{url}: the certificate {CERTIFICATE.get(cause.verify_code, unknown)}"
            )
        if isinstance(cause, socket.gaierror) and cause.errno in NO_SUCH_HOST:
            return SparkifyError(f"{url}: there is no host of this name; check the endpoint")
        if isinstance(cause, TimeoutError):
            return TryAgain(f"{url}: no answer in time; check the network and the security groups")
    told = str(causes[-1]) or type(causes[-1]).__name__
    if told.startswith("BrokenPipe"):  # the rest is a guess
        told = "the server closed it"
    if PERMANENT.search(told):
        return SparkifyError(f"{url}: {told}")
    return TryAgain(f"{url}: the connection failed or was lost ({told})")


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """An error of the driver, and what it was made of."""
    yield error
    for each in error.args:
        if isinstance(each, BaseException):
            yield from causes_of(each)


def answer_of(error: BaseException | None) -> tuple[str, str] | None:
    """The code and the message of an error that the server has reported."""
    found = error.args[0] if error is not None and error.args else None
    if not isinstance(found, dict):
        return None
    detail = f" ({found['D']})" if found.get("D") else ""
    return str(found.get("C", "")), f"{found.get('M', '')}{detail}"
