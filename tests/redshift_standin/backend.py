"""A session on the real PostgreSQL behind the stand-in."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator

from .protocol import PROTOCOL_VERSION, Message, SqlError, Stream, encode, read_text, text_field

IDLE = b"I"
IN_TRANSACTION = b"T"
FAILED = b"E"

#: Which answers end the exchange that a message of the extended protocol begins.
LAST = {b"P": b"1", b"B": b"2", b"C": b"3", b"D": b"Tn", b"E": b"CIs"}

Row = tuple[str | None, ...]


def read_row(body: bytes) -> Row:
    """The values of a DataRow in text format."""
    (count,) = struct.unpack_from("!h", body)
    offset = 2
    values: list[str | None] = []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, offset)
        offset += 4
        if length < 0:
            values.append(None)
            continue
        values.append(body[offset : offset + length].decode())
        offset += length
    return tuple(values)


class Backend(Stream):
    """One connection (trusted); `status` is I, T or E as ReadyForQuery says."""

    def __init__(self, path: str, user: str, database: str) -> None:
        """Connect to the socket `path`, wait until ready. Raises SqlError, OSError."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(path)
        except OSError:
            connection.close()
            raise
        super().__init__(connection)
        self.status = IDLE
        self.parameters: dict[str, str] = {}
        self.cancel_key = b""
        try:
            self._start(user, database)
        except BaseException:
            self.close()
            raise

    def _start(self, user: str, database: str) -> None:
        pairs = ("user", user, "database", database, "client_encoding", "UTF8")
        body = struct.pack("!i", PROTOCOL_VERSION) + b"".join(map(text_field, pairs)) + b"\0"
        self.send(struct.pack("!i", len(body) + 4) + body)
        for message in self.until_ready():
            if message.kind == b"E":
                raise SqlError.decode(message.body)
            if message.kind == b"S":
                name, offset = read_text(message.body, 0)
                self.parameters[name] = read_text(message.body, offset)[0]
            if message.kind == b"K":
                self.cancel_key = message.body

    def until_ready(self) -> Iterator[Message]:
        """The messages up to ReadyForQuery, which sets `status` and is not among them."""
        while (message := self.receive()).kind != b"Z":
            yield message
        self.status = message.body

    def exchange(self, message: Message) -> Iterator[Message]:
        """Send one message of the extended protocol; its answers, except changed parameters.

        Raises: SqlError; nothing is under way then.
        """
        self.send(message.encode() + encode(b"H"))
        while True:
            answer = self.receive()
            if answer.kind == b"E":
                self.settle()
                raise SqlError.decode(answer.body)
            if answer.kind != b"S":
                yield answer
            if answer.kind in LAST[message.kind]:
                return

    def settle(self) -> None:
        """End a round of the extended protocol (Sync)."""
        self.send(encode(b"S"))
        for _ in self.until_ready():
            pass

    def query(self, sql: str, copy_data: Iterable[bytes] = ()) -> list[Row]:
        """Run a simple query (several statements may be in it); its rows as text.

        Args:
            sql: the text.
            copy_data: what to send when the server asks for COPY data.
        """
        self.send(encode(b"Q", text_field(sql)))
        rows: list[Row] = []
        error: SqlError | None = None
        for message in self.until_ready():
            if message.kind == b"D":
                rows.append(read_row(message.body))
            elif message.kind == b"G":
                for chunk in copy_data:
                    self.send(encode(b"d", chunk))
                self.send(encode(b"c"))
            elif message.kind == b"E":
                error = SqlError.decode(message.body)
        if error:
            raise error
        return rows

    def value(self, sql: str) -> str | None:
        """The first value of the first row, None when there is none."""
        rows = self.query(sql)
        return rows[0][0] if rows else None
