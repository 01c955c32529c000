"""What holds after any sequence of changes, runs, faults and kills."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.machine import BOUNDS, Faults


@pytest.mark.long
def test_any_sequence_with_faults() -> None:
    """No loss, no doubles, no books ahead of the data, loads that only grow, idle runs idle."""
    run_state_machine_as_test(Faults, settings=settings(BOUNDS, max_examples=1))
