"""The stand-in comes and goes without a trace."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import redshift_standin
from tests.redshift_standin import StandIn

ROOT = Path(__file__).parents[3]
PACKAGE = Path(redshift_standin.__file__).parent
SERVE = """
import sys
from tests.redshift_standin import StandIn
with StandIn() as standin:
    print(standin.port, standin.folder, flush=True)
    sys.stdin.read()
"""


def server_id(folder: Path) -> int:
    """The process id of the server in the folder."""
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def gone(folder: Path, process: int) -> bool:
    """Whether the folder and the process go within a few seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not folder.exists() and not alive(process):
            return True
        time.sleep(0.02)
    return False


def alive(process: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def start(**options: int) -> tuple[subprocess.Popen[str], Path]:
    """A process that runs a stand-in, and the stand-in's folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        **options,  # type: ignore[call-overload]
    )
    return process, Path(process.stdout.readline().split()[1])


def test_killed() -> None:
    """When the tests are killed, neither a process nor a folder stays."""
    process, folder = start()
    with process:
        server = server_id(folder)
        assert alive(server)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert gone(folder, server)


def test_ended() -> None:
    """When it ends, neither a process nor a folder stays."""
    with StandIn() as standin:
        folder = standin.folder
        server = server_id(folder)
    assert gone(folder, server)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_as_a_user(tmp_path: Path) -> None:
    """It runs as an ordinary user as it does as root."""
    user = pwd.getpwnam("nobody")
    try:
        subprocess.run([sys.executable, "-c", ""], user=user.pw_uid, cwd=ROOT, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the user cannot read this folder")
    process, folder = start(user=user.pw_uid, group=user.pw_gid)
    with process:
        assert folder.stat().st_uid == user.pw_uid
        server = server_id(folder)
        process.communicate()
    assert gone(folder, server)
    for template in Path(folder.parent).glob(f"standin-template-{user.pw_uid}-*"):
        shutil.rmtree(template)


def test_knows_nothing_of_the_project() -> None:
    """No module of the stand-in imports what it is there to test."""
    for module in PACKAGE.glob("*.py"):
        assert not re.search(r"^\s*(import|from) sparkify", module.read_text(), re.MULTILINE)
