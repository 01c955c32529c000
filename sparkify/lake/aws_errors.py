"""One table maps the errors of boto3 and obstore to ours, most specific first."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sparkify.errors import SparkifyError, TryAgain, UsageError
from sparkify.process.scratch import SHORT


class ResourceNotFound(SparkifyError):
    """The resource that a call names does not exist."""


NOWHERE = "127.0.0.1:0"  # where obstore goes for any host but the endpoint's, see `access`
DENIED = "access denied ({code}); the credentials need the permission {permission}"
UNSIGNED = "access denied, and no AWS credentials were found; set AWS_PROFILE"

# A row: a pattern, our error, its message. The pattern is for AWS's error code, for "HTTP" and the
# status, or for a class of the exception; each may be followed by a space and AWS's own message.
# fmt: off
TABLE: tuple[tuple[str, type[SparkifyError], str], ...] = (
    # credentials
    (r"NoCredentialsError", SparkifyError, "no AWS credentials found; set AWS_PROFILE"),
    (r"PartialCredentialsError",
     SparkifyError, "{message}; set the key and its secret together, or set AWS_PROFILE"),
    (r"SSOError|TokenRetrievalError|NoAuthTokenError|LoginError",
     SparkifyError, "the AWS sign-in has expired; run `aws sso login` (or `aws login`)"),
    (r"CredentialRetrievalError",
     SparkifyError, "{message}; check the profile that AWS_PROFILE names"),
    (r"ExpiredToken\w*|TokenRefreshRequired",
     SparkifyError, "the AWS credentials have expired ({code}); sign in again"),
    (r"RequestTimeTooSkewed|RequestExpired|RequestInTheFuture"
     r"|\w*Signature\w* Signature (expired|not yet current).*",
     SparkifyError, "this computer's clock differs from AWS's ({code}); set the clock"),
    (r"Invalid(ClientTokenId|AccessKeyId|Token|SignatureException)|UnrecognizedClientException"
     r"|AuthFailure|SignatureDoesNotMatch|IncompleteSignature\w*",
     SparkifyError, "AWS rejected the credentials ({code}); check them, or sign in again"),
    # configuration
    (r"ProfileNotFound", SparkifyError, "{message}; check AWS_PROFILE and ~/.aws/config"),
    (r"ConfigParseError|ConfigNotFound|InvalidConfigError",
     SparkifyError, "{message}; correct the AWS configuration file"),
    (r"ValueError Invalid endpoint: .*",
     UsageError, "{message}; AWS_ENDPOINT_URL must start with http:// or https://"),
    (r"NoRegionError|InvalidRegionError",
     UsageError, "{message}; set REGION in [S3] of dwh.cfg, or AWS_REGION"),
    (r"PermanentRedirect|301|HTTP 301|AuthorizationHeaderMalformed"
     r"|IllegalLocationConstraint\w*|GenericError .*redirect without LOCATION.*",
     SparkifyError, "wrong region ({message}); set REGION in [S3] of dwh.cfg, or AWS_REGION"),
    (r"Redirected",
     SparkifyError, "the endpoint redirected to another host; set REGION, or AWS_ENDPOINT_URL"),
    (r"ParamValidationError", UsageError, "{message}"),
    (r"InvalidBucketName", UsageError, "not a valid bucket name"),
    (r"ResponseParserError",
     SparkifyError, "the answer is not one of S3 (it is not XML); check AWS_ENDPOINT_URL"),
    (r"SSLError .*CERTIFICATE_VERIFY_FAILED.*",
     SparkifyError, "the endpoint's certificate is not trusted; check AWS_CA_BUNDLE"),
    # the resource
    (r"NoSuchBucket|404", UsageError, "not found; check the name of the bucket"),
    (r"FileNotFoundError|NoSuchKey|NoSuchVersion|PreconditionError|PreconditionFailed|412",
     TryAgain, "changed or was deleted while it was read; run again"),
    (r"InvalidObjectState",
     SparkifyError, "archived (S3 Glacier); restore the object, then run again"),
    (r"(KMS\.)?KMS\w*(AccessDenied|InvalidState|NotAccessible)\w*|KMS\.(?!Throttl)\w+",
     SparkifyError, "the KMS key cannot be used ({code}: {message}); check the key's policy"),
    (r"NoSuchEntity|ResourceNotFoundException|\w*NotFound(Fault)?|\w+\.NotFound",
     ResourceNotFound, "not found ({code}: {message})"),
    # a retry may help
    (r"(KMS\.)?\w*Throttl\w*|(Request|Bandwidth)LimitExceeded|TooManyRequests\w*|SlowDown|HTTP 429",
     TryAgain, "AWS is busy ({code}); try again later"),
    (r"Insufficient(Cluster)?Capacity\w*",
     TryAgain, "AWS is out of capacity ({code}); try again later"),
    (r"ConcurrentModification\w*|OperationAborted|ConditionalRequestConflict",
     TryAgain, "another change is in progress ({code}); try again later"),
    (r"(DependentService|Service)Unavailable\w*|Internal\w*|RequestTimeout\w*|TemporaryRedirect|307"
     r"|5\d\d|HTTP 5(?!01)\d\d",
     TryAgain, "AWS could not answer ({code}); try again later"),
    (r"\w*Quota\w*|\w*LimitExceeded\w*",
     SparkifyError, "a quota is used up ({code}: {message}); ask AWS to raise it"),
    (r"\w*AccessDenied\w*|UnauthorizedOperation|NotAuthorized\w*|AuthorizationError|HTTP 40[13]"
     r"|PermissionDeniedError|UnauthenticatedError",
     SparkifyError, DENIED),
    # the rest
    (r"ClientError|HTTP 4\d\d", SparkifyError, "AWS answered {code}: {message}"),
    (r"HTTPClientError|ConnectionError|IncompleteReadError|MetadataRetrievalError"
     r"|(Flexible)?ChecksumError|BaseError|OSError",
     TryAgain, "could not be reached ({message}); try again later"),
    (r"BotoCoreError", SparkifyError, "{message}"),
)
# fmt: on


# long because it looks at every form that an answer's reason may have
def translate(
    error: Exception,
    subject: str,
    permission: str,
    mask: Callable[[str], str] = str,
    *,
    anonymous: bool = False,
) -> SparkifyError | None:
    """Our error for one of boto3's or obstore's; None for any other error.

    Args:
        subject: the object, bucket or call that the message is about.
        permission: the IAM action that the call needs, for when AWS does not name it.
        mask: hides secrets, because botocore's messages may quote a call's parameters.
        anonymous: the request was not signed.
    """
    from botocore.exceptions import ClientError

    if isinstance(error, OSError) and error.errno in SHORT:  # of this machine, not of AWS
        return of_this_machine(error)
    response = error.response if isinstance(error, ClientError) else {}
    told, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    text = str(error).partition("\n\nDebug source")[0]  # the rest is obstore's, for developers
    quoted = re.search(r"<Code>([\w.]+)</Code>", text)  # obstore quotes the answer
    answered = re.search(r"status code: (\d+)", text)
    status = f"HTTP {answered[1] if answered else meta.get('HTTPStatusCode')}"
    code = told.get("Code") or (quoted[1] if quoted else status)
    message = " ".join(mask(told.get("Message") or text).split()).rstrip(".")
    redirected = ["Redirected"] * (NOWHERE in str(error))
    names = [*redirected, code, status, *(base.__name__ for base in type(error).__mro__)]
    if denied := re.search(r"perform: ([\w-]+:\w+)", message):
        permission = denied[1]
    facts = {"permission": permission, "code": code, "message": message}
    for pattern, ours, told_so in TABLE:
        if any(re.fullmatch(f"({pattern})( .*)?", f"{name} {message}") for name in names):
            said = UNSIGNED if anonymous and told_so is DENIED else told_so
            return ours(f"{printable(subject)}: {printable(said.format_map(facts))}")
    return None


def of_this_machine(error: OSError) -> SparkifyError | None:
    """Our error for a file that cannot be read; None if `scratch.shortages` tells what lacks."""
    return SparkifyError(f"{error.filename}: {error.strerror}") if error.filename else None


@contextmanager
def translated(subject: str, permission: str, *, anonymous: bool = False) -> Iterator[None]:
    """Raise our errors in place of boto3's and obstore's; see `translate`."""
    try:
        yield
    except Exception as error:
        if ours := translate(error, subject, permission, anonymous=anonymous):
            raise ours from error
        raise


def printable(text: str) -> str:
    r"""A text without characters that would control a terminal.

    >>> print(printable("a\x1b[31m"))
    a\x1b[31m
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
