"""From a record's fields to a staging row, as one DuckDB SELECT.

Every field is taken as text, cleaned, and cast. `fault` says why a row must not be staged, as
`code:column`; it is NULL if the row may. The checks are those of `rules`.

DuckDB's JSON reader is more lenient than JSON: it takes trailing commas, NaN and any depth. A line
that may hold such a thing gets the fault `check`; `records` then parses it strictly, and if nothing
is wrong it is read again as `verified`. If a key is repeated, the first value wins.
"""

from collections.abc import Callable, Iterable

from sparkify.models.base import STAGING, table
from sparkify.models.staging import KINDS
from sparkify.read.conditions import NUMBER, OBJECT, fault
from sparkify.read.records import MAX_RECORD, VALUES
from sparkify.read.rules import Field, fields_of
from sparkify.read.unknown import CONDITIONS, extra

#: a line that has to be parsed strictly first, by its length and the signs between its values;
#: they are counted last, since that takes half as long as to load the line
HEAVY = rf"""strlen(json) > {2 * VALUES} AND NOT $verified
             AND (strlen(json) > {8 * VALUES} OR regexp_matches(json, ':\s*[\[{{]'))
             AND strlen(json) - strlen(translate(json, '[{{,', '')) > {VALUES}"""
#: what both statements of the reader scan: each line that is not blank; NULL if it is not JSON,
#: or heavy. DuckDB has twice the largest line in memory at once, and parses it several times
LINES = f"""(SELECT filename, CASE WHEN {HEAVY} THEN NULL ELSE json END AS json
          FROM read_json_objects($files, format='newline_delimited', ignore_errors=true,
                                 filename=true, maximum_object_size={MAX_RECORD + (1 << 10)}))"""

#: whether a text of a line may have letters beyond ASCII, as they are or escaped
WIDE = r"(strlen(json) <> length(json) OR contains(json, '\u'))"


def insert(kind: str) -> str:
    """The statement that reads lines into the staging table."""
    target = table(KINDS[kind])
    columns = ", ".join(column.name for column in target.columns)
    into = f"INSERT INTO {STAGING}.{target.name} ({columns})"
    return f"{into}\n{select(kind, 'fault IS NULL')}"


# long because it is one statement
def select(kind: str, where: str, columns: str | None = None, lines: str = "true") -> str:
    """The SELECT over spooled lines; each step is a CTE, so that nothing is computed twice.

    Args:
        kind: "songs" or "events".
        where: which of the rows, in terms of `fault`, `number`, `file_id` and `json`.
        columns: what to select; by default a whole staging row, in the table's order.
        lines: which of the lines to look at, in terms of `json`.

    Its placeholders: `$files` the files of the batch, `$verified` whether the lines were parsed
    strictly, `$orders` lists of known keys, `$keep` and `$strict` what to do with unknown fields.
    """
    wanted = columns or ", ".join(map(staged, table(KINDS[kind]).columns.keys()))
    known = fields_of(kind)
    structure = ", ".join(f'"{field.key}":"VARCHAR"' for field in known)
    return f"""WITH lines AS (
    SELECT json, TRY_CAST(parse_filename(filename, true) AS BIGINT) AS file,
           from_json(json, '{{"{OBJECT}":"BIGINT", "{NUMBER}":"INTEGER", {structure}}}') AS f,
           {WIDE} AS wide, {extra(kind)} AS extra
    FROM {LINES}
    WHERE {lines}
), raws AS (
    SELECT json, coalesce(file, f.{OBJECT}) AS file_id, f.{NUMBER} AS number, f, wide, extra,
           {each(known, repaired, "_")}
    FROM lines
), texts AS (
    SELECT json, file_id, number, extra,
           CASE WHEN wide THEN coalesce({shorter(known)}, false) ELSE false END AS repaired,
           {each(known, cleaned, "_")}
    FROM raws
), numbers AS (
    SELECT *, {each((field for field in known if field.type != "text"), number, "_n")}
    FROM texts
), rows AS (
    SELECT json, file_id, number, repaired, extra,
           {each(known, value, "")},
           CASE {fault(kind, CONDITIONS)} END AS fault
    FROM numbers
)
SELECT {wanted}
FROM rows
WHERE {where}"""


def staged(column: str) -> str:
    """A column of the staging table."""
    return "CASE WHEN $keep THEN extra END AS extra" if column == "extra" else column


def each(fields: Iterable[Field], form: Callable[[Field], str], suffix: str) -> str:
    """A list of expressions, one for each field, under its name with a suffix."""
    return ",\n           ".join(f"{form(field)} AS {field.name}{suffix}" for field in fields)


def raw(field: Field) -> str:
    """A field's text as the record has it."""
    return f'f."{field.key}"'


def repaired(field: Field) -> str:
    """A field's text, repaired if that is its rule."""
    text = raw(field)
    return f"CASE WHEN wide THEN repair({text}) ELSE {text} END" if field.rules.repair else text


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
    """A text as the number that its column holds; NULL if it is not one."""
    return f"TRY_CAST({field.name}_ AS {'DOUBLE' if field.type == 'number' else 'BIGINT'})"


def value(field: Field) -> str:
    """What is staged of a field."""
    if field.type == "timestamp":
        return f"TRY(make_timestamp_ms({field.name}_n))"
    return f"{field.name}_" if field.type == "text" else f"{field.name}_n"
