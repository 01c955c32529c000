"""Killed anywhere, what writes files, resets and upgrades leaves all as before or as after."""

import random
from itertools import islice
from pathlib import Path

import pytest

from tests.chaos import commands


@pytest.mark.long
def test_a_command_that_is_killed_leaves_nothing_half_done(tmp_path: Path) -> None:
    """SIGKILL at random moments of export, report, reset, simulate and upgrade."""
    found = commands.commands(tmp_path)
    for kill in islice(commands.kills(found, random.Random(1)), len(found)):
        kill()
