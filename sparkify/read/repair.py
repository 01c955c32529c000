"""Undoes UTF-8 that was decoded as Latin-1: in DuckDB's SQL, and in Python, with equal results."""

ROUNDS = 4  # of undoing it, more than were ever seen

#: text whose characters, taken as bytes, are UTF-8: what a wrong decoding by Latin-1 makes
TWICE = (
    r"([\x{00}-\x{7F}]|[\x{C2}-\x{DF}][\x{80}-\x{BF}]|\x{E0}[\x{A0}-\x{BF}][\x{80}-\x{BF}]"
    r"|[\x{E1}-\x{EC}\x{EE}\x{EF}][\x{80}-\x{BF}]{2}|\x{ED}[\x{80}-\x{9F}][\x{80}-\x{BF}]"
    r"|\x{F0}[\x{90}-\x{BF}][\x{80}-\x{BF}]{2}|[\x{F1}-\x{F3}][\x{80}-\x{BF}]{3}"
    r"|\x{F4}[\x{80}-\x{8F}][\x{80}-\x{BF}]{2})*"
)
#: `decoded` undoes one such decoding: to bytes as URLs write them, and back as UTF-8; what is
#: replaced is written in lower case, so that no later replacement takes it for an earlier byte
MACROS = (
    r"""CREATE OR REPLACE TEMP MACRO decoded(s) AS url_decode(
        replace(replace(replace(replace(replace(url_encode(s),
        '%C2', ''), '%C3%8', '%c'), '%C3%9', '%d'), '%C3%A', '%e'), '%C3%B', '%f'))""",
    f"""CREATE OR REPLACE TEMP MACRO repair(s) AS
    CASE WHEN strlen(s) = length(s) OR NOT regexp_full_match(s, '{TWICE}') THEN s
    ELSE list_reduce([s{", ''" * ROUNDS}], lambda t, _:
        CASE WHEN strlen(t) > length(t) AND regexp_full_match(t, '{TWICE}')
        THEN decoded(t) ELSE t END) END""",
)


def repair(text: str) -> str:
    """Undo UTF-8 that was decoded as Latin-1, for as long as that is possible.

    >>> repair("BjÃ\x83Â¶rk"), repair("Björk")
    ('Björk', 'Björk')
    """
    for _ in range(ROUNDS):
        try:
            text = text.encode("latin-1").decode()
        except UnicodeError:
            break
    return text
