"""Records and lakes for tests: plain, complete, and easy to vary."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sparkify import warehouses
from sparkify.config import load
from sparkify.models import KINDS, PUBLISHED, File, RejectRow, table
from sparkify.read.rules import fields_of

NOON = 1_541_073_600_000  # 2018-11-01 12:00:00 UTC, in ms since the epoch
DIRECTORY = {"songs": "song_data", "events": "log_data"}


def event(**fields: Any) -> dict[str, Any]:
    """A play with all its fields, some of them changed; None leaves a field out."""
    record = {
        "artist": "Björk",
        "auth": "Logged In",
        "firstName": "Chloe",
        "gender": "F",
        "itemInSession": 0,
        "lastName": "Cuevas",
        "length": 254.5,
        "level": "free",
        "location": "San Francisco-Oakland-Hayward, CA",
        "method": "PUT",
        "page": "NextSong",
        "registration": 1540919166796.0,
        "sessionId": 38,
        "song": "Jóga",
        "status": 200,
        "ts": NOON,
        "userAgent": '"Mozilla/5.0 (X11; Linux x86_64)"',
        "userId": "49",
    }
    return {name: value for name, value in (record | fields).items() if value is not None}


def song(**fields: Any) -> dict[str, Any]:
    """A song with all its fields, some of them changed; None leaves a field out."""
    record = {
        "num_songs": 1,
        "artist_id": "AR1",
        "artist_latitude": 64.1,
        "artist_longitude": -21.9,
        "artist_location": "Reykjavík",
        "artist_name": "Björk",
        "song_id": "SO1",
        "title": "Jóga",
        "duration": 254.5,
        "year": 1997,
    }
    return {name: value for name, value in (record | fields).items() if value is not None}


def lines(records: Iterable[Any]) -> bytes:
    """Records as newline-delimited JSON; bytes among them stand as they are."""
    texts = (r if isinstance(r, bytes) else json.dumps(r).encode() for r in records)
    return b"".join(text + b"\n" for text in texts)


def put(lake: Path, kind: str, name: str, *records: Any) -> Path:
    """Write one object of a lake; a single bytes value is its whole content."""
    path = lake / DIRECTORY[kind] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = len(records) == 1 and isinstance(records[0], bytes)
    path.write_bytes(records[0] if whole else lines(records))
    return path


def rows(url: str, source: sa.Table | str) -> list[tuple[Any, ...]]:
    """The rows of a table or of a SELECT, in an order of their own."""
    (found,) = rows_of(url, source)
    return found


def rows_of(url: str, *sources: sa.Table | str) -> list[list[tuple[Any, ...]]]:
    """The rows of each of several, all over one connection: to connect is what takes the time."""
    statements = [sa.text(one) if isinstance(one, str) else sa.select(one) for one in sources]
    with warehouses.connect(url, load()) as warehouse, warehouse.reading(0) as connection:
        found = [connection.execute(statement).all() for statement in statements]
    return [sorted((tuple(row) for row in each), key=repr) for each in found]


def star(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every star table's rows."""
    tables = [table(model) for model in PUBLISHED]
    return dict(zip((each.name for each in tables), rows_of(url, *tables), strict=True))


def staging(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """The staging tables' rows, without what says when they were loaded."""
    fields = {kind: [field.name for field in fields_of(kind)] for kind in KINDS}
    found = rows_of(
        url,
        *(
            f"SELECT {', '.join([*names, 'uri', 'repaired'])} FROM staging.staging_{kind}"
            for kind, names in fields.items()
        ),
    )
    return dict(zip(KINDS, found, strict=True))


def rejects(url: str) -> list[dict[str, Any]]:
    """The refused records, without the load."""
    names = [c.name for c in table(RejectRow).columns if c.name != "file_id"]
    found = rows(url, f"SELECT {', '.join(names)} FROM staging.rejects")
    return [dict(zip(names, row, strict=True)) for row in found]


def files(url: str) -> dict[str, tuple[int, int]]:
    """Of each known object, by its name, the records and the rejects."""
    c = table(File).columns
    found = rows(url, str(sa.select(c.uri, c.records, c.rejects)))
    return {Path(uri).name: (records, refused) for uri, records, refused in found}
