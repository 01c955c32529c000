"""What AWS refuses, in our words: the name of the permission, the quota, the way out."""

import re
from collections.abc import Callable

from sparkify.errors import SparkifyError, TryAgain, UsageError

NOT_THERE = re.compile(r"NoSuchEntity|ResourceNotFoundException|\w*NotFound(Fault)?|\w+\.NotFound")
DENIED = re.compile(r"AccessDenied\w*|UnauthorizedOperation|NotAuthorized\w*|AuthorizationError")
SIGN_IN = re.compile(
    r"ExpiredToken\w*|InvalidClientTokenId|UnrecognizedClientException|AuthFailure"
    r"|SignatureDoesNotMatch|InvalidSignatureException|RequestExpired|IncompleteSignature"
)
AGAIN = re.compile(
    r"Throttl\w*|TooManyRequests\w*|RequestLimitExceeded|SlowDown|RequestThrottled\w*"
    r"|ServiceUnavailable\w*|Internal\w*|InsufficientClusterCapacity\w*|InsufficientCapacity\w*"
    r"|DependentService\w*|ConcurrentModification\w*|5\d\d"
)
QUOTA = re.compile(r"\w*Quota\w*|\w*LimitExceeded\w*|\w*LimitExceeded")


class NotThere(SparkifyError):
    """What a call asked for is not there."""


def translate(name: str, error: Exception, hide: Callable[[str], str]) -> SparkifyError:
    """Our error for one of botocore's.

    Args:
        name: of the call, as IAM has it.
        hide: takes the secrets out of a text, which botocore may quote.
    """
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        told = error.response.get("Error", {})
        return refused(name, str(told.get("Code")), hide(str(told.get("Message", ""))))
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return SparkifyError("no AWS credentials found; set AWS_PROFILE")
    if isinstance(error, exceptions.ParamValidationError):
        return UsageError(f"{name}: {hide(str(error))}")
    if isinstance(error, exceptions.TokenRetrievalError | exceptions.SSOError):
        return SparkifyError("the AWS sign-in is over; run `aws sso login`")
    return TryAgain(f"{name} could not be reached: {hide(str(error))}")


def refused(name: str, code: str, message: str) -> SparkifyError:
    """The error for an answer that is no success.

    Args:
        name: of the call, which names the permission when the message does not.
    """
    if NOT_THERE.fullmatch(code):
        return NotThere(f"{name}: {message or 'it is not there'} ({code})")
    if DENIED.fullmatch(code):
        asked = re.search(r"perform: ([\w-]+:\w+)", message)
        return SparkifyError(f"{asked[1] if asked else name} is not permitted ({code}); ask for it")
    if SIGN_IN.fullmatch(code):
        return SparkifyError(f"AWS does not take the credentials ({code}); sign in again")
    if AGAIN.fullmatch(code):
        return TryAgain(f"{name}: AWS is busy or has no room now ({code})")
    if QUOTA.fullmatch(code):
        return SparkifyError(f"{name}: a quota is used up ({code}: {message}); ask AWS for more")
    return SparkifyError(f"{name}: AWS answered {code}: {message}")
