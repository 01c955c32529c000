"""One client's session: statements in the extended protocol, the only one the driver speaks.

A statement is parsed, described, bound and executed by messages of their own; Sync ends a round.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from . import protocol, statements
from .backend import IN_TRANSACTION, Backend
from .context import Context, Plan, Relay
from .errors import as_redshift
from .faults import ConnectionDroppedError, SilentError
from .protocol import Message, SqlError, Stream, encode, read_text, text_field


@dataclass
class _Prepared:
    text: str
    plan: Plan


@dataclass
class Session:
    """Serves one logged-in client until it goes. `heard` is called with every statement."""

    stream: Stream
    context: Context
    heard: Callable[[str], None]
    _prepared: dict[str, _Prepared] = field(default_factory=dict)
    _portals: dict[str, _Prepared] = field(default_factory=dict)
    _locked: set[str] = field(default_factory=set)
    _mute: bool = False

    @property
    def _backend(self) -> Backend:
        return self.context.backend

    def serve(self) -> None:
        """Answer until the client says goodbye. Raises ConnectionError, ConnectionDroppedError."""
        handlers = {
            b"P": self._parse,
            b"B": self._bind,
            b"D": self._describe,
            b"E": self._execute,
            b"C": self._close,
        }
        while (message := self.stream.receive()).kind != b"X":
            if message.kind == b"S":
                self._sync()
            elif message.kind in handlers:
                try:
                    handlers[message.kind](message)
                except SqlError as error:
                    self._fail(error)
                    self._skip_to_sync()
                except SilentError:
                    while self.stream.receive().kind != b"X":
                        pass
                    return

    def _parse(self, message: Message) -> None:
        name, offset = read_text(message.body, 0)
        text, offset = read_text(message.body, offset)
        plan = self._plan(text)
        self._prepared[name] = _Prepared(text, plan)
        if isinstance(plan, Relay):
            try:
                # here, because to parse takes a snapshot, and Redshift's comes after the lock
                self._lock_for_writing(plan)
                body = text_field(name) + text_field(plan.sql) + message.body[offset:]
                self._ask(Message(b"P", body))
            except SqlError:
                self.heard(text)
                raise
        else:
            self._send(encode(b"1"))

    def _bind(self, message: Message) -> None:
        portal, offset = read_text(message.body, 0)
        name, _ = read_text(message.body, offset)
        if name not in self._prepared:
            raise SqlError("26000", f'prepared statement "{name}" does not exist')
        self._portals[portal] = self._prepared[name]
        plan = self._prepared[name].plan
        if isinstance(plan, Relay):
            # for a statement parsed earlier; to lock after this would close the portal
            self._lock_for_writing(plan)
            self._ask(message)
        else:
            self._send(encode(b"2"))

    def _describe(self, message: Message) -> None:
        known = self._prepared if message.body[:1] == b"S" else self._portals
        named = known.get(read_text(message.body, 1)[0])
        if named is None or isinstance(named.plan, Relay):
            self._ask(message)
            return
        if message.body[:1] == b"S":
            self._send(encode(b"t", b"\0\0"))
        self._send(encode(b"n"))

    def _execute(self, message: Message) -> None:
        portal = self._portals.get(read_text(message.body, 0)[0])
        if portal is None:
            raise SqlError("34000", "portal does not exist")
        self._run(portal, message)

    def _close(self, message: Message) -> None:
        if message.body[:1] == b"S":
            named = self._prepared.pop(read_text(message.body, 1)[0], None)
            if named is not None and not isinstance(named.plan, Relay):
                self._send(encode(b"3"))
                return
        self._ask(message)

    def _sync(self) -> None:
        self._backend.settle()
        self._send(self._ready())

    def _skip_to_sync(self) -> None:
        while (message := self.stream.receive()).kind != b"S":
            if message.kind == b"X":
                raise ConnectionError("the client left")
        self._send(self._ready())

    def _ask(self, message: Message) -> None:
        """Pass one message on and its answers back. Raises SqlError."""
        for answer in self._backend.exchange(message):
            self._send(answer.encode())

    def _plan(self, text: str) -> Plan:
        try:
            return statements.plan(text, self.context)
        except SqlError:
            self.heard(text)
            raise

    def _run(self, prepared: _Prepared, message: Message) -> None:
        self.heard(prepared.text)
        drop_afterwards = self.context.faults.before(prepared.text)
        if self.context.failed and not statements.ends_transaction(prepared.text):
            reason = "commands ignored until end of transaction block"
            raise SqlError("25P02", f"current transaction is aborted, {reason}")
        if not drop_afterwards:
            self._carry_out(prepared.plan, message)
            return
        self._mute = True
        with suppress(SqlError):
            self._carry_out(prepared.plan, message)
            self._backend.settle()
        raise ConnectionDroppedError

    def _carry_out(self, plan: Plan, message: Message) -> None:
        if isinstance(plan, Relay):
            self._ask(message)
            return
        tag = plan.run(self.context)
        self._send_notices()
        self._send(protocol.command_complete(tag))

    def _lock_for_writing(self, plan: Relay) -> None:
        """One transaction at a time writes to a table; readers are not kept out."""
        if self._backend.status != IN_TRANSACTION:
            return
        for table in plan.writes:
            if table not in self._locked:
                self._backend.query(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
                self._locked.add(table)

    def _send_notices(self) -> None:
        for text in self.context.notices:
            self._send(protocol.notice(text))
        self.context.notices.clear()

    def _fail(self, error: SqlError) -> None:
        """Report an error; a transaction block has failed with it."""
        self._send_notices()
        if self._backend.status == IN_TRANSACTION:
            self._backend.settle()
        if self._backend.status == IN_TRANSACTION:
            with suppress(SqlError):
                self._backend.query("SELECT pg_catalog.standin_fail()")
        self._send(as_redshift(error).encode())

    def _send(self, data: bytes) -> None:
        if not self._mute:
            self.stream.send(data)

    def _ready(self) -> bytes:
        if not self.context.in_transaction:
            self._locked.clear()
            self.context.transaction_ended()
        return encode(b"Z", self._backend.status)
