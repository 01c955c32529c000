"""The page: everything in it, nothing from elsewhere; looked at in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markupsafe import Markup

from sparkify import analytics, pipeline
from sparkify.analytics.markup import tag
from sparkify.analytics.page import page
from sparkify.analytics.page.charts import ticks
from tests.factory import event, put, song
from tests.support.analysts import Loaded
from tests.support.browser import CHROMIUM, Browser, browser

HOSTILE = "<script>document.title='run'</script><img src=http://127.0.0.1:9/x.png>"

DRAWN = """
[...document.querySelectorAll('svg')].map(svg => {
    const box = svg.getBoundingClientRect();
    const marks = [...svg.querySelectorAll('rect, path')];
    return box.width > 20 && box.height > 5 && marks.length > 0
        && marks.every(mark => { const b = mark.getBoundingClientRect();
                                 return b.width + b.height > 0 && b.right <= box.right + 1; });
})
"""
COLORS = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OPEN = "document.querySelectorAll('details').forEach(details => details.open = true)"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A tab of a headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: as root, apt-get install chromium")
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def test_the_page_opens_without_a_complaint_or_a_request(
    loaded: Loaded, tab: Browser, tmp_path: Path
) -> None:
    """Chromium asks for the file and for nothing else, and its console stays empty."""
    path = tmp_path / "page.html"
    path.write_text(page(analytics.report(loaded.url)), "utf-8")
    tab.media(scheme="light")
    tab.open(path)
    tab.evaluate(OPEN)
    assert tab.requests() == [path.as_uri()]
    assert tab.complaints() == []
    drawn = tab.evaluate(DRAWN)
    assert len(drawn) > 100 and all(drawn)
    charts = tab.evaluate("document.querySelectorAll('svg.chart').length")
    assert charts == len([q for q in analytics.QUESTIONS if q.chart == "columns"])
    assert tab.evaluate("document.querySelectorAll('svg.entities .box').length") == 6
    articles = tab.evaluate("document.querySelectorAll('article').length")
    assert articles == len(analytics.QUESTIONS) + 1


@pytest.mark.long
def test_the_page_is_light_and_dark_wide_and_narrow_and_printed(
    simulated: Loaded, tab: Browser, tmp_path: Path
) -> None:
    """The colours follow the reader's, a telephone need not scroll sideways, print is white."""
    path = tmp_path / "page.html"
    path.write_text(page(analytics.report(simulated.url)), "utf-8")
    tab.open(path)
    seen = []
    for media in ({"scheme": "light"}, {"scheme": "dark"}, {"scheme": "dark", "media": "print"}):
        tab.media(**media)
        seen.append(tab.evaluate(COLORS))
    assert len({*map(tuple, seen)}) == 3
    assert seen[2] == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    tab.media(scheme="light")
    for width in (1280, 390):
        tab.screenshot(tmp_path / "page.png", width)
        assert tab.evaluate(OVERFLOW) == 0
        assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_text_of_the_data_stays_text(lake: Path, url: str, tab: Browser, tmp_path: Path) -> None:
    """Markup in names, places and reasons is shown as it is: nothing of it runs or loads."""
    put(lake, "events", "a.json", event(artist=HOSTILE, song=HOSTILE, location=HOSTILE))
    put(lake, "songs", "s.json", song(artist_location=HOSTILE, title=HOSTILE))
    put(lake, "events", "b.json", event(level=HOSTILE, ts=1_541_073_700_000))
    pipeline.run(str(lake), url, max_rejects="9")
    path = tmp_path / "page.html"
    path.write_text(page(analytics.report(url)), "utf-8")
    tab.open(path)
    assert tab.evaluate("document.title") == "Sparkify: What are people listening to?"
    assert tab.evaluate("document.querySelectorAll('script, img').length") == 0
    assert tab.requests() == [path.as_uri()]
    assert tab.complaints() == []
    assert HOSTILE in tab.evaluate("document.body.innerText")


def test_the_page_needs_nothing_else_and_is_small(simulated: Loaded) -> None:
    """No script, no address of anything to load, all answers, their SQL, and under 200 kB."""
    text = page(analytics.report(simulated.url))
    assert not re.search(r"<script|\bsrc=|@import|url\(|https?://", text)
    assert len(text.encode()) < 200_000
    for question in analytics.QUESTIONS:
        assert f'id="{question.name}"' in text
    assert text.count("<summary>SQL</summary>") == len(analytics.QUESTIONS)


def test_an_empty_warehouse_has_a_page(lake: Path, url: str) -> None:
    """Before the first play there is a page that says so."""
    put(lake, "songs", "s.json", song())
    pipeline.run(str(lake), url)
    assert "Nothing yet." in page(analytics.report(url))


@pytest.mark.parametrize(
    ("largest", "found"),
    [
        (1, [0, 1]),
        (7, [0, 2, 4, 6, 8]),
        (479, [0, 100, 200, 300, 400, 500]),
        (5, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_the_lines_of_a_chart_are_at_round_values(largest: int, found: list[int]) -> None:
    """Few lines, at 1, 2 or 5 times a power of ten, the last at or above the largest value."""
    assert ticks(largest) == found


def test_markup_is_a_type_of_its_own() -> None:
    """What is not markup is escaped, in the text and in the attributes."""
    assert tag("td", "a<b", class_='"x"') == '<td class="&#34;x&#34;">a&lt;b</td>'
    assert tag("td", Markup("<b>x</b>"), width=None) == "<td><b>x</b></td>"
    assert tag("rect", rx=1) == '<rect rx="1"/>'
