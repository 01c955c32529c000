"""Values mean the same to COPY straight from the lake as to the reader: rows, rejects, codes."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparkify import pipeline
from sparkify.read.conditions import NOTATION
from sparkify.read.rules import fields_of
from sparkify.warehouses.redshift import values
from tests.factory import event, rejects, rows, song
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import LOST_SOCKETS

pytestmark = pytest.mark.filterwarnings(LOST_SOCKETS)

NUMBERS = [
    "0", "-0", "7", "39.0", "39.5", "-39.0", "1e3", "1.5e3", "1.55e1", "100e-2", "1e-2",
    "1e003", "1E+05", "0.0", "-0.0", "1.0000000000000000001", "9007199254740991",
    "9007199254740992", "9007199254740993", "9007199254740991.0", "9007199254740992.0",
    "9007199254740993.0", "-9007199254740992.0", "9007199254740992.5", "9007199254740990.5",
    "9.007199254740992e15", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551616",
    "99999999999999999999999", "1e15", "1e16", "1e18", "1e19", "1e40", "1e99", "1e100",
    "1.5e299", "1e309", "-1e400", "0.1", "4.6", "254.50", "1e-7", "1e-99", "2.5e-200",
    "1540919166796.0", "1541073600000.0", "1.5410736e12", "946684799999", "946684800000",
    "4102444799999", "4102444800000", "90", "90.0000001", "180", "-180.5", "9999", "9999.0",
    "10000", "12345678901234567", "123456789012345678.0",
    *(f"{sign}{'9' * digits}" for digits in (37, 38, 39, 40, 60, 100) for sign in ("", "-")),
    f"1{'0' * 38}", f"-1{'0' * 37}", f"{'1' * 39}.0", f"{'1' * 39}e3", f"{'1' * 39}e-38",
]  # fmt: skip
TEXTS = [
    "", " ", "   ", "\t", "5 ", " 5", "5\t", "+5", ".5", "5.", "-.5e-2", "1_000", "inf", "Infinity",
    "-nan", "infin", "1e", "--1", "-", ".", "0x10", "1 2", "39,5", "39.0 ", "007", "-007.0",
    "yesterday", "null", "true", "{", "é", "½", "٣", "５", "x" * 300, "9" * 38, "1e400",
    "0" * 40, "0" * 50 + "7", "-" + "0" * 38 + "39",
    "2018-11-01", "5\n", "\n", "x\t", "x \t ", "\u00a0", "x\u00a0", "Ã\u00a0 ",
    "BjÃ¶rk  ", "Bjo\u0308rk ", "free", "paid ", "NextSong ",
]  # fmt: skip
OTHERS = ["null", "true", "false"]
WRITTEN = [*NUMBERS, *(json.dumps(each) for each in [*NUMBERS, *TEXTS]), *OTHERS]


def alike(column: str, text: str) -> bool:
    """Whether a value, as JSON, is not one of those that docs/redshift.md exempts."""
    field = next(f for kind in ("songs", "events") for f in fields_of(kind) if f.name == column)
    value = json.loads(text, parse_float=str, parse_int=str)
    quoted = text.startswith('"')
    if field.type == "text":  # DuckDB prints numbers in its own way
        return quoted or text in OTHERS or text == str(json.loads(text))
    if not isinstance(value, str):
        return True
    if len(value) > values.LONGEST and re.fullmatch(values.WHOLE, value.rstrip(" ")):
        return False
    if quoted and field.type != "number" and re.fullmatch(values.WHOLE, value.rstrip(" ")):
        return re.fullmatch(rf"({NOTATION})|-?[0-9]+ *", value) is not None
    try:
        size = abs(float(value))
    except ValueError:
        return True
    return size in (0, float("inf")) or 1e-299 < size < 1e300


def lines_of(kind: str, found: Iterable[tuple[str, str]]) -> list[str]:
    """A record for each value, by its column; its number is in another column."""
    keys = {field.name: field.key for field in fields_of(kind)}
    lines = []
    for number, (column, text) in enumerate(found):
        record = marked(kind, column, number)
        record.pop(keys[column], None)
        pairs = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
        lines.append("{" + ", ".join([*pairs, f"{json.dumps(keys[column])}: {text}"]) + "}")
    return lines


def marked(kind: str, column: str, number: int) -> dict[str, Any]:
    """A record with a number by which it is found, in a column that is not tried."""
    if kind == "songs":
        return song(title=f"T{number}") if column == "song_id" else song(song_id=f"SO{number}")
    page = "Home" if column == "ts" else "NextSong"
    if column == "item_in_session":
        return event(sessionId=number, page=page)
    return event(itemInSession=number, page=page)


def outcome(url: str, kind: str) -> tuple[list[Any], list[Any]]:
    """The rows that were staged, without their version; the rejects' columns and codes."""
    names = ", ".join(field.name for field in fields_of(kind))
    table = "event_rows" if kind == "events" else "song_rows"
    found = rows(url, f"SELECT {names}, repaired FROM staging.{table}")
    refused = [(each["column_name"], each["code"]) for each in rejects(url)]
    # of -0 the reader makes 0.0, which is equal to -0.0
    plain = [tuple(v + 0.0 if isinstance(v, float) else v for v in row) for row in found]
    return sorted(plain, key=repr), sorted(refused, key=repr)


def check(lines: list[str], kind: str, cluster: StandIn, s3: Bucket, folder: Path) -> None:
    """Load lines by both ways, and compare."""
    name = {"songs": "song_data", "events": "log_data"}[kind]
    content = "\n".join(lines)
    s3.put(f"lake/{name}/a.json", content)
    lake = folder / "lake" / name
    lake.mkdir(parents=True, exist_ok=True)
    (lake / "a.json").write_text(content, encoding="utf-8")
    duckdb = f"duckdb:///{folder / 'read.duckdb'}"
    for source, url in ((s3.url("lake"), cluster.url()), (str(folder / "lake"), duckdb)):
        pipeline.run(source, url, copy="direct", full=True, max_rejects="100%")
    copied, read = outcome(cluster.url(), kind), outcome(duckdb, kind)
    assert copied[1] == read[1]
    assert copied[0] == read[0]


def tried(kind: str) -> list[tuple[str, str]]:
    """Each value in each column, but those that are exempt."""
    names = [field.name for field in fields_of(kind)]
    return [(name, text) for name in names for text in WRITTEN if alike(name, text)]


@pytest.mark.long
@pytest.mark.parametrize("kind", ["events", pytest.param("songs", marks=pytest.mark.long)])
def test_difficult_values(kind: str, cluster: StandIn, s3: Bucket, tmp_path: Path) -> None:
    """Numbers in every notation, in quotes or not, booleans, blanks: both ways make the same."""
    check(lines_of(kind, tried(kind)), kind, cluster, s3, tmp_path)


DIGITS = st.text("0123456789", min_size=1, max_size=19)
NUMBER = st.builds(
    lambda sign, whole, part, exponent: f"{sign}{whole.lstrip('0') or '0'}{part}{exponent}",
    st.sampled_from(["", "-"]),
    DIGITS,
    st.just("") | st.builds(".{}".format, DIGITS | st.sampled_from(["0", "00", "5"])),
    st.just("") | st.builds("e{}".format, st.integers(-25, 25)),
)
ODD = st.text("0123456789.eE+-_ \t", max_size=12) | st.text("ÃÂ©¶\u0083é ax\u0308", max_size=12)
VALUE = NUMBER | st.builds(json.dumps, NUMBER | ODD | st.text(max_size=8)) | st.sampled_from(OTHERS)
CASES = st.lists(
    st.tuples(st.sampled_from([field.name for field in fields_of("events")]), VALUE).filter(
        lambda case: "\\u0000" not in case[1] and "\\ud" not in case[1] and alike(*case)
    ),
    min_size=20,
    max_size=200,
)
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.long
@settings(max_examples=1, deadline=None, suppress_health_check=SLOW)
@given(CASES)
def test_random_values(
    cluster: StandIn, s3: Bucket, tmp_path: Path, cases: list[tuple[str, str]]
) -> None:
    """Whatever a field holds, both ways make the same of it."""
    check(lines_of("events", cases), "events", cluster, s3, tmp_path)


@pytest.mark.long
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(CASES)
def test_many_random_values(
    cluster: StandIn, s3: Bucket, tmp_path: Path, cases: list[tuple[str, str]]
) -> None:
    """The same, more often."""
    check(lines_of("events", cases), "events", cluster, s3, tmp_path)
