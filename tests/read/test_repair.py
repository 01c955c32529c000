"""Text repair: the strict round trip, done inside DuckDB."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkify.read.repair import MACROS, repair


def strict(text: str) -> str:
    """The definition: encode as Latin-1, decode as UTF-8, for as long as both succeed.

    Only where the text that arrived has a sign of damage.
    """
    before = [text[max(0, at - 2) : at] for at in range(len(text))]
    followed = zip(before, text, text[1:], strict=False)
    if not any("\x80" <= c <= "\x9f" for c in text) and not any(
        letter in "ÂÃ" and "\x80" <= after <= "\xbf" and sum(map(str.isupper, two)) < 2
        for two, letter, after in followed
    ):
        return text
    for _ in range(4):
        try:
            text = text.encode("latin-1").decode()
        except UnicodeError:
            break
    return text


def broken(text: str, times: int) -> str:
    """Text whose UTF-8 was read as Latin-1, that many times."""
    for _ in range(times):
        text = text.encode().decode("latin-1")
    return text


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    """A DuckDB with the reader's macros."""
    connection = duckdb.connect()
    for macro in MACROS:
        connection.execute(macro)
    return connection


def repaired(database: duckdb.DuckDBPyConnection, text: str) -> object:
    """What the reader makes of a text."""
    found = database.execute("SELECT repair($text)", {"text": text}).fetchone()
    return found and found[0]


# a NUL is refused before, and surrogates are no text
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
latin = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=12)


@given(text=texts | latin, times=st.integers(0, 3))
def test_repair_is_the_strict_round_trip(
    database: duckdb.DuckDBPyConnection, text: str, times: int
) -> None:
    """Whatever the text, the repair is the one that the definition gives."""
    expected = strict(broken(text, times))
    assert repaired(database, broken(text, times)) == expected
    assert repair(broken(text, times)) == expected


@pytest.mark.parametrize(
    ("text", "times", "found"),
    [
        ("CAFÉ®", 0, "CAFÉ®"),
        # the sign is looked for once, so that nothing ends the round trip at the right text
        ("CAFÉ®", 1, "CAFɮ"),
        ("CAFÉ®", 2, "CAFɮ"),
        ("LIBERTÉ\u00a0!", 1, "LIBERT\u0260!"),
        ("IRMÃ\u00a0!", 0, "IRMÃ\u00a0!"),
        ("IRMÃ!", 1, "IRMÃ!"),
        ("Škoda", 1, "Å\u00a0koda"),
    ],
)
def test_a_sign_is_looked_for_once(
    database: duckdb.DuckDBPyConnection, text: str, times: int, found: str
) -> None:
    """Text without a sign stays; of any other each round that is possible is undone."""
    assert repaired(database, broken(text, times)) == repair(broken(text, times)) == found


@pytest.mark.parametrize(
    "text", ["Björk", "Sång", "Beyoncé", "東京事変", "Ólafur Arnalds", "ã", "Ã"]
)
def test_text_encoded_twice_too_often_comes_back(
    database: duckdb.DuckDBPyConnection, text: str
) -> None:
    """The real events' kind of damage is mended, and sound text is left alone."""
    assert repaired(database, broken(text, 2)) == text
    assert repaired(database, text) == text
