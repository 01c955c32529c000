"""What COPY writes down for the system views. It is written by a session of its own: the log
stays when the transaction is rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass

from .backend import Backend
from .context import Context
from .copy_options import CopyOptions
from .field_values import Column
from .json_rows import BadValueError
from .tokens import literal

SUPERUSER_ID = 100
LATE = 0.2  # seconds until the SYS views show what was logged
SHOWN_FROM = f"clock_timestamp() + interval '{LATE} s'"


@dataclass(frozen=True)
class LoadError:
    """A refused record: the file, the line on which it ends, its text, and why."""

    file: str
    line: int
    text: str
    bad: BadValueError


@dataclass(frozen=True)
class LoadedFile:
    """A file that was read: its records and its size in bytes, decompressed."""

    file: str
    records: int
    octets: int


class Log:
    """The log of one COPY."""

    def __init__(self, context: Context, query_id: int, copy: CopyOptions, full_name: str) -> None:
        """Args: full_name: the table's name in quotes."""
        self._context = context
        self._query_id = query_id
        self._copy = copy
        self._relation = (
            context.backend.value(f"SELECT {literal(full_name)}::regclass::oid")
            if (not context.failed)
            else None
        )
        self._session = context.backend.value("SELECT pg_backend_pid()")
        self._sys_query_id = context.backend.value("SELECT nextval('standin.sys_query_id')")

    def write(
        self,
        files: list[LoadedFile],
        errors: list[LoadError],
        columns: list[Column],
        rows: int,
        *,
        failed: bool,
    ) -> None:
        """Write everything down: for all to see, and for this transaction, whose snapshot is older.

        A cluster's logs are in no snapshot; the views leave out what is there twice.
        """
        backend = self._context.open_backend()
        places = [(backend, "")]
        if self._context.in_transaction and not self._context.failed:
            places.append((self._context.backend, "own_"))
        try:
            for each, prefix in places:
                self._write_errors(each, prefix, errors, {c.name: c for c in columns})
                self._write_files(each, prefix, files)
                status = "failed" if failed else "completed"
                self._write_summary(each, prefix, files, (status, rows, len(errors)))
        finally:
            backend.close()

    def _write_errors(
        self, backend: Backend, prefix: str, errors: list[LoadError], columns: dict[str, Column]
    ) -> None:
        for error in errors:
            bad = error.bad
            column = columns.get(bad.column)
            is_text = column is not None and column.type in ("varchar", "bpchar")
            texts = (
                error.file[:256],
                bad.column,
                column.type[:10] if column else "",
                str(column.octets) if column and is_text else "",
                _shown(error.text),
                _shown(bad.raw),
                bad.reason[:100],
            )
            file, name, kind, length, line, raw, reason = map(literal, texts)
            backend.query(
                f"INSERT INTO standin.{prefix}load_errors VALUES ("
                f"{SUPERUSER_ID}, 0, {self._relation or 0}, timezone('UTC', clock_timestamp()), "
                f"{self._session}, "
                f"{self._query_id}, {file}, {error.line}, {name}, {kind}, {length}, "
                f"{bad.position}, {line}, {raw}, {bad.code}, {reason}, "
                f"{self._sys_query_id}, {SHOWN_FROM})"
            )

    def _write_files(self, backend: Backend, prefix: str, files: list[LoadedFile]) -> None:
        for file in files:
            backend.query(
                f"INSERT INTO standin.{prefix}load_commits VALUES "
                f"({SUPERUSER_ID}, {self._query_id}, 0, {literal(file.file[:256])}, "
                f"{file.records}, timezone('UTC', now()), 1)"
            )

    def _write_summary(
        self,
        backend: Backend,
        prefix: str,
        files: list[LoadedFile],
        outcome: tuple[str, int, int],
    ) -> None:
        status, rows, errors = outcome
        octets = sum(file.octets for file in files)
        now = "timezone('UTC', clock_timestamp())"
        backend.query(
            f"INSERT INTO standin.{prefix}loads VALUES "
            f"({self._query_id}, {literal(self._copy.table)}, "
            f"{literal(self._copy.source)}, {literal(status)}, {rows}, {octets}, {len(files)}, "
            f"{errors}, '', {now}, {now}, {self._session}, {self._sys_query_id}, {SHOWN_FROM})"
        )


def _shown(text: str) -> str:
    return text[:1024].replace("\0", "").encode("utf-8", "replace").decode()
