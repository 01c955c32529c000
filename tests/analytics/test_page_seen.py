"""The page in a real browser: what people see, do and get."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from sparkify import analytics, pipeline
from sparkify.analytics.answers import shown
from sparkify.analytics.page import write_page
from sparkify.analytics.page.document import FOLDER
from tests.analytics.test_page import CHARTED
from tests.factory import event, put, song
from tests.support.analysts import Loaded
from tests.support.browser import CHROMIUM, Tab, chromium, tab

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: as root, apt-get install chromium"),
]

HOSTILE = "<script>document.title='run'</script><img src=http://127.0.0.1:9/x.png>"
COLORS = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
#: the colour of a column of the weekdays
MARK = "getComputedStyle(document.querySelector('#plays-by-weekday .mark-rect path')).fill"
OPEN = "document.querySelectorAll('details').forEach(details => { details.open = true; })"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: the sizes of all text that is seen, in pixels of the screen
SIZES = """
[...document.querySelectorAll('body *')].filter(each =>
    each.checkVisibility() && [...each.childNodes].some(n => n.nodeType === 3 && n.data.trim())
).map(each => parseFloat(getComputedStyle(each).fontSize)
    * (each.getScreenCTM ? Math.abs(each.getScreenCTM().d || 1) : 1))
"""
#: what is cut if it is at the end of a printed page
CUT = """
[...document.querySelectorAll('article, .tile')].filter(each =>
    getComputedStyle(each).breakInside !== 'avoid' || each.getBoundingClientRect().height > PAGE
).map(each => each.id)
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(simulated: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the simulated lake."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    write_page(path, simulated.url)
    return path


@pytest.fixture
def seen(browser: Browser, page: Path) -> Iterator[Tab]:
    """The page in a tab, in which nothing may fail or be asked for."""
    with tab(browser) as opened:
        opened.open(page)
        yield opened
        assert opened.complaints == []
        assert opened.requests == [page.as_uri()]


def test_every_chart_is_drawn(seen: Tab) -> None:
    """Each stands in place of its still image, with marks, and is as wide as its card."""
    for name in CHARTED:
        drawn = seen.page.locator(f"#{name} .figure svg")
        assert drawn.count() == 1, name
        box, card = drawn.bounding_box(), seen.page.locator(f"#{name} .figure").bounding_box()
        assert box and card and card["width"] - 60 < box["width"] <= card["width"] + 1, name
    assert seen.page.locator(".still").count() == 0
    assert seen.page.locator("svg.entities .box").count() == 6
    assert seen.page.locator("article").count() == len(analytics.QUESTIONS) + 1


@pytest.mark.parametrize(("first", "days"), [(0, 400), (3, 17), (5, 1), (11, 7), (30, 400)])
def test_a_range_of_days_shows_what_ask_answers(
    seen: Tab, simulated: Loaded, first: int, days: int
) -> None:
    """Each answer that adds up by day has the rows of `ask` with these days, in every table."""
    known = analytics.ask("plays-by-day", simulated.url).rows
    since = known[first][0]
    until = min(since + datetime.timedelta(days - 1), known[-1][0])
    seen.page.fill("input[name=first]", str(since))
    seen.page.fill("input[name=last]", str(until))
    for question in analytics.QUESTIONS:
        if question.adds_up_by_day:
            right = analytics.ask(question.name, simulated.url, since=since, until=until)
            assert seen.cells(question.name) == right.cells(), question.name
            about = seen.page.locator(f"#{question.name} .about").text_content()
            assert about and about.startswith(f"{since} to {until}. ") and "UTC" in about
    plays = sum(row[1] for row in known if since <= row[0] <= until)
    output = seen.page.locator("#range output").text_content() or ""
    assert output.startswith(f"{plays:,} plays, {(until - since).days + 1} day")


def test_days_of_another_time_zone_add_up(
    browser: Browser, simulated: Loaded, tmp_path: Path
) -> None:
    """A page with the days of New York shows what `ask` answers there, and names the zone."""
    path, tz = tmp_path / "page.html", "America/New_York"
    write_page(path, simulated.url, tz=tz)
    days = analytics.ask("plays-by-day", simulated.url, tz=tz).rows
    since, until = days[2][0], days[20][0]
    with tab(browser) as opened:
        opened.open(path)
        opened.page.fill("input[name=first]", str(since))
        opened.page.fill("input[name=last]", str(until))
        for question in analytics.QUESTIONS:
            if question.adds_up_by_day:
                range_ = {"since": since, "until": until, "tz": tz}
                right = analytics.ask(question.name, simulated.url, **range_)
                assert opened.cells(question.name) == right.cells(), question.name
                assert tz in (opened.page.locator(f"#{question.name} .about").text_content() or "")


def test_numbers_are_written_as_the_terminal_writes_them(browser: Browser) -> None:
    """Thousands, one decimal and shares are rounded alike, also where a half is rounded."""
    quotients = [plays / days for plays in range(1, 400) for days in range(1, 60)]
    values = [*quotients, 0.0, 1234.25, 1234.75, 999.95, 123456789.05]
    source = (FOLDER / "scripts" / "values.js").read_text()
    with tab(browser) as opened:
        for kind, column, scale in (("float", "per_day", 1), ("share", "share", 1 / 400)):
            given = [each * scale for each in values if scale == 1 or each <= 400]
            script = f"given => {{ {source}; return given.map(each => shown(each, '{kind}')); }}"
            assert opened.page.evaluate(script, given) == [shown(column, each) for each in given]


def test_other_answers_keep_their_days(seen: Tab, simulated: Loaded) -> None:
    """They say which days they are about, and do not change."""
    seen.page.get_by_role("button", name="Last 7 days").click()
    for name in ("top-songs", "weekly-listeners", "retention"):
        assert seen.cells(name) == analytics.ask(name, simulated.url).cells()
        assert "All days: " in (seen.page.locator(f"#{name} .about").text_content() or "")


def test_a_chart_follows_the_days(seen: Tab) -> None:
    """The line of a week has fewer points than that of all days."""
    points = "document.querySelectorAll('#plays-by-day .mark-symbol path').length"
    before = seen.evaluate(points)
    seen.page.get_by_role("button", name="Last 7 days").click()
    assert (before, seen.evaluate(points)) == (40, 7)
    seen.page.get_by_role("button", name="All days").click()
    assert seen.evaluate(points) == before


def test_the_pointer_shows_the_figures(seen: Tab, simulated: Loaded) -> None:
    """A column tells its weekday, its plays and its average."""
    seen.page.locator("#plays-by-weekday .mark-rect path").nth(3).hover()
    told = seen.page.locator("#vg-tooltip-element td.value").all_text_contents()
    assert told == analytics.ask("plays-by-weekday", simulated.url).cells()[3]


def test_a_table_is_sorted_by_its_titles(seen: Tab, simulated: Loaded) -> None:
    """Up, down, and as it was; numbers by their size, texts by the alphabet."""
    cells = analytics.ask("plays-by-state", simulated.url).cells()
    title = seen.page.locator("#plays-by-state th").nth(1)
    button = title.get_by_role("button")
    plays = [int(row[1].replace(",", "")) for row in cells]
    for order, right in (("ascending", sorted(plays)), ("descending", plays), (None, plays)):
        button.click()
        shown = [int(row[1].replace(",", "")) for row in seen.cells("plays-by-state")]
        assert (title.get_attribute("aria-sort"), shown) == (order, right)
    assert seen.cells("plays-by-state") == cells
    seen.page.locator("#plays-by-state th button").first.click()
    names = [row[0] for row in seen.cells("plays-by-state") if row[0] != "–"]
    assert names == sorted(row[0] for row in cells if row[0] != "–")


def test_a_table_stays_sorted_and_searched_when_the_days_change(
    seen: Tab, simulated: Loaded
) -> None:
    """Other rows come in the chosen order, without those that do not have the text."""
    seen.page.locator("#plays-by-hour summary").first.click()
    seen.page.locator("#plays-by-hour th button").nth(1).click()
    seen.page.get_by_label("Search: Which hours are the busiest?").fill("1")
    seen.page.get_by_role("button", name="Last 7 days").click()
    last = analytics.ask("plays-by-day", simulated.url).rows[-1][0]
    week = analytics.ask("plays-by-hour", simulated.url, since=last - datetime.timedelta(6))
    rows = sorted(zip(week.rows, week.cells(), strict=True), key=lambda row: row[0][1])
    right = [cells for _, cells in rows if "1" in "".join(cells)]
    assert seen.cells("plays-by-hour") == right and len(right) < 24


def test_a_table_is_searched(seen: Tab, simulated: Loaded) -> None:
    """Only the rows with the text stay, whatever its case; a short table has no search."""
    cells = analytics.ask("plays-by-state", simulated.url).cells()
    word = cells[2][0]
    seen.page.get_by_label("Search: Which states have the most plays?").fill(word.lower())
    assert seen.cells("plays-by-state") == [
        row for row in cells if word.lower() in "".join(row).lower()
    ]
    assert seen.page.locator("#top-songs input").count() == 0


def downloaded(seen: Tab, name: str) -> str:
    """The CSV file of an answer, after a click on its button."""
    with seen.page.expect_download() as download:
        seen.page.locator(f"#{name} .csv").click()
    assert download.value.suggested_filename == f"{name}.csv"
    return Path(download.value.path()).read_text()


def test_each_answer_is_downloaded_as_csv(seen: Tab, simulated: Loaded) -> None:
    """The file is the one that `ask --csv` writes, but for the names of listeners."""
    for question in analytics.QUESTIONS:
        answer = analytics.ask(question.name, simulated.url)
        if not answer.rows:
            assert seen.page.locator(f"#{question.name} .csv").count() == 0
        elif "last name" in answer.columns:
            lines = downloaded(seen, question.name).splitlines()
            assert lines[0] == ",".join(answer.columns)
            assert len(lines) == len(answer.rows) + 1
        else:
            assert downloaded(seen, question.name) == answer.to_csv(), question.name


def test_a_csv_file_has_the_chosen_days(seen: Tab, simulated: Loaded) -> None:
    """What is seen is what is downloaded."""
    seen.page.get_by_role("button", name="Last 7 days").click()
    last = analytics.ask("plays-by-day", simulated.url).rows[-1][0]
    week = analytics.ask("plays-by-weekday", simulated.url, since=last - datetime.timedelta(6))
    assert downloaded(seen, "plays-by-weekday") == week.to_csv()


def test_the_switch_turns_light_into_dark(seen: Tab) -> None:
    """The page and its charts change their colours, and back; at first they are the reader's."""
    light = [*seen.evaluate(COLORS), seen.evaluate(MARK)]
    seen.page.get_by_role("button", name="Dark").click()
    dark = [*seen.evaluate(COLORS), seen.evaluate(MARK)]
    assert not set(light) & set(dark)
    seen.page.get_by_role("button", name="Light").click()
    assert [*seen.evaluate(COLORS), seen.evaluate(MARK)] == light
    seen.page.emulate_media(color_scheme="dark")
    assert seen.evaluate(COLORS) != dark[:2]  # the reader has chosen light
    seen.page.reload()
    seen.page.wait_for_selector("html[data-ready]", state="attached")
    assert [*seen.evaluate(COLORS), seen.evaluate(MARK)] == dark
    seen.requests.pop()  # the reload's


def test_a_narrow_page_can_be_read(browser: Browser, page: Path) -> None:
    """With 390 pixels nobody scrolls sideways, and no text is below 11 pixels."""
    with tab(browser, viewport={"width": 390, "height": 844}) as narrow:
        narrow.open(page)
        narrow.evaluate(OPEN)
        assert narrow.evaluate(OVERFLOW) == 0
        sizes = narrow.evaluate(SIZES)
        assert len(sizes) > 500 and min(sizes) >= 11
        assert narrow.complaints == []


def test_nothing_is_cut_in_print(browser: Browser, page: Path) -> None:
    """Paper is white, whatever the screen was; no card is longer than a page, or cut in two."""
    with tab(browser, viewport={"width": 688, "height": 1000}, color_scheme="dark") as printed:
        printed.open(page)
        printed.page.get_by_role("button", name="Light").click()
        printed.page.emulate_media(media="print")
        assert printed.evaluate(COLORS) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
        assert printed.evaluate(CUT.replace("PAGE", "1010")) == []
        assert printed.evaluate(OVERFLOW) == 0
        assert not printed.page.locator("nav, #range, .csv, pre").first.is_visible()
        assert printed.page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_page_is_accessible(browser: Browser, page: Path, scheme: str, width: int) -> None:
    """The rules of axe find nothing, with everything opened; each chart has a name and a table."""
    with tab(browser, color_scheme=scheme, viewport={"width": width, "height": 900}) as opened:
        opened.open(page)
        opened.evaluate(OPEN)
        found = Axe().run(opened.page)
        assert found.violations_count == 0, found.generate_report()
        for name in CHARTED:
            assert opened.page.locator(f"#{name} .figure[role=img][aria-label]").count() == 1
            assert opened.page.locator(f"#{name} .values table").count() == 1


def test_a_page_can_be_read_without_scripts(browser: Browser, page: Path) -> None:
    """Each chart is there as an image, each table with its rows; nothing that does nothing."""
    with tab(browser, java_script_enabled=False) as opened:
        opened.page.goto(page.as_uri())
        for name in CHARTED:
            assert opened.page.locator(f"#{name} .still svg").is_visible()
        assert opened.page.locator("#top-songs tbody tr").count() == 10
        assert not opened.page.locator("#range, button").first.is_visible()
        assert opened.complaints == []


def test_text_of_the_data_stays_text(
    browser: Browser, lake: Path, url: str, tmp_path: Path
) -> None:
    """Markup in names, places and reasons is shown as it is: nothing of it runs or loads."""
    put(lake, "events", "a.json", event(artist=HOSTILE, song=HOSTILE, location=HOSTILE))
    put(lake, "songs", "s.json", song(artist_location=HOSTILE, title=HOSTILE))
    put(lake, "events", "b.json", event(level=HOSTILE, ts=1_541_073_700_000))
    pipeline.run(str(lake), url, max_rejects="9")
    path = tmp_path / "page.html"
    write_page(path, url, names=True)
    with tab(browser) as opened:
        opened.open(path)
        assert opened.page.title() == "Sparkify: What are people listening to?"
        assert opened.page.locator("script").count() == 3
        assert opened.page.locator("img").count() == 0
        assert (opened.requests, opened.complaints) == ([path.as_uri()], [])
        assert HOSTILE in opened.page.locator("body").inner_text()
