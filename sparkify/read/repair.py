"""Clean text: UTF-8 that was decoded as Latin-1 is decoded again, and all text is NFC.

Both are written twice, in DuckDB's SQL and in Python, with equal results.

The round trip alone would also change correct text: the last two characters of `CAFÉ®` happen to
be, as bytes of Latin-1, the UTF-8 of one letter. So the text as it arrived must also have a sign
of a wrong decoding: a control character that nobody types, or Â or Ã before what they stand for.
Behind two capital letters they are more likely a part of a word, as in `IRMÃ`.
"""

import re
import unicodedata

ROUNDS = 4  # of undoing it, more than were ever seen

#: RE2: text whose characters, taken as bytes, are UTF-8: what a wrong decoding by Latin-1 makes
TWICE = (
    r"([\x{00}-\x{7F}]|[\x{C2}-\x{DF}][\x{80}-\x{BF}]|\x{E0}[\x{A0}-\x{BF}][\x{80}-\x{BF}]"
    r"|[\x{E1}-\x{EC}\x{EE}\x{EF}][\x{80}-\x{BF}]{2}|\x{ED}[\x{80}-\x{9F}][\x{80}-\x{BF}]"
    r"|\x{F0}[\x{90}-\x{BF}][\x{80}-\x{BF}]{2}|[\x{F1}-\x{F3}][\x{80}-\x{BF}]{3}"
    r"|\x{F4}[\x{80}-\x{8F}][\x{80}-\x{BF}]{2})*"
)
# no other letters: text that has one beyond U+00FF is never repaired
CAPITAL = r"A-Z\x{C0}-\x{D6}\x{D8}-\x{DE}"
#: RE2: a sign that text was decoded wrongly
SIGN = (
    r"[\x{80}-\x{9F}]"
    rf"|(?:^[{CAPITAL}]?|[^{CAPITAL}][{CAPITAL}]?)[\x{{C2}}\x{{C3}}][\x{{80}}-\x{{BF}}]"
)
PYTHON_SIGN = re.compile(re.sub(r"\\x\{(..)\}", r"\\x\1", SIGN))

#: `decoded` undoes one such decoding: to bytes as URLs write them, and back as UTF-8; what is
#: replaced is written in lower case, so that no later replacement takes it for an earlier byte
MACROS = (
    r"""CREATE OR REPLACE TEMP MACRO decoded(s) AS url_decode(
        replace(replace(replace(replace(replace(url_encode(s),
        '%C2', ''), '%C3%8', '%c'), '%C3%9', '%d'), '%C3%A', '%e'), '%C3%B', '%f'))""",
    f"""CREATE OR REPLACE TEMP MACRO repair(s) AS
    CASE WHEN strlen(s) = length(s) OR NOT regexp_full_match(s, '{TWICE}') THEN s
    WHEN NOT regexp_matches(s, '{SIGN}') THEN s
    ELSE list_reduce([s{", ''" * ROUNDS}], lambda t, _:
        CASE WHEN strlen(t) > length(t) AND regexp_full_match(t, '{TWICE}')
        THEN decoded(t) ELSE t END) END""",
)


def repair(text: str) -> str:
    """Undo UTF-8 that was decoded as Latin-1, for as long as that is possible.

    >>> repair("BjÃ\x83Â¶rk"), repair("Björk"), repair("CAFÉ®")
    ('Björk', 'Björk', 'CAFÉ®')
    """
    if text.isascii() or not PYTHON_SIGN.search(text):
        return text
    for _ in range(ROUNDS):
        try:
            text = text.encode("latin-1").decode()
        except UnicodeError:
            break
    return text


def compose(text: str) -> str:
    """A text in NFC, in which equal letters are equal characters.

    >>> compose("Bjo\N{COMBINING DIAERESIS}rk") == "Björk"
    True
    """
    return unicodedata.normalize("NFC", text)
