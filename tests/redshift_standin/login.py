"""The start of a session: TLS, the user and the password."""

from __future__ import annotations

import hashlib
import os
import ssl
import struct

from . import protocol
from .backend import Backend
from .protocol import SqlError, Stream, encode, text_field
from .template import SUPERUSER

REPORTED = (
    "client_encoding",
    "DateStyle",
    "integer_datetimes",
    "is_superuser",
    "server_encoding",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
)
SERVER_VERSION = "8.0.2"


def log_in(stream: Stream, password: str, tls: ssl.SSLContext | None) -> tuple[Stream, str] | None:
    """Answer the start-up messages: the stream (TLS when asked for) and the database's name.

    None when the client goes no further; a wrong password is told to the client.
    """
    while True:
        (length,) = struct.unpack("!i", stream.read(4))
        body = stream.read(length - 4)
        (code,) = struct.unpack_from("!i", body)
        if code == protocol.CANCEL_REQUEST:
            return None
        if code != protocol.SSL_REQUEST:
            break
        stream.send(b"S" if tls else b"N")
        if tls:
            stream = Stream(tls.wrap_socket(stream.socket, server_side=True))
    values = body[4:].decode().split("\0")
    options = dict(zip(values[::2], values[1::2], strict=False))
    user = options.get("user", "")
    if user != SUPERUSER or not _password_is_right(stream, user, password):
        reason = f'password authentication failed for user "{user}"'
        stream.send(SqlError("28000", reason, severity="FATAL").encode())
        return None
    return stream, options.get("database", user)


def _password_is_right(stream: Stream, user: str, password: str) -> bool:
    salt = os.urandom(4)
    stream.send(encode(b"R", struct.pack("!i", protocol.AUTHENTICATION_MD5) + salt))
    inner = hashlib.md5((password + user).encode()).hexdigest().encode()
    expected = "md5" + hashlib.md5(inner + salt).hexdigest()
    return stream.receive().body[:-1].decode() == expected


def welcome(backend: Backend) -> bytes:
    """What tells a client that it is in: some parameters, and that the server is ready."""
    reported = {name: value for name, value in backend.parameters.items() if name in REPORTED}
    reported["server_version"] = SERVER_VERSION
    out = encode(b"R", struct.pack("!i", protocol.AUTHENTICATION_OK))
    for name, value in reported.items():
        out += encode(b"S", text_field(name) + text_field(value))
    return out + encode(b"K", backend.cancel_key) + encode(b"Z", backend.status)
