"""`ask`: one question with its own options, limited to some days, in a time zone."""

import csv
import datetime
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from sparkify import analytics, pipeline, warehouses
from sparkify.analytics.layout import readable
from sparkify.analytics.questions import recommendation
from sparkify.cli import app
from sparkify.errors import SparkifyError, UsageError
from tests.factory import NOON, event, put
from tests.redshift_standin import StandIn
from tests.support import redshift_is_long
from tests.support.analysts import Loaded
from tests.support.plain import Plain

DAY = 86_400_000  # ms
ZONES = ("UTC", "Asia/Kolkata")


def sparkify(*arguments: str, url: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [*arguments, "--warehouse", url])


def within(plain: Plain, since: str, until: str, tz: str) -> list[dict[str, Any]]:
    """The plays from the beginning of a day to the end of another, in a time zone."""
    zone = ZoneInfo(tz)
    days = [datetime.date.fromisoformat(day) for day in (since, until)]
    plays = []
    for play in plain.plays:
        moment = datetime.datetime.fromtimestamp(play["ts"] / 1000, zone)
        if days[0] <= moment.date() <= days[1]:
            plays.append({**play, "moment": moment})
    return plays


@pytest.mark.parametrize(
    "tz", ["America/New_York", *(pytest.param(z, marks=pytest.mark.long) for z in ZONES)]
)
def test_a_range_of_days_is_inclusive_and_in_the_time_zone(real: Loaded, tz: str) -> None:
    """Only the plays of these days count, and days and hours are those of the time zone.

    In New York the clocks are set back on the first of these days.
    """
    since, until = "2018-11-04", "2018-11-08"
    plays = within(real.plain, since, until, tz)
    asked = {
        name: analytics.ask(name, real.url, since=since, until=until, tz=tz)
        for name in ("plays-by-day", "plays-by-hour", "plays-by-hour-and-weekday", "top-songs")
    }
    days = Counter(play["moment"].date() for play in plays)
    assert asked["plays-by-day"].rows == tuple(sorted(days.items()))
    hours = Counter(play["moment"].hour for play in plays)
    assert asked["plays-by-hour"].rows == tuple((h, hours[h], hours[h] / 5) for h in range(24))
    cells = Counter(f"{play['moment']:%A %-H}" for play in plays)
    for weekday, hour, count, per_day in asked["plays-by-hour-and-weekday"].rows:
        known = weekday not in ("Friday", "Saturday")  # which are no days of the range
        assert (count, per_day) == (cells[f"{weekday} {hour}"], count if known else None)
    expected = real.plain.top("song", "artist", plays=plays)
    assert list(asked["top-songs"].rows) == expected
    assert asked["plays-by-hour"].note.startswith(f"Hours are in {tz}; per_day is the average")
    assert f"from {since} to the end of {until} ({tz})" in asked["top-songs"].note


@pytest.mark.parametrize(
    "name",
    [
        q.name if number % 5 == 0 else pytest.param(q.name, marks=pytest.mark.long)
        for number, q in enumerate(analytics.QUESTIONS)
    ],
)
def test_a_range_of_everything_changes_nothing(simulated: Loaded, name: str) -> None:
    """What can be limited gives the same rows for a range that has all plays; the rest refuses."""
    if "since" not in analytics.question(name).parameter_names:
        with pytest.raises(UsageError, match=f"{name} cannot be limited to a range of days"):
            analytics.ask(name, simulated.url, since="2018-01-01")
        return
    limited = analytics.ask(name, simulated.url, since="2000-01-01", until="2100-01-01")
    assert limited.rows == analytics.ask(name, simulated.url).rows
    assert analytics.ask(name, simulated.url, since="2099-01-01").rows is not None


def test_averages_are_over_the_days_of_the_range_that_have_data(lake: Path, url: str) -> None:
    """A day without plays between others counts, and days before the first play do not."""
    put(lake, "events", "a.json", *(event(ts=NOON + n * DAY, itemInSession=n) for n in (0, 1, 7)))
    pipeline.run(str(lake), url)  # on Thursday the 1st, on Friday, and on Thursday the 8th
    weekdays = {row[0]: row[1:] for row in analytics.ask("plays-by-weekday", url).rows}
    assert weekdays["Thursday"] == (2, 1.0)
    assert weekdays["Friday"] == (1, 1.0)
    assert weekdays["Monday"] == (0, 0.0)
    (_, noon, per_day) = analytics.ask("plays-by-hour", url, since="2018-10-01").rows[12]
    assert (noon, per_day) == (3, 3 / 8)
    short = analytics.ask("plays-by-weekday", url, until=datetime.date(2018, 11, 2)).rows
    assert short[1] == ("Monday", 0, None)


def test_a_series_is_complete_in_data_and_cut_in_text(lake: Path, url: str) -> None:
    """Rows, JSON and CSV have all 400 days; what is printed has the latest, and says so."""
    put(lake, "events", "a.json", event(), event(ts=NOON + 399 * DAY, itemInSession=1))
    pipeline.run(str(lake), url)
    answer = analytics.ask("plays-by-day", url)
    assert len(answer.rows) == 400
    assert answer.to_csv().count("\n") == 401
    text = str(answer).splitlines()
    assert len(text) == 1 + 1 + 31 + 2
    assert "  the last 31 of 400 days" in text
    limited = analytics.ask("plays-by-day", url, limit=40)
    assert (len(limited.rows), limited.part) == (40, "the last 40 of 400 days")
    assert limited.rows == answer.rows[-40:]
    assert analytics.ask("top-songs", url).part == ""
    weeks = str(analytics.ask("retention", url))
    assert "1 of" not in weeks and "100%" in weeks


@redshift_is_long
def test_both_engines_know_the_time_zones(lake: Path, warehouse: str) -> None:
    """A play at half past midnight in Kolkata is on that day; so is the year of a new year's eve.

    The statement as people read it gives the same rows as the one that was sent.
    """
    moments = [1_546_281_000_000, 1_541_183_400_000]  # 2018-12-31 18:30 UTC, 2018-11-02 18:30 UTC
    put(lake, "events", "a.json", *(event(ts=ts, itemInSession=n) for n, ts in enumerate(moments)))
    pipeline.run(str(lake), warehouse)
    days = analytics.ask("plays-by-day", warehouse, tz="Asia/Kolkata").rows
    assert (days[0], days[-1]) == ((datetime.date(2018, 11, 3), 1), (datetime.date(2019, 1, 1), 1))
    for name in ("top-artists-of-women", "monthly-listeners", "retention", "plays-by-hour"):
        answer = analytics.ask(name, warehouse, tz="Asia/Kolkata")
        with analytics.reading(warehouse) as (_, connection):
            shown, sent = (
                connection.execute(sa.text(text.replace(":", r"\:"))).all()
                for text in (answer.sql, answer.statement)
            )
        assert shown == sent
    assert analytics.ask("plays-by-hour", warehouse, tz="Asia/Kolkata").rows[0][:2] == (0, 2)


def test_wrong_days_and_zones_are_said_in_one_line(url: str) -> None:
    """They are errors before the warehouse is opened."""
    for options, says in (
        ({"since": "5 Nov"}, "since must be a day like 2018-11-30, not '5 Nov'"),
        ({"since": "2018-11-05", "until": "2018-11-04"}, "since .* is after until"),
        ({"until": "9999-12-31"}, "there are no plays from"),
        ({"since": "0001-01-01", "tz": "Asia/Tokyo"}, "there are no plays from"),
        ({"limit": 0}, "limit must be at least 1, not 0"),
        *(({"tz": zone}, "no time zone is named") for zone in ("Mars", "Europe", "../x", "")),
        ({"tz": "localtime"}, "no time zone is named"),
    ):
        with pytest.raises(UsageError, match=says):
            analytics.ask("top-songs", url, **options)  # type: ignore[arg-type]


def test_every_question_is_asked_on_the_command_line(simulated: Loaded) -> None:
    """`ask NAME --json` prints what Python gets."""
    for question in analytics.QUESTIONS[::6]:
        done = sparkify("ask", question.name, "--json", url=simulated.url)
        assert json.loads(done.stdout) == analytics.ask(question.name, simulated.url).to_dict()


def test_the_questions_own_options(real: Loaded, tmp_path: Path) -> None:
    """Each question takes its own parameters, wherever they stand; CSV goes to a file or out."""
    place = "Atlanta-Sandy Springs-Roswell, GA"
    done = sparkify("ask", "--limit", "1", "top-song-of-places", f"--place={place}", url=real.url)
    assert done.stdout.splitlines()[2].startswith(f"  {place}  ")
    done = sparkify("ask", "top-artists-of-women", "--gender", "M", "--csv", "-", url=real.url)
    rows = [*csv.reader(io.StringIO(done.stdout))]
    assert (rows[0], len(rows)) == (["year", "artist", "plays"], 4)
    answer = analytics.ask("top-artists-of-women", real.url, gender="M")
    assert [row[1] for row in rows[1:]] == [row[1] for row in answer.rows]
    assert answer.title.startswith("Which artists do men play most")
    done = sparkify("ask", "plays-by-day", "--csv", "days.csv", url=real.url)
    assert (done.stdout, done.stderr) == ("", "days.csv written\n")
    assert len((tmp_path / "days.csv").read_text().splitlines()) == 31
    (tmp_path / "days.csv").write_text("mine")
    assert sparkify("ask", "plays-by-day", "--csv", "days.csv", url=real.url).exit_code == 1
    assert (tmp_path / "days.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["top-songs", "--foo", "3"], "top-songs has no option --foo; its own options: --limit, "),
        (["--foo", "top-songs"], "top-songs has no option --foo; its own options: --limit, "),
        (["--foo"], "no such option: --foo"),
        (["top-songs", "--year", "2018"], "top-songs has no parameter year; its parameters: "),
        (["funnel", "--since", "2018-11-01"], "funnel cannot be limited to a range of days"),
        (["top-song"], "no question is named 'top-song'; the names are: row-counts, "),
        (["top-songs", "--json", "--csv", "-"], "--json and --csv - both write to stdout"),
        (["top-songs", "funnel"], "ask takes one question, not 2"),
    ],
)
def test_wrong_usage_names_what_is_known(arguments: list[str], says: str, url: str) -> None:
    """It is an error of usage, exit code 2."""
    error = sparkify("ask", *arguments, url=url).exception
    assert isinstance(error, UsageError) and error.exit_code == 2
    assert says in str(error)


def test_the_list_and_the_sql_need_no_warehouse(url: str) -> None:
    """`--list` has every name, and `--sql` the SELECT for the engine of the URL."""
    names = [line.split()[0] for line in sparkify("ask", "--list", url=url).stdout.splitlines()]
    assert names == [question.name for question in analytics.QUESTIONS]
    listed = json.loads(sparkify("ask", "--list", "--json", url=url).stdout)["questions"]
    assert [each["name"] for each in listed] == names
    assert listed[2]["parameters"] == {"limit": None, "since": None, "until": None, "tz": "UTC"}
    text = sparkify("ask", "plays-by-hour", "--tz", "Asia/Tokyo", "--sql", url=url).stdout
    assert text.startswith("SELECT\n  counted.hour,\n  counted.plays,\n")
    assert "CAST(EXTRACT(HOUR FROM TIMEZONE('Asia/Tokyo', TIMEZONE('UTC', songplays" in text
    text = analytics.sql("plays-by-hour", "redshift", tz="Asia/Tokyo")
    assert "CONVERT_TIMEZONE('UTC', 'Asia/Tokyo', songplays.start_time)" in text


def test_every_column_of_every_statement_has_a_name() -> None:
    """No column is named by SQLAlchemy, as anon_1 or count_1, and no line is very long."""
    for engine in ("duckdb", "redshift"):
        with warehouses.connect(engine) as opened:
            for question in (*analytics.QUESTIONS, recommendation.ARTISTS, recommendation.SONGS):
                given = {"user_id": 1} if "user_id" in question.defaults else {}
                select = question.select(**given)
                text = readable(opened.text(select), engine)
                assert not re.search(r"\banon_|\b[a-z]+_\d\b", text), text
                names = [column.name for column in select.selected_columns]
                assert len(set(names)) == len(names) and all(names)
                assert max(map(len, text.splitlines())) < 260


def test_what_sqlglot_does_not_know_stays_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """COPY, LOCK and macros keep every word, and nothing is logged."""
    for text in ("COPY t FROM 's3://b/m' IAM_ROLE default MANIFEST", "LOCK staging.lock", "?"):
        assert readable(text, "redshift") == text
    macro = "CREATE OR REPLACE TEMP MACRO f(s) AS s || '!'"
    assert readable(macro, "duckdb") == macro
    assert caplog.records == []


class Terminal(io.StringIO):
    """A stdout that is a terminal."""

    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, url: str, *arguments: str) -> str:
    """What a command prints in a terminal of 110 characters."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setenv("TERM", "xterm-256color")
    app([*arguments, "--warehouse", url], standalone_mode=False)
    return terminal.getvalue()


def test_a_terminal_has_colours_and_its_width(
    simulated: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report fits the width; bars have a colour unless NO_COLOR is set."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = printed(monkeypatch, simulated.url, "ask", "plays-by-state")
    assert "\x1b[36" in text
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(monkeypatch, simulated.url, "report", "--limit", "3")
    assert "\x1b[3" not in text
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 110


def test_the_heat_map_is_a_map_and_the_cohorts_a_triangle(simulated: Loaded) -> None:
    """In a terminal a weekday is a line, and so is a cohort."""
    lines = str(analytics.ask("plays-by-hour-and-weekday", simulated.url)).splitlines()
    assert len(lines) == 11
    assert lines[1].split() == ["weekday", *map(str, range(0, 24, 3))]
    assert "██" in "".join(lines[2:9]) and "a day" in lines[9]
    lines = str(analytics.ask("retention", simulated.url)).splitlines()
    assert lines[1].split()[:3] == ["cohort", "listeners", "0"]
    assert len(lines[2]) > len(lines[5])


@pytest.mark.long
def test_shells_complete_commands_and_questions() -> None:
    """Typer's own completion gives the commands, and after `ask` the questions."""
    for words, expected in (("sparkify a", "ask"), ("sparkify ask top-s", "top-songs")):
        environment = {
            **os.environ,
            "_SPARKIFY_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        command = [str(Path(sys.executable).with_name("sparkify"))]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert expected in done.stdout.split()


@pytest.mark.long
def test_the_ranges_are_alike_on_redshift(simulated: Loaded, cluster: StandIn) -> None:
    """Every question that can be limited gives the same rows on both engines."""
    pipeline.run(str(simulated.lake), cluster.url())
    first, *_, last = simulated.plain.days
    given: dict[str, Any] = {"since": first + datetime.timedelta(9), "until": last}
    for question in analytics.QUESTIONS:
        if "since" in question.parameter_names:
            rows = [
                analytics.ask(question.name, u, tz="Australia/Sydney", **given).rows
                for u in (cluster.url(), simulated.url)
            ]
            assert rows[0] == rows[1], question.name


def test_coverage_explains_itself(lake: Path, url: str) -> None:
    """Where few plays match a song, a sentence says why; where all do, there is none."""
    put(
        lake,
        "events",
        "a.json",
        *(event(song=f"S{n}", itemInSession=n, ts=NOON + n) for n in range(3)),
    )
    pipeline.run(str(lake), url)
    note = analytics.ask("coverage", url).note
    assert note == (
        "0% of the plays match a song: the catalogue has 0 songs, and people played 3 different"
        " ones."
    )
    with pytest.raises(SparkifyError, match="not found"):
        analytics.ask("coverage", "duckdb:///none.duckdb")
