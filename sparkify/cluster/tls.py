"""Asks a server for TLS as PostgreSQL's and Redshift's drivers do, and verifies who answers."""

import socket
import ssl
import struct
from importlib.resources import as_file, files

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
SECONDS = 10.0  # to wait for an answer


def greet(host: str, port: int) -> str:
    """Shake hands with a server; the version of TLS that was agreed on.

    Raises:
        ssl.SSLError: it does not speak TLS, or its certificate is not good for its name.
        OSError: it does not answer.
    """
    with as_file(files("redshift_connector") / "files" / "redshift-ca-bundle.crt") as bundle:
        context = ssl.create_default_context(cafile=bundle)
    context.load_default_certs()
    with socket.create_connection((host, port), timeout=SECONDS) as plain:
        plain.sendall(SSL_REQUEST)
        if plain.recv(1) != b"S":
            raise ssl.SSLError("it does not speak TLS")
        with context.wrap_socket(plain, server_hostname=host) as secure:
            return str(secure.version())
