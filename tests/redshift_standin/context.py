"""What a statement's plan may use: the session, the server's settings, its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from .backend import FAILED, IDLE, Backend
from .faults import Faults
from .protocol import SqlError

Isolation = Literal["snapshot", "serializable"]
Form = Literal["provisioned", "multi-az", "serverless"]

#: How the names of system tables start that a form does not show (cm_chap_system-tables): Multi-AZ
#: has SYS_ and SVV_ views alone; on serverless an ordinary user may read no more, either.
HIDDEN: dict[Form, tuple[str, ...]] = {
    "provisioned": (),
    "multi-az": ("stl_", "stv_", "svl_", "svcs_"),
    "serverless": ("stl_", "stv_", "svl_", "svcs_", "svv_table_info"),
}


@dataclass(frozen=True)
class Settings:
    """How the stand-in was started; see StandIn."""

    s3_endpoint: str | None = None
    iam_roles: frozenset[str] = frozenset()
    region: str = "us-west-2"
    slices: int = 2
    isolation: Isolation = "snapshot"
    form: Form = "provisioned"
    elsewhere: list[str] = field(default_factory=list)  # what was read that a form does not show


@dataclass
class Context:
    """One client's session as the statements see it.

    open_backend opens another session, for what has to survive a rollback.
    """

    backend: Backend
    settings: Settings
    faults: Faults
    open_backend: Callable[[], Backend]
    notices: list[str] = field(default_factory=list)
    _last_copy: tuple[int, int] | None = None

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open."""
        return self.backend.status != IDLE

    @property
    def failed(self) -> bool:
        """Whether the transaction has to be rolled back."""
        return self.backend.status == FAILED

    @contextmanager
    def transaction(self) -> Iterator[Backend]:
        """All or nothing: the open transaction, or one of its own around the block."""
        if self.in_transaction:
            yield self.backend
            return
        self.backend.query("BEGIN")
        try:
            yield self.backend
        except BaseException:
            self.backend.query("ROLLBACK")
            raise
        self.backend.query("COMMIT")

    def remember_copy(self, query_id: int, rows: int) -> None:
        """What pg_last_copy_id() and pg_last_copy_count() give from now on."""
        self._last_copy = query_id, rows
        if not self.failed:
            self._write_last_copy(query_id, rows)

    def transaction_ended(self) -> None:
        """A rollback takes settings back, but a COPY stays the last one."""
        if self._last_copy:
            self._write_last_copy(*self._last_copy)
            self._last_copy = None

    def _write_last_copy(self, query_id: int, rows: int) -> None:
        self.backend.query(f"SET standin.copy_id = '{query_id}'; SET standin.copy_count = '{rows}'")

    def refuse_in_transaction(self, statement: str) -> None:
        """Raise SqlError 25001 when a transaction block is open."""
        if self.in_transaction:
            raise SqlError("25001", f"{statement} cannot run inside a transaction block")


@dataclass(frozen=True)
class Relay:
    """A statement PostgreSQL runs: its text, and the tables it writes (locked as Redshift does)."""

    sql: str
    writes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Emulated:
    """A statement the stand-in runs; `run` gives the command tag. It returns no rows."""

    run: Callable[[Context], str]


Plan = Relay | Emulated
