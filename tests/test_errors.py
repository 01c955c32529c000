"""Our errors: what a program can rely on."""

import copy
import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from sparkify.errors import RejectedRecord, SparkifyError, TooManyRejects
from sparkify.lake import aws_errors
from sparkify.process.stopping import Interrupted

assert aws_errors  # imported, so that their errors are among the subclasses


def kinds(of: type[SparkifyError] = SparkifyError) -> Iterator[type[SparkifyError]]:
    """Every class of error."""
    yield of
    for each in of.__subclasses__():
        yield from kinds(each)


def by_pickle(error: Any) -> Any:
    """The error as another process gets it."""
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("way", [by_pickle, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", list(kinds()))
def test_an_error_survives_a_copy(way: Callable[[Any], Any], kind: type[SparkifyError]) -> None:
    """Its class, message, exit code and notes are the same."""
    error = kind("it's full; make room")
    error.add_note("here")
    found = way(error)
    assert type(found) is kind
    assert (str(found), found.exit_code) == (str(error), error.exit_code)
    assert vars(found) == vars(error)


@pytest.mark.parametrize("way", [by_pickle, copy.copy, copy.deepcopy])
def test_the_rejects_survive_a_copy(way: Callable[[Any], Any]) -> None:
    """They are an attribute, and no part of the message."""
    rejects = [RejectedRecord("json", "not JSON", "a.json", 7)]
    found = way(TooManyRejects("too many", rejects))
    assert (str(found), found.rejects, found.exit_code) == ("too many", rejects, 3)


def test_an_interruption_survives_a_copy() -> None:
    """It can cross from one process to another, too."""
    assert type(by_pickle(Interrupted())) is Interrupted


def fail() -> None:
    """Fail as a worker does."""
    raise TooManyRejects("too many", [RejectedRecord("json", "not JSON")])


def test_an_error_comes_out_of_a_process() -> None:
    """A pool of processes hands it on instead of breaking."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool, pytest.raises(TooManyRejects) as error:
        pool.submit(fail).result()
    assert error.value.rejects[0].code == "json"
