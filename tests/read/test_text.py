"""Text: a wrong decoding is undone where there are signs of it, and all text is NFC."""

import json
import unicodedata
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparkify import pipeline
from sparkify.read.repair import MACROS, ROUNDS, compose, repair
from sparkify.read.scans import Scans
from sparkify.read.select import select
from sparkify.read.sql import DuckDBScanner
from tests.factory import event, put, rows, song, star
from tests.redshift_standin import StandIn
from tests.redshift_standin.buckets import Bucket
from tests.support import redshift_is_long


def broken(text: str, times: int = 1) -> str:
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


def in_sql(database: duckdb.DuckDBPyConnection, text: str) -> tuple[object, ...]:
    """What the reader makes of a text: repaired, and in NFC."""
    query = "SELECT repair($text), nfc_normalize($text)"
    return database.execute(query, {"text": text}).fetchone() or ()


LETTERS = "\xa0\xa9\xae\xb6\xc0\xc2\xc3\xc9\x83\x89\xe9 aAZ!?\n\u0301\u0152"
any_text = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"], max_codepoint=0x2FFFF),
    max_size=12,
)
likely = st.text(st.sampled_from(LETTERS), max_size=8)


@settings(max_examples=600)
@given(text=any_text | likely, times=st.integers(0, 3))
def test_both_engines_clean_alike(
    database: duckdb.DuckDBPyConnection, text: str, times: int
) -> None:
    """The SQL of the reader and the Python of the direct route agree on every text."""
    text = broken(text, times)
    assert in_sql(database, text) == (repair(text), compose(text))


lines_of_texts = st.lists(st.tuples(any_text | likely, st.integers(0, 2)), min_size=1, max_size=8)


@pytest.mark.long
@settings(max_examples=60)
@given(texts=lines_of_texts)
def test_a_text_is_cleaned_however_it_is_written(
    database: duckdb.DuckDBPyConnection, texts: list[tuple[str, int]]
) -> None:
    """A letter as it is or escaped, beside texts in ASCII alone or not, makes the same row."""
    damaged = [broken(text, times) for text, times in texts]
    records = [
        json.dumps(
            event(song=text, artist="A", userAgent=text, _sparkify_number=n), ensure_ascii=n > 0
        )
        for text in damaged
        for n in (0, 1)
    ]
    Path("0.json").write_text("\n".join(records), encoding="utf-8")
    database.execute("CREATE OR REPLACE TEMP TABLE lake_objects AS SELECT 0 AS object, '' AS uri")
    columns = "number, song, user_agent, repaired"
    scans = Scans(DuckDBScanner(database), "keep")
    found = scans.run("events", select("events", "true", columns), ["0.json"])
    assert sorted(found, key=repr) == sorted(
        (
            (n, stored(repair(text)), stored(text), repair(text) != text)
            for text in damaged
            for n in (0, 1)
        ),
        key=repr,
    )


def stored(text: str) -> str | None:
    """A text as it is staged."""
    return compose(text.rstrip(" ")) or None


CORRECT = [
    "LIBERTÉ\u00a0!",
    "OÙ\u00a0?",
    "VOILÀ\u00a0!",
    "CAFÉ®",
    "IRMÃ\u00a0!",
    "IRMÃ ®",
    "«IRMÃ»",
    "Å\u00a0koda",  # Škoda, encoded once too often
    "É«",
    "Ê¹Â",
    "Français\u202f: «\u00a0Ça va\u202f?\u00a0»",
    "SÃO PAULO · São João",
    "Português: «Manhã» — ÇÃO",
    "Română: Ântăi „Îngerul”, Ț, Ș",
    "Tiếng Việt: ÂM NHẠC, Ẩn Ã",
    "Deutsch: »Größe« – ÄÖÜß…",
    "Español: ¿Qué? ¡Sí! Ñandú™",
    "Català: l·l Ç",
    "Italiano: È già perché",
    "Čeština: Příliš žluťoučký",
    "Polski: Zażółć gęślą jaźń",
    "Magyar: Árvíztűrő tükörfúrógép",
    "Íslenska: Ágætis byrjun, Þór",
    "Svenska: Åå Ää Öö",
    "Türkçe: İĞÜŞÖÇ ığüşöç",
    "Русский: Мумий Тролль",
    "Ελληνικά: Μίκης Θεοδωράκης",
    "日本語: 東京事変",
    "한국어: 방탄소년단",
    "العربية: فيروز",
    "עברית: עפרה חזה",
    "हिन्दी: लता मंगेशकर",
    "ไทย: คาราบาว",
    "Motörhead® ©1979 ± ½ × ÷ § ¶ • †",
    "\u00a0\u00a0nbsp\u00a0\u2009thin\u200bzero",
    "Â",
    "Ã",
    "\N{SNOWMAN}\N{MUSICAL SYMBOL G CLEF}",
]


@pytest.mark.parametrize("text", CORRECT)
def test_correct_text_is_not_changed(database: duckdb.DuckDBPyConnection, text: str) -> None:
    """No language, space, quote or sign looks like damage."""
    text = compose(text)
    assert (repair(text), in_sql(database, text)) == (text, (text, text))


@pytest.mark.parametrize(
    "text", ["Björk", "Sång", "Beyoncé", "東京事変", "Ólafur Arnalds", "ÉCOUTE", "naïve", "CAFé"]
)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_damaged_text_comes_back(
    database: duckdb.DuckDBPyConnection, text: str, times: int
) -> None:
    """Text that was encoded too often is repaired; once, behind capitals, nobody can tell."""
    damaged = broken(text, times)
    expected = damaged if (text, times) == ("CAFé", 1) else text
    assert (repair(damaged), in_sql(database, damaged)[0]) == (expected, expected)


def old(text: str) -> str:
    """The round trip without a look for signs."""
    for _ in range(ROUNDS):
        try:
            text = text.encode("latin-1").decode()
        except UnicodeError:
            break
    return text


def test_the_real_texts_are_repaired_as_by_the_round_trip_alone(sample: Path) -> None:
    """The signs are there in every text of the real data that has to be repaired."""
    repaired = 0
    for path in sorted((sample / "lake").glob("*_data/**/*.json")):
        for line in path.read_text().splitlines():
            texts = [text for text in json.loads(line).values() if isinstance(text, str)]
            assert [repair(text) for text in texts] == [old(text) for text in texts]
            repaired += [repair(text) for text in texts] != texts
    assert repaired == 326


NFD = unicodedata.normalize("NFD", "Beyoncé")


@redshift_is_long
def test_both_forms_of_a_letter_match(lake: Path, warehouse: str) -> None:
    """The form of an é, in one letter or in two, keeps no play from its song."""
    title = unicodedata.normalize("NFD", "É")
    put(lake, "songs", "a.json", song(artist_name="Beyoncé", title=title))
    put(lake, "events", "a.json", event(artist=NFD, song="É", userAgent=NFD, firstName=NFD))
    report = pipeline.run(str(lake), warehouse)
    assert (report.plays.matched, report.records.repaired) == (1, 0)
    columns = "first_name, user_agent, artist"
    found = rows(warehouse, f"SELECT {columns} FROM staging.staging_events")
    assert found == [("Beyoncé", "Beyoncé", "Beyoncé")]


DIRECT = {
    "a capital and a space": event(song="LIBERTÉ\u00a0!", location="CAFÉ®"),
    "damage": event(song=broken("Jóga", 2), firstName=broken("Zoë")),
    "damage where nothing is repaired": event(userAgent=broken("Jóga"), song=broken("Jóga")),
    "NFD": event(artist=NFD, userAgent=NFD, location=unicodedata.normalize("NFD", "\u1f82" * 300)),
    "damaged NFD": event(artist=broken(NFD)),
    "too long in NFD": event(gender=unicodedata.normalize("NFD", "\u1f82" * 20)),
}


@pytest.mark.long
def test_a_direct_copy_cleans_alike(
    lake: Path, cluster: StandIn, s3: Bucket, duckdb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COPY's texts are cleaned by Python, and are those that the reader makes."""
    monkeypatch.delenv("SPARKIFY_STAGING")
    records = [each | {"sessionId": n} for n, each in enumerate(DIRECT.values())]
    path = put(lake, "events", "a.json", *records)
    s3.put("lake/log_data/a.json", path.read_bytes())
    direct = pipeline.run(s3.url("lake"), cluster.url())
    read = pipeline.run(str(lake), duckdb_url)
    assert (direct.copy, direct.records) == ("direct", read.records)
    assert star(cluster.url()) == star(duckdb_url)
    query = "SELECT session_id, artist, song, user_agent, location, gender, repaired FROM"
    table = "staging.staging_events"
    assert rows(cluster.url(), f"{query} {table}") == rows(duckdb_url, f"{query} {table}")
