"""COPY reads JSON from S3 as the manual says."""

from __future__ import annotations

import bz2
import gzip
import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
import zstandard
from redshift_connector.error import ProgrammingError

from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import Target
from tests.redshift_standin.load_log import LATE

Copy = Callable[..., list[list[Any]]]
FAILED = "(?i)failed|error"


@pytest.fixture
def copy(redshift: Any, target: Target) -> Copy:
    """A function that makes table t, copies into it and gives its rows in order."""

    def run(columns: str, source: str, options: str = "JSON 'auto'") -> list[list[Any]]:
        cursor = redshift.cursor()
        cursor.execute(f"CREATE TABLE IF NOT EXISTS t ({columns})")
        redshift.commit()
        cursor.execute(f"COPY t FROM '{source}' IAM_ROLE '{target.iam_role}' {options}")
        redshift.commit()
        cursor.execute("SELECT * FROM t ORDER BY 1")
        return [list(row) for row in cursor.fetchall()]

    return run


@pytest.fixture
def refuse(copy: Copy, redshift: Any) -> Callable[..., str]:
    """A function that copies in vain and gives the error's text."""

    def run(columns: str, source: str, options: str = "JSON 'auto'") -> str:
        with pytest.raises(ProgrammingError) as caught:
            copy(columns, source, options)
        redshift.rollback()
        return str(caught.value)

    return run


def errors(redshift: Any, view: str = "sys_load_error_detail") -> list[list[Any]]:
    """The file, line, column and message of each error that the last COPY logged."""
    return logged(
        redshift,
        f"SELECT TRIM(file_name), line_number, TRIM(column_name), error_code, TRIM(error_message) "
        f"FROM {view} WHERE query_id = {LAST} ORDER BY 1, 2",
    )


#: The last COPY of this session; its id has nothing to do with pg_last_copy_id().
LAST = "(SELECT MAX(query_id) FROM sys_load_history WHERE session_id = pg_backend_pid())"


def logged(redshift: Any, query: str) -> list[list[Any]]:
    """The rows of a query of SYS views, which take a while to show what was logged."""
    time.sleep(2 * LATE)
    cursor = redshift.cursor()
    cursor.execute(query)
    return [list(row) for row in cursor.fetchall()]


def test_manifest(copy: Copy, s3: Bucket) -> None:
    """COPY loads the objects a manifest names, and no others."""
    one = s3.put("data/one.json", '{"a": 1}\n{"a": 2}')
    s3.put("data/two.json", {"a": 3})
    assert copy("a INT", s3.manifest("m", one), "JSON 'auto' MANIFEST") == [[1], [2]]


def test_manifest_mandatory(refuse: Callable[..., str], s3: Bucket, redshift: Any) -> None:
    """A mandatory object that is not there fails the COPY; what was read before is not counted."""
    one = s3.put("data/one.json", {"a": 1})
    manifest = s3.manifest("m", one, s3.url("data/gone.json"))
    assert "gone.json" in refuse("a INT", manifest, "JSON 'auto' MANIFEST")
    cursor = redshift.cursor()
    cursor.execute("SELECT COUNT(*), pg_last_copy_count() FROM t")
    assert cursor.fetchone() == [0, 0]


def test_manifest_optional(copy: Copy, s3: Bucket) -> None:
    """An object that is not mandatory may be missing."""
    one = s3.put("data/one.json", {"a": 1})
    manifest = s3.manifest("m", one, s3.url("data/gone.json"), mandatory=False)
    assert copy("a INT", manifest, "JSON 'auto' MANIFEST") == [[1]]


def test_manifest_names_whole_keys(refuse: Callable[..., str], s3: Bucket) -> None:
    """A manifest's entry is an object's whole key, not a prefix; none found is an error."""
    s3.put("data/one.json", {"a": 1})
    manifest = s3.manifest("m", s3.url("data/one"), mandatory=False)
    refuse("a INT", manifest, "JSON 'auto' MANIFEST")


def test_prefix(copy: Copy, s3: Bucket) -> None:
    """Without a manifest every object under the prefix is loaded."""
    for number in (1, 2):
        s3.put(f"data/{number}.json", {"a": number})
    s3.put("other/3.json", {"a": 3})
    assert copy("a INT", s3.url("data/")) == [[1], [2]]


def test_empty_prefix(refuse: Callable[..., str], s3: Bucket) -> None:
    """A prefix without objects is an error."""
    assert "does not exist" in refuse("a INT", s3.url("nothing/"))


@pytest.mark.parametrize(
    ("option", "compress"),
    [("GZIP", gzip.compress), ("ZSTD", zstandard.compress), ("BZIP2", bz2.compress)],
)
def test_compression(copy: Copy, s3: Bucket, option: str, compress: Any) -> None:
    """Compressed objects are read when the option says so, also as several frames."""
    data = compress(b'{"a": 1}\n') + compress(b'{"a": 2}\n')
    assert copy("a INT", s3.put("data", data), f"JSON 'auto' {option}") == [[1], [2]]


def test_broken_compression(refuse: Callable[..., str], s3: Bucket) -> None:
    """An object that is not compressed as the option says fails the COPY."""
    refuse("a INT", s3.put("data", '{"a": 1}'), "JSON 'auto' GZIP")


def test_auto_matches_case(copy: Copy, s3: Bucket) -> None:
    """JSON 'auto' matches keys to column names by case; what is missing is NULL."""
    source = s3.put("data", '{"a": 1, "B": "x", "other": 3}')
    assert copy("a INT, b VARCHAR(4)", source) == [[1, None]]


def test_auto_ignorecase(copy: Copy, s3: Bucket) -> None:
    """JSON 'auto ignorecase' matches keys whatever their case."""
    source = s3.put("data", '{"A": 1, "firstName": "x"}')
    options = "FORMAT AS JSON 'auto ignorecase'"
    assert copy("a INT, firstname VARCHAR(4)", source, options) == [[1, "x"]]


@pytest.mark.parametrize(
    "paths", (["$['a']", "$['b']['c']", "$['d'][1]"], ["$.a", "$.b.c", "$.d[1]"])
)
def test_jsonpaths(copy: Copy, s3: Bucket, paths: list[str]) -> None:
    """The n-th JSONPath is loaded into the n-th column."""
    source = s3.put("data/1", {"a": 1, "b": {"c": "x"}, "d": [5, 6]})
    jsonpaths = s3.put("paths", {"jsonpaths": paths})
    columns = "n INT, t VARCHAR(4), i INT"
    assert copy(columns, source, f"JSON '{jsonpaths}'") == [[1, "x", 6]]


@pytest.mark.parametrize(
    "paths", (["$.a", "$.b", "$.c"], ["$.a"], ["$.a", "$['b']"], ["$.a", "$.*"], ["$.a", ""])
)
def test_wrong_jsonpaths(refuse: Callable[..., str], s3: Bucket, paths: list[str]) -> None:
    """JSONPaths of another number, in mixed notation or with wildcards fail the COPY."""
    source = s3.put("data/1", {"a": 1, "b": 2})
    jsonpaths = s3.put("paths", {"jsonpaths": paths})
    refuse("a INT, b INT", source, f"JSON '{jsonpaths}'")


def test_column_list(copy: Copy, s3: Bucket, redshift: Any, target: Target) -> None:
    """A column that is not in the list gets its default."""
    source = s3.put("data", '{"a": 1, "b": "x"}')
    cursor = redshift.cursor()
    cursor.execute("CREATE TABLE t (a INT, b VARCHAR(4) DEFAULT 'none')")
    cursor.execute(f"COPY t (a) FROM '{source}' IAM_ROLE '{target.iam_role}' JSON 'auto'")
    cursor.execute("SELECT * FROM t")
    assert cursor.fetchone() == [1, "none"]


@pytest.mark.parametrize(
    ("option", "text", "moment"),
    (
        ("'epochmillisecs'", "1542241826796", datetime(2018, 11, 15, 0, 30, 26, 796000)),
        ("'epochsecs'", "1542241826", datetime(2018, 11, 15, 0, 30, 26)),
        ("'auto'", '"2018-11-15T00:30:26.796"', datetime(2018, 11, 15, 0, 30, 26, 796000)),
        ("'auto'", '"2018-11-15"', datetime(2018, 11, 15)),
        ("'DD/MM/YYYY HH24:MI:SS'", '"15/11/2018 00:30:26"', datetime(2018, 11, 15, 0, 30, 26)),
        ("AS 'YYYY-MM-DD HH:MI:SS'", '"2018-11-15 00:30:26"', datetime(2018, 11, 15, 0, 30, 26)),
    ),
)
def test_timeformat(copy: Copy, s3: Bucket, option: str, text: str, moment: datetime) -> None:
    """TIMEFORMAT says how a TIMESTAMP is written."""
    source = s3.put("data", f'{{"a": {text}}}')
    assert copy("a TIMESTAMP", source, f"JSON 'auto' TIMEFORMAT {option}") == [[moment]]


def test_types(copy: Copy, s3: Bucket) -> None:
    """Fields are converted to the column's type; a DECIMAL is cut, not rounded."""
    record = {
        "a": "7",
        "b": True,
        "c": 1.259,
        "d": "2018-11-15",
        "e": 1.5,
        "f": {"x": [1, "y"]},
        "g": 12,
        "h": "",
    }
    columns = (
        "a SMALLINT, b BOOLEAN, c DECIMAL(8, 2), d DATE, e DOUBLE PRECISION, f VARCHAR(32), "
        "g VARCHAR(8), h INT"
    )
    expected = [7, True, Decimal("1.25"), date(2018, 11, 15), 1.5, '{"x":[1,"y"]}', "12", None]
    assert copy(columns, s3.put("data", record)) == [expected]


def test_roundec(copy: Copy, s3: Bucket) -> None:
    """ROUNDEC rounds a DECIMAL."""
    source = s3.put("data", {"a": 20.259})
    assert copy("a DECIMAL(8, 2)", source, "JSON 'auto' ROUNDEC") == [[Decimal("20.26")]]


def test_blanks_and_empty(copy: Copy, s3: Bucket) -> None:
    """Empty text stays empty unless EMPTYASNULL; blank text is NULL with BLANKSASNULL."""
    empty = s3.put("one/1", {"a": 1, "b": ""})
    assert copy("a INT, b VARCHAR(4)", empty) == [[1, ""]]
    both = s3.put("two/2", '{"a": 2, "b": ""} {"a": 3, "b": "  "}')
    rows = copy("a INT, b VARCHAR(4)", both, "JSON 'auto' EMPTYASNULL BLANKSASNULL")
    assert rows == [[1, ""], [2, None], [3, None]]


def test_length_in_bytes(copy: Copy, refuse: Callable[..., str], s3: Bucket, redshift: Any) -> None:
    """A text longer than its column, in bytes, is an error, or cut by TRUNCATECOLUMNS."""
    source = s3.put("data", '{"a": "éé"}')
    refuse("a VARCHAR(3)", source)
    ((_, line, column, code, message),) = errors(redshift)
    assert (line, column, code, message) == (1, "a", 1204, "String length exceeds DDL length")
    assert copy("a VARCHAR(3)", source, "JSON 'auto' TRUNCATECOLUMNS") == [["é"]]


def test_trailing_blank(refuse: Callable[..., str], s3: Bucket, standin: StandIn) -> None:
    """A text that ends in a blank fails the COPY, by the stand-in's own rule."""
    source = s3.put("data", '{"a": "x "}')
    assert "rule of the stand-in" in refuse("a VARCHAR(3)", source)


def test_texts_as_they_arrive(redshift: Any, target: Target, s3: Bucket) -> None:
    """A VARCHAR gets numbers and booleans as the file has them; a temporary table every blank."""
    texts = ["39.0", "1e3", "4.60", "-0", "true", "false", "12345678901234567890", '"1e3"', '" x "']
    source = s3.put("data", "".join(f'{{"n": {n}, "a": {text}}}' for n, text in enumerate(texts)))
    cursor = redshift.cursor()
    cursor.execute("CREATE TEMPORARY TABLE t (n INT, a VARCHAR(20))")
    cursor.execute(f"COPY t FROM '{source}' IAM_ROLE '{target.iam_role}' JSON 'auto'")
    cursor.execute("SELECT a FROM t ORDER BY n")
    assert [text for (text,) in cursor.fetchall()] == [text.strip('"') for text in texts]


def test_nul(copy: Copy, redshift: Any, s3: Bucket) -> None:
    """A text ends at a NUL character, without a word; one that starts with it is an error."""
    texts = ["one\\u0000two", "\\u0000three", "four\\u0000", "\\u0000"]
    source = s3.put("data", "".join(f'{{"a": {n}, "b": "{t}"}}' for n, t in enumerate(texts)))
    rows = copy("a INT, b VARCHAR(9)", source, "JSON 'auto' MAXERROR 9")
    assert rows == [[0, "one"], [2, "four"], [3, None]]
    ((_, _, column, code, message),) = errors(redshift)
    assert (column, code, message) == ("b", 1218, "Invalid null byte - field longer than 1 byte")


def test_invalid_characters(copy: Copy, refuse: Callable[..., str], s3: Bucket) -> None:
    """Bytes that are no UTF-8 are an error; ACCEPTINVCHARS replaces each of them."""
    source = s3.put("data", b'{"a": "x\xff\xfey"}')
    refuse("a VARCHAR(8)", source)
    assert copy("a VARCHAR(8)", source, "JSON 'auto' ACCEPTINVCHARS '^'") == [["x^^y"]]


def test_maxerror(copy: Copy, s3: Bucket, redshift: Any) -> None:
    """Fewer errors than MAXERROR are logged, each with its line, and the others are loaded."""
    source = s3.put("data", '{"a": 1}\n{"a": "x"}\nnot json\n{"a": 4}\n{"a": 99999999999}')
    assert copy("a INT", source, "JSON 'auto' MAXERROR AS 4") == [[1], [4]]
    logged = errors(redshift)
    assert [(row[1], row[2]) for row in logged] == [(2, "a"), (3, ""), (5, "a")]
    assert logged[0][0] == source
    assert logged[0][4] == "Invalid digit, Value 'x', Pos 0, Type: Integer"


def test_maxerror_reached(refuse: Callable[..., str], s3: Bucket, redshift: Any) -> None:
    """As many errors as MAXERROR fail the COPY, and nothing is loaded."""
    source = s3.put("data", '{"a": 1}\n{"a": "x"}\n{"a": "y"}')
    assert "sys_load_error_detail" in refuse("a INT", source, "JSON 'auto' MAXERROR 2")
    cursor = redshift.cursor()
    cursor.execute("SELECT COUNT(*), pg_last_copy_count() FROM t")
    assert cursor.fetchone() == [0, 0]


def test_not_null(refuse: Callable[..., str], s3: Bucket, redshift: Any) -> None:
    """A NULL for a NOT NULL column is a load error."""
    refuse("a INT, b INT NOT NULL", s3.put("data", {"a": 1}))
    assert errors(redshift)[0][2:4] == ["b", 1213]


def test_load_history(copy: Copy, s3: Bucket, redshift: Any) -> None:
    """SYS_LOAD_HISTORY has a row for the COPY."""
    copy("a INT", s3.put("data", '{"a": 1}{"a": 2}'))
    history = f"SELECT TRIM(table_name), loaded_rows FROM sys_load_history WHERE query_id = {LAST}"
    assert logged(redshift, history) == [["t", 2]]


def test_two_kinds_of_ids(copy: Copy, s3: Bucket, redshift: Any) -> None:
    """pg_last_copy_id() is not an id of the SYS views, where a COPY is found by its source."""
    source = s3.put("data", '{"a": 1}{"a": 2}')
    copy("a INT", source)
    found = "SELECT COUNT(*) FROM sys_load_history WHERE query_id = pg_last_copy_id()"
    assert logged(redshift, found) == [[0]]
    history = "SELECT error_count FROM sys_load_history WHERE session_id = pg_backend_pid()"
    assert logged(redshift, f"{history} AND data_source = '{source}'") == [[0]]


def test_logs_are_late(copy: Copy, s3: Bucket, redshift: Any, standin: StandIn) -> None:
    """SYS views show a COPY some time after it."""
    copy("a INT", s3.put("data", '{"a": 1}'))
    cursor = redshift.cursor()
    cursor.execute("SELECT COUNT(*) FROM sys_load_history")
    assert cursor.fetchone() == [0]
    assert logged(redshift, "SELECT COUNT(*) FROM sys_load_history") == [[1]]


def test_a_log_is_in_no_snapshot(redshift: Any, s3: Bucket, target: Target) -> None:
    """What COPY refused is told in its own transaction (SYS_LOAD_ERROR_DETAIL), once, and after."""
    source = s3.put("data", '{"a": 1}\n{"a": "x"}')
    cursor = redshift.cursor()
    cursor.execute("CREATE TEMPORARY TABLE t (a INT)")
    cursor.execute("SELECT COUNT(*) FROM t")
    cursor.execute(f"COPY t FROM '{source}' IAM_ROLE '{target.iam_role}' JSON 'auto' MAXERROR 2")
    told = f"SELECT error_count FROM sys_load_history WHERE query_id = {LAST}"
    for end in (lambda: None, redshift.rollback):
        end()
        assert logged(redshift, told) == [[1]]
        assert [row[1:4] for row in errors(redshift)] == [[2, "a", 1207]]


def test_settings_are_taken(copy: Copy, s3: Bucket) -> None:
    """COMPUPDATE, STATUPDATE, REGION and the like are taken, in any order."""
    options = "REGION AS 'us-west-2' COMPUPDATE OFF STATUPDATE OFF FORMAT JSON 'auto' MAXERROR 0"
    source = s3.put("data", {"a": 1})
    if s3.endpoint is None:
        options = options.replace("REGION AS 'us-west-2' ", "")
    assert copy("a INT", source, options) == [[1]]


@pytest.mark.parametrize(
    "options",
    (
        "JSON 'auto' CSV",
        "JSON 'auto' NULL AS 'x'",
        "JSON 'auto' MAXERROR 1 MAXERROR 2",
        "JSON 'auto' MAXERROR 1 IGNOREALLERRORS",
        "JSON 'auto' GZIP ZSTD",
        "JSON 'auto' IF EXISTS",
        "JSON 'automatic'",
    ),
)
def test_refused_options(refuse: Callable[..., str], s3: Bucket, options: str) -> None:
    """Options that JSON does not take, twice, or in conflict, are errors."""
    refuse("a INT", s3.put("data", {"a": 1}), options)


def test_rolls_back(redshift: Any, s3: Bucket, target: Target) -> None:
    """COPY belongs to its transaction."""
    source = s3.put("data", {"a": 1})
    cursor = redshift.cursor()
    cursor.execute("CREATE TABLE t (a INT)")
    redshift.commit()
    cursor.execute(f"COPY t FROM '{source}' IAM_ROLE '{target.iam_role}' JSON 'auto'")
    redshift.rollback()
    cursor.execute("SELECT COUNT(*) FROM t")
    assert cursor.fetchone() == [0]


def test_role_and_region(redshift: Any, s3: Bucket, standin: StandIn) -> None:
    """A role the cluster does not have, or a bucket elsewhere without REGION, is an error."""
    cursor = redshift.cursor()
    cursor.execute("CREATE TABLE t (a INT)")
    redshift.commit()
    away = boto3.client(
        "s3",
        endpoint_url=s3.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="s3cr3t-key",
    )
    away.create_bucket(
        Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    away.put_object(Bucket="elsewhere", Key="x", Body=b'{"a": 1}')
    role = "arn:aws:iam::123456789012:role/dwh"
    source = s3.put("data", {"a": 1})
    for text, reason in (
        (f"COPY t FROM '{source}' IAM_ROLE '{role}2' JSON 'auto'", "not authorized"),
        (f"COPY t FROM 's3://elsewhere/x' IAM_ROLE '{role}' JSON 'auto'", "PermanentRedirect"),
        (f"COPY t FROM 's3://nowhere-at-all/x' IAM_ROLE '{role}' JSON 'auto'", "NoSuchBucket"),
    ):
        with pytest.raises(ProgrammingError, match=reason):
            cursor.execute(text)
        redshift.rollback()
    cursor.execute("COPY t FROM 's3://elsewhere/x' IAM_ROLE default REGION 'eu-west-1' JSON")
    cursor.execute(f"COPY t FROM '{source}' CREDENTIALS 'aws_iam_role={role}' JSON 'auto'")
    cursor.execute("SELECT COUNT(*) FROM t")
    assert cursor.fetchone() == [2]
    away.close()
