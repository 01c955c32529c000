"""TLS as redshift_connector speaks it: verified against the host's name and a CA."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
import trustme
from redshift_connector.error import Error, InterfaceError

from tests.redshift_standin import TLS, StandIn
from tests.redshift_standin.fixtures import LOST_SOCKETS, PASSWORD, Target

pytestmark = [
    pytest.mark.filterwarnings(LOST_SOCKETS),
    pytest.mark.usefixtures("collect_lost_sockets"),
]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority."""
    return trustme.CA()


@pytest.fixture(scope="module")
def secure(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A stand-in with a certificate for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    tls = TLS(folder / "server.pem", folder / "server.pem")
    with StandIn(tls=tls, password=PASSWORD) as standin:
        yield standin


def trust(authority: trustme.CA, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client's default certificates be this authority's alone."""
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))


def test_verified(
    secure: StandIn, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the right authority a verify-full connection works, over SQLAlchemy too."""
    trust(authority, tmp_path, monkeypatch)
    arguments = {"ssl": True, "sslmode": "verify-full"}
    engine = sqlalchemy.create_engine(secure.url(), connect_args=arguments)
    with engine.connect() as connection:
        assert connection.scalar(sqlalchemy.text("SELECT 1")) == 1
    engine.dispose()


def test_unknown_authority(
    secure: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate of another authority ends the connection before the password is sent."""
    trust(trustme.CA(), tmp_path, monkeypatch)
    target = Target(secure.url(), "", ssl=True, schema=None)
    with pytest.raises((Error, ssl.SSLError), match=r"(?i)certificate"):
        target.connect(sslmode="verify-full")


def test_wrong_host(
    secure: StandIn, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """verify-full refuses a certificate that names another host."""
    trust(authority, tmp_path, monkeypatch)
    target = Target(secure.url(), "", ssl=True, schema=None)
    with pytest.raises((Error, ssl.SSLError), match=r"(?i)certificate"):
        target.connect(host="127.0.0.1", sslmode="verify-full")


def test_plaintext_server(target: Target, standin: StandIn) -> None:
    """A client that wants TLS does not go on with a server that has none."""
    with pytest.raises(InterfaceError, match=r"(?i)ssl"):
        target.connect(ssl=True)


def test_plaintext_client(secure: StandIn) -> None:
    """A client that wants no TLS gets plain text."""
    Target(secure.url(), "", ssl=False, schema=None).connect().close()
