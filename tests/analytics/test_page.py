"""The page: what is in it, and what it needs. `test_page_seen.py` looks at it in a browser."""

import hashlib
import json
import re
import sys
from base64 import b64decode
from pathlib import Path

import duckdb
import pytest
from markupsafe import Markup

from sparkify import analytics, pipeline
from sparkify.analytics.markup import tag
from sparkify.analytics.page import QUESTIONS, page
from sparkify.analytics.page.document import embedded
from sparkify.analytics.page.figures import figure
from sparkify.analytics.page.names import initials
from sparkify.errors import UsageError
from tests.cli.test_cli import Sparkify, sparkify
from tests.factory import put, song
from tests.support.analysts import Loaded

__all__ = ["sparkify"]

#: the questions with a chart, by kind
CHARTED = {q.name: q.chart for q in analytics.QUESTIONS if q.chart not in {None, "bars"}}


@pytest.fixture(scope="module")
def asked(simulated: Loaded) -> analytics.Answers:
    """The answers of a page."""
    return analytics.report(simulated.url, questions=QUESTIONS)


@pytest.mark.long
def test_a_page_has_everything_and_needs_nothing(asked: analytics.Answers) -> None:
    """All answers and their SQL, nothing to load, and 2.5 MB at most."""
    text = page(asked)
    assert not re.search(r"\bsrc=|@import|url\(|<link", text.split("<script")[0])
    assert len(text.encode()) < 2_500_000
    for question in analytics.QUESTIONS:
        assert text.count(f'<article id="{question.name}"') == 1
    assert text.count("<summary>SQL</summary>") == len(analytics.QUESTIONS)
    assert text.count('class="still"') == len(CHARTED)


@pytest.mark.long
def test_only_the_scripts_and_the_style_of_the_page_may_run(asked: analytics.Answers) -> None:
    """The policy names each by its hash; it allows no other, and no evaluation of text."""
    text = page(asked)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy and "unsafe" not in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;; ")
    allowed = {b64decode(each) for each in re.findall(r"sha256-([^&]*)", policy[1])}
    found = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", text, re.DOTALL)
    assert {hashlib.sha256(each.encode()).digest() for each in found} == allowed
    assert len(allowed) == 3
    assert not re.search(r"<[^>]* style=|<[^>]* on[a-z]+=", text.split("<script")[0])


@pytest.mark.long
def test_names_of_listeners_are_shown_on_demand_only(
    simulated: Loaded, sparkify: Sparkify, tmp_path: Path
) -> None:
    """With `--names` there are names; otherwise nobody's first and last name is in the file."""
    report = ("report", "--warehouse", simulated.url, "--html")
    assert sparkify(*report, "without.html").code == 0
    assert sparkify(*report, "with.html", "--names").code == 0
    top = analytics.ask("top-users", simulated.url).records()
    without, with_names = (Path(f"{name}.html").read_text() for name in ("without", "with"))
    for each in top:
        cells = [f"<td>{each[name]}</td>" for name in ("first name", "last name")]
        assert "".join(cells) in with_names
        assert not any(cell in without for cell in cells)
        assert json.dumps([each["first name"], each["last name"]])[1:-1].replace(", ", ",") not in (
            without
        )


def test_initials_take_the_place_of_names(asked: analytics.Answers) -> None:
    """One letter of each name, the id as it is; answers without listeners stay as they are."""
    hidden = initials(asked["top-users"]).records()
    for row, short in zip(asked["top-users"].records(), hidden, strict=True):
        assert short["first name"] == row["first name"][0] + "."
        assert short["last name"] == row["last name"][0] + "."
        assert {**short, "first name": "", "last name": ""} == {
            **row,
            "first name": "",
            "last name": "",
        }
    assert initials(asked["top-songs"]) is asked["top-songs"]


def test_a_page_without_the_packages_that_draw_says_what_to_install(
    asked: analytics.Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that names the package and the command, exit code 2."""
    for name in [name for name in sys.modules if name.startswith("sparkify.analytics.page.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(UsageError, match=r"vl-convert.*pip install 'sparkify\[report\]'") as error:
        page(asked)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", CHARTED)
def test_a_chart_is_vega_lite_without_colours_or_data_of_its_own(
    asked: analytics.Answers, name: str
) -> None:
    """Colours are the page's variables, and the rows are given to it."""
    specification = figure(asked[name])
    assert specification and "vega-lite" in specification["$schema"]
    text = json.dumps(specification)
    assert not re.search(r'"#[0-9a-f]{3,8}"|"rgb', text)
    assert '"data": {"name": "rows"}' in text
    assert "datasets" not in specification


def test_a_table_has_no_chart(asked: analytics.Answers) -> None:
    """Nor has an answer without rows."""
    assert figure(asked["top-songs"]) is None


@pytest.mark.long
def test_a_page_of_many_years_is_small(empty: Path, tmp_path: Path) -> None:
    """With 2,000 days and 6,000 states it has 2.5 MB at most, and says what it leaves out."""
    path = tmp_path / "years.duckdb"
    path.write_bytes(empty.read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """INSERT INTO songplays BY NAME SELECT md5(i::VARCHAR) AS songplay_id,
            TIMESTAMP '2015-01-01' + to_hours(i * 8) AS start_time, i % 1200 AS user_id,
            'free' AS level, i AS session_id, 'Town ' || i || ', S' || i AS location,
            'title ' || i AS song_title, 'name ' || i AS artist_name FROM range(6000) AS t(i)"""
        )
        connection.execute(
            """INSERT INTO users BY NAME SELECT i AS user_id, 'F' AS first_name, 'L' AS last_name,
            'F' AS gender, 'paid' AS level FROM range(1200) AS t(i)"""
        )
        connection.execute(
            """INSERT INTO user_levels BY NAME SELECT i AS user_id, level,
            valid_from, valid_to FROM range(1200) AS t(i), (VALUES
            ('free', TIMESTAMP '2015-01-01', TIMESTAMP '2020-01-01'),
            ('paid', TIMESTAMP '2020-01-01', NULL)) AS level(level, valid_from, valid_to)"""
        )
    text = page(analytics.report(f"duckdb:///{path}", questions=QUESTIONS))
    assert len(text.encode()) < 2_500_000
    for part in ("last 1100 of 2000 days", "last 26 of ", "first 400 of 6000 rows"):
        assert part in text


@pytest.mark.long
def test_an_empty_warehouse_has_a_page(lake: Path, url: str) -> None:
    """Before the first play there is a page that says so."""
    put(lake, "songs", "s.json", song())
    pipeline.run(str(lake), url)
    assert "Nothing yet." in page(analytics.report(url, questions=QUESTIONS))


def test_markup_is_a_type_of_its_own() -> None:
    """What is not markup is escaped, in the text and in the attributes."""
    assert tag("td", "a<b", class_='"x"') == '<td class="&#34;x&#34;">a&lt;b</td>'
    assert tag("td", Markup("<b>x</b>"), width=None) == "<td><b>x</b></td>"
    assert tag("rect", rx=1) == '<rect rx="1"/>'


def test_no_text_ends_the_data_of_the_scripts() -> None:
    """Whatever is in the data, it is one element, and what is read is what was written."""
    for text in ("</script><script>x", "<!--<script>", "\u2028'\"\\", "\x00"):
        found = embedded({"text": text})
        assert found.count("<") == 2
        content = found.removeprefix('<script type="application/json" id="data">')
        assert json.loads(content.removesuffix("</script>")) == {"text": text}
