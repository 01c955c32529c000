"""COPY ... FROM 's3://...': from objects of JSON or Parquet to rows; logs as a cluster does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from . import copy_options, json_rows, load_log, parquet_rows
from .addresses import Address
from .backend import Backend
from .context import Context, Emulated, Plan
from .copy_options import CopyOptions
from .copy_source import Source
from .field_values import TYPE_MODIFIER_HEADER, Column, convert
from .json_rows import BadValueError, Getter, Record
from .protocol import SqlError
from .tokens import literal, quoted

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
ROWS_A_CHUNK = 500
COLUMNS = """
    SELECT a.attname, t.typname, a.atttypmod, a.attnotnull, a.attidentity
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@dataclass
class Load:
    """One COPY under way: its rows as PostgreSQL's COPY takes them, and its errors."""

    query_id: int
    copy: CopyOptions
    rows: list[str] = field(default_factory=list)
    errors: list[load_log.LoadError] = field(default_factory=list)
    files: list[load_log.LoadedFile] = field(default_factory=list)
    failed: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether there are as many errors as MAXERROR allows."""
        if "ignoreallerrors" in self.copy:
            return False
        return len(self.errors) >= max(self.copy.number("maxerror"), 1)

    def read(self, address: Address, data: bytes, columns: list[Column], getter: Getter) -> None:
        """Add an object's records, given its bytes, until there are too many errors."""
        if "parquet" in self.copy:
            rows = list(map(_line, parquet_rows.values(address, data, columns, self.copy)))
            self.rows += rows
            self.files.append(load_log.LoadedFile(str(address), len(rows), len(data)))
            return
        text, error = _decode(data, self.copy)
        count = 0
        if error:
            self.errors.append(load_log.LoadError(str(address), 1, "", error))
        for record in json_rows.records(text):
            if self.has_failed:
                break
            if record.line <= self.copy.number("ignoreheader"):
                continue
            count += 1
            try:
                self.rows.append(_row(record, columns, getter, self.copy))
            except BadValueError as bad:
                failure = load_log.LoadError(str(address), record.line, record.text, bad)
                self.errors.append(failure)
        self.files.append(load_log.LoadedFile(str(address), count, len(data)))


def plan(text: str, context: Context) -> Plan:
    """How to run a COPY."""
    copy = copy_options.parse(text)
    return Emulated(lambda context: _run(copy, context))


def _run(copy: CopyOptions, context: Context) -> str:
    with context.transaction() as backend:
        full_name = quoted(copy.schema, copy.table)
        # before anything that takes a snapshot, as Redshift's comes after the lock
        backend.query(f"LOCK TABLE {full_name} IN SHARE ROW EXCLUSIVE MODE")
        columns = _columns(backend, copy, full_name)
        source = Source(copy, context.settings)
        names = [column.name for column in columns]
        getter = list if "parquet" in copy else _getter(copy, source, names)
        load = Load(int(backend.value("SELECT nextval('standin.query_id')") or 0), copy)
        log = load_log.Log(context, load.query_id, copy, full_name)
        try:
            for address, data in source.objects():
                load.read(address, data, columns, getter)
                if load.has_failed:
                    break
            del load.rows[: context.faults.rows_to_lose()]
            _finish(backend, load, columns)
        except SqlError:
            load.failed = True
            load.rows.clear()
            raise
        finally:
            log.write(load.files, load.errors, columns, len(load.rows), failed=load.failed)
            context.remember_copy(load.query_id, len(load.rows))
    count = len(load.rows)
    context.notices.append(
        f"Load into table '{copy.table}' completed, {count} record(s) loaded successfully."
    )
    return "COPY"


def _finish(backend: Backend, load: Load, columns: list[Column]) -> None:
    table = load.copy.table
    if load.has_failed:
        raise SqlError(
            "XX000",
            f"Load into table '{table}' failed.  "
            "Check 'sys_load_error_detail' system table for details.",
        )
    if "noload" in load.copy:
        load.rows.clear()
        return
    full_name = quoted(load.copy.schema, table)
    names = ", ".join(quoted(column.name) for column in columns)
    backend.query(f"COPY {full_name} ({names}) FROM STDIN", _chunks(load.rows))


def _chunks(rows: list[str]) -> Iterator[bytes]:
    for start in range(0, len(rows), ROWS_A_CHUNK):
        yield "".join(rows[start : start + ROWS_A_CHUNK]).encode()


def _columns(backend: Backend, copy: CopyOptions, full_name: str) -> list[Column]:
    rows = backend.query(COLUMNS.format(literal(full_name)))
    known = {
        str(name): Column(
            str(name), str(kind), int(mod or 0) - TYPE_MODIFIER_HEADER, null == "t", identity == "a"
        )
        for name, kind, mod, null, identity in rows
    }
    explicit = "explicit_ids" in copy
    if copy.columns is None:
        return [c for c in known.values() if explicit or not c.always_identity]
    for name in copy.columns:
        if name not in known:
            message = f'column "{name}" of relation "{copy.table}" does not exist'
            raise SqlError("42703", message)
        if known[name].always_identity and not explicit:
            raise SqlError("0A000", "cannot COPY into an IDENTITY column without EXPLICIT_IDS")
    return [known[name] for name in copy.columns]


def _getter(copy: CopyOptions, source: Source, names: list[str]) -> Getter:
    option = copy.text("json")
    if option.startswith("s3://"):
        document = source.read(Address.parse(option)).decode()
        paths = json_rows.by_paths(document, names)
        if paths is not None:
            return paths
    elif option not in ("auto", "auto ignorecase"):
        raise SqlError("XX000", f"Invalid JSON option: {option}")
    return json_rows.by_name(names, option == "auto ignorecase")


def _decode(data: bytes, copy: CopyOptions) -> tuple[str, BadValueError | None]:
    name = copy_options.ENCODINGS[copy.text("encoding", "utf8")]
    try:
        return data.decode("utf-8-sig" if name == "utf-8" else name), None
    except UnicodeDecodeError as error:
        if "acceptinvchars" not in copy:
            sequence = data[error.start : error.end].hex(" ")
            reason = "String contains invalid or unsupported UTF8 codepoints."
            return "", BadValueError(1220, f"{reason} Bad UTF8 hex sequence: {sequence} (error 4)")
        return _replace_invalid(data, copy.text("acceptinvchars")), None


def _replace_invalid(data: bytes, replacement: str) -> str:
    """Every byte that is no UTF-8 becomes one replacement character."""
    text = data.decode("utf-8", "surrogateescape")
    return re.sub(r"[\udc80-\udcff]", lambda match: replacement, text)


def _row(record: Record, columns: list[Column], getter: Getter, copy: CopyOptions) -> str:
    if isinstance(record.value, BadValueError):
        raise record.value
    values = []
    for value, column in zip(getter(record.value), columns, strict=True):
        text = convert(value, column, copy)
        if text is None and column.not_null:
            raise BadValueError(1213, "Missing data for not-null field", column.name)
        values.append(text)
    return _line(values)


def _line(values: Iterable[str | None]) -> str:
    """A row as PostgreSQL's COPY takes it."""
    texts = ("\\N" if value is None else value.translate(ESCAPES) for value in values)
    return "\t".join(texts) + "\n"
