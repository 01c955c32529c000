"""Functions that share the parameters of one, which declares and documents them."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
J = TypeVar("J")
R = TypeVar("R")


def parameters_of(
    declared: Callable[P, object],
    prepare: Callable[[Mapping[str, object]], AbstractContextManager[J]],
) -> Callable[[Callable[[J], R]], Callable[P, R]]:
    """Make a function with declared parameters from what it does with what they prepare.

    Args:
        declared: the function whose signature is used; an unknown name is a TypeError.
        prepare: gets the given arguments by name.
    """
    signature = inspect.signature(declared)

    def decorate(act: Callable[[J], R]) -> Callable[P, R]:
        @wraps(act)
        def function(*args: P.args, **kwargs: P.kwargs) -> R:
            with prepare(signature.bind(*args, **kwargs).arguments) as job:
                return act(job)

        result = inspect.signature(act).return_annotation
        function.__signature__ = signature.replace(return_annotation=result)  # type: ignore[attr-defined]
        function.__annotations__ = {**declared.__annotations__, "return": result}
        return function

    return decorate
