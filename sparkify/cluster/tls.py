"""Asks a server for TLS as the drivers of PostgreSQL and Redshift do, and verifies it."""

import socket
import ssl
import struct
from importlib.resources import as_file, files

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
TIMEOUT = 10.0  # seconds to wait for an answer


def handshake(host: str, port: int) -> str:
    """Connect to a server, and return the version of TLS that was agreed on.

    Raises:
        ssl.SSLError: the server does not support TLS, or its certificate is not trusted or not
            valid for its name.
        OSError: the server does not answer.
    """
    with as_file(files("redshift_connector") / "files" / "redshift-ca-bundle.crt") as bundle:
        context = ssl.create_default_context(cafile=bundle)
    context.load_default_certs()
    with socket.create_connection((host, port), timeout=TIMEOUT) as plain:
        plain.sendall(SSL_REQUEST)
        if plain.recv(1) != b"S":
            raise ssl.SSLError("it does not support TLS")
        with context.wrap_socket(plain, server_hostname=host) as secure:
            return str(secure.version())
