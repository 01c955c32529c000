"""Fault injection: what should go wrong, at which statement.

>>> faults = Faults()
>>> faults.fail(matching="^COPY", code="XX000", message="1023")
>>> faults.drop(nth=3)
>>> faults.hang("^LOCK")
>>> faults.drop_at_commit("after")
>>> faults.lose_row()

Every fault strikes once. Statements are counted from the call that planned the fault, over all
sessions; a statement that runs twice counts twice.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Literal

from .protocol import SqlError

SERIALISATION_DETAIL = "Serializable isolation violation on table in the stand-in (injected fault)"
When = Literal["before", "after"]
Event = Literal["before", "after", "hang"]


class ConnectionDroppedError(Exception):
    """The session has to end here, without an answer to the client."""


class SilentError(Exception):
    """The session says nothing from here on, until the client goes."""


@dataclass
class _Fault:
    """Strikes at the `remaining`-th statement that matches."""

    pattern: re.Pattern[str]
    remaining: int
    error: SqlError | None
    when: Event = "before"

    def strikes(self, statement: str) -> bool:
        if not self.pattern.search(statement):
            return False
        self.remaining -= 1
        return self.remaining == 0


class Faults:
    """Faults that were planned and have not struck yet. Safe to use from any thread."""

    def __init__(self) -> None:
        """No faults."""
        self._lock = threading.Lock()
        self._planned: list[_Fault] = []
        self._rows_to_lose = 0

    def fail(
        self,
        matching: str = "",
        *,
        nth: int = 1,
        code: str = "XX000",
        message: str = "1023",
        detail: str = SERIALISATION_DETAIL,
    ) -> None:
        """Answer the n-th statement that matches with an error instead of running it.

        Args:
            matching: a regular expression, searched for anywhere, case ignored.
            nth: 1 is the next one.
            code: the SQLSTATE; message and detail: as Redshift words a serialisation failure.
        """
        self._plan(_Fault(_pattern(matching), nth, SqlError(code, message, detail)))

    def drop(self, matching: str = "", *, nth: int = 1, when: When = "before") -> None:
        """Close the connection before, or after, running the n-th statement that matches."""
        self._plan(_Fault(_pattern(matching), nth, None, when))

    def hang(self, matching: str = "", *, nth: int = 1) -> None:
        """Say nothing more from the n-th statement that matches on, and keep the connection."""
        self._plan(_Fault(_pattern(matching), nth, None, "hang"))

    def drop_at_commit(self, when: When) -> None:
        """Close the connection at the next COMMIT, before or after it has taken effect."""
        self.drop(r"^\s*(commit|end)\b", when=when)

    def lose_row(self, rows: int = 1) -> None:
        """Let the next COPY load so many rows fewer than it counts in its files."""
        with self._lock:
            self._rows_to_lose = rows

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._planned.clear()
            self._rows_to_lose = 0

    @property
    def pending(self) -> int:
        """How many faults have not struck."""
        with self._lock:
            return len(self._planned) + bool(self._rows_to_lose)

    def rows_to_lose(self) -> int:
        """For COPY: how many rows to lose now; asking spends the fault."""
        with self._lock:
            rows, self._rows_to_lose = self._rows_to_lose, 0
            return rows

    def before(self, statement: str) -> bool:
        """For the session: strike before `statement` runs, or say that it drops afterwards.

        Raises: SqlError, ConnectionDroppedError.
        """
        with self._lock:
            struck = [fault for fault in self._planned if fault.strikes(statement)]
            self._planned = [fault for fault in self._planned if fault not in struck]
        for fault in struck:
            if fault.error:
                raise fault.error
            if fault.when == "hang":
                raise SilentError
            if fault.when == "before":
                raise ConnectionDroppedError
        return bool(struck)

    def _plan(self, fault: _Fault) -> None:
        with self._lock:
            self._planned.append(fault)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
