"""Starts a throw-away PostgreSQL 16, as root or as a user, on a socket in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .backend import Backend
from .programs import ENVIRONMENT
from .protocol import SqlError
from .template import DATABASE, SUPERUSER, Template

START_SECONDS = 30.0

#: Speed over safety: the data never outlives the tests.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "max_connections": "60",
    "timezone": "UTC",
    "extra_float_digits": "1",
    # A session that waits for a lock ends soon after its client has gone.
    "client_connection_check_interval": "200ms",
    "max_pred_locks_per_transaction": "256",
    # A socket in the folder: no port to find free, nothing to reach from outside.
    "listen_addresses": "",
}


class Postgres:
    """A running server. stop() ends it and removes its folder."""

    def __init__(self, isolation: str) -> None:
        """Args: isolation: PostgreSQL's name of the default transaction isolation.

        Raises: RuntimeError when the server does not start.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="standin-"))
        self.data = self.folder / "data"
        self._options = OPTIONS | {"default_transaction_isolation": isolation}
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (stop() closes it)
        self._keeper: subprocess.Popen[bytes] | None = None
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def connect(self, database: str = DATABASE) -> Backend:
        """A new session of the superuser."""
        return Backend(str(self.data / ".s.PGSQL.5432"), SUPERUSER, database)

    def stop(self) -> None:
        """End the server; harmless when it has ended already."""
        self._end_keeper()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        template = Template()
        try:
            self._launch(template)
        except (RuntimeError, subprocess.CalledProcessError):
            # something may have cleared away a part of the template
            self._end_keeper()
            shutil.rmtree(self.data, ignore_errors=True)
            template.discard()
            self._launch(Template())

    def _launch(self, template: Template) -> None:
        programs = template.programs
        if programs.user is not None:
            self.folder.chmod(0o755)
        template.copy_data(self.data)
        postgres = [str(programs.folder / "postgres"), "-D", str(self.data), "-k", str(self.data)]
        for name, value in self._options.items():
            postgres += ["-c", f"{name}={value}"]
        keeper = [sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py"))]
        user = "" if programs.user is None else str(programs.user)
        self._keeper = subprocess.Popen(
            [*keeper, str(self.folder), user, *postgres],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            cwd="/",
            env=ENVIRONMENT,
            # an interrupt from the terminal is for the tests; the pipe says when to stop
            start_new_session=True,
        )
        self._wait(self._keeper)

    def _wait(self, keeper: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
                return
            except (OSError, SqlError):
                if time.monotonic() > deadline or keeper.poll() is not None:
                    self._log.seek(0)
                    said = self._log.read().decode(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start: {said}") from None
                time.sleep(0.01)

    def _end_keeper(self) -> None:
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None
