"""From the text of a file to the values of rows: JSON 'auto', 'auto ignorecase', JSONPaths."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from .protocol import SqlError

BLANK = re.compile(r"[ \t\r\n]*")
STEP = re.compile(r"\.(?P<dotted>[^.'\[\]*?@]+)|\['(?P<name>(?:[^'\\]|\\.)*)'\]|\[(?P<index>\d+)\]")
LARGEST_VALUE = 4 * 1024 * 1024

Getter = Callable[[Any], list[Any]]
Path = list[str | int]


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


class BadValueError(Exception):
    """A record, or a field of it, that COPY refuses: code and reason of its error log."""

    def __init__(self, code: int, reason: str, column: str = "", raw: str = "", position: int = 0):
        """Args: raw: the field's text; position: where in it, 0-based."""
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.column = column
        self.raw = raw
        self.position = position


@dataclass(frozen=True)
class Record:
    """A JSON value, its text, and the 1-based line on which it ends (as the manual counts)."""

    value: Any
    text: str
    line: int


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_refuse_constant)


def records(text: str) -> Iterator[Record]:
    """The objects and arrays of a file; what is neither has a BadValueError for a value."""
    place, line, counted = 0, 1, 0
    while (place := _skip_blank(text, place)) < len(text):
        try:
            if text[place] not in "{[":
                raise ValueError("neither an object nor an array")
            value, end = _DECODER.raw_decode(text, place)
            if end - place > LARGEST_VALUE:
                raise SqlError("XX000", "the JSON value exceeds 4 MB")
        except (ValueError, RecursionError):
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            value = BadValueError(1200, "Invalid JSON: no well-formed object or array found")
        line += text.count("\n", counted, end)
        counted = end
        yield Record(value, text[place:end], line)
        place = end


def _skip_blank(text: str, place: int) -> int:
    match = BLANK.match(text, place)
    return match.end() if match else place


def as_text(value: Any) -> str:
    """A JSON value as the text a column gets."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k, ensure_ascii=False)}:{_nested(v)}" for k, v in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_nested, value)) + "]"
    return json.dumps(value)


def _nested(value: Any) -> str:
    if isinstance(value, str) and not isinstance(value, Number):
        return json.dumps(value, ensure_ascii=False)
    return as_text(value)


def by_name(columns: list[str], ignore_case: bool) -> Getter:
    """'auto': keys are matched to column names; a missing key is NULL."""

    def values(record: Any) -> list[Any]:
        if not isinstance(record, dict):
            raise BadValueError(1200, "a JSON array needs a JSONPaths file")
        fields = {k.lower(): v for k, v in record.items()} if ignore_case else record
        return [fields.get(column) for column in columns]

    return values


def by_paths(document: str, columns: list[str]) -> Getter | None:
    """JSONPaths: the n-th path is the n-th column's; None when the file holds no jsonpaths."""
    try:
        content = json.loads(document)
    except ValueError as error:
        raise SqlError("XX000", "Invalid JSONPath format: the file is not one object") from error
    if not isinstance(content, dict):
        raise SqlError("XX000", "Invalid JSONPath format: the file is not one object")
    if "jsonpaths" not in content:
        return None
    expressions = content["jsonpaths"]
    if not all(isinstance(e, str) and e for e in expressions):
        raise SqlError("XX000", "Invalid JSONPath format: an element is empty or no string")
    if len(expressions) != len(columns):
        message = "Number of jsonpaths and the number of columns should match. JSONPath size: "
        raise SqlError("XX000", f"{message}{len(expressions)}, number of columns: {len(columns)}")
    dotted = {"." in re.sub(r"\['.*?'\]", "", e) for e in expressions if e != "$"}
    bracketed = {"['" in e for e in expressions}
    if True in dotted and True in bracketed:
        raise SqlError("XX000", "Invalid JSONPath format: bracket and dot notation are mixed")
    paths = [parse_path(e) for e in expressions]
    return lambda record: [_walk(record, path) for path in paths]


def parse_path(expression: str) -> Path:
    """The steps of a JSONPath: names and 0-based indexes. Raises SqlError."""
    place, steps = 1, list[str | int]()
    while expression.startswith("$") and place < len(expression):
        match = STEP.match(expression, place)
        if not match:
            break
        place = match.end()
        index = match["index"]
        steps.append(int(index) if index is not None else match["dotted"] or match["name"])
    if not expression.startswith("$") or place < len(expression):
        detail = "wildcards and filters are not supported"
        raise SqlError("XX000", f"Invalid JSONPath format: {expression}", detail)
    return steps


def _walk(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                message = "Invalid JSONPath format: Not an array or index out of range."
                raise SqlError("XX000", message)
            value = value[step]
        elif not isinstance(value, dict) or step not in value:
            return None
        else:
            value = value[step]
    return value
