"""The analysts' questions: right on real and simulated data, alike on both engines."""

import datetime
import io
import json
from pathlib import Path
from typing import Any

import pytest

from sparkify import analytics, pipeline
from sparkify.analytics.answers import Answer, shown
from sparkify.analytics.table import TextTable, plainly
from sparkify.errors import SparkifyError, UsageError
from sparkify.models.diagram import mermaid
from sparkify.simulate import simulate
from tests.factory import NOON, event, put
from tests.support import redshift_is_long
from tests.support.analysts import Loaded
from tests.support.plain import Plain

OF_THE_LAKE = [q.name for q in analytics.QUESTIONS if q.group != "books"]


def close(row: tuple[Any, ...]) -> list[Any]:
    """A row that another one equals if its fractions are as good as the same."""
    return [pytest.approx(value) if isinstance(value, float) else value for value in row]


@pytest.mark.parametrize("name", OF_THE_LAKE)
def test_every_answer_is_what_plain_python_finds_in_the_json(loaded: Loaded, name: str) -> None:
    """An answer equals the one that is worked out from the JSON without the package."""
    found = analytics.ask(name, loaded.url)
    expected = loaded.plain.answer(name)
    assert [list(row) for row in found.rows] == [close(row) for row in expected]
    assert expected
    assert all(len(row) == len(found.columns) for row in expected)


def test_the_known_figures_of_the_real_sample_come_out(sample: Path) -> None:
    """Women's plays, user 49's, Wednesday's and San Francisco's are what they are known to be."""
    plain = Plain(sample / "lake")
    women = next(row for row in plain.plays_by_gender() if row[0] == "F")
    assert (women[3], len(plain.plays)) == (4_887, 6_820)
    assert plain.top_users()[0] == (49, "Chloe", "Cuevas", "paid", 689)
    assert ("Wednesday", 1_364, 341.0) in plain.plays_by_weekday()  # of four Wednesdays
    assert plain.top_places()[0][:2] == ("San Francisco-Oakland-Hayward, CA", 691)


def test_people_who_never_played_are_not_lost(lake: Path, url: str) -> None:
    """Somebody who only looked around is counted as one of the people, with no play."""
    put(lake, "events", "a.json", event(), event(userId="7", page="Home", gender="M", ts=NOON + 1))
    pipeline.run(str(lake), url)
    assert analytics.ask("plays-by-gender", url).rows == (("F", 1, 1, 1), ("M", 1, 0, 0))
    assert [row[0] for row in analytics.ask("top-users", url).rows] == [49, 7]
    assert analytics.ask("plays-by-level", url).rows == (("free", 2, 1),)


def test_ties_are_broken_by_name(lake: Path, url: str) -> None:
    """Of artists played alike often the first by name comes first, however they arrived."""
    names = ["Zebra", "Abba", "Muse"]
    events = [event(artist=n, itemInSession=i, ts=NOON + i) for i, n in enumerate(names)]
    put(lake, "events", "a.json", *events)
    pipeline.run(str(lake), url)
    assert [r[0] for r in analytics.ask("top-artists", url).rows] == sorted(names)
    assert [r[0] for r in analytics.ask("top-artists", url, limit=1).rows] == ["Abba"]


def test_days_without_plays_are_shown(lake: Path, url: str) -> None:
    """Between the first and the last day each has its row, and so has every hour."""
    day = 86_400_000
    put(lake, "events", "a.json", event(), event(ts=NOON + 2 * day, itemInSession=1))
    pipeline.run(str(lake), url)
    assert [row[1] for row in analytics.ask("plays-by-day", url).rows] == [1, 0, 1]
    assert len(analytics.ask("plays-by-hour", url).rows) == 24
    assert analytics.ask("plays-by-day", url, limit=1).rows[0][0] == datetime.date(2018, 11, 3)


def test_a_play_that_the_next_one_cuts_short_is_a_skip(lake: Path, url: str) -> None:
    """A song of 254.5 s is skipped at 253 s and not at 254 s: players cut the fraction off."""
    moments = [NOON, NOON + 253_000, NOON + 507_000]
    events = [event(itemInSession=item, ts=ts) for item, ts in enumerate(moments)]
    put(lake, "events", "a.json", *events)
    pipeline.run(str(lake), url)
    (session,) = analytics.ask("sessions", url).records()
    assert (session["sessions"], session["plays"], session["skips"]) == (1, 3, 1)
    assert session["longest (minutes)"] == pytest.approx((507 + 254) / 60)


def test_a_place_and_a_year_can_be_asked_for(loaded: Loaded) -> None:
    """The seeds' questions take the place, the year and the gender that they are about."""
    place = loaded.plain.top_song_of_places()[2]
    assert analytics.ask("top-song-of-places", loaded.url, place=place[0]).rows == (place,)
    women = loaded.plain.top_artists_of_women()[:3]
    asked = analytics.ask("top-artists-of-women", loaded.url, year=women[0][0])
    assert list(asked.rows) == women
    assert not analytics.ask("top-artists-of-women", loaded.url, year=1999).rows
    men = analytics.ask("top-artists-of-women", loaded.url, gender="M", limit=5).rows
    assert len(men) == 5 and [*men] != women


@redshift_is_long
def test_a_parameter_may_hold_any_text(lake: Path, warehouse: str) -> None:
    """Quotes, percent signs and colons in a place are just text."""
    place = "5% of O'Fallon: %s %% :x"
    put(lake, "events", "a.json", event(location=place))
    pipeline.run(str(lake), warehouse)
    assert analytics.ask("top-song-of-places", warehouse, place=place).rows[0][0] == place


def test_a_question_that_is_none_is_refused(url: str) -> None:
    """A wrong name, and a parameter that the question has not, are named."""
    with pytest.raises(UsageError, match="no question is named 'x'; the names are: row-counts, "):
        analytics.ask("x", url)
    question = analytics.question("top-songs")
    with pytest.raises(UsageError, match="top-songs has no parameter year; its parameters: limit"):
        question.parameters({"year": 2018})


def test_parameters_are_checked_before_the_warehouse_is_opened(url: str) -> None:
    """A misspelt name is a TypeError; a parameter of another question is named."""
    with pytest.raises(TypeError, match="limits"):
        analytics.ask("top-songs", url, limits=3)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match="top-songs has no parameter place; its parameters: limit"):
        analytics.ask("top-songs", url, place="Lyon")
    with pytest.raises(UsageError, match="row-counts has no parameter tz; its parameters: none"):
        analytics.question("row-counts").parameters({"tz": "UTC"})
    with pytest.raises(UsageError, match="coverage has no parameter limit; its parameters: since"):
        analytics.ask("coverage", url, limit=3)


def test_every_question_is_a_select_with_its_columns(loaded: Loaded) -> None:
    """The questions have names of their own, and each SELECT begins as one."""
    answers = analytics.report(loaded.url).answers
    assert len({answer.question.name for answer in answers}) == len(analytics.QUESTIONS)
    assert all(answer.sql.split()[0] in ("SELECT", "WITH") for answer in answers)
    for answer in answers:
        assert answer.question.measure is None or answer.question.measure in answer.columns


def test_the_loads_and_the_rejects_are_answers_too(lake: Path, url: str) -> None:
    """The books say what was loaded, and what was refused by its reason."""
    put(lake, "events", "a.json", event(), event(level="gold", ts=NOON + 1))
    pipeline.run(str(lake), url, max_rejects="5")
    (load,) = analytics.ask("loads", url).records()
    assert (load["read"], load["staged"], load["rejected"]) == (2, 1, 1)
    (reject,) = analytics.ask("rejects", url).records()
    assert (reject["column"], reject["records"]) == ("level", 1)


def test_an_empty_warehouse_has_empty_answers(lake: Path, url: str) -> None:
    """Songs without a single event are loaded, and every question still has an answer."""
    simulate(lake, events=0, songs=3, users=1, days=1)
    pipeline.run(str(lake), url)
    found = analytics.report(url)
    assert found["coverage"].rows[0] == ("plays with a matching song", 0, 0, None)
    assert found["top-songs"].rows == ()
    assert "nothing yet" in str(found)


def test_an_answer_is_for_people_programs_and_notebooks(loaded: Loaded) -> None:
    """Text has bars and thousands, JSON plain values, HTML escaped cells, records the names."""
    answer = analytics.ask("top-users", loaded.url, limit=2)
    assert "████████████████████" in str(answer).splitlines()[2]
    assert str(answer).splitlines()[-1] == "  the first 2"
    found = answer.to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["columns"] == ["user", "first name", "last name", "level", "plays"]
    assert answer.records()[0]["user"] == answer.rows[0][0]
    hostile = Answer(analytics.question("artist-places"), (("<b>\x1b[31mx", 1),), "SELECT 1")
    assert "&lt;b&gt;" in hostile._repr_html_() and "<b>" not in hostile._repr_html_()
    assert "\x1b" not in str(hostile)


TABLE = TextTable(
    columns=("song", "plays"),
    rows=(("日本語", "1,200"), ("a song with a long name", "6"), ("x\x1b[31m\ny", "0")),
    numeric=(False, True),
    bars=(1.0, 0.005, 0.0),
    measure="plays",
)


def test_a_table_is_aligned_plain_text() -> None:
    """Wide characters take two columns, bars have eighths, and control characters are replaced.

    The bars say what they measure.
    """
    assert plainly(TABLE).splitlines() == [
        "  song                     plays  plays",
        "  日本語                   1,200  ████████████████████",
        "  a song with a long name      6  ▏",
        "  x�[31m�y                     0",
    ]


class Terminal(io.StringIO):
    """A stdout that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_narrow_terminal_cuts_text_and_never_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """First the bars get shorter, then they are left out, then text is cut to 8 characters."""
    full = plainly(TABLE).splitlines()
    monkeypatch.setattr("sys.stdout", Terminal())
    lines = {}
    for width in (80, 45, 30, 5):
        monkeypatch.setenv("COLUMNS", str(width))
        lines[width] = plainly(TABLE).splitlines()
    assert lines[80] == full
    assert lines[45][1] == "  日本語                   1,200  ███████████"
    assert lines[30][2] == "  a song with a long n…      6"
    assert lines[5][2] == "  a song …      6"


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("plays", 6820, "6,820"),
        ("user", 6820, "6820"),
        ("share", 0.9512, "95.1%"),
        ("share", 0.0002, "<0.1%"),
        ("days", 17.31, "17.3"),
        ("place", None, "–"),
        ("since", datetime.datetime(2018, 11, 2, 9, 1, 21), "2018-11-02 09:01"),
        ("day", datetime.date(2018, 11, 2), "2018-11-02"),
    ],
)
def test_values_are_shown_as_people_read_them(column: str, value: Any, text: str) -> None:
    """Counts have thousands, names have not, shares are percent, what is unknown is a dash."""
    assert shown(column, value) == text


def test_the_diagram_is_the_one_of_the_models() -> None:
    """`schema --mermaid` has each table with its keys, and who refers to whom."""
    text = mermaid()
    assert text.startswith("erDiagram\n    songplays {\n        varchar songplay_id PK\n")
    assert "        bigint user_id PK FK" not in text
    assert text.splitlines()[-5:] == [
        "    artists o|--o{ songplays : artist_id",
        "    songs o|--o{ songplays : song_id",
        "    time ||--o{ songplays : start_time",
        "    users ||--o{ songplays : user_id",
        "    users ||--o{ user_levels : user_id",
    ]


def test_a_warehouse_that_is_not_there_is_said_in_one_line(url: str) -> None:
    """Reading never makes a file: what is missing is named."""
    with pytest.raises(SparkifyError, match="not found: "):
        analytics.report(url)
    assert not Path(url.removeprefix("duckdb:///")).exists()
