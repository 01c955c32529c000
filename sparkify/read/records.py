"""The strict check of one piece of an object: whether it is a record, and what is wrong with it."""

import json
import re
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

MAX_RECORD = 4 << 20  # bytes
OVERHEAD = 256  # bytes of memory that a record takes beside its own
VALUES = 500  # in a record, up to which it takes little memory, and is not nested too deep
VALUE = 128  # bytes of memory that DuckDB takes for each value of a record that has more
SHORT = 16  # bytes; pieces up to here are judged once for all that are equal
TOO_DEEP = "depth limit exceeded"  # as orjson says it
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # in JSON, so that a backslash stands in a text


class Fault(NamedTuple):
    """Why something was refused."""

    code: str
    reason: str
    column: str | None = None


class Record(NamedTuple):
    """A piece of an object: its place, its bytes, and its fault if it is no JSON object."""

    line: int  # from 1, where it starts
    offset: int  # bytes, from 0
    raw: bytes
    fault: Fault | None = None


def parse(raw: bytes) -> Any:
    """The value of strict JSON.

    Raises:
        ValueError: it is not JSON, with the reason.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "infinity" not in error.msg:  # 1e400 is JSON, whatever a double can hold
            raise ValueError(str(error)) from None
    try:
        # as float, since Python's whole numbers end at 4,300 digits, and those of JSON do not
        return json.loads(raw, parse_constant=refuse_constant, parse_int=float)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def refuse_constant(name: str) -> None:
    """Refuse NaN and Infinity, which Python takes and JSON does not know."""
    raise ValueError(f"{name} is no JSON")


def judge(raw: bytes) -> Fault | None:
    """What is wrong with one piece, in itself; None if it is a JSON object."""
    return often(raw) if len(raw) <= SHORT else checked(raw)


def checked(raw: bytes) -> Fault | None:
    """What `judge` finds."""
    if len(raw) > MAX_RECORD:
        return Fault("too_large", f"the record is over {MAX_RECORD >> 20} MB")
    try:
        value = parse(raw)
    except ValueError as error:
        return malformed(raw, str(error))
    if not isinstance(value, dict):
        return Fault("not_object", f"a record is a JSON object, this is {kind_of(value)}")
    if b"\\u0000" in raw and NUL.search(raw):
        return Fault("nul", "a text holds a NUL character")
    return None


often = lru_cache(checked)  # rubbish repeats itself


def malformed(raw: bytes, message: str) -> Fault:
    """The fault of bytes that are not JSON, by what the parser said of them."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return Fault("not_utf8", f"byte {error.start} of the record is not UTF-8")
    if "surrogate" in message:
        return Fault("lone_surrogate", "a text holds half of a surrogate pair")
    if message.startswith(TOO_DEEP):
        return Fault("too_deep", "the record is nested more than 1,000 deep")
    if raw == b"[":
        message = "the array that starts here does not end"
    return Fault("malformed", f"not JSON: {message}")


def weight(raw: bytes) -> int:
    """About how many bytes of memory it takes to read a record again."""
    values = sum(map(raw.count, (b",", b"[", b"{"))) if len(raw) > 2 * VALUES else 0
    return len(raw) + OVERHEAD + VALUE * (values if values > VALUES else 0)


def kind_of(value: object) -> str:
    """What JSON calls a value."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def printable(text: bytes | str, most: int = 256) -> str:
    """The start of a text as one that is safe to print, of at most `most` bytes."""
    if isinstance(text, bytes):
        text = text[:most].decode("utf-8", "backslashreplace")
    safe = text
    if not text.isprintable():
        safe = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return safe.encode()[:most].decode("utf-8", "ignore").rstrip()
