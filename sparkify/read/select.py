"""From a record's fields to a staging row, as one DuckDB SELECT.

Every field is taken as text, cleaned, and cast. `fault` says why a row must not be staged, as
`code:column`; it is NULL if the row may. The checks are those of `rules`.

DuckDB's JSON reader is more lenient than JSON: it takes trailing commas and NaN, and hands an
object in a text field over as text. A line that may hold such a thing gets the fault `check`;
`records` then parses it strictly, and if nothing is wrong it is read again as `verified`. If a key
is repeated, the first value wins.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sparkify.models.base import STAGING, table
from sparkify.models.staging import KINDS, PLAY
from sparkify.read.rules import Check, Field, checks_of, fields_of
from sparkify.read.sql import literal

OBJECT, NUMBER = "_sparkify_object", "_sparkify_number"  # keys that the spool writes into a line
#: RE2: a trailing comma, a nested value, NaN, a NUL
UNSURE = r",\s*[}\]]|\"\s*:\s*([\[{]|-?[NnIi][aAnN])|\\u0000"
#: the same in less than half of the time, but with false alarms
MAYBE_UNSURE = (
    r"regexp_matches(json, ':\s*([\[{]|-?[NnIi][aAnN])') OR contains(json, '\u0000')"
    r" OR NOT ends_with(json, '}')"
    + "".join(f" OR ends_with(json, chr({ord(last)}) || '}}')" for last in ", \t\r")
)

EXACT = 2**53  # up to here a double has every integer
#: RE2: a number that may be an integer in another notation, of so few digits that DECIMAL is exact
NOTATION = r"-?[0-9]{1,17}(\.0+|(\.[0-9]{1,18})?[eE]\+?[0-9]{1,2}|(\.[0-9]{1,9})?[eE]-[0-9]) *"

#: what both statements of the reader scan: each line that is not blank; NULL if it is not JSON
LINES = """read_json_objects($files, format='newline_delimited', ignore_errors=true,
                           filename=true, maximum_object_size=33554432)"""


class Condition(NamedTuple):
    """When a row has a fault: a cheap SQL condition, and an exact one for the few it is true of."""

    fault: str
    quick: str
    exact: str = ""


def insert(kind: str) -> str:
    """The statement that reads lines into the staging table."""
    target = table(KINDS[kind])
    columns = ", ".join(column.name for column in target.columns)
    into = f"INSERT INTO {STAGING}.{target.name} ({columns})"
    return f"{into}\n{select(kind, 'fault IS NULL')}"


# long because it is one statement
def select(kind: str, where: str, columns: str | None = None) -> str:
    """The SELECT over spooled lines; each step is a CTE, so that nothing is computed twice.

    Args:
        kind: "songs" or "events".
        where: which of the rows, in terms of `fault`, `number`, `object` and `json`.
        columns: what to select; by default a whole staging row, in the table's order.

    Its placeholders: `$files` the files of the batch, `$load_id` the load, `$verified` whether the
    lines were parsed strictly. It joins `lake_objects` (object INTEGER, uri VARCHAR).
    """
    wanted = columns or ", ".join(column.name for column in table(KINDS[kind]).columns)
    known = fields_of(kind)
    structure = ", ".join(f'"{field.key}":"VARCHAR"' for field in known)
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
    SELECT *, {each((field for field in known if field.type != "text"), number, "_n")}
    FROM texts
), rows AS (
    SELECT json, object, number, repaired, $load_id AS load_id,
           {each(known, value, "")},
           CASE {fault(kind)} END AS fault
    FROM numbers
)
SELECT {wanted}
FROM rows LEFT JOIN lake_objects USING (object)
WHERE {where}"""


def each(fields: Iterable[Field], form: Callable[[Field], str], suffix: str) -> str:
    """A list of expressions, one for each field, under its name with a suffix."""
    return ",\n           ".join(f"{form(field)} AS {field.name}{suffix}" for field in fields)


def raw(field: Field) -> str:
    """A field's text as the record has it."""
    return f'f."{field.key}"'


def repaired(field: Field) -> str:
    """A field's text, repaired if that is its rule."""
    return f"repair({raw(field)})" if field.rules.repair else raw(field)


def shorter(fields: Iterable[Field]) -> str:
    """The condition under which a text was repaired, which always makes it shorter in bytes."""
    broken = (field for field in fields if field.rules.repair)
    return " OR ".join(f"strlen({field.name}_) < strlen({raw(field)})" for field in broken)


def cleaned(field: Field) -> str:
    """A text in NFC without trailing spaces, NULL if empty; that of a number stays as it is."""
    text = f"{field.name}_"
    if field.type != "text":
        return text
    # rtrim walks every text from its end, and hardly any has a space there
    trimmed = f"nullif(rtrim({text}, ' '), '')"
    cut = f"CASE WHEN {text} = '' OR ends_with({text}, ' ') THEN {trimmed} ELSE {text} END"
    return f"nfc_normalize({cut})"


def number(field: Field) -> str:
    """A cleaned text as the number that its column holds; NULL if it is not one."""
    return f"TRY_CAST({field.name}_ AS {'DOUBLE' if field.type == 'number' else 'BIGINT'})"


def value(field: Field) -> str:
    """What is staged of a field."""
    if field.type == "timestamp":
        return f"TRY(make_timestamp_ms({field.name}_n))"
    return f"{field.name}_" if field.type == "text" else f"{field.name}_n"


def fault(kind: str) -> str:
    """The branches of the CASE that finds what is wrong with a line, the gravest first."""
    odd = f"regexp_matches(json, '{UNSURE}')"
    conditions = [
        Condition("malformed:", "json IS NULL OR object IS NULL"),
        Condition("check:", f"(NOT $verified AND ({MAYBE_UNSURE}))", odd),
        *map(nested, fields_of(kind)),
        *map(condition, checks_of(kind)),
    ]
    some = " OR ".join(dict.fromkeys(each.quick for each in conditions))
    branches = (
        f"\n                WHEN {' AND '.join(filter(None, each[1:]))} THEN '{each.fault}'"
        for each in conditions
    )
    # DuckDB moves a filter below a projection, and would compute all of this twice, unless the
    # projection is volatile: PushdownProjection in its src/optimizer/pushdown
    return f"WHEN {some}\n            THEN CASE{''.join(branches)} END WHEN random() < 0 THEN ''"


def nested(field: Field) -> Condition:
    """The condition for an object or an array in a field, which only a verified line can meet.

    If a key is repeated, the first value is staged, so it is also the one that is checked.
    """
    kind = f"""json_type(json, '$."{field.key}"')"""
    return Condition(f"wrong_type:{field.name}", "$verified", f"{kind} IN ('OBJECT', 'ARRAY')")


def condition(check: Check) -> Condition:
    """When a check fails."""
    field, text = check.field, f"{check.field.name}_"
    fault = f"{check.code}:{field.name}"
    numeric = f"{text}n"
    match check.test:
        case "required" | "required_in_play":
            return Condition(fault, *missing(check))
        case "type" | "fits":
            return Condition(fault, *mistyped(check))
        case "length":
            return Condition(fault, f"strlen({text}) > {field.length}")
        case "least":
            return Condition(fault, f"{numeric} < {field.rules.least}")
        case "most":
            return Condition(fault, f"{numeric} > {field.rules.most}")
    return Condition(fault, f"{text} NOT IN ({', '.join(map(literal, field.rules.one_of))})")


def missing(check: Check) -> tuple[str, str]:
    """When a required field is missing; text that is not a number fails another check."""
    text, exact = f"{check.field.name}_", ""
    if check.field.type != "text":
        text, exact = f"{text}n", f"coalesce(rtrim({text}, ' '), '') = ''"
    if check.test == "required":
        return f"{text} IS NULL", exact
    return f"({text} IS NULL AND page_ = '{PLAY}')", exact


def mistyped(check: Check) -> tuple[str, str]:
    """When a text is not a number, or the number does not fit."""
    text, numeric = f"{check.field.name}_", f"{check.field.name}_n"
    if check.field.type == "number":
        if check.test == "fits":
            return f"NOT isfinite({numeric})", ""
        odd = f"(({text} <> '' AND {numeric} IS NULL) OR contains({text}, '_'))"
        return odd, f"rtrim({text}, ' ') <> ''"
    # an integer prints as it was written; anything else is looked at more closely
    odd = f"coalesce(CAST({numeric} AS VARCHAR), '') <> {text}"
    if check.test == "fits":
        return odd, f"{numeric} IS NULL AND rtrim({text}) <> ''"
    return odd, f"NOT (regexp_full_match({text}, '(-?[0-9]+)? *') OR {whole(text, numeric)})"


def whole(text: str, numeric: str) -> str:
    """Whether a text is an integer that is not written in digits alone, such as 39.0 or 1e3.

    Above 2^53 it is not: the JSON reader has rounded it by then. What was rounded to 2^53 itself
    is told by the line.
    """
    same = f"TRY_CAST({text} AS DECIMAL(38, 18)) = {numeric}"
    fits = f"{numeric} BETWEEN {-EXACT} AND {EXACT}"
    written = f"(abs({numeric}) < {EXACT} OR contains(json, '{EXACT}'))"
    tests = f"regexp_full_match({text}, '{NOTATION}') AND {same} AND {fits} AND {written}"
    return f"coalesce(CASE WHEN {fits} THEN {tests} END, false)"
