"""Runs a command until this process's standard input closes, then stops it and clears a folder.

The parent holds the other end of the pipe: when it ends, by whatever death, the pipe closes, so
no database server and no temporary folder outlive it. Run as a script:
`python keeper.py FOLDER USER_ID COMMAND…` (USER_ID empty: the same user).
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading


def keep(folder: str, user_id: str, command: list[str]) -> int:
    """Run `command` as the user until standard input closes; its exit code."""
    as_user = {"user": int(user_id), "group": int(user_id), "extra_groups": []} if user_id else {}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, **as_user) as process:  # type: ignore[call-overload]
        threading.Thread(target=_stop_at_end_of_input, args=[process], daemon=True).start()
        code: int = process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    return code


def _stop_at_end_of_input(process: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    # SIGQUIT is PostgreSQL's immediate shutdown: the data is thrown away anyhow.
    process.send_signal(signal.SIGQUIT)


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1], sys.argv[2], sys.argv[3:]))
