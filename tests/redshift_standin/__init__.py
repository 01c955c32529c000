"""The stand-in: a test server that plays Amazon Redshift. README.md says how far it goes."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from .backend import Backend
from .context import Form, Isolation, Settings
from .faults import Faults
from .postgres import Postgres
from .server import Server
from .template import DATABASE, SUPERUSER
from .tokens import literal

__all__ = ["TLS", "Faults", "StandIn"]

ISOLATION_LEVELS = {"snapshot": "repeatable read", "serializable": "serializable"}
READ_COMMITTED = "SET default_transaction_isolation = 'read committed'"
ISOLATION_NAMES = {"snapshot": "Snapshot Isolation", "serializable": "Serializable"}

MAINTENANCE = "template1"  # a database of PostgreSQL's own: one that is replaced has no sessions
KEPT = "kept"
STRATEGY = "FILE_COPY"


@dataclass(frozen=True)
class TLS:
    """The server's certificate chain and its key: paths of PEM files."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """For the server's side of a connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class StandIn:
    """A running stand-in; a context manager. Nothing of it is left when it ends.

    >>> with StandIn(s3_endpoint="http://127.0.0.1:5555") as standin:
    ...     standin.url().partition("@")[0]
    'redshift+redshift_connector://awsuser:S3cr3t-Passw0rd'
    """

    def __init__(
        self,
        *,
        s3_endpoint: str | None = None,
        iam_roles: Iterable[str] = (),
        password: str = "S3cr3t-Passw0rd",
        region: str = "us-west-2",
        slices: int = 2,
        tls: TLS | None = None,
        isolation: Isolation = "snapshot",
        form: Form = "provisioned",
    ) -> None:
        """Nothing starts yet.

        Args:
            s3_endpoint: URL of the S3 that COPY reads; without one COPY is refused.
            iam_roles: the ARNs COPY may name; the first set is the default role, too.
            password: of the only user, awsuser.
            region: the cluster's; a bucket elsewhere needs COPY's REGION.
            slices: rows of STV_SLICES.
            tls: without it the server speaks plain text only.
            isolation: "snapshot" or "serializable".
            form: "provisioned", "multi-az", or "serverless" with an ordinary user: which system
                tables can be read.
        """
        roles = frozenset(iam_roles)
        self._settings = Settings(s3_endpoint, roles, region, slices, isolation, form)
        self._password = password
        self._tls = tls
        self._stack = ExitStack()
        self._server: Server | None = None
        self._postgres: Postgres | None = None
        self._admin: Backend | None = None
        self.kept = False  # whether `keep` was called
        self.user = SUPERUSER
        self.database = DATABASE

    def __enter__(self) -> Self:
        """Start. Raises RuntimeError when PostgreSQL does not."""
        with ExitStack() as stack:
            postgres = Postgres(ISOLATION_LEVELS[self._settings.isolation])
            stack.callback(postgres.stop)
            self._postgres = postgres
            self._admin = self._prepare(postgres)
            stack.callback(self._close_admin)
            tls = self._tls.context() if self._tls else None
            self._server = Server(postgres.connect, DATABASE, self._settings, tls)
            self._server.password = self._password
            stack.callback(self._server.close)
            self.folder = postgres.folder
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every session and the server."""
        self._stack.close()

    @property
    def host(self) -> str:
        """The name to connect to: that of the certificate when there is one."""
        return "localhost" if self._tls else "127.0.0.1"

    @property
    def port(self) -> int:
        """The TCP port."""
        return self._running.port

    def url(self, *, database: str | None = None, password: str | None = None) -> str:
        """A SQLAlchemy URL, redshift+redshift_connector://…, with the password in it.

        It carries no `ssl`: pass connect_args={"ssl": …}, in a URL it would be a string.
        """
        secret = quote(password or self._running.password, safe="")
        where = f"{self.host}:{self.port}/{database or self.database}"
        return f"redshift+redshift_connector://{self.user}:{secret}@{where}"

    @property
    def statements(self) -> list[str]:
        """The text of every statement received since the start or the last reset, in order."""
        return self._running.statements

    @property
    def elsewhere(self) -> list[str]:
        """The system tables that were read, and that some form does not show."""
        return self._settings.elsewhere

    @property
    def faults(self) -> Faults:
        """What should go wrong next."""
        return self._running.faults

    @property
    def password(self) -> str:
        """The password that is valid now."""
        return self._running.password

    def set_password(self, password: str) -> None:
        """Let the former password expire: sessions stay, new ones need the new password."""
        self._running.password = password

    def limit_silence(self, seconds: float | None) -> None:
        """Drop connections from now on that send nothing for so long, as a NAT gateway would."""
        self._running.idle_limit = seconds

    def set_certificate(self, tls: TLS) -> None:
        """Present another certificate from now on."""
        self._running.tls = tls.context()

    def disconnect_all(self) -> None:
        """End every session, as a restart of the cluster would."""
        self._running.disconnect_all()

    def reset(self) -> None:
        """As new: no sessions, tables, schemas, statements or faults, the first password."""
        self._begin_anew()
        assert self._admin is not None
        self._admin.query("SELECT standin.reset()")

    def keep(self) -> None:
        """Keep what the database holds now for `restore`."""
        self._running.disconnect_all()
        self._replace(KEPT, DATABASE)
        self.kept = True

    def restore(self) -> None:
        """As new, but with the tables and rows that were kept."""
        self._begin_anew()
        self._replace(DATABASE, KEPT)

    def _begin_anew(self) -> None:
        server = self._running
        server.disconnect_all()
        server.faults.clear()
        server.statements.clear()
        self.elsewhere.clear()
        server.password = self._password
        server.idle_limit = None
        server.tls = self._tls.context() if self._tls else None

    def _replace(self, database: str, by: str) -> None:
        """Put a copy of one database in the place of another; nobody may be connected to them."""
        assert self._postgres is not None
        self._close_admin()
        with closing(self._postgres.connect(MAINTENANCE)) as control:
            control.query(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            control.query(f"CREATE DATABASE {database} TEMPLATE {by} STRATEGY {STRATEGY}")
        self._admin = self._postgres.connect()
        self._admin.query(READ_COMMITTED)

    def _close_admin(self) -> None:
        if self._admin is not None:
            self._admin.close()

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the stand-in has not been started")
        return self._server

    def _prepare(self, postgres: Postgres) -> Backend:
        admin = postgres.connect()
        admin.query(READ_COMMITTED)
        isolation = ISOLATION_NAMES[self._settings.isolation]
        values = f"{self._settings.slices}, {literal(isolation)}"
        admin.query(f"INSERT INTO standin.settings VALUES ({values})")
        return admin
