"""Trying again what failed for a reason that may pass."""

import logging
from collections.abc import Callable
from typing import TypeVar

import tenacity

from sparkify.errors import TryAgain

logger = logging.getLogger(__name__)

ATTEMPTS = 4
T = TypeVar("T")


def again(function: Callable[[], T], *, unless: tuple[type[Exception], ...] = ()) -> T:
    """Call a function until it does not raise `TryAgain`, at most four times.

    Args:
        unless: kinds of `TryAgain` that are raised at once.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(
            lambda error: isinstance(error, TryAgain) and not isinstance(error, unless)
        ),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
        before_sleep=lambda state: logger.warning("%s; trying again", failure(state)),
        reraise=True,
    )
    return retrying(function)


def failure(state: tenacity.RetryCallState) -> BaseException | None:
    """Why an attempt failed."""
    return state.outcome.exception() if state.outcome else None
