"""A certificate for the stand-in, and the authority that vouches for it."""

from __future__ import annotations

from pathlib import Path

import trustme

from . import TLS


def authority(folder: Path) -> tuple[TLS, Path]:
    """Make them in a folder: the server's files, and that of the authority."""
    ca = trustme.CA()
    issued = ca.issue_cert("localhost")
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    (folder / "chain.pem").write_bytes(chain)
    return TLS(folder / "chain.pem", folder / "key.pem"), folder / "ca.pem"
