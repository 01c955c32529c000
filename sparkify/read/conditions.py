"""When a line has a fault: the checks of `rules`, and those of its JSON, as DuckDB SQL."""

from collections.abc import Iterable
from typing import NamedTuple

from sparkify.models.staging import PLAY
from sparkify.read.rules import Check, Field, checks_of, fields_of
from sparkify.read.sql import literal

OBJECT, NUMBER = "_sparkify_object", "_sparkify_number"  # keys that the spool writes into a line
#: RE2: a trailing comma, NaN or an infinity, a NUL
UNSURE = r",\s*[}\]]|(\"\s*:|[\[,])\s*-?(?i:nan|inf)|\\u0000"
TAG = rf'\{{"{OBJECT}":[0-9]+,[ \t\r]*\}}'  # RE2: what the spool makes of an empty object
#: what finds each of these in less than half of the time, but with false alarms
MAYBE_UNSURE = (
    r"(regexp_matches(json, ':\s*([\[{]|-?[NnIi][aAnN])') OR contains(json, '\u0000')"
    r" OR NOT ends_with(json, '}')"
    + "".join(f" OR ends_with(json, chr({ord(last)}) || '}}')" for last in ", \t\r")
    + ")"
)

EXACT = 2**53  # up to here a double has every integer
#: RE2: a number that may be an integer in another notation, of so few digits that DECIMAL is exact
NOTATION = r"-?[0-9]{1,17}(\.0+|(\.[0-9]{1,18})?[eE]\+?[0-9]{1,2}|(\.[0-9]{1,9})?[eE]-[0-9]) *"


class Condition(NamedTuple):
    """When a row has a fault: a cheap SQL condition, and an exact one for the few it is true of."""

    fault: str
    quick: str
    exact: str = ""


def fault(kind: str, more: Iterable[Condition] = ()) -> str:
    """The branches of the CASE that finds what is wrong with a line, the gravest first.

    Args:
        kind: of the line.
        more: what is looked for last.
    """
    unsure = f"regexp_matches(json, '{UNSURE}') AND NOT regexp_full_match(json, '{TAG}')"
    conditions = [
        Condition("malformed:", "json IS NULL OR file_id IS NULL"),
        Condition("check:", MAYBE_UNSURE, f"NOT $verified AND {unsure}"),
        *map(nested, fields_of(kind)),
        *map(condition, checks_of(kind)),
        *more,
    ]
    some = " OR ".join(dict.fromkeys(each.quick for each in conditions if each.quick))
    branches = (
        f"\n                WHEN {' AND '.join(filter(None, each[1:]))} THEN '{each.fault}'"
        for each in conditions
    )
    # DuckDB moves a filter below a projection, and would compute all of this twice, unless the
    # projection is volatile: PushdownProjection in its src/optimizer/pushdown
    return f"WHEN {some}\n            THEN CASE{''.join(branches)} END WHEN random() < 0 THEN ''"


def nested(field: Field) -> Condition:
    """The condition for an object or an array in a field, which is read as its text.

    If a key is repeated, the first value is staged, so it is also the one that is checked.
    """
    opens = f"left({field.name}_, 1) IN ('{{', '[')"
    kind = f"""json_type(json, '$."{field.key}"')"""
    exact = f"{opens} AND {kind} IN ('OBJECT', 'ARRAY')"
    return Condition(f"wrong_type:{field.name}", "", exact)  # MAYBE_UNSURE is true of them all


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
