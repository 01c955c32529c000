"""Accepts clients and runs a session for each, in threads."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

from .backend import Backend
from .context import Context, Settings
from .faults import ConnectionDroppedError, Faults
from .login import log_in, welcome
from .protocol import SqlError, Stream
from .session import Session

Connect = Callable[[str], Backend]
WAIT_SECONDS = 10.0


class Server:
    """Listens on a free port of 127.0.0.1 from the moment it is made."""

    def __init__(
        self, connect: Connect, database: str, settings: Settings, tls: ssl.SSLContext | None
    ) -> None:
        """Args: connect: opens a session on the real server, given a database's name."""
        self.password = ""
        self.idle_limit: float | None = None
        self.faults = Faults()
        self.statements: list[str] = []
        self._connect = connect
        self._database = database
        self._settings = settings
        self.tls = tls
        self._open: dict[threading.Thread, list[Stream]] = {}
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="stand-in", daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """Stop listening and end every session."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(WAIT_SECONDS)
        self.disconnect_all()

    def disconnect_all(self) -> None:
        """End every session, as a restart of the cluster would."""
        with self._lock:
            sessions = dict(self._open)
        for streams in sessions.values():
            for stream in streams:
                stream.interrupt()
        for thread in sessions:
            thread.join(WAIT_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
            with self._lock:
                self._open[thread] = []
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        stream = Stream(connection)
        streams = self._open[threading.current_thread()]
        streams.append(stream)
        try:
            logged_in = log_in(stream, self.password, self.tls)
            if logged_in is not None:
                stream, database = logged_in
                streams.append(stream)
                stream.socket.settimeout(self.idle_limit)
                self._run(stream, database, streams)
        except (OSError, ConnectionDroppedError):
            # the client went, was sent away, or did not accept the certificate
            pass
        finally:
            for one in streams:
                one.close()
            with self._lock:
                self._open.pop(threading.current_thread(), None)

    def _run(self, stream: Stream, database: str, streams: list[Stream]) -> None:
        try:
            backend = self._connect(database)
        except SqlError as error:
            stream.send(error.encode())
            return
        streams.append(backend)
        context = Context(
            backend, self._settings, self.faults, lambda: self._connect(self._database)
        )
        stream.send(welcome(backend))
        Session(stream, context, self.statements.append).serve()
