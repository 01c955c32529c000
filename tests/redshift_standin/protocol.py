"""PostgreSQL's wire protocol, version 3: messages, and the error that travels in one.

Every message is one byte of kind, four bytes of length (big endian, counting itself) and a body.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

PROTOCOL_VERSION = 196608
SSL_REQUEST = 80877103
CANCEL_REQUEST = 80877102

AUTHENTICATION_OK = 0
AUTHENTICATION_MD5 = 5


class Message(NamedTuple):
    """One message: its kind (one byte) and its body (without the length)."""

    kind: bytes
    body: bytes

    def encode(self) -> bytes:
        """The message as it goes over the wire."""
        return self.kind + struct.pack("!i", len(self.body) + 4) + self.body


def encode(kind: bytes, body: bytes = b"") -> bytes:
    """The wire form of one message."""
    return Message(kind, body).encode()


def text_field(text: str) -> bytes:
    """A NUL-terminated string."""
    return text.encode() + b"\0"


def read_text(body: bytes, start: int) -> tuple[str, int]:
    """The NUL-terminated string at `start`, and the offset behind it."""
    end = body.index(0, start)
    return body[start:end].decode(), end + 1


def read_fields(body: bytes) -> Iterator[tuple[str, str]]:
    """The (code, value) pairs of an error or notice message."""
    offset = 0
    while body[offset]:
        code = chr(body[offset])
        value, offset = read_text(body, offset + 1)
        yield code, value


def command_complete(tag: str) -> bytes:
    """CommandComplete with the given tag, such as "INSERT 0 3"."""
    return encode(b"C", text_field(tag))


def notice(text: str) -> bytes:
    """NoticeResponse of severity INFO."""
    fields = (("S", "INFO"), ("C", "00000"), ("M", text))
    return encode(b"N", b"".join(c.encode() + text_field(v) for c, v in fields) + b"\0")


class SqlError(Exception):
    """An ErrorResponse: SQLSTATE, message, and what else it carries."""

    def __init__(
        self,
        code: str,
        message: str,
        detail: str | None = None,
        *,
        hint: str | None = None,
        severity: str = "ERROR",
        constraint: str | None = None,
    ) -> None:
        """Args are the fields C, M, D, H, S and n of an ErrorResponse."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail
        self.hint = hint
        self.severity = severity
        self.constraint = constraint

    def encode(self) -> bytes:
        """The ErrorResponse on the wire."""
        fields = [("S", self.severity), ("C", self.code), ("M", self.message)]
        if self.detail:
            fields.append(("D", self.detail))
        if self.hint:
            fields.append(("H", self.hint))
        return encode(b"E", b"".join(c.encode() + text_field(v) for c, v in fields) + b"\0")

    @classmethod
    def decode(cls, body: bytes) -> SqlError:
        """The error in the body of an ErrorResponse."""
        fields = dict(read_fields(body))
        return cls(
            fields.get("C", "XX000"),
            fields.get("M", ""),
            fields.get("D"),
            hint=fields.get("H"),
            severity=fields.get("S", "ERROR"),
            constraint=fields.get("n"),
        )


class Stream:
    """Messages over a connected socket (plain or TLS)."""

    def __init__(self, connection: socket.socket) -> None:
        """Takes the socket over: close() closes it."""
        self.socket = connection
        self._reader = connection.makefile("rb", 65536)

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes; ConnectionError when the peer has gone."""
        data: bytes = self._reader.read(count)
        if len(data) < count:
            raise ConnectionError("the peer closed the connection")
        return data

    def receive(self) -> Message:
        """The next message."""
        head = self.read(5)
        return Message(head[:1], self.read(struct.unpack("!i", head[1:])[0] - 4))

    def send(self, data: bytes) -> None:
        """All of `data`."""
        self.socket.sendall(data)

    def interrupt(self) -> None:
        """Cut the connection from another thread: what waits in receive() gets an error."""
        with suppress(OSError):
            # past SSLSocket.shutdown, which would take the TLS state from under the reader
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close at once. Only for the thread that reads."""
        self.interrupt()
        self._reader.close()
        self.socket.close()
