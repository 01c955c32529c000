"""An S3 that misbehaves: a small HTTP proxy before the test server, which spoils what it is told.

It counts requests. One of them, or all from then on, is answered with an error, cut off in its
body, reset, or not at all.
"""

import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ERROR = '<?xml version="1.0"?><Error><Code>{}</Code><Message>struck</Message></Error>'
ANSWERS = {
    "slow down": (503, "SlowDown"),
    "error": (500, "InternalError"),
    "forbidden": (403, "AccessDenied"),
    "gone": (404, "NoSuchKey"),
    "another etag": (412, "PreconditionFailed"),
}
FAULTS = (*ANSWERS, "cut", "reset")
DROPPED = {"connection", "transfer-encoding", "keep-alive", "date", "server"}


@dataclass
class Plan:
    """What to spoil, and what was asked so far.

    Attributes:
        nth: the request, from 1, that is struck; 0: none.
        ever: the later ones are, too.
    """

    fault: str = ""
    nth: int = 0
    ever: bool = False
    asked: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stalled: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def strikes(self, request: str) -> bool:
        """Note a request; whether it is to be spoilt."""
        with self.lock:
            self.asked.append(request)
            now = len(self.asked)
        return 0 < self.nth <= now if self.ever else now == self.nth

    def release(self) -> None:
        """Spoil nothing more, and let go of what was kept waiting."""
        self.nth = 0
        self.released.set()


class Proxy(BaseHTTPRequestHandler):
    """Passes a request on, or spoils it."""

    protocol_version = "HTTP/1.1"
    target = ""
    plan = Plan()

    def handle_any(self) -> None:
        """Answer any request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.plan.fault if self.plan.strikes(f"{self.command} {self.path}") else ""
        self.close_connection = bool(fault)
        if fault in ANSWERS:
            status, code = ANSWERS[fault]
            self.answer(status, [("Content-Type", "application/xml")], ERROR.format(code).encode())
        elif fault == "reset":
            self.reset()
        elif fault == "stall":
            self.plan.stalled.set()
            self.plan.released.wait(60)
        else:
            self.answer(*self.ask(body), cut=fault == "cut")

    def ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the real server says."""
        connection = http.client.HTTPConnection(self.target, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            found = connection.getresponse()
            return found.status, found.getheaders(), found.read()
        finally:
            connection.close()

    def answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool = False
    ) -> None:
        """Send an answer, or the first half of it."""
        self.send_response(status)
        length = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value
            elif name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)

    def reset(self) -> None:
        """Close so that the client sees a reset and no end."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def finish(self) -> None:
        """Forget what could no longer be sent."""
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


for verb in ("GET", "PUT", "POST", "HEAD", "DELETE"):
    setattr(Proxy, f"do_{verb}", Proxy.handle_any)


class Server(ThreadingHTTPServer):
    """Threads that nobody waits for, and no word on clients that hung up."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@contextmanager
def proxy(endpoint: str) -> Iterator[tuple[str, Plan]]:
    """The URL of a proxy before an S3 endpoint, and the plan that it follows."""
    plan = Plan()
    target = urlsplit(endpoint).netloc
    handler = type("Handler", (Proxy,), {"target": target, "plan": plan})
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", plan
    finally:
        plan.release()
        server.shutdown()
        server.server_close()
        thread.join()
