"""UNLOAD ... TO 's3://...' FORMAT PARQUET PARALLEL OFF: the rows of a query as one object."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from .addresses import Address
from .backend import Backend
from .context import Context, Emulated, Plan
from .copy_options import CopyOptions, read_authorisation
from .copy_source import Source
from .errors import lacks, not_in_manual
from .protocol import SqlError
from .queries import compile_query
from .tokens import Tokens
from .words import words

FLAGS = words("allowoverwrite cleanpath")
#: Options that the manual does not allow with PARQUET.
NOT_WITH_PARQUET = words("addquotes bzip2 delimiter escape fixedwidth gzip header null zstd")
LACKING = words("csv extension json manifest maxfilesize partition rowgroupsize")
#: PostgreSQL's types in DuckDB's words, which writes the file.
TYPES = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "varchar": "VARCHAR",
    "text": "VARCHAR",
    "bpchar": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
RESULT = "standin_unloaded"
COLUMNS = f"""
    SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = '{RESULT}'::regclass AND a.attnum > 0 ORDER BY a.attnum
"""


@dataclass
class Unload:
    """An UNLOAD as it was written; `given` holds the options' names in lower case."""

    select: str
    target: Address
    place: CopyOptions
    given: set[str] = field(default_factory=set)
    kms_key: str | None = None


def plan(text: str, context: Context) -> Plan:
    """How to run an UNLOAD. Raises SqlError."""
    unload = parse(text)
    query = compile_query(unload.select, context)
    return Emulated(lambda context: _run(unload, query, context))


def parse(text: str) -> Unload:
    """Read an UNLOAD. Raises SqlError."""
    tokens = Tokens(text)
    tokens.expect("unload")
    tokens.expect("(")
    select = tokens.string()
    tokens.expect(")")
    tokens.expect("to")
    place = CopyOptions(None, "", None, tokens.string())
    unload = Unload(select, Address.parse(place.source), place)
    while not tokens.done:
        if not read_authorisation(tokens, place):
            _option(tokens, unload)
    _check(unload)
    return unload


def _option(tokens: Tokens, unload: Unload) -> None:
    if tokens.accept("format"):
        tokens.accept("as")
    name = tokens.word() or ""
    if name in unload.given:
        raise SqlError("42601", f"conflicting or redundant options: {name.upper()}")
    if name in LACKING:
        raise lacks(f"UNLOAD ... {name.upper()}")
    if name in NOT_WITH_PARQUET:
        raise not_in_manual(f"{name.upper()} together with PARQUET")
    if name not in FLAGS | {"parquet", "parallel", "region", "encrypted", "kms_key_id"}:
        raise tokens.error()
    tokens.take()
    unload.given.add(name)
    if name == "parallel" and not (tokens.accept("off") or tokens.accept("false")):
        raise lacks("UNLOAD ... PARALLEL ON")
    if name == "encrypted" and tokens.accept("auto"):
        raise lacks("UNLOAD ... ENCRYPTED AUTO")
    if name == "kms_key_id":
        unload.kms_key = tokens.string()
    if name == "region":
        tokens.accept("as")
        unload.place.options["region"] = tokens.string()


def _check(unload: Unload) -> None:
    if unload.place.role is None:
        raise SqlError("42601", "UNLOAD needs an authorization clause: IAM_ROLE")
    if "parquet" not in unload.given:
        raise lacks("UNLOAD in a format other than PARQUET (no format is delimited text)")
    if "parallel" not in unload.given:
        raise lacks("UNLOAD ... PARALLEL ON")
    if ("encrypted" in unload.given) != ("kms_key_id" in unload.given):
        raise not_in_manual("ENCRYPTED of PARQUET without KMS_KEY_ID, or the other way round")
    if unload.given >= FLAGS:
        raise not_in_manual("CLEANPATH together with ALLOWOVERWRITE")
    tree = sqlglot.parse_one(unload.select, read="redshift")
    if not isinstance(tree, exp.Query):
        raise not_in_manual("UNLOAD of what is no SELECT")
    if tree.args.get("limit"):
        raise not_in_manual("LIMIT in the outer SELECT of UNLOAD", "0A000")


def _run(unload: Unload, query: str, context: Context) -> str:
    source = Source(unload.place, context.settings)
    with context.transaction() as backend:
        content = _parquet(backend, query)
    source.write(unload.target, "000.parquet", content, unload.given, unload.kms_key)
    context.notices.append("UNLOAD completed, 1 file(s) unloaded successfully.")
    return "UNLOAD"


def _parquet(backend: Backend, query: str) -> bytes:
    """The rows of a query as a Parquet file."""
    backend.query(f"CREATE TEMP TABLE {RESULT} AS {query}")
    try:
        types = {str(name): _type(str(kind)) for name, kind in backend.query(COLUMNS)}
        rows = backend.query(f"SELECT * FROM {RESULT}")
    finally:
        backend.query(f"DROP TABLE {RESULT}")
    records = json.dumps([dict(zip(types, row, strict=True)) for row in rows])
    return _written(records, types)


def _written(records: str, types: dict[str, str]) -> bytes:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "000.parquet"
        parameters: dict[str, Any] = {"rows": records, "types": json.dumps([types])}
        connection.execute(
            "CREATE TABLE unloaded AS SELECT unnest(from_json($rows, $types), recursive := true)",
            parameters,
        )
        connection.execute("COPY unloaded TO $path (FORMAT parquet)", {"path": str(path)})
        return path.read_bytes()


def _type(kind: str) -> str:
    if kind not in TYPES:
        raise lacks(f"UNLOAD of a column of type {kind}")
    return TYPES[kind]
