"""A certificate for the stand-in, and the authority that vouches for it."""

from __future__ import annotations

import datetime
from pathlib import Path

import trustme

from . import TLS


def authority(
    folder: Path, name: str = "localhost", *, begin: int | None = None, end: int | None = None
) -> tuple[TLS, Path]:
    """Make them in a folder: the server's files, and that of the authority.

    Args:
        name: the host that the certificate is for.
        begin, end: when it is valid, in days from now; None for long.
    """
    ca = trustme.CA()
    now = datetime.datetime.now(datetime.UTC)
    first, last = (
        None if days is None else now + datetime.timedelta(days=days) for days in (begin, end)
    )
    issued = ca.issue_cert(name, not_before=first, not_after=last)
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    (folder / "chain.pem").write_bytes(chain)
    return TLS(folder / "chain.pem", folder / "key.pem"), folder / "ca.pem"
