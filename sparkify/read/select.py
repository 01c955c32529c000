"""From a record's fields to a staging row, as one DuckDB SELECT; the checks stand only here.

Every field is taken as text, cleaned, and cast; `fault` says why a row must not be staged, as
`code:column`, NULL when it may. The rules are in the `info` of the staging columns, see `models`.

DuckDB's JSON reader is more tolerant than JSON: it takes trailing commas and NaN, and hands an
object in a text field over as text. A line that may hold such a thing gets the fault `check`;
`records` then looks at it strictly, and if nothing is wrong it is read again as `verified`. Of a
repeated key the first value counts.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from sparkify.models import KINDS, table

Column = sa.Column[Any]

OBJECT, NUMBER = "_sparkify_object", "_sparkify_number"  # keys that the spool writes into a line
#: RE2: a trailing comma, a nested value, NaN, a NUL
UNSURE = r",\s*[}\]]|\"\s*:\s*([\[{]|-?[NnIi][aAnN])|\\u0000"
#: the same in less than half of the time, but for false alarms
MAYBE_UNSURE = (
    r"regexp_matches(json, ':\s*([\[{]|-?[NnIi][aAnN])') OR contains(json, '\u0000')"
    r" OR NOT ends_with(json, '}')"
    + "".join(f" OR ends_with(json, chr({ord(last)}) || '}}')" for last in ", \t\r")
)

#: text whose characters, taken as bytes, are UTF-8: what a wrong decoding by Latin-1 makes
TWICE = (
    r"([\x{00}-\x{7F}]|[\x{C2}-\x{DF}][\x{80}-\x{BF}]|\x{E0}[\x{A0}-\x{BF}][\x{80}-\x{BF}]"
    r"|[\x{E1}-\x{EC}\x{EE}\x{EF}][\x{80}-\x{BF}]{2}|\x{ED}[\x{80}-\x{9F}][\x{80}-\x{BF}]"
    r"|\x{F0}[\x{90}-\x{BF}][\x{80}-\x{BF}]{2}|[\x{F1}-\x{F3}][\x{80}-\x{BF}]{3}"
    r"|\x{F4}[\x{80}-\x{8F}][\x{80}-\x{BF}]{2})*"
)
#: `decoded` undoes one such decoding: to bytes as URLs write them, and back as UTF-8; what is
#: replaced is written in lower case, so that no later replacement takes it for a byte of before
MACROS = (
    r"""CREATE OR REPLACE TEMP MACRO decoded(s) AS url_decode(
        replace(replace(replace(replace(replace(url_encode(s),
        '%C2', ''), '%C3%8', '%c'), '%C3%9', '%d'), '%C3%A', '%e'), '%C3%B', '%f'))""",
    f"""CREATE OR REPLACE TEMP MACRO repair(s) AS
    CASE WHEN strlen(s) = length(s) OR NOT regexp_full_match(s, '{TWICE}') THEN s
    ELSE list_reduce([s, '', '', '', ''], lambda t, _:
        CASE WHEN strlen(t) > length(t) AND regexp_full_match(t, '{TWICE}')
        THEN decoded(t) ELSE t END) END""",
)

#: what the codes of faults mean, for people; `{column}` and `{rule}` are filled in
REASONS = {
    "malformed": "DuckDB's JSON reader cannot take it",
    "missing": "{column} is required and is missing or empty",
    "wrong_type": "{column} is no {rule}",
    "out_of_range": "{column} is outside {rule}",
    "not_allowed": "{column} is none of {rule}",
    "too_long": "{column} is longer than {rule} bytes",
}


#: what both statements of the reader read: each line that is not blank, NULL where it is no JSON
LINES = """read_json_objects($files, format='newline_delimited', ignore_errors=true,
                           filename=true, maximum_object_size=33554432)"""


class Check(NamedTuple):
    """What a line must not be: a code, and the SQL conditions under which it is that.

    `exact` is looked at only in lines for which some `test` holds, next to none.
    """

    code: str
    test: str
    exact: str = ""


def select(kind: str, where: str, columns: str | None = None) -> str:
    """The SELECT over spooled lines; each step is a CTE, so that nothing is computed twice.

    Args:
        kind: "songs" or "events".
        where: which of the rows, in terms of `fault`, `number`, `object` and `json`.
        columns: what of them; by default a whole staging row, in the table's order.

    Its parameters: `$files` the files of the batch, `$load` the load's id, `$verified` whether
    the lines were looked at strictly. It joins `lake_objects` (object INTEGER, uri VARCHAR).
    """
    wanted = columns or ", ".join(column.name for column in table(KINDS[kind]).columns)
    known = fields_of(kind)
    structure = ", ".join(f'"{column.info["key"]}":"VARCHAR"' for column in known)
    return f"""WITH lines AS (
    SELECT json, TRY_CAST(parse_filename(filename, true) AS INTEGER) AS file,
           from_json(json, '{{"{OBJECT}":"INTEGER", "{NUMBER}":"INTEGER", {structure}}}') AS f
    FROM {LINES}
), raws AS (
    SELECT json, coalesce(file, f.{OBJECT}) AS object, f.{NUMBER} AS number, f,
           {each(known, repaired, "_")}
    FROM lines
), texts AS (
    SELECT json, object, number, coalesce({shorter(known)}, false) AS repaired,
           {each(known, cleaned, "_")}
    FROM raws
), numbers AS (
    SELECT *, {each(filter(as_number, known), as_number, "_n")}
    FROM texts
), rows AS (
    SELECT json, object, number, repaired, $load AS load_id,
           {each(known, value, "")},
           CASE {fault(kind)} END AS fault
    FROM numbers
)
SELECT {wanted}
FROM rows LEFT JOIN lake_objects USING (object)
WHERE {where}"""


def fields_of(kind: str) -> list[Column]:
    """The columns that hold a field of the record."""
    return [column for column in table(KINDS[kind]).columns if "key" in column.info]


def each(columns: Iterable[Column], form: Callable[[Column], str | None], suffix: str) -> str:
    """A list of expressions, one for each column and under its name with a suffix."""
    return ",\n           ".join(f"{form(column)} AS {column.name}{suffix}" for column in columns)


def raw(column: Column) -> str:
    """A field's text as the record has it."""
    return f'f."{column.info["key"]}"'


def repaired(column: Column) -> str:
    """A field's text, repaired where that is its rule."""
    return f"repair({raw(column)})" if column.info.get("repair") else raw(column)


def shorter(columns: Iterable[Column]) -> str:
    """The condition under which a text was repaired, which always takes bytes away."""
    mended = (column for column in columns if column.info.get("repair"))
    return " OR ".join(f"strlen({column.name}_) < strlen({raw(column)})" for column in mended)


def cleaned(column: Column) -> str:
    """A field's text without trailing blanks, NULL when empty; a number's is left as it is."""
    text = f"{column.name}_"
    if as_number(column):
        return text
    # rtrim walks every text from its end, and next to none has a blank there
    trimmed = f"nullif(rtrim({text}, ' '), '')"
    return f"CASE WHEN {text} = '' OR ends_with({text}, ' ') THEN {trimmed} ELSE {text} END"


def as_number(column: Column) -> str | None:
    """A cleaned text as the number that its column holds; None where that holds text."""
    match column.type:
        case sa.DateTime() | sa.Integer():
            return f"TRY_CAST({column.name}_ AS BIGINT)"
        case sa.Double():
            return f"TRY_CAST({column.name}_ AS DOUBLE)"
    return None


def value(column: Column) -> str:
    """What is staged of a field."""
    if isinstance(column.type, sa.DateTime):
        return f"TRY(make_timestamp_ms({column.name}_n))"
    return f"{column.name}_n" if as_number(column) else f"{column.name}_"


def fault(kind: str) -> str:
    """The branches of the CASE that finds what is wrong with a line, the gravest first."""
    columns = fields_of(kind)
    checks = [
        Check("malformed:", "json IS NULL OR object IS NULL"),
        Check(
            "check:", f"(NOT $verified AND ({MAYBE_UNSURE}))", f"regexp_matches(json, '{UNSURE}')"
        ),
    ]
    checks += map(nested, columns)
    checks += (check for column in columns for check in missing(column))
    checks += (check for column in columns for check in refused(column))
    some = " OR ".join(dict.fromkeys(check.test for check in checks))
    branches = (
        f"\n                WHEN {' AND '.join(filter(None, check[1:]))} THEN '{check.code}'"
        for check in checks
    )
    # random() keeps DuckDB from moving the condition on `fault` down, and all its terms with it
    return f"WHEN {some}\n            THEN CASE{''.join(branches)} END WHEN random() < 0 THEN ''"


def nested(column: Column) -> Check:
    """The check for an object or an array in a field, which only a verified line can fail.

    Of a key that stands in a record twice the first value is the one that is staged, so it is also
    the one that is judged.
    """
    kind = f"""json_type(json, '$."{column.info["key"]}"')"""
    return Check(f"wrong_type:{column.name}", "$verified", f"{kind} IN ('OBJECT', 'ARRAY')")


def missing(column: Column) -> Iterator[Check]:
    """The check of a field that is required, if it is."""
    text, exact = f"{column.name}_", ""
    if as_number(column):  # what is there and is no number is refused for that
        text, exact = f"{text}n", f"coalesce(rtrim({text}, ' '), '') = ''"
    match column.info.get("required"):
        case "always":
            yield Check(f"missing:{column.name}", f"{text} IS NULL", exact)
        case "play":
            yield Check(f"missing:{column.name}", f"({text} IS NULL AND page_ = 'NextSong')", exact)


def refused(column: Column) -> Iterator[Check]:
    """The checks of a field's value."""
    name, text, number = column.name, f"{column.name}_", f"{column.name}_n"
    match column.type:
        case sa.Integer() | sa.DateTime():
            # a whole number prints as it was written; the rest is looked at more closely
            odd = f"coalesce(CAST({number} AS VARCHAR), '') <> {text}"
            yield Check(
                f"wrong_type:{name}", odd, f"NOT regexp_full_match({text}, '(-?[0-9]+)? *')"
            )
            yield Check(f"out_of_range:{name}", odd, f"{number} IS NULL AND rtrim({text}) <> ''")
        case sa.Double():
            there = f"rtrim({text}, ' ') <> ''"
            yield Check(f"wrong_type:{name}", f"({text} <> '' AND {number} IS NULL)", there)
            yield Check(f"wrong_type:{name}", f"contains({text}, '_')")
            yield Check(f"out_of_range:{name}", f"NOT isfinite({number})")
        case sa.String(length=length):
            yield Check(f"too_long:{name}", f"strlen({text}) > {length}")
    least, most = column.info.get("between", (None, None))
    if least is not None:
        yield Check(f"out_of_range:{name}", f"{number} < {least}")
    if most is not None:
        yield Check(f"out_of_range:{name}", f"{number} > {most}")
    if allowed := column.info.get("one_of"):
        yield Check(f"not_allowed:{name}", f"{text} NOT IN {allowed}")


def reason(kind: str, code: str, name: str) -> str:
    """The sentence for a fault that the SELECT found."""
    if not name:
        return REASONS[code]
    column = table(KINDS[kind]).columns[name]
    return REASONS[code].format(column=column.info["key"], rule=rule(column, code))


def rule(column: Column, code: str) -> str:
    """What the broken rule says, in words."""
    if code == "too_long" and isinstance(column.type, sa.String):
        return str(column.type.length)
    if code == "not_allowed":
        return " or ".join(column.info["one_of"])
    if code == "wrong_type":
        numbers = {sa.Double: "number", sa.String: "plain value"}
        return next((n for t, n in numbers.items() if isinstance(column.type, t)), "whole number")
    least, most = column.info.get("between", (None, None))
    if column.type.python_type is float and least is most is None:
        return "what a double can hold"
    low = "-2^63" if least is None else str(least)
    high = "2^63" if most is None else str(most)
    return f"{low} to {high}"
