"""The same statement in PostgreSQL's words, token by token: the rest of its text stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

from .functions import DATE_PART_FIRST, RENAMED
from .tokens import literal, word_of
from .words import words

#: Catalog tables to which Redshift adds columns or rows; views of the schema stand in for them.
OVERLAID = frozenset({"pg_attrdef", "pg_attribute", "pg_class", "pg_constraint"})
SYSTEM_VIEWS = words(
    """
    pg_table_def stl_load_commits stl_load_errors stv_db_isolation_level stv_slices
    svv_external_columns svv_external_schemas svv_external_tables svv_relation_privileges
    svv_table_info sys_load_error_detail sys_load_history
    """
)
SCHEMA = "standin"
UNBOUNDED_TEXT = frozenset({TokenType.TEXT, TokenType.VARCHAR, TokenType.NVARCHAR})

Edit = tuple[int, int, str]


def translate(text: str, tokens: Sequence[Token]) -> str:
    """The text with every edit made. The tokens are those of the text."""
    out: list[str] = []
    done = 0
    escapes = ((t.start, t.start, "E") for t in tokens if _is_escaped(text, t))
    for start, end, replacement in sorted([*_edits(tokens), *escapes]):
        out.append(text[done:start])
        out.append(replacement)
        done = end
    return "".join(out) + text[done:]


def _is_escaped(text: str, token: Token) -> bool:
    """Whether a string holds a backslash, which escapes (r_patternmatching_condition_like)."""
    return (
        token.token_type == TokenType.STRING
        and text[token.start] == "'"
        and "\\" in text[token.start : token.end + 1]
    )


def _edits(tokens: Sequence[Token]) -> Iterator[Edit]:
    for place, token in enumerate(tokens):
        before = word_of(tokens[place - 1]) if place else None
        after = word_of(tokens[place + 1]) if place + 1 < len(tokens) else None
        if token.token_type == TokenType.IDENTIFIER:
            if token.text != token.text.lower():
                folded = token.text.lower().replace('"', '""')
                yield token.start, token.end + 1, f'"{folded}"'
            continue
        word = word_of(token)
        if word is None:
            continue
        if after == "(":
            yield from _call(word, tokens, place)
        elif word in OVERLAID or word in SYSTEM_VIEWS:
            yield from _relation(word, tokens, place, before, after)
        else:
            yield from _word(word, token, before, after)


def _call(word: str, tokens: Sequence[Token], place: int) -> Iterator[Edit]:
    token = tokens[place]
    if word in RENAMED:
        yield token.start, token.end + 1, RENAMED[word]
        if place > 1 and word_of(tokens[place - 1]) == ".":
            # pg_catalog.version(): the name's schema is the same for all of them
            return
    elif word == "approximate":
        yield token.start, token.end + 1, ""
    part = tokens[place + 2] if place + 2 < len(tokens) else None
    if part is None:
        return
    if word in DATE_PART_FIRST and part.token_type != TokenType.STRING:
        yield part.start, part.end + 1, literal(part.text.lower())
    elif word == "extract":
        yield part.start, part.end + 1, literal(part.text.lower())
        if place + 3 < len(tokens) and word_of(tokens[place + 3]) == "from":
            yield tokens[place + 3].start, tokens[place + 3].end + 1, ","


def _relation(
    word: str, tokens: Sequence[Token], place: int, before: str | None, after: str | None
) -> Iterator[Edit]:
    token = tokens[place]
    if before == ".":
        schema = tokens[place - 2]
        if word_of(schema) == "pg_catalog":
            yield schema.start, schema.end + 1, SCHEMA
    elif after != ".":
        yield token.start, token.end + 1, f"{SCHEMA}.{word}"


def _word(word: str, token: Token, before: str | None, after: str | None) -> Iterator[Edit]:
    span = token.start, token.end + 1
    if word == "sysdate":
        yield *span, "pg_catalog.standin_sysdate()"
    elif word == "minus":
        yield *span, "EXCEPT"
    elif word == "approximate":
        yield *span, ""
    elif word == "1" and before == "where" and after in (None, "and", "order", "group"):
        yield *span, "TRUE"
    elif token.token_type in UNBOUNDED_TEXT and (
        before == "::" or (before == "as" and after == ")")
    ):
        # without a length these types hold 256 bytes, and a cast cuts
        yield *span, "varchar(256)"
    elif word in ("numeric", "decimal") and (before == "::" or (before == "as" and after == ")")):
        # without a precision a cast leaves no decimals (r_Numeric_types201)
        yield *span, "numeric(18, 0)"
